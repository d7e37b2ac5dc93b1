"""The manual page tells every command and option, and is the one that is shipped."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest
import typer

from galaxycurate.cli import manpage
from galaxycurate.cli.main import app, main
from galaxycurate.cli.tree import commands
from galaxycurate.store.settings import SPECS

ROOT = typer.main.get_command(app)
SHIPPED = Path(__file__).resolve().parents[2] / "docs" / "galaxycurate.1"


@pytest.fixture(scope="module")
def read():
    """The page as `man` shows it, without breaks and bold."""
    if not (groff := shutil.which("groff")):
        pytest.skip("no groff here")
    done = subprocess.run(
        [groff, "-man", "-Tutf8", "-ww", "-P-c", "-rLL=2000n"],
        input=manpage.page(ROOT), capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stderr == ""
    return re.sub(r".\x08", "", done.stdout).replace("‐", "-").replace("−", "-")


def test_the_page_that_is_shipped_is_that_of_these_commands():
    assert SHIPPED.read_text() == manpage.page(ROOT) + "\n", "make man writes it anew"


def test_the_command_prints_it(capsys):
    assert main(["man"]) == 0
    assert capsys.readouterr().out == manpage.page(ROOT) + "\n"


def test_roff_takes_it_without_a_warning_and_every_command_and_option_is_there(read):
    told = list(commands(ROOT))
    assert len(told) > 25
    for command in told:
        assert command.typed in read
        assert all(name in read for word in command.options for name in word.names)
        assert " ".join(command.does.split()) in read


def test_settings_files_and_exit_codes_are_told(read):
    assert all(f"GALAXYCURATE_{name.upper()}" in read for name in SPECS)
    assert re.search(r"\n +130\s+Interrupted; the same command goes on", read)
    assert "galaxycurate.toml" in read


def test_examples_keep_their_quotes_and_dashes(read):
    assert "galaxycurate import images/ --labels labels.csv --class 'spiral=spiral_*'" in read
