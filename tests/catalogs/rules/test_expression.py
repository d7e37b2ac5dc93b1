import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from galaxycurate.catalogs.rules.expression import Expression
from galaxycurate.errors import SettingError

NAN = math.nan
VALUES = {"a": np.array([0.1, 0.7, NAN]), "b": np.array([0.5, NAN, 0.5]), "threshold": 0.7,
          "word": np.array(["s", "e", ""])}  # fmt: skip


def numbers(text):
    return Expression(text, "s.toml: class x").numbers(VALUES).tolist()


def passed(text):
    return Expression(text, "s.toml: class x").passed(VALUES).tolist()


def test_arithmetic_and_functions_work_on_whole_columns():
    assert numbers("a + 2 * a - a / 2")[:2] == pytest.approx([0.25, 1.75])
    assert numbers("max(a, 0.5, threshold)")[:2] == [0.7, 0.7]
    assert numbers("min(a, 0.3)")[:2] == [0.1, 0.3]
    assert numbers("sum(a, a, -a)")[:2] == pytest.approx([0.1, 0.7])


def test_an_unknown_number_stays_unknown_in_every_sum():
    for text in ("a + b", "max(a, b)", "min(a, b)", "sum(a, b)"):
        assert np.isnan(numbers(text)[1:]).all(), text


def test_what_is_divided_by_zero_is_unknown():
    values = {"a": np.array([0.0, 1.0, -1.0, 2.0]), "n": np.array([0, 0, 0, 4])}
    assert np.isnan(Expression("a / n", "x").numbers(values)).tolist() == [True, True, True, False]
    assert Expression("a / n > 0.1", "x").passed(values).tolist() == [False, False, False, True]
    assert Expression("not (a / 0 > 1)", "x").passed(values).tolist() == [False] * 4


def test_the_texts_that_columns_are_compared_with_are_told():
    said = Expression("a == 'x' and ('y' != b or c > 1) and a != 'z'", "x")
    assert said.texts == {("a", "x"), ("b", "y"), ("a", "z")}


def test_what_is_compared_with_an_unknown_number_is_not_passed_nor_is_its_contrary():
    assert passed("a >= 0") == [True, True, False]
    assert passed("not a >= 0") == [False, False, False]
    assert passed("a != 0") == [True, True, False]


def test_one_known_side_can_decide_as_in_sql():
    assert passed("a >= 0.6 or b >= 0.4") == [True, True, True]
    assert passed("a >= 0.6 and b >= 0.4") == [False, False, False]
    assert passed("not (a >= 0.6 and b < 0.4)") == [True, False, True]


def test_a_fraction_kept_in_32_bits_is_the_number_that_was_meant():
    values = {"a": np.array([np.float32(0.7)], float), "threshold": 0.7}
    texts = ("a >= threshold", "a > threshold", "a < threshold", "a == 0.7", "0.1 < a <= 0.7")
    cut = {text: Expression(text, "x").passed(values)[0] for text in texts}
    assert values["a"][0] < 0.7
    assert cut == {"a >= threshold": True, "a > threshold": False, "a < threshold": False,
                   "a == 0.7": True, "0.1 < a <= 0.7": True}  # fmt: skip


def test_words_can_be_told_apart():
    assert passed("word == 's'") == [True, False, False]
    assert passed("word != 's' and word != ''") == [False, True, False]


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("a >", "cannot be read"),
        ("open('x')", "calls open; min, max and sum are known"),
        ("a.real", "holds 'a.real', which no scheme may"),
        ("a[0]", "which no scheme may"),
        ("a ** 99999", "which no scheme may"),
        ("[a for a in b]", "which no scheme may"),
        ("lambda: 1", "which no scheme may"),
        ("a in b", "which no scheme may"),
        ("True", "holds True"),
        ("min(a=1)", "calls min"),
        ("(a > 1) + 2", "is mixed up: 'a > 1' is no number"),
        ("a and b > 1", "is mixed up: 'a' is not true or false"),
        ("__import__('os').system('x')", "calls something"),
    ],
)
def test_what_is_no_expression_is_refused_with_its_place(text, what):
    with pytest.raises(SettingError) as caught:
        Expression(text, "mine.toml: class ring: cuts")
    assert str(caught.value).startswith(f"mine.toml: class ring: cuts: {text!r} ")
    assert what in str(caught.value)


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("word + 1 > 0", "reckons with word, which is text"),
        ("word > 1", "compares text with a number"),
        ("word > 'a'", "sorts text"),
    ],
)
def test_text_is_not_taken_for_a_number(text, what):
    with pytest.raises(SettingError, match=what):
        passed(text)


def test_the_bound_of_a_cut_is_found_where_one_number_is_it():
    fraction = Expression("max(a, b)", "x")
    assert Expression("max(a,b) >= threshold", "x").bound_on(fraction, VALUES) == 0.7
    assert Expression("a >= 0.7", "x").bound_on(fraction, VALUES) is None
    assert Expression("max(a, b) >= a", "x").bound_on(fraction, VALUES) is None


def test_an_empty_text_is_unknown_but_to_who_asks_for_it():
    assert passed("word != 's'") == [False, True, False]
    assert passed("not word == 's'") == [False, True, False]
    assert passed("word == ''") == [False, False, True]


def test_a_column_without_values_passes_no_cut_on_words():
    for values in ([], [NAN, NAN]):
        cut = Expression("a == 's'", "x").passed({"a": np.array(values)})
        assert cut.tolist() == [False] * len(values)


@pytest.mark.parametrize(
    "text", ["a" + " + a" * 5000, "-" * 5000 + "a", "a > 1" + "0" * 400, "a > 1" + "0" * 20]
)
def test_what_is_too_long_is_refused(text):
    with pytest.raises(SettingError, match=r"too long|cannot be read"):
        Expression(text, "mine.toml: class ring: cuts")


@given(st.lists(st.floats(0, 1), min_size=1, max_size=20), st.floats(0, 1))
def test_a_cut_and_its_contrary_share_all_known_rows(values, bound):
    columns = {"a": np.array(values), "threshold": bound}
    above, below = (Expression(t, "x").passed(columns) for t in
                    ("a >= threshold", "a < threshold"))  # fmt: skip
    assert (above ^ below).all()
