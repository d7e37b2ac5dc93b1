"""Numbers held to what a printer shows."""

import numpy as np
import pytest

from galaxycurate.core.digits import held

RNG = np.random.default_rng(7)
MANY = {
    "float32": (RNG.normal(size=20_000) * 10.0 ** RNG.integers(-12, 12, 20_000)).astype("f4"),
    "positions": RNG.uniform(-90, 360, 20_000),
    "wide": RNG.normal(size=20_000) * 10.0 ** RNG.integers(-300, 300, 20_000),
    "halves": (np.arange(20_000) + 0.5) / 10.0 ** RNG.integers(0, 12, 20_000),
    "just below a power": 10.0 ** np.arange(1, 22) * (1 - np.arange(1, 60)[:, None] * 1e-16),
    "odd": np.array([0.0, -0.0, 1.0, 9.9999999999999999, 999999.95, 1e22, 1e23, 5e-324, -9999.0]),
}


@pytest.mark.parametrize("digits", [7, 15])
@pytest.mark.parametrize("values", MANY.values(), ids=MANY)
def test_a_held_number_is_the_printed_one_read_again(values, digits):
    values = np.ravel(values)
    printed = [float(f"{v:.{digits}g}") for v in np.asarray(values, float).tolist()]
    assert held(values, digits).tolist() == printed


def test_what_is_no_number_stays():
    np.testing.assert_array_equal(held([np.nan, np.inf, -np.inf], 7), [np.nan, np.inf, -np.inf])


def test_holding_twice_changes_nothing():
    once = held(MANY["positions"], 15)
    assert (held(once, 15) == once).all()
