"""How the command line speaks."""

import pytest

from galaxycurate.cli import face
from galaxycurate.errors import GalaxyCurateError


def test_where_no_bar_is_seen_a_line_is_said_for_each_tenth_with_its_true_percent(capsys):
    with face.progress_bar("export") as progress:
        for done in (1, 2, 60, 61, 300, 602):
            progress(done, 602, "")
    said = [line.strip() for line in capsys.readouterr().err.splitlines()]
    assert said == [
        "export: 1 of 602 (0 %)", "export: 61 of 602 (10 %)", "export: 300 of 602 (49 %)",
        "export: 602 of 602 (100 %)",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "text",
    ["a\u00a0b", "\u661f\u7cfb\u3000\u8868.csv", "a\u200bb", "e\u0301\u00e9", "two\n\tlines"],
)
def test_a_message_keeps_whatever_is_text(text, capsys):
    face.complain(GalaxyCurateError(text, hint=text))
    assert capsys.readouterr().err.count(text) == 2


@pytest.mark.parametrize(
    "c", ["\x1b", "\r", "\x7f", "\x9b", "\udc80", "\u202e", "\u2066", "\u200f"]
)
def test_a_message_moves_no_cursor_and_turns_no_line_around(c, capsys):
    face.complain(GalaxyCurateError(f"a{c}b", hint=f"c{c}d"))
    said = capsys.readouterr().err
    assert "a\ufffdb" in said
    assert "c\ufffdd" in said
