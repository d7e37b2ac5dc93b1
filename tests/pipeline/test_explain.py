"""What `negatives --explain` tells, on a made field and on the real one."""

import pytest

from galaxycurate.pipeline.archive import archive_of
from galaxycurate.pipeline.explain import explain
from galaxycurate.pipeline.search import Strategy
from tests.pipeline.test_negatives import made_sky, real_run, settings  # noqa: F401


def ask(folder, strategy=Strategy.CELL, **more):
    chosen = settings(folder, **more)
    return explain(chosen, score=0.2, strategy=strategy, archive=archive_of(chosen))


def test_the_odds_of_the_real_field_are_those_that_were_measured(real_run):  # noqa: F811
    """SDSS facts: r < 21: 0.085, 20: 0.38, 19: 0.56, 18: 0.86, 17: 0.975, by galaxy centres."""
    told = ask(real_run)
    measured = {17.0: 0.975, 18.0: 0.86, 19.0: 0.56, 20.0: 0.38, 21.0: 0.085}
    assert told.n_fields == 1
    assert {odds.limit_mag_r for odds in told.odds} == set(measured)
    for odds in told.odds:
        assert odds.no_centre == pytest.approx(measured[odds.limit_mag_r], abs=0.03)
        assert odds.clear <= odds.no_centre


def test_every_field_that_is_left_out_is_named_with_its_reason(real_run):  # noqa: F811
    told = ask(real_run)
    dropped = dict(told.search.dropped)
    assert len(dropped) == 814
    assert dropped["3900-6-745"] == "failed reduction: photoStatus 3 (too long)"
    assert dropped["3900-6-270"].startswith("catalogue rows missing: 0 of")
    assert "3900-6-269" not in dropped


def test_expected_rows_are_those_that_come(tmp_path):
    objects = made_sky(tmp_path, n_galaxies=50)
    told = ask(tmp_path)
    rows = {query.name: n for query, n in told.asked}
    bright = ((objects.type == 3) & (objects.r < 20)).sum()
    assert rows == {"fields_census": 1, "fields_good": 1, "negatives_cell": bright}


@pytest.mark.parametrize("strategy", list(Strategy))
def test_every_strategy_is_explained(tmp_path, strategy):
    made_sky(tmp_path)
    told = ask(tmp_path, strategy)
    assert told.asked[0][0].name == "fields_census"
    assert bool(told.odds) == (strategy is not Strategy.FIELD)


def test_stars_and_masks_do_not_enter_the_odds(tmp_path):
    objects = made_sky(tmp_path)
    objects.assign(psfMag_r=objects.r).to_parquet(tmp_path / "PhotoObjAll.parquet")
    assert ask(tmp_path, star_mag_r=18.0).odds == ask(tmp_path).odds
