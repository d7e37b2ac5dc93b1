"""Commands in the process of the tests, which has loaded their libraries already."""

from __future__ import annotations

import io
import shlex
from contextlib import redirect_stdout
from pathlib import Path

import pytest

from galaxycurate.cli.main import main


def said(command: str, folder: Path, **environment: str) -> str:
    """What `galaxycurate` with these words answers in a folder, where it must succeed."""
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(io.StringIO()) as answer:
        patch.chdir(folder)
        for name, value in environment.items():
            patch.setenv(name, value)
        assert main(shlex.split(command)) == 0, command
    return answer.getvalue()
