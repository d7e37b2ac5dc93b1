"""The catalogue's objects around a picture, on a simulated catalogue."""

import numpy as np
import pandas as pd
import pytest

from galaxycurate.core.geometry import to_plane
from galaxycurate.errors import InputError
from galaxycurate.pipeline.review.material import gather
from galaxycurate.pipeline.review.objects import Objects, words
from galaxycurate.pipeline.review.pictures import Pictures
from tests.pipeline.audit import sky


@pytest.fixture(scope="module")
def tables(tmp_path_factory):
    return sky.tables(tmp_path_factory.mktemp("review") / "sky" / "tables", 4)


def asked(project, path, **about):
    """The objects around a picture of a project."""
    material = gather(project.settings)
    material.__dict__.update(about)
    objects = Objects(material, Pictures(material))
    try:
        return objects.around(path).result(60)
    finally:
        objects.close()


def test_every_object_in_a_picture_is_marked_where_it_lies(tables, tmp_path):
    ra, dec = sky.places(tables, 1)
    project = sky.project(tmp_path, f"local:{tables}", ra, dec)
    (path,) = gather(project.settings).pictures
    name, marks = asked(project, path)
    assert "local" in name
    rows = pd.read_parquet(tables / "PhotoObjAll.parquet")
    rows = rows[(rows.r < 22.2) & (rows["mode"] == 1)]
    xi, eta = (v / sky.SCALE for v in to_plane(rows.ra, rows.dec, ra[0], dec[0]))
    inside = np.maximum(np.abs(xi), np.abs(eta)) < sky.SIDE / 2
    listed = {str(one) for one in rows.objID[inside]}
    found = {mark.objid: mark for mark in marks}
    assert listed
    assert len(listed - found.keys()) <= 1  # two detections of one object are one
    for objid in listed & found.keys():
        k = (rows.objID.astype(str) == objid).to_numpy().argmax()
        assert abs(found[objid].x + xi[k]) < 0.1  # east is to the left
        assert abs(found[objid].y + eta[k]) < 0.1
        assert found[objid].kind == ("galaxy" if rows.type.iloc[k] == 3 else "star")
        assert found[objid].r == pytest.approx(rows.r.iloc[k], abs=0.01)


def test_a_picture_without_a_place_gets_a_sentence(project):
    project.provider = "import"
    project.fetch(project.manifest("ring", 1, size_px=[48], ra=[None], dec=[None]), side=48)
    path = next(path for path in gather(project.settings).pictures if "/ring/" in path)
    with pytest.raises(InputError, match="its position or scale is not known") as raised:
        asked(project, path)
    assert words(raised.value) == "its position or scale is not known: no catalogue can be asked"


def test_a_catalogue_that_is_not_there_is_a_sentence_too(project, paths):
    object.__setattr__(project.settings, "archive", f"local:{project.root}/none")
    with pytest.raises(InputError) as raised:
        asked(project, paths[0])
    assert f"{project.root}/none" in words(raised.value)


def test_a_simulated_picture_is_not_held_against_the_real_sky(project, paths):
    objects = Objects(gather(project.settings), None)
    objects._material.__dict__["is_simulated"] = True
    with pytest.raises(InputError, match="shows a simulated sky"):
        objects._refuse_another_sky("https://skyserver.sdss.org (SkyServer)")
    objects._refuse_another_sky("http://127.0.0.1:8417 (simulated sky)")
