import pandas as pd
import pytest

from galaxycurate.core.query import Query
from galaxycurate.core.rows import empty, typed
from galaxycurate.errors import QueryRefused, ServiceError

COLUMNS = (("objID", "varchar"), ("n", "int"), ("ra", "float"), ("r", "real"))
QUERY = Query("q", "SELECT 1", COLUMNS)
ID = "1237662226208063489"


def test_text_and_numbers_become_the_same_table():
    printed = pd.DataFrame(
        {"OBJID": [ID, ""], "n": ["7", ""], "ra": ["146.714210000001", ""], "r": ["17.12346", ""]}
    )
    known = pd.DataFrame(
        {
            "objID": [ID, None],
            "n": pd.array([7, None], "Int64"),
            "ra": [146.71421000000123, None],
            "r": pd.array([17.123456, None], "Float32"),
        }
    )
    pd.testing.assert_frame_equal(typed(printed, QUERY), typed(known, QUERY))
    assert typed(known, QUERY).ra[0] == 146.714210000001
    assert typed(known, QUERY).r[0] == 17.12346


def test_no_rows_keep_their_types():
    kinds = ["int64", "float64", "float64"]
    assert [str(kind).lower() for kind in empty(QUERY).dtypes[1:]] == kinds
    assert len(empty(QUERY)) == 0


def test_a_missing_column_is_named():
    with pytest.raises(QueryRefused, match="the answer to q lacks the column n, r"):
        typed(pd.DataFrame({"objID": [ID], "ra": [1.0]}), QUERY)


@pytest.mark.parametrize(
    ("column", "value"), [("ra", "14x6.7"), ("n", "7x"), ("n", "7.5"), ("r", "1e"), ("n", "inf")]
)
def test_a_number_that_is_none_is_an_error_not_a_null(column, value):
    row = {"objID": ID, "n": "7", "ra": "1.5", "r": ""} | {column: value}
    with pytest.raises(ServiceError, match=f"the answer to q is damaged: {column} = '{value}'"):
        typed(pd.DataFrame([row]), QUERY)
