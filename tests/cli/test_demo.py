"""`galaxycurate demo` runs the whole job; what it types is what it tells people to type."""

import shlex

import pytest

from galaxycurate.cli import demo
from galaxycurate.cli.main import main


def verbs(commands):
    words = [shlex.split(command) for command in commands]
    return [" ".join(w[:3] if w[0] == "python" else w[:2]) for w in words]


def test_it_tells_to_type_what_it_typed():
    told = [line.strip() for line in demo.NEXT.splitlines() if line.startswith("  ")]
    assert verbs(demo.CHAIN)[: len(told)] == verbs(told)


def test_every_picture_is_audited_before_it_is_split():
    order = verbs(demo.CHAIN)
    assert order.index("galaxycurate dedupe") < order.index("galaxycurate audit")
    assert order.index("galaxycurate audit") < order.index("galaxycurate split")


@pytest.mark.parametrize("command", [c for c in demo.CHAIN if c.startswith("galaxycurate")])
def test_its_commands_have_the_options_that_it_gives_them(command, capsys):
    words = shlex.split(command.format(negatives=200))[1:]
    assert main([words[0], "--help"]) == 0
    said = capsys.readouterr().out
    assert all(word in said for word in words if word.startswith("--"))


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--limit", "-5"], "limit = -5 (--limit) is outside 1 to"),
        (["--negatives", "0"], "limit = 0 (--negatives) is outside 1 to"),
        (["--folder", "no/such/demo"], "there is no folder no/such for no/such/demo"),
    ],
)
def test_what_cannot_work_is_refused_before_anything_is_made(
    words, said, tmp_path, capsys, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    assert main(["demo", *words]) == 2
    told = capsys.readouterr()
    assert said in told.err
    assert told.out == ""
    assert list(tmp_path.iterdir()) == []
