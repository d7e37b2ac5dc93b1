"""How errors end, whatever they are."""

import sys

import pytest

from galaxycurate.cli import main
from galaxycurate.errors import ExitCode


def test_a_missing_extra_is_named_with_what_to_install(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(sys.modules, "galsim", None)
    for name in [m for m in sys.modules if m.startswith("galaxycurate.sandbox.simulated")]:
        monkeypatch.delitem(sys.modules, name)
    code = main.main(["sandbox", "serve", "--port", "0"])
    said = capsys.readouterr().err.splitlines()
    assert code == ExitCode.FAILED
    assert "galaxycurate: this needs galsim, which is not installed" in said
    assert said[-1] == "  hint: pip install 'galaxycurate[sandbox]'"


def test_a_bug_is_called_one_and_can_be_shown(monkeypatch, capsys):
    from galaxycurate.pipeline import status

    def broken(*_args, **_kwargs):
        raise ZeroDivisionError("a half of nothing")

    monkeypatch.setattr(status, "status", broken)
    assert main.main(["status"]) == ExitCode.FAILED
    assert "this is a bug: ZeroDivisionError: a half of nothing" in capsys.readouterr().err
    monkeypatch.setenv("GALAXYCURATE_DEBUG", "1")
    with pytest.raises(ZeroDivisionError):
        main.main(["status"])


def test_the_end_of_a_file_is_no_interrupt(monkeypatch, capsys):
    from galaxycurate.pipeline import status

    def broken(*_args, **_kwargs):
        raise EOFError("ends in the middle")

    monkeypatch.setattr(status, "status", broken)
    assert main.main(["status"]) == ExitCode.FAILED
    assert "this is a bug: EOFError: ends in the middle" in capsys.readouterr().err
