"""Addresses of frames against astroquery's own, for the releases that it knows."""

import pytest

from galaxycurate.core.sas import ROOT, frame_path, jpeg_path, survey_of
from galaxycurate.errors import SettingError

WHERE = (3918, 3, 213)


@pytest.mark.parametrize("number", range(8, 20))
def test_paths_are_those_of_astroquery(number):
    sdss = pytest.importorskip("astroquery.sdss")
    pattern = sdss.SDSSClass.IMAGING_URL_SUFFIX
    told = pattern.format(
        base=ROOT, dr=number, instrument=survey_of(f"dr{number}"), rerun=301, run=3918, camcol=3,
        band="g", field=213,
    )  # fmt: skip
    assert f"{ROOT}/{frame_path(f'dr{number}', WHERE, 'g')}" == told


def test_the_jpeg_lies_beside_the_frames():
    folder = frame_path("DR17", WHERE, "r").rpartition("/")[0]
    assert jpeg_path("dr17", WHERE) == f"{folder}/frame-irg-003918-3-0213.jpg"


def test_a_release_without_frames_is_refused():
    with pytest.raises(SettingError, match="no data release"):
        frame_path("dr7", WHERE, "r")
