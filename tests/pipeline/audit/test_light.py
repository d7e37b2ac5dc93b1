"""Pictures judged by their pixels: any format, any number of processes, each only once.

All pictures here are simulated.
"""

import io

import numpy as np
import pytest

from galaxycurate.core import encode
from galaxycurate.core.colour import lupton_irg
from galaxycurate.core.outcome import VerdictKind
from galaxycurate.pipeline.audit import light
from galaxycurate.pipeline.audit.findings import Findings, key_of
from galaxycurate.pipeline.audit.images import Image
from galaxycurate.pipeline.audit.light import fluxes, judge_all, look, scheme_of, version
from galaxycurate.store.images import ImageTree

SIDE, SCALE = 128, 0.396127
SKY_RMS = 0.023  # [nanomaggy] of one pixel of an SDSS frame
FWHM_PX = 3.0


def planes(galaxies=(), seed=0, side=SIDE):
    """i, r, g fluxes [nanomaggy] of exponential discs (x, y, r) on sky noise, and a few stars."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:side, :side]
    total = np.zeros((side, side))
    for _ in range(6):
        star = np.exp(-0.5 * (np.hypot(x - rng.uniform(0, side), y - rng.uniform(0, side))
                              / (FWHM_PX / 2.355)) ** 2)  # fmt: skip
        total += 8 * star / star.sum()
    for gx, gy, mag in galaxies:
        disc = np.exp(-np.hypot(x - gx, (y - gy) / 0.7) / 4.0)
        total += 10 ** (0.4 * (22.5 - mag)) * disc / disc.sum()
    noise = rng.normal(0, SKY_RMS, (3, side, side))
    return (total * np.array([1.4, 1.0, 0.5])[:, None, None] + noise).astype(np.float32)


def bodies(irg):
    """One picture in every format of a data set."""
    rgb = lupton_irg(*irg)
    cards = {"BUNIT": "nanomaggy"}
    return {
        "png": encode.png(rgb), "jpg": encode.jpeg(rgb), "npz": encode.arrays(rgb=rgb, flux=irg),
        "fits": encode.fits_cube(irg[:, ::-1], cards),
    }  # fmt: skip


def told(tmp_path, body, ending, *, positive=False):
    tree = ImageTree(tmp_path)
    path = tree.relative("negative", "a", ending)
    tree.write(path, body)
    return look(tree, path, key_of("a", positive, SCALE, "", version()))


@pytest.mark.parametrize("ending", ["png", "jpg", "npz", "fits"])
def test_a_galaxy_is_found_where_it_is_in_every_format(tmp_path, ending):
    irg = planes([(90.0, 40.0, 17.5)])
    found = told(tmp_path, bodies(irg)[ending], ending)[0]
    assert found.kind is VerdictKind.CONTAMINATED
    middle = (SIDE - 1) / 2
    assert (found.dx, found.dy) == (
        pytest.approx(90 - middle, abs=1.5), pytest.approx(40 - middle, abs=1.5)
    )  # fmt: skip
    if ending in ("npz", "fits"):
        assert found.mag_r == pytest.approx(17.5, abs=0.15)
    else:
        assert found.mag_r == 0, "how the picture was drawn was not said"


@pytest.mark.parametrize("ending", ["png", "fits"])
def test_stars_alone_are_clean(tmp_path, ending):
    kinds = [told(tmp_path, bodies(planes(seed=seed))[ending], ending)[0].kind for seed in range(8)]
    assert kinds.count(VerdictKind.CONTAMINATED) == 0


def test_fluxes_come_north_up_and_bluest_first(tmp_path):
    irg = planes([(90.0, 40.0, 17.5)])
    for ending in ("npz", "fits"):
        gri = fluxes(bodies(irg)[ending])
        assert np.array_equal(gri, irg[::-1])
    assert fluxes(bodies(irg)["png"]) is None
    assert fluxes(encode.fits_cube(irg, {})) is None, "counts of unknown scale are no fluxes"


def test_a_broken_file_is_words(tmp_path):
    whole = bodies(planes())["jpg"]
    for body in (b"", whole[: len(whole) // 2], b"<html>busy</html>"):
        found = told(tmp_path, body, "jpg")
        assert [one.kind for one in found] == [VerdictKind.UNREADABLE]
        assert found[0].evidence


def one_image(tmp_path, sha256="a", galaxies=(), name="a"):
    tree = ImageTree(tmp_path)
    path = tree.relative("negative", name, "png")
    tree.write(path, bodies(planes(galaxies))["png"])
    return Image(path, "negative", sha256, True, np.nan, np.nan, SIDE * SCALE, SIDE, 20.0)


@pytest.mark.parametrize("error", [OSError(116, "Stale file handle"), MemoryError("no more")])
def test_a_file_that_cannot_be_read_now_is_words_and_is_read_another_time(
    tmp_path, monkeypatch, error
):
    image = one_image(tmp_path)

    def fails(*_):
        raise error

    with monkeypatch.context() as patch:
        patch.setattr(ImageTree, "read", fails)
        found = judge_all(tmp_path, [image], Findings(tmp_path, "1"), workers=1)[0]
        assert found[0].kind is VerdictKind.UNREADABLE
        assert str(error.args[-1]) in found[0].evidence
    found = judge_all(tmp_path, [image], Findings(tmp_path, "1"), workers=1)[0]
    assert found[0].kind is not VerdictKind.UNREADABLE


def test_too_little_memory_while_decoding_says_nothing_of_the_picture(tmp_path, monkeypatch):
    image = one_image(tmp_path)

    def decoder(_body):
        raise MemoryError("no more")

    with monkeypatch.context() as patch:
        patch.setattr("galaxycurate.pipeline.dedupe.decode._reader", lambda _body: decoder)
        found = judge_all(tmp_path, [image], Findings(tmp_path, "1"), workers=1)[0]
        assert found[0].kind is VerdictKind.UNREADABLE
    assert len(Findings(tmp_path, "1")) == 0


def test_pictures_whose_content_has_no_name_do_not_share_a_finding(tmp_path):
    images = [one_image(tmp_path, "", [(90.0, 40.0, 17.0)], "a"), one_image(tmp_path, "", (), "b")]
    found = judge_all(tmp_path, images, Findings(tmp_path, "1"), workers=1)
    assert [lights[0].kind for lights in found] == [VerdictKind.CONTAMINATED, VerdictKind.CLEAN]
    assert len(Findings(tmp_path, "1")) == 0, "another picture may come under that path"


@pytest.mark.parametrize(
    "flux", [np.array([{}], object), np.array(["a", "b", "c"]).reshape(3, 1, 1),
             np.zeros((3, SIDE // 2, SIDE), np.float32)]
)  # fmt: skip
def test_fluxes_that_are_none_or_another_picture_make_a_file_unreadable(tmp_path, flux):
    body = io.BytesIO()
    np.savez(body, rgb=lupton_irg(*planes()), flux=flux)
    found = told(tmp_path, body.getvalue(), "npz")
    assert [one.kind for one in found] == [VerdictKind.UNREADABLE]
    assert "fluxes" in found[0].evidence


def test_a_number_in_the_place_of_fluxes_leaves_the_picture(tmp_path):
    body = io.BytesIO()
    np.savez(body, rgb=lupton_irg(*planes()), flux=np.float32(1))
    assert told(tmp_path, body.getvalue(), "npz")[0].kind is VerdictKind.CLEAN


def test_the_stretch_is_known_only_where_the_survey_drew_it():
    def image(provider, scale):
        return Image("p", "l", "s", True, 0, 0, scale * SIDE, SIDE, 20.0, provider=provider)

    assert scheme_of(image("skyserver dr17 @ https://skyserver.sdss.org", SCALE)) == "sdss"
    assert scheme_of(image("frames dr17 @ https://data.sdss.org", SCALE)) == "sdss"
    assert scheme_of(image("hips2fits CDS/P/SDSS9/color @ https://alasky", SCALE)) == ""
    assert scheme_of(image("skyserver dr17 @ https://skyserver.sdss.org", 2 * SCALE)) == ""


@pytest.fixture(scope="module")
def many(tmp_path_factory):
    """A data set of 120 pictures, every second one with a galaxy."""
    dataset = tmp_path_factory.mktemp("light") / "dataset"
    tree, images = ImageTree(dataset), []
    for k in range(120):
        galaxies = [(30.0 + k % 60, 64.0, 17.0)] if k % 2 else []
        path = tree.relative("negative", f"n{k}", "png")
        tree.write(path, encode.png(lupton_irg(*planes(galaxies, seed=k, side=96))))
        images.append(
            Image(path, "negative", f"sha{k}", True, np.nan, np.nan, 96 * SCALE, 96, 20.0)
        )
    return dataset, images


def test_two_processes_tell_what_one_tells_and_nothing_is_looked_at_twice(many, monkeypatch):
    monkeypatch.setattr(light, "FEW", 0)  # so few would not be worth the start of a process
    dataset, images = many
    one = judge_all(dataset, images, Findings(dataset / "one", "v"), workers=1)
    ticks = []
    kept = Findings(dataset / "two", "v")
    two = judge_all(dataset, images, kept, workers=2, progress=lambda *t: ticks.append(t[0]))
    assert one == two
    assert ticks[-1] == 120
    found = [lights[0].kind is VerdictKind.CONTAMINATED for lights in two]
    assert sum(found[1::2]) >= 57
    assert sum(found[::2]) <= 2
    again: list[int] = []
    known = Findings(dataset / "two", "v")
    assert judge_all(dataset, images, known, progress=lambda *t: again.append(t[0])) == two
    assert again == []
