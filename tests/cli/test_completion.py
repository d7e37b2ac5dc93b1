"""A shell that sources the script gets the commands and options by TAB."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from galaxycurate.cli.main import main

TAB = """
PATH={bin}:$PATH
source <(galaxycurate completion bash 2>/dev/null)
COMP_WORDS=({words}) COMP_CWORD={last} COMPREPLY=()
_galaxycurate_completion galaxycurate
printf '%s\\n' "${{COMPREPLY[@]}}"
"""


@pytest.fixture
def tab():
    """What bash offers after these words and TAB."""
    if not (bash := shutil.which("bash")):
        pytest.skip("no bash here")

    def press(*words):
        typed = " ".join(f"'{word}'" for word in words)
        script = TAB.format(bin=Path(sys.executable).parent, words=typed, last=len(words) - 1)
        done = subprocess.run(
            [bash, "--norc", "-c", script], capture_output=True, text=True, check=True, timeout=60
        )
        return done.stdout.split()

    return press


def test_the_first_letters_of_a_command_are_enough(tab):
    assert tab("galaxycurate", "dow") == ["download"]
    assert set(tab("galaxycurate", "config", "s")) == {"show", "set"}


def test_options_and_their_choices_are_offered(tab):
    assert tab("galaxycurate", "download", "--pro") == ["--provider"]
    assert tab("galaxycurate", "negatives", "--strategy", "c") == ["cell"]


def test_names_of_schemes_catalogues_and_settings_are_offered(tab):
    assert "gz2-five" in tab("galaxycurate", "positives", "--scheme", "gz2-")
    assert tab("galaxycurate", "catalogs", "describe", "galaxy10") == [
        "galaxy10",
        "galaxy10-decals",
    ]
    assert tab("galaxycurate", "config", "set", "size") == ["size_px"]


def asked(shell, script, **more):
    """What a shell prints that runs a script, with galaxycurate on its path."""
    if not (program := shutil.which(shell)):
        pytest.skip(f"no {shell} here")
    options = {"fish": ["--no-config"], "zsh": ["-f"]}[shell]
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    done = subprocess.run(
        [program, *options, "-c", script], capture_output=True, text=True, check=True, timeout=60,
        env=os.environ | {"PATH": path}, **more,
    )  # fmt: skip
    return done.stdout


def test_fish_offers_commands_options_and_names_with_their_meaning():
    script = "galaxycurate completion fish 2>/dev/null | source"
    typed = ("dow", "download --size-px", "positives --scheme gz2-s")
    told = asked("fish", "; ".join([script, *(f'complete -C "galaxycurate {t}"' for t in typed)]))
    assert [line.split("\t")[0] for line in told.splitlines()] == [
        "download", "--size-px", "gz2-simple",
    ]  # fmt: skip
    assert "--size-px\tSide of the cutouts [pixel] [as the manifest]." in told


ZSH = r"""
zmodload zsh/zpty
zpty -b zsh zsh -f -i
zpty -w zsh 'fpath=($PWD $fpath); autoload -Uz compinit; compinit -u -D; bindkey "^I" complete-word'
zpty -w zsh 'tell() { print -r -- "=[$BUFFER]="; BUFFER="" }; zle -N tell; bindkey "^X" tell'
zpty -w zsh 'print REA""DY'
zpty -r zsh out '*READY*'
for words in 'dow' 'download --size-px' 'positives --scheme gz2-s'; do
  zpty -w -n zsh "galaxycurate $words"$'\t\x18'
  zpty -r zsh out '*=\[*\]=*'
  print -r -- $out
done
zpty -d zsh
"""


def test_zsh_completes_at_the_first_tab_from_a_file_of_its_fpath(tmp_path, capsys):
    assert main(["completion", "zsh"]) == 0
    (tmp_path / "_galaxycurate").write_text(capsys.readouterr().out)
    told = re.findall(r"=\[(.*?)\]=", asked("zsh", ZSH, cwd=tmp_path))
    assert [words.removeprefix("galaxycurate ").strip() for words in told] == [
        "download", "download --size-px", "positives --scheme gz2-simple",
    ]  # fmt: skip


@pytest.mark.parametrize(("shell", "word"), [("zsh", "compdef"), ("fish", "complete --command")])
def test_other_shells_have_a_script_and_are_told_where_to_put_it(capsys, shell, word):
    assert main(["completion", shell]) == 0
    said = capsys.readouterr()
    assert word in said.out
    assert "_GALAXYCURATE_COMPLETE" in said.out
    assert f"galaxycurate completion {shell} > ~/" in said.err


def test_a_shell_that_is_not_known_is_refused(capsys):
    assert main(["completion", "tcsh"]) == 2
    assert "'tcsh' is not one of 'bash', 'zsh', 'fish'" in capsys.readouterr().err


def test_an_answer_to_a_shell_loads_nothing_heavy():
    code = (
        "import os, sys\n"
        "os.environ |= {'_GALAXYCURATE_COMPLETE': 'complete_bash',"
        " 'COMP_WORDS': 'galaxycurate dow', 'COMP_CWORD': '1'}\n"
        "from galaxycurate.cli.main import main\n"
        "try:\n    main([])\nexcept SystemExit:\n    pass\n"
        "print(sorted({'numpy', 'pandas', 'astropy', 'torch', 'duckdb'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["download", "[]"]
