"""What dedupe finds in the pixels: copies, drift, wrong images; what stays, and what is recorded.

All pictures here are simulated.
"""

import json
from dataclasses import replace
from functools import cache
from pathlib import Path
from shutil import rmtree

import numpy as np
import pytest
from typer.testing import CliRunner

from galaxycurate.cli.main import app
from galaxycurate.core.outcome import VerdictKind
from galaxycurate.core.placing import Placing
from galaxycurate.errors import SettingError
from galaxycurate.pipeline.dedupe.dedupe import dedupe
from galaxycurate.pipeline.dedupe.seen import PixelSearch
from galaxycurate.store.ledger import Ledger
from galaxycurate.store.manifest import Manifest
from galaxycurate.store.settings import Settings
from tests.curation.pixels.exposures import Sky, picture
from tests.pictures import saved, sky
from tests.pipeline.dedupe.collection import fill

PIXSCALE, SIDE = 0.4, 256
FIELD = sky(1, 600, sources=90)


def window(x, y):
    return FIELD[y : y + SIDE, x : x + SIDE]


def shifted(ra, dec, dx, dy):
    """The centre of a window that lies so many pixels to the right and down."""
    return ra - dx * PIXSCALE / 3600 / np.cos(np.radians(dec)), dec - dy * PIXSCALE / 3600


@pytest.fixture
def settings(tmp_path):
    return Settings(dataset=str(tmp_path / "dataset"), manifests=str(tmp_path / "manifests"))


@cache
def files():
    """A window, copies of it, one that drifted, and others; one stands behind another's id."""
    at = (150.0, 2.0)
    drifted, aside = shifted(*at, 100, 40), shifted(*at, 40, 100)
    return {
        "a": (saved(window(100, 100), "JPEG", quality=95), *at),
        "copy": (saved(window(100, 100), "JPEG", quality=60), None, None),
        "drifted": (saved(window(200, 140), "JPEG", quality=95), *drifted),
        "other": (saved(sky(2, SIDE), "JPEG", quality=95), 170.0, 5.0),
        "same": (saved(sky(2, SIDE), "JPEG", quality=95), None, None),
        "turned": (saved(np.rot90(sky(3, SIDE))), None, None),
        "upright": (saved(sky(3, SIDE)), None, None),
        "broken": (b"<html>busy</html>", None, None),
        "wrong": (saved(window(140, 200), "JPEG", quality=95), 200.0, 30.0),
        "right": (saved(window(140, 200), "JPEG", quality=94), *aside),
    }  # fmt: skip


@pytest.fixture
def collection(settings):
    """As an import leaves them."""
    fill(settings, files(), pixscale=PIXSCALE, size_px=SIDE)
    return settings


def verdicts(settings):
    with Ledger.open(settings.ledger_url) as ledger:
        return {(v.kind, v.path.split("/")[-1][:-4], v.partner.split("/")[-1][:-4]): v
                for v in ledger.verdicts()}  # fmt: skip


def test_each_kind_of_pair_gets_its_verdict_with_the_evidence(collection):
    found = dedupe(collection)
    told = verdicts(collection)
    copy = told[VerdictKind.COPY, "copy", "a"]
    assert not copy.keep
    assert copy.evidence.startswith(("more compressed: ", "less sharp: "))
    assert told[VerdictKind.EXACT_FILE, "same", "other"].tier == "bytes"
    turned = next(v for k, v in told.items() if {"turned", "upright"} <= set(k[1:]))
    assert turned.kind == VerdictKind.COPY
    assert turned.flip in (1, 3)
    assert "turned" in turned.evidence
    drift = told[VerdictKind.DRIFT, "drifted", "a"]
    assert drift.keep
    assert drift.tier == "noise"
    assert (drift.dx, drift.dy) == pytest.approx((100, 40), abs=0.5)
    assert drift.amount == pytest.approx(156 * 216 / SIDE**2, abs=0.02)
    assert drift.fdr <= 0.001
    assert "arcsec), overlap 0.5" in drift.evidence
    assert told[VerdictKind.UNREADABLE, "broken", ""].keep is False
    assert found.dropped[VerdictKind.UNREADABLE] == 1
    assert found.false_rate["noise"] <= 0.001
    by_position = told[VerdictKind.OVERLAP, "drifted", "a"]
    assert (by_position.dx, by_position.dy) == pytest.approx((100, 40), abs=0.1)


