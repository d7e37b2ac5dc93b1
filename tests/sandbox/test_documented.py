"""Which columns a table has, for clients that ask before they ask anything else."""

import pytest

from galaxycurate.sandbox.documented import columns

SCHEMA = {"Field": {"fieldID": "BIGINT", "ra": "DOUBLE", "score": "FLOAT"}}


@pytest.mark.parametrize("head", ["select", "SELECT  top 500000"])
def test_columns_come_with_the_types_of_sql_server(head):
    table = columns(f"{head} * from dbo.fDocColumns('field') ", SCHEMA)
    assert dict(zip(table["name"], table["type"], strict=True)) == {
        "fieldID": "bigint", "ra": "float", "score": "real",
    }  # fmt: skip


def test_a_table_that_is_nowhere_has_no_columns():
    assert columns("select * from dbo.fDocColumns('nowhere')", SCHEMA).empty


def test_spectra_are_documented_though_they_are_not_here():
    assert "bestObjID" in set(columns("select * from dbo.fDocColumns('SpecObjAll')", {})["name"])


def test_other_statements_are_left_alone():
    assert columns("select name from dbo.fDocColumns('Field')", SCHEMA) is None
    assert columns("select * from Field", SCHEMA) is None
