import pytest

from galaxycurate.errors import first_line


@pytest.mark.parametrize(
    ("thing", "line"),
    [("\n one \ntwo", "one"), (ValueError("a\nb"), "a"), (EOFError(), "EOFError"),
     ("  ", "no text"), ("x" * 999, "x" * 200)],
)  # fmt: skip
def test_the_first_line_is_one_short_line_whatever_the_thing(thing, line):
    assert first_line(thing) == line