def test_a_picture_that_is_elsewhere_by_its_pixels_is_a_wrong_image(collection):
    dedupe(collection)
    told = verdicts(collection)
    wrong = [v for k, v in told.items() if k[0] == VerdictKind.WRONG_IMAGE and not v.keep]
    assert {v.path.split("/")[-1] for v in wrong} == {"wrong.jpg"}
    copies = [v for k, v in told.items() if k[0] == VerdictKind.COPY and "wrong" in k]
    assert [v.evidence[:20] for v in copies] == ["not what its id says"]
    assert "arcsec from where the positions put it" in wrong[0].evidence
    vouched = [v for k, v in told.items() if k[0] == VerdictKind.WRONG_IMAGE and v.keep]
    assert "right" not in {v.path.split("/")[-1][:-4] for v in told.values() if not v.keep}
    assert vouched  # the other pictures of these pairs are confirmed by a neighbour


def test_a_verdict_the_other_way_round_tells_the_same(collection):
    dedupe(collection)
    told = verdicts(collection)
    pairs = {
        frozenset(k[1:]): [v for j, v in told.items() if set(j[1:]) == set(k[1:])]
        for k in told if k[0] == VerdictKind.WRONG_IMAGE
    }  # fmt: skip
    assert pairs
    for both in pairs.values():
        one, other = (v for v in both if v.kind == VerdictKind.WRONG_IMAGE)
        size = SIDE, SIDE
        there = Placing(one.dx, one.dy, one.flip, one.scale)
        back = Placing(other.dx, other.dy, other.flip, other.scale)
        points = [[3.0, 5.0], [90.0, 20.0]]
        assert back.on_first(there.on_first(points, size), size) == pytest.approx(np.array(points))


def test_a_second_run_reads_no_picture_and_finds_the_same(collection):
    first = dedupe(collection)
    before = verdicts(collection)
    again = dedupe(collection)
    assert first.pictures_read == 9  # two of the ten files are one
    assert again.pictures_read == 0
    assert verdicts(collection) == before


def test_all_copies_stay_when_asked_for_and_the_first_when_asked_for(collection):
    assert set(dedupe(collection, keep="all").dropped) <= {
        VerdictKind.UNREADABLE, VerdictKind.WRONG_IMAGE,
    }  # fmt: skip
    dedupe(collection, keep="first")
    assert verdicts(collection)[VerdictKind.COPY, "copy", "a"].evidence.startswith("not the first;")


@pytest.mark.parametrize("how", [None, PixelSearch(flips=False, resized=False)])
def test_what_pixels_told_before_goes_on_counting_in_a_narrower_search(collection, how):
    first = dedupe(collection)
    again = dedupe(collection, pixels=how)
    assert again.pictures_read == 0
    assert again.pictures_known == first.pictures_known > 0
    assert again.pairs == first.pairs
    assert _said(again) == _said(first)
    with Ledger.open(collection.ledger_url) as ledger:
        told = ledger.last_run("dedupe")["parameters"]
    assert (told["images"], told["pictures_compared"]) == (10, 9)


def test_pixels_that_were_never_compared_are_told(collection):
    dedupe(collection, pixels=None)
    with Ledger.open(collection.ledger_url) as ledger:
        assert ledger.last_run("dedupe")["parameters"]["pictures_compared"] == 0


@pytest.mark.parametrize("bad", [b"", saved(np.full((SIDE, SIDE, 3), 9, np.uint8))])
def test_a_picture_that_cannot_be_seen_never_stays_instead_of_a_good_one(settings, bad):
    body = saved(window(0, 0))
    fill(settings, {"a": (bad or body[:300], 10.0, 0.0), "b": (body, 10.0, 0.0)},
         pixscale=PIXSCALE, size_px=SIDE)  # fmt: skip
    path = Path(settings.manifests) / "m.parquet"
    asked = Manifest.read(path)
    columns = {n: asked.column(n) for n in asked.table.column_names} | {"objID": [7, 7]}
    Manifest.build(asked.header, columns, where="test").write(path)
    gone = {v.path.split("/")[-1] for v in dedupe(settings).verdicts if not v.keep}
    assert gone == {"a.jpg"}


