"""A `float` is printed with 15 digits, a `real` with 7, and ids are exact."""

import io

import numpy as np
import pandas as pd
import pytest
from astropy.table import Table

from galaxycurate.sandbox import formats

TABLE = pd.DataFrame(
    {
        "objID": pd.array([1237662226208063489, None], dtype="Int64"),
        "ra": [150.12345678901234, 5.0],
        "r": np.array([17.123457, np.nan], np.float32),
        "good": pd.array([True, None], dtype="boolean"),
    }
)


def test_csv_prints_as_dotnet_does():
    assert formats.csv(TABLE).decode().splitlines() == [
        "objID,ra,r,good",
        "1237662226208063489,150.123456789012,17.12346,true",
        ",5,,",
    ]


def test_records_are_plain_values_of_the_same_digits():
    assert formats.records(TABLE) == [
        [1237662226208063489, 150.123456789012, 17.12346, True],
        [None, 5.0, None, None],
    ]
    assert [type(value) for value in formats.records(TABLE)[0]] == [int, float, float, bool]


def test_csv_and_records_say_the_same_number():
    values = np.random.default_rng(1).normal(0, 1e4, 1000)
    table = pd.DataFrame({"a": values, "b": values.astype(np.float32)})
    again = pd.read_csv(io.BytesIO(formats.csv(table)))
    assert again.to_numpy().tolist() == formats.records(table)


@pytest.mark.parametrize("form", ["fits", "votable"])
def test_a_column_without_any_text_can_be_written(form):
    table = pd.DataFrame({"a": [1, 2], "name": [None, None]})
    body = formats.astropy(table, form)
    assert list(Table.read(io.BytesIO(body), format=form)["a"]) == [1, 2]


def test_fits_keeps_the_ids():
    body = formats.astropy(TABLE[["objID"]].dropna(), "fits")
    assert Table.read(io.BytesIO(body), format="fits")["objID"][0] == 1237662226208063489
