import numpy as np
import pytest

from galaxycurate.errors import InputError
from tests.train.detect import sky
from tests.train.detect.lists import at_precision
from train.detect import classical, listing, score
from train.detect.fields import Field
from train.detect.found import as_table, magnitudes
from train.detect.frames import gather


@pytest.fixture
def field(tmp_path):
    sky.write(tmp_path, seed=4)
    with Field(gather([tmp_path])[0]) as opened:
        yield opened, listing.on_field(opened, listing.tables_under(tmp_path))


def test_wide_sources_are_galaxies_and_compact_ones_are_not(field):
    opened, listed = field
    judged = score.judged(classical.find(opened), listed, listed.mag_r, limit_r=21, threshold=0.5)
    assert (judged.hit, judged.listed) == (12, 12)
    assert (judged.on_star, judged.unlisted) == (0, 0)


def test_radius_and_magnitude_are_those_of_the_light(field):
    """A Gaussian's Petrosian radius is 2.24 sigma (the ring's light is a fifth of the mean)."""
    opened, listed = field
    found = classical.find(opened)
    galaxies = listed.where(listed.galaxy)
    row = [int(np.hypot(*(found.xy - place).T).argmin()) for place in galaxies.xy]
    half = (found.boxes[row, 2] - found.boxes[row, 0]) / 2
    assert np.abs(half / (galaxies.radius_px / 2.2) - 2.24).max() < 0.35
    error = np.abs(found.mag_r[row] - galaxies.mag_r)  # of a few nanomaggies over noise
    assert np.median(error) < 0.1
    assert error.max() < 0.4


def test_a_large_field_is_searched_in_bands_without_loss_or_repeat(tmp_path, monkeypatch):
    shape = (360, 400)
    sky.write(tmp_path, shape=shape, put=sky.objects(shape, np.random.default_rng(6), n=60))
    with Field(gather([tmp_path])[0]) as opened:
        whole = classical.find(opened)
        monkeypatch.setattr(classical, "CHUNK_PX", 260)
        monkeypatch.setattr(classical, "_CHUNK_OVERLAP_PX", 128)
        parts = classical.find(opened)
    clear = whole.where(whole.mag_r < 21)
    assert len(clear) == 60
    assert score.gap(clear.xy, parts.xy).max() < 0.5
    assert abs(len(parts) - len(whole)) <= 2  # what is hardly above the noise may come and go


def test_a_field_without_stars_is_refused_with_the_way_out(tmp_path):
    put = np.array([[60.0, 60.0]]), np.array([True]), np.array([4.0]), np.array([20.0])
    sky.write(tmp_path, shape=(128, 128), put=put)
    with (
        Field(gather([tmp_path])[0]) as opened,
        pytest.raises(InputError, match="too few stars") as caught,
    ):
        classical.find(opened)
    assert "--weights" in caught.value.hint


def test_the_table_places_and_measures_what_was_found(field):
    opened, listed = field
    found = classical.find(opened)
    found = found.where(found.score > 0.5)
    table = as_table(found, opened, method="sep")
    x, y = opened.pixel(table["ra"], table["dec"])
    assert np.abs(x - table["x"]).max() < 1e-4
    assert np.abs(y - table["y"]).max() < 1e-4
    taught = listing.boxes_around(found.xy, table["petroRad_r"] / opened.pixscale, least_side_px=1)
    assert np.abs(taught - found.boxes).max() < 0.01
    assert table["ra"].unit == "deg"
    light = opened.window(0, *opened.shape[:1], 0, opened.shape[1])[1]
    galaxies = listed.where(listed.galaxy)
    boxes = listing.boxes_around(galaxies.xy, 1.6 * galaxies.radius_px, least_side_px=8)
    assert np.abs(magnitudes(light, boxes) - galaxies.mag_r).max() < 0.25


def test_on_the_real_field_it_finds_what_the_docs_say(shared_data, real_field):
    folder = shared_data / "sdss/catalogs"
    stars = listing.read(folder / "003918-3-0213_stars.csv")
    stars["type"] = listing.STAR
    listed = listing.on_field(real_field, [listing.read(folder / "003918-3-0213_gals.csv"), stars])
    mag = score.listed_magnitudes(real_field, listed)
    best = at_precision(classical.find(real_field), listed, mag, limit_r=20, precision=0.8)
    assert best.listed == 27
    assert best.hit == 24
    assert best.precision >= 0.8
