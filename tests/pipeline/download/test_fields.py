"""Positions to fields, asked of an archive."""

import numpy as np
import pandas as pd
import pytest
import requests

from galaxycurate.core.geometry import from_munu
from galaxycurate.core.ids import encode
from galaxycurate.curation.vacancy import FieldArea
from galaxycurate.pipeline.download.fields import find_fields
from galaxycurate.store.settings import load
from tests.sandbox.test_server import start

ALONG, ACROSS = 0.1497, 0.2252


def table(folder, *scans):
    """Field rows of scans: (run, camcol, first mu, nu, incl, isPrimary, score), six fields each."""
    rows = []
    for run, camcol, mu, nu, incl, primary, score in scans:
        for k in range(6):
            start = mu + k * ALONG
            ra, dec = from_munu(start + ALONG / 2, nu + ACROSS / 2, incl)
            rows.append(dict(
                fieldID=encode(run=run, camcol=camcol, field=11 + k), run=run, camcol=camcol,
                field=11 + k, ra=float(ra), dec=float(dec), muStart=start % 360,
                muEnd=(start + ALONG) % 360, nuStart=nu, nuEnd=nu + ACROSS,
                primaryArea=0.03 * primary, score=score,
            ))  # fmt: skip
    pd.DataFrame(rows).to_parquet(folder / "Field.parquet")
    return load({"archive": f"local:{folder}"}, folder=folder, environ={})


def at(mu, nu, incl):
    return from_munu(np.array(mu), np.array(nu), incl)


@pytest.mark.parametrize(("mu", "incl"), [(150.0, 10.0), (359.8, 0.0), (200.0, 85.0)])
def test_each_position_gets_its_field(tmp_path, mu, incl):
    settings = table(tmp_path, (100, 1, mu, 0.1, incl, True, 0.8))
    ra, dec = at(mu + ALONG * np.array([0.5, 1.2, 5.9]), [0.15, 0.2, 0.3], incl)
    found = find_fields(settings, ra, dec)
    assert found.tolist() == [[100, 1, 11], [100, 1, 12], [100, 1, 16]]
    assert found.dtype == np.int64


def test_the_primary_field_comes_first_then_the_score(tmp_path):
    settings = table(
        tmp_path, (100, 1, 150.0, 0.1, 10.0, False, 0.9), (200, 2, 150.0, 0.1, 10.0, True, 0.5),
        (300, 3, 150.0, 0.1, 10.0, True, 0.7),
    )  # fmt: skip
    ra, dec = at([150.4], [0.2], 10.0)
    assert find_fields(settings, ra, dec)[0, 0] == 300


def test_the_rim_of_a_frame_serves_only_where_no_field_holds_a_position(tmp_path):
    settings = table(
        tmp_path, (100, 1, 150.0, 0.1, 10.0, True, 0.9),
        (200, 2, 150.0, 0.1 + ACROSS + 10 / 3600, 10.0, False, 0.2),
    )  # fmt: skip
    edge = 0.1 + ACROSS
    ra, dec = at([150.4] * 3, [edge + 5 / 3600, edge + 20 / 3600, edge - 5 / 3600], 10.0)
    assert find_fields(settings, ra, dec)[:, 0].tolist() == [100, 200, 100]


def test_where_no_field_lies_there_are_zeros(tmp_path):
    settings = table(tmp_path, (100, 1, 150.0, 0.1, 10.0, True, 0.9))
    found = find_fields(settings, [10.0, np.nan, 150.0, 5.0], [0.0, 1.0, -89.9, 90.0])
    assert not found.any()
    assert find_fields(settings, [], []).shape == (0, 3)


def test_skyserver_is_asked_in_the_words_that_its_filter_lets_pass(tmp_path):
    """Through SqlSearch over HTTP, where the live service's filter on SQL stands in between."""
    incl = 10.0
    sky = tmp_path / "sky"
    for name in ("tables", "frames"):
        (sky / name).mkdir(parents=True)
    (sky / "sky.toml").write_text('kind = "simulated"\nname = "fields"\n')
    local = table(sky / "tables", (100, 1, 359.6, 0.1, incl, True, 0.8),
                  (200, 2, 200.0, 0.1, incl, False, 0.5))  # fmt: skip
    ra, dec = at([359.7, 0.2, 200.3, 100.0], [0.15, 0.2, 0.3, 0.2], incl)
    process, url = start(sky)
    try:
        settings = load({"server": url}, folder=tmp_path, environ={})
        found = find_fields(settings, ra, dec)
        stats = requests.get(f"{url}/__stats__", timeout=30).json()
    finally:
        process.terminate()
        process.wait(20)
    assert found[:, 0].tolist() == [100, 100, 200, 0]
    assert found.tolist() == find_fields(local, ra, dec).tolist()
    assert stats == {"sql": 4}


def test_positions_by_the_thousand_agree_with_a_look_at_each(tmp_path):
    scans = [(100 + k, 1 + k, 149.0 + k / 7, k * ACROSS, 10.0, k % 2 == 0, 0.5 + k / 20)
             for k in range(5)]  # fmt: skip
    settings = table(tmp_path, *scans)
    rng = np.random.default_rng(5)
    ra, dec = at(rng.uniform(149, 150.5, 3000), rng.uniform(0, 5 * ACROSS, 3000), 10.0)
    fields = pd.read_parquet(tmp_path / "Field.parquet").sort_values(["primaryArea", "score"])
    told = np.zeros((3000, 3), int)
    for row in fields.itertuples():
        area = FieldArea(row.ra, row.dec, (row.muStart, row.muEnd), (row.nuStart, row.nuEnd))
        told[area.holds(ra, dec, 0.0)] = row.run, row.camcol, row.field
    found = find_fields(settings, ra, dec)
    held = told.any(axis=1)
    assert held.sum() > 1500
    assert np.array_equal(found[held], told[held])
