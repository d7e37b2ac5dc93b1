import traceback

import pytest

from galaxycurate.errors import GalaxyCurateError, first_line


@pytest.mark.parametrize(
    ("thing", "line"),
    [("\n one \ntwo", "one"), (ValueError("a\nb"), "a"), (EOFError(), "EOFError"),
     ("  ", "no text"), ("x" * 999, "x" * 200)],
)  # fmt: skip
def test_the_first_line_is_one_short_line_whatever_the_thing(thing, line):
    assert first_line(thing) == line


def test_a_traceback_shows_the_hint():
    with pytest.raises(GalaxyCurateError) as caught:
        raise GalaxyCurateError("no such folder", hint="make it")
    assert "hint: make it" in "".join(traceback.format_exception(caught.value))
    assert str(caught.value) == "no such folder"
    assert "hint" not in "".join(traceback.format_exception(GalaxyCurateError("no such folder")))
