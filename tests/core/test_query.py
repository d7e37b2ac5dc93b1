import pytest

from galaxycurate.core.query import Query

STATEMENT = (
    "SELECT TOP (@limit) a.x FROM T AS a WHERE a.turn BETWEEN @low AND @high ORDER BY a.turn"
)
QUERY = Query("q", STATEMENT, (("x", "int"),), {"limit": 5, "low": 0, "high": 10}, ("low", "high"))


def test_values_are_bound_and_top_loses_the_brackets_that_skyserver_breaks_on():
    assert QUERY.sql == (
        "SELECT TOP 5 a.x FROM T AS a WHERE a.turn BETWEEN 0 AND 10 ORDER BY a.turn"
    )
    assert QUERY.limit == 5
    assert Query("q", "SELECT 1").limit is None


def test_halves_cover_every_turn_once():
    parts = [QUERY]
    for _ in range(6):
        parts = [half for part in parts for half in (part.halves() or (part,))]
    bounds = [(part.values["low"], part.values["high"]) for part in parts]
    assert bounds == [(n, n) for n in range(11)]
    assert parts[0].halves() is None
    assert len({part.sha256 for part in parts}) == 11


def test_a_question_without_turns_has_no_halves():
    assert Query("q", "SELECT 1").halves() is None


def test_counting_leaves_the_order_out():
    counted = QUERY.counted()
    assert counted.sql == (
        "SELECT COUNT(*) AS nRows FROM "
        "(SELECT TOP 5 a.x FROM T AS a WHERE a.turn BETWEEN 0 AND 10) AS counted"
    )
    assert counted.columns == (("nRows", "int"),)


@pytest.mark.parametrize("name", ["low", "limit"])
def test_a_value_that_is_not_bound_is_a_bug(name):
    values = {k: v for k, v in QUERY.values.items() if k != name}
    with pytest.raises(KeyError):
        _ = Query("q", STATEMENT, (), values).sql
