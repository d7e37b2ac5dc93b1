"""Commands in the process of the tests, where each would load the same libraries anew otherwise."""

import os
from subprocess import CompletedProcess
from unittest.mock import patch

import pytest

from galaxycurate.cli.main import main


@pytest.fixture
def command(capfd, monkeypatch):
    """Runs a command; its exit code, and all that came out of the two pipes.

    What only a process of its own can show (that it ends with that code, signals, pipes, what is
    kept from one to the next) is for tests that start one.
    """

    def run(*words, cwd, env=None):
        monkeypatch.chdir(cwd)
        capfd.readouterr()
        with patch.dict(os.environ, env or {}):
            code = main(list(words))
        return CompletedProcess(words, code, *capfd.readouterr())

    return run
