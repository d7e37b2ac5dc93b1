"""Other people's programs that open what is exported, in an environment of their own.

`make consumers` makes it from `consumers.lock`: they want other versions of packages than we do.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / ".consumers" / "bin"


def program(name: str) -> str:
    """A program of that environment; where `.ci/run` asks for it, its absence is a failure."""
    path = FOLDER / name
    if not path.exists():
        if os.environ.get("GALAXYCURATE_TEST_CONSUMERS") == "required":
            pytest.fail(f"{path.relative_to(ROOT)} is not there: make consumers")
        pytest.skip("Zoobot and the Panoptes command line are not here: make consumers")
    return str(path)