@pytest.mark.parametrize("name", ["a", "z"])
def test_blame_does_not_depend_on_names(settings, name):
    """A wrong copy, of the bytes of a picture that its neighbour vouches for."""
    body = saved(window(100, 100))
    aside = shifted(10.0, 0.0, 40, 0)
    fill(settings, {
        name: (body, 50.0, 20.0), "m": (body, 10.0, 0.0), "n": (body, 10.0, 0.0),
        "o": (saved(window(140, 100)), *aside),
    }, pixscale=PIXSCALE, size_px=SIDE)  # fmt: skip
    wrong = {v.path for v in dedupe(settings).verdicts if v.kind == VerdictKind.WRONG_IMAGE
             and not v.keep}  # fmt: skip
    assert {Path(path).stem for path in wrong} == {name}


def test_copies_do_not_vouch_for_one_another_and_bytes_at_two_places_need_no_pixels(settings):
    body, other = (saved(window(100, 100), "JPEG", quality=q) for q in (95, 90))
    fill(settings, {"a": (body, 10.0, 0.0), "b": (other, 10.0, 0.0), "c": (body, 50.0, 20.0)},
         pixscale=PIXSCALE, size_px=SIDE)  # fmt: skip
    for how in (PixelSearch(), None):
        found = dedupe(settings, pixels=how)
        wrong = {v.path for v in found.verdicts if v.kind == VerdictKind.WRONG_IMAGE and not v.keep}
        assert {Path(path).stem for path in wrong} >= {"a", "c"}


def test_without_pixels_no_file_is_opened(collection):
    found = dedupe(collection, pixels=None)
    assert found.pictures_read == 0
    assert found.pairs[VerdictKind.DRIFT] == found.dropped[VerdictKind.UNREADABLE] == 0
    assert found.pairs[VerdictKind.EXACT_FILE] == 1


def test_a_cluster_finds_the_same_overlaps(collection):
    pytest.importorskip("distributed")
    alone = dedupe(collection, pixels=None)
    shared = dedupe(replace(collection, dask="local"), pixels=None)
    assert alone.pairs[VerdictKind.OVERLAP] > 0
    assert shared.verdicts == alone.verdicts


def test_new_pictures_alone_are_compared_and_an_emptied_store_finds_the_same(settings):
    some = {name: body for name, body in files().items() if name not in ("a", "turned")}
    fill(settings, some, pixscale=PIXSCALE, size_px=SIDE)
    assert dedupe(settings).pictures_compared == 6
    fill(settings, files(), pixscale=PIXSCALE, size_px=SIDE)
    found = dedupe(settings)
    assert (found.pictures_read, found.pictures_compared) == (2, 2)
    rmtree(Path(settings.dataset) / ".fingerprints")
    whole = dedupe(settings)
    assert whole.pictures_compared == 8
    assert found.pairs == whole.pairs
    assert _said(found) == _said(whole)


def _said(found):
    return {(v.kind, v.path, v.partner, v.keep, v.tier, v.flip) for v in found.verdicts}


def test_a_dry_run_writes_nothing(collection, tmp_path):
    before = sorted(p for p in tmp_path.rglob("*") if "ledger" not in p.name)
    dedupe(collection, dry_run=True)
    assert sorted(p for p in tmp_path.rglob("*") if "ledger" not in p.name) == before


def test_registration_is_to_a_fraction_of_a_pixel(settings):
    import cv2

    fine = cv2.GaussianBlur(sky(5, 1200, sources=200), (0, 0), 3)
    noise = np.random.default_rng(1).normal(0, 1, (400, 400, 3))
    whole = cv2.resize(fine, (400, 400), interpolation=cv2.INTER_AREA) + 0.0
    whole = np.clip(whole + cv2.GaussianBlur(noise, (0, 0), 1.0) * 12, 0, 255).astype(np.float32)
    move = np.float32([[1, 0, 20.4], [0, 1, -10.7]])
    moved = cv2.warpAffine(whole, move, (400, 400), flags=cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP)
    a, b = (p[100:300, 100:300].clip(0, 255).astype(np.uint8) for p in (whole, moved))
    fill(settings, {"a": (saved(a), None, None), "b": (saved(b), None, None)},
         pixscale=PIXSCALE, size_px=200)  # fmt: skip
    dedupe(settings, pixels=PixelSearch(register=True))
    (verdict,) = verdicts(settings).values()
    assert (verdict.dx, verdict.dy) == pytest.approx((20.4, -10.7), abs=0.05)


@pytest.mark.parametrize("words", [{"keep": "last"}, {"min_overlap": -0.1}])
def test_impossible_wishes_are_refused(collection, words):
    with pytest.raises(SettingError):
        dedupe(collection, **words)
    with pytest.raises(SettingError, match="max-fdr = 0 is outside 0 to 1"):
        PixelSearch(max_fdr=0.0)


