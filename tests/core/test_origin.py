"""Origins as servers and files name themselves."""

import pytest

from galaxycurate.core.origin import without_folders


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("local: /home/ann/sky.duckdb", "local: sky.duckdb"),
        ("local: /home/ann/tables/", "local: tables"),
        ("local: tables", "local: tables"),
        ("local: C:\\Users\\Ann\\sky.db", "local: sky.db"),
        ("local: /a/b (old)/sky.db (simulated sky: mini (seed 42))",
         "local: sky.db (simulated sky: mini (seed 42))"),
        ("https://skyserver.sdss.org/dr17/x (IIS)", "https://skyserver.sdss.org/dr17/x (IIS)"),
        ("folder images, labels gz1.csv", "folder images, labels gz1.csv"),
    ],
)  # fmt: skip
def test_of_a_place_on_this_machine_only_its_name_is_told(text, told):
    assert without_folders(text) == told
