"""Counts and sizes as a person says them."""

import pytest

from galaxycurate.core.words import many, size


def test_one_is_singular_and_all_else_is_not():
    assert [many(n, "pair") for n in (0, 1, 2, 2000)] == ["0 pairs", "1 pair", "2 pairs",
                                                          "2,000 pairs"]  # fmt: skip
    assert [many(n, "galaxy", "galaxies") for n in (1, 3)] == ["1 galaxy", "3 galaxies"]


@pytest.mark.parametrize(
    ("n_bytes", "words"),
    [(0, "0 bytes"), (1, "1 byte"), (999, "999 bytes"), (1000, "1.0 kB"), (5_340_000, "5.3 MB"),
     (2_500_000_000, "2.5 GB"), (1_234e9, "1,234.0 GB")],
)  # fmt: skip
def test_a_size_is_told_in_a_unit_that_shows_it(n_bytes, words):
    assert size(n_bytes) == words