def test_the_command_writes_a_page_and_tells_the_rate(collection, tmp_path):
    page = tmp_path / "pairs.html"
    words = ["dedupe", "--dataset", collection.dataset, "--manifests", collection.manifests]
    run = CliRunner().invoke(app, [*words, "--page", str(page)])
    assert run.exit_code == 0, run.output
    assert "false among the pairs found by noise" in run.stderr
    assert "pairs: drift" in run.stderr
    text = page.read_text()
    assert text.count("<polygon") >= 6
    assert "Drift" in text
    run = CliRunner().invoke(app, [*words, "--json", "--no-flips", "--no-resized"])
    told = json.loads(run.stdout)
    assert told["pairs"]["exact file"] == 1
    assert told["pictures_read"] == 0


def test_memory_is_understood_or_refused(collection):
    from galaxycurate.pipeline.dedupe.memory import megabytes

    assert [megabytes(t) for t in ("2GB", "500 MB", "1.5g", "300000k")] == [2000, 500, 1500, 300]
    for text in ("much", "10MB", "", "1..2GB"):
        with pytest.raises(SettingError, match="is no amount"):
            megabytes(text)


def test_other_bytes_of_the_same_pixels_and_another_exposure_are_kinds_of_their_own(settings):
    rng = np.random.default_rng(3)
    stars = sky(7, SIDE, sources=40).astype(float)
    noisy = [np.clip(stars + rng.normal(0, 6, stars.shape), 0, 255).astype(np.uint8) for _ in "ab"]
    fill(settings, {
        "a": (saved(sky(6, SIDE)), None, None), "b": (saved(sky(6, SIDE), "BMP"), None, None),
        "c": (saved(noisy[0]), None, None), "d": (saved(noisy[1]), None, None),
    }, pixscale=PIXSCALE, size_px=SIDE)  # fmt: skip
    found = dedupe(settings)
    assert found.pairs[VerdictKind.SAME_PIXELS] == 1
    told = verdicts(settings)
    assert told[VerdictKind.SAME_PIXELS, "b", "a"].evidence.startswith("not the first of equal")
    assert any({"c", "d"} == set(k[1:]) for k in told)


def test_a_picture_whose_neighbours_find_none_of_their_stars_in_it_is_a_wrong_image(settings):
    """Nobody has the sky that it shows; two neighbours confirm each other's place."""
    first, second = (Sky(k, 80).exposure(k) for k in (1, 3))
    at = (150.0, 2.0)
    files = {
        "a": (saved(picture(first, 80, 80)), *at),
        "b": (saved(picture(first, 120, 80)), *shifted(*at, 40, 0)),
        "wrong": (saved(picture(second, 80, 80)), *shifted(*at, 0, 40)),
        "right": (saved(picture(Sky(1, 80).exposure(2), 80, 40)), *shifted(*at, 0, -40)),
    }
    fill(settings, files, pixscale=PIXSCALE, size_px=SIDE)
    found = dedupe(settings)
    told = {k: v for k, v in verdicts(settings).items() if k[0] == VerdictKind.WRONG_IMAGE}
    assert {k[1] for k, v in told.items() if not v.keep} == {"wrong"}
    assert {k[1:] for k in told} >= {("wrong", "a"), ("a", "wrong"), ("wrong", "b")}
    denied = told[VerdictKind.WRONG_IMAGE, "a", "wrong"]
    assert (denied.tier, denied.keep) == ("sources", True)
    assert denied.evidence.startswith("84% of the sky should be shared, its stars are not")
    assert (denied.dx, denied.dy) == pytest.approx((0, -40), abs=0.1)
    assert "right" not in {k[1] for k in told if k[2] != "wrong"}
    assert dedupe(settings, pixels=None).verdicts == found.verdicts


def test_of_two_neighbours_that_deny_each_other_both_stay(settings):
    at, skies = (150.0, 2.0), [Sky(k, 80).exposure(k) for k in (1, 3)]
    pictures = [saved(picture(sky, 80, 80)) for sky in skies]
    fill(settings, {"a": (pictures[0], *at), "b": (pictures[1], *shifted(*at, 0, 40))},
         pixscale=PIXSCALE, size_px=SIDE)  # fmt: skip
    dedupe(settings)
    told = [v for k, v in verdicts(settings).items() if k[0] == VerdictKind.WRONG_IMAGE]
    assert [v.keep for v in told] == [True, True]
    assert all(v.evidence.endswith("nothing tells which of the two is wrong") for v in told)
