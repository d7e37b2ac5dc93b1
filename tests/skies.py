"""The small simulated sky of the tests that run whole chains, drawn once for all workers."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

import pytest


def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A simulated sky of two fields a camcol; who comes while it is drawn waits for it."""
    from galaxycurate.sandbox.simulated import build_simulated_sky
    from galaxycurate.sandbox.simulated.content import Density

    base = tmp_path_factory.getbasetemp()
    session = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    sky = session / "small-sky"
    with (session / "small-sky.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not sky.exists():
            build_simulated_sky(sky, seed=3, fields=2, density=Density(stars=60, faint=60, zoo=40))
    return sky
