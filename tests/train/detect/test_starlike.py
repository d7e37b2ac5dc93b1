import numpy as np

from tests.train.detect import sky
from train.detect import classical, listing, starlike
from train.detect.fields import Field
from train.detect.found import Found, as_table
from train.detect.frames import gather


def test_a_star_among_the_galaxies_is_told_in_the_table(tmp_path):
    sky.write(tmp_path, seed=4)
    with Field(gather([tmp_path])[0]) as field:
        listed = listing.on_field(field, listing.tables_under(tmp_path))
        told = Found(
            listing.boxes_around(listed.xy, listed.radius_px, least_side_px=10),
            np.full(len(listed), 0.9),
            listed.mag_r,
        )
        judged = starlike.beside(told, classical.find(field))
        assert (judged.sep_score[listed.galaxy] > 0.5).all()
        assert (judged.sep_score[~listed.galaxy] < starlike.LIKE_A_STAR).mean() > 0.9
        table = as_table(judged, field, method="network")
        assert np.array_equal(table["sep_score"], judged.sep_score)
        assert np.isnan(table["p_class"]).all()
    lines = []
    stars = int((judged.sep_score < starlike.LIKE_A_STAR).sum())
    assert starlike.like_stars(judged, "f", lines.append) == stars
    assert f"{stars} of {len(told)} look like stars to sep" in lines[0]
    far = starlike.beside(told, told.where([0]))
    assert np.isfinite(far.sep_score).sum() == 1


def test_a_field_without_stars_has_no_word_of_sep(tmp_path):
    put = np.array([[60.0, 100.0]]), np.array([True]), np.array([4.0]), np.array([60.0])
    sky.write(tmp_path, shape=(160, 160), put=put)
    lines = []
    with Field(gather([tmp_path])[0]) as field:
        assert starlike.by_sep(field, lines.append) is None
    assert "too few stars" in lines[0]
    alone = Found(np.array([[55.0, 95, 65, 105]]), np.array([0.9]), np.array([18.0]))
    assert np.isnan(starlike.beside(alone, None).sep_score).all()
