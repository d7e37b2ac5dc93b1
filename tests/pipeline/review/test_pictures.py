"""Whatever a dataset keeps its pictures as, a browser gets something that it shows."""

import hashlib
from dataclasses import replace

import numpy as np
import pytest

from galaxycurate.core.encode import fits_cube, npz
from galaxycurate.errors import InputError
from galaxycurate.store.shards.tree import open_tree
from tests.pictures import saved, sky
from tests.pipeline.project import picture
from tests.pipeline.review.conftest import opened

JPEG = b"\xff\xd8\xff"


def know(session, path, body):
    """Let the ledger know a picture with these bytes."""
    known = session.material.pictures
    known[path] = replace(known[path], sha256=hashlib.sha256(body).hexdigest())


def shown(project, path, body):
    """What a browser gets of a file that the ledger knows with these bytes."""
    (project.root / "dataset" / path).write_bytes(body)
    with opened(project) as session:
        know(session, path, body)
        return session.pictures.full(path), session.pictures.size(path)


@pytest.mark.parametrize("form", ["JPEG", "PNG", "GIF"])
def test_what_browsers_show_is_sent_as_it_is(project, paths, form):
    body = saved(sky(1), form)
    sent, size = shown(project, paths[0], body)
    assert sent.body == body
    assert sent.kind == f"image/{form.lower()}"
    assert size == (200, 200)


@pytest.mark.parametrize(
    "body",
    [
        fits_cube(np.random.default_rng(1).normal(0, 1, (3, 40, 60)), {"BUNIT": "nanomaggy"}),
        npz(np.asarray(sky(2))[:40, :60]),
        saved(np.asarray(sky(2))[:40, :60], "TIFF"),
    ],
    ids=["fits", "npz", "tiff"],
)
def test_what_browsers_do_not_show_is_drawn(project, paths, body):
    sent, size = shown(project, paths[0], body)
    assert sent.kind == "image/jpeg"
    assert sent.body.startswith(JPEG)
    assert size == (60, 40)


def test_nothing_is_sent_as_what_its_name_says(project, paths):
    for body in (b"<svg xmlns='http://www.w3.org/2000/svg'/>", b"<html>", b""):
        with pytest.raises(InputError, match="cannot be shown"):
            shown(project, paths[0], body)


def test_another_picture_than_the_ledger_knows_is_not_shown(project, paths):
    """Whoever decided would decide on what nobody sees."""
    file = project.root / "dataset" / paths[0]
    before = file.read_bytes()
    file.write_bytes(picture(78))
    with opened(project) as session:
        with pytest.raises(InputError, match="no longer as the ledger knows it"):
            session.pictures.full(paths[0])
        file.write_bytes(before)
        assert session.pictures.full(paths[0]).body == before


def test_pictures_in_shards_are_shown_too(project, paths):
    tree = open_tree(project.root / "dataset", "webdataset")
    tree.write(paths[0], picture(77))
    tree.finish()
    with opened(project) as session:
        know(session, paths[0], picture(77))
        assert session.pictures.full(paths[0]).body == picture(77)
        assert session.pictures.full(paths[1]).body.startswith(JPEG)


def test_a_large_picture_is_made_small_for_the_grid(project, paths):
    sent, size = shown(project, paths[0], picture(3, side=900))
    with opened(project) as session:
        know(session, paths[0], picture(3, side=900))
        small = session.pictures.small(paths[0])
    assert size == (900, 900)
    assert len(small.body) < len(sent.body) / 4
