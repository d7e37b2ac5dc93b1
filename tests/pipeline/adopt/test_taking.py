"""Import of HDF5 collections, made in the layout of Galaxy10; the real positions where they are."""

import csv
import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import h5py
import numpy as np
import pytest
from PIL import Image

from galaxycurate.cli.main import main
from galaxycurate.core.encode import WRITERS
from galaxycurate.core.outcome import Status
from galaxycurate.errors import InputError, LayoutError, SettingError
from galaxycurate.pipeline.adopt import taking
from galaxycurate.pipeline.adopt.adopt import adopt, plan
from galaxycurate.pipeline.adopt.collection import Collection
from galaxycurate.pipeline.adopt.labelling import ByColumn, ByVotes
from galaxycurate.pipeline.dedupe.dedupe import dedupe
from galaxycurate.pipeline.split.split import split
from galaxycurate.store.ledger import Ledger
from galaxycurate.store.settings import load
from tests.catalogs.reading.test_hdf5 import write

ROOT = Path(__file__).resolve().parents[3]
N = 75
SCHEME = ("--scheme", "galaxy10-decals")  # of images that are smaller than the published ones


@pytest.fixture
def settings(tmp_path):
    flags = {"dataset": str(tmp_path / "dataset"), "manifests": str(tmp_path / "manifests")}
    return load(flags, folder=tmp_path, environ={})


@pytest.fixture
def source(tmp_path):
    """75 images; 3 is black, 4 half covered."""
    rng = np.random.default_rng(5)
    images = rng.integers(1, 60, (N, 256, 256, 3), np.uint8)
    images[3], images[4, :128] = 0, 0
    path = tmp_path / "Galaxy10_DECals.h5"
    write(path, images=images, chunks=(1, 256, 256, 3), compression="gzip")
    return path


def outcomes(settings):
    with Ledger.open(settings.ledger_url, create=False) as ledger:
        return {o.name: o for o in ledger.outcomes()}


def test_the_file_is_the_collection(settings, source):
    manifest, done = adopt(settings, Collection(source))
    with h5py.File(source) as file:
        answers, images, redshift = file["ans"][()], file["images"][()], file["redshift"][()]
    assert (done.rows, done.kept) == (N, N - 2)
    assert dict(done.rejected) == {"blank": 1, "partly covered": 1}
    assert manifest.column("name")[:2] == ["00", "01"]
    assert manifest.column("pixscale") == [0.262] * N
    assert manifest.column("size_px") == [256] * N
    assert manifest.column("redshift") == pytest.approx(redshift.tolist())
    assert manifest.column("objID") == [0] * N
    assert set(manifest.column("run")) == {None}
    assert set(manifest.column("catalog")) == {"galaxy10-decals"}
    assert set(manifest.column("scheme")) == {"galaxy10-decals"}
    names = {0: "Disturbed", 9: "Edge-on_with_Bulge"}
    for row in np.flatnonzero(np.isin(answers, [0, 9])).tolist():
        assert manifest.column("label")[row] == names[answers[row]]
    told = outcomes(settings)
    for row in set(range(N)) - {3, 4}:
        kept = np.asarray(Image.open(Path(settings.dataset) / told[f"{row:02d}"].path))
        assert (kept == images[row]).all()
    assert told["03"].status is Status.REJECTED
    assert told["05"].url == f"{source}#05"


def test_a_repetition_decodes_nothing(settings, source, monkeypatch):
    adopt(settings, Collection(source))
    monkeypatch.setattr(taking.Images, "read", None)
    _, again = adopt(settings, Collection(source))
    assert (again.kept, again.done_before) == (0, N - 2)
    assert again.rejected.total() == 2


def test_a_lost_image_is_written_again_and_only_that(settings, source, monkeypatch):
    adopt(settings, Collection(source))
    lost = Path(settings.dataset) / outcomes(settings)["40"].path
    lost.unlink()
    written = []
    writer = WRITERS["png"]
    monkeypatch.setitem(WRITERS, "png", lambda rgb: written.append(1) or writer(rgb))
    _, again = adopt(settings, Collection(source))
    assert (again.kept, again.done_before, len(written)) == (1, N - 3, 1)
    assert lost.is_file()


def test_another_file_of_the_same_name_is_imported_anew(settings, source):
    adopt(settings, Collection(source))
    with h5py.File(source, "a") as file:
        file["images"][7] = file["images"][8]
    _, again = adopt(settings, Collection(source))
    assert again.kept == N - 2


def test_arrays_may_become_jpeg_but_not_both(settings, source):
    _, done = adopt(settings, Collection(source, mode="jpg"))
    images = Path(settings.dataset) / "images"
    assert len(list(images.rglob("*.jpg"))) == done.kept == N - 2
    with pytest.raises(InputError, match=r"the arrays were imported as jpg") as told:
        adopt(settings, Collection(source))
    assert "--format jpg" in told.value.hint
    assert not list(images.rglob("*.png"))


def test_a_scheme_of_two_classes_leaves_the_others_out(settings, source):
    manifest, done = adopt(settings, Collection(source, by=ByVotes("galaxy10-binary")))
    assert set(manifest.column("label")) == {"Round_Smooth", "Barred_Spiral"}
    with h5py.File(source) as file:
        n = int(np.isin(file["ans"][()], [2, 5]).sum())
    assert len(manifest) == n
    assert done.left_out == {"no label by galaxy10-binary": N - n}


def test_a_column_may_be_taken_as_it_stands(settings, source):
    manifest, _ = adopt(settings, Collection(source, by=ByColumn("ans", {"round": ["2"]})))
    assert set(manifest.column("label")) == {"round"}
    assert set(manifest.column("label_source")) == {"import Galaxy10_DECals.h5"}


def test_galaxy10_of_sdss_needs_no_positions(settings, tmp_path):
    path = tmp_path / "Galaxy10.h5"
    with h5py.File(path, "w") as file:
        rng = np.random.default_rng(2)
        file["images"] = rng.integers(0, 99, (20, 69, 69, 3), np.uint8)
        file["ans"] = np.arange(20, dtype=np.uint8) % 10
    manifest, done = adopt(settings, Collection(path))
    assert done.kept == 20
    assert set(manifest.column("ra")) == {None}
    assert set(manifest.column("catalog")) == {"galaxy10"}


@pytest.mark.parametrize(("name", "mode"), [("a.h5", "copy"), ("a", "png"), ("a.h5", "tif")])
def test_a_mode_that_does_not_fit_is_refused(tmp_path, name, mode):
    with pytest.raises(SettingError, match=f"mode '{mode}' is none of "):
        Collection(tmp_path / name, tmp_path / "labels.csv", mode=mode)


def test_more_rows_than_images_are_refused(settings, source):
    with h5py.File(source, "a") as file:
        images = file["images"][:70]
        del file["images"]
        file["images"] = images
    with pytest.raises(InputError, match=r"holds 70 images, but its columns have a row 74"):
        adopt(settings, Collection(source))


def test_a_killed_import_leaves_whole_images_and_goes_on(tmp_path, settings):
    path, n = tmp_path / "Galaxy10_DECals.h5", 1500  # of which the ledger takes 512 at a time
    images = np.random.default_rng(5).integers(1, 60, (n, 64, 64, 3), np.uint8)
    write(path, n=n, images=images, chunks=(1, 64, 64, 3), compression="gzip")
    words = [sys.executable, "-m", "galaxycurate", "import", str(path), "--json", *SCHEME]
    there = {**os.environ, "PYTHONPATH": str(ROOT)}
    process = subprocess.Popen(
        words, cwd=tmp_path, env=there, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    tree = tmp_path / "dataset" / "images"
    while len(list(tree.rglob("*.png"))) < 700 and process.poll() is None:
        time.sleep(0.01)
    os.kill(process.pid, signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    left = sorted(tree.rglob("*.png"))
    assert 700 <= len(left) < n
    for image in left:
        assert (np.asarray(Image.open(image)) == images[int(image.stem)]).all()
    done = subprocess.run(words, cwd=tmp_path, env=there, check=True, capture_output=True)
    told = json.loads(done.stdout)
    kept, before = (
        sum(n for key, n in told.items() if key.startswith(f"{line} as "))
        for line in ("kept", "there before")
    )
    assert kept + before == n
    assert 512 <= before < n
    assert len(list(tree.rglob("*.png"))) == n
    assert not (tmp_path / "dataset" / ".part").exists()


def real_sky(path, ra, dec):
    """Galaxy10 with small pictures on a real sky: 256 pixels are not needed."""
    rng, n = np.random.default_rng(1), len(ra)
    with h5py.File(path, "w") as file:
        file["images"] = rng.integers(0, 99, (n, 8, 8, 3), np.uint8)
        file["ans"] = rng.integers(0, 2, n, dtype=np.uint8)
        file["ra"], file["dec"] = ra, dec
        file["pxscale"] = np.full(n, 0.262 * 256 / 8)
    return [str(path), "--json", *SCHEME, "--format", "jpg"]


def test_the_59_real_pairs_are_said_grouped_and_never_torn(
    settings, tmp_path, shared_data, monkeypatch, capfd
):
    """Said of all 17,736 positions; grouped and split with each pair and a tenth of the others."""
    with (shared_data / "gz_tables" / "Galaxy10_coord.csv").open() as file:
        ra, dec = np.array([(float(r["RA"]), float(r["DEC"])) for r in csv.DictReader(file)]).T
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "Galaxy10_DECals.h5"
    assert main(["import", *real_sky(path, ra, dec), "--dry-run"]) == 0
    said, talk = capfd.readouterr()
    assert '59 pairs of images within 1": dedupe will put them into one group' in talk
    pairs = json.loads(said)["close_pairs"]
    assert len(pairs) == 59
    assert {p["separation_arcsec"] for p in pairs} == {0.0}
    paired = {int(p[which]) for p in pairs for which in ("first", "second")}
    rows = sorted(paired | {*range(0, len(ra), 10)})
    assert main(["import", *real_sky(path, ra[rows], dec[rows])]) == 0
    pairs = json.loads(capfd.readouterr().out)["close_pairs"]
    assert len(pairs) == 59
    dedupe(settings)
    split(settings)
    with Ledger.open(settings.ledger_url) as ledger:
        group = {Path(p).stem: g for p, (g, _) in ledger.places("dedupe").items()}
        part = {Path(p).stem: s for p, (_, s) in ledger.places("split").items()}
    assert len(group) == len(rows) > 1_800
    assert all(group[p["first"]] == group[p["second"]] for p in pairs)
    assert not any(part[p["first"]] and part[p["second"]] for p in pairs)  # one object: one stays
    assert Counter(part.values()).keys() == {"train", "val", "test", ""}


def test_labels_of_an_unknown_collection_need_a_scheme_or_a_column(settings, tmp_path):
    path = tmp_path / "Galaxy10_DECals.h5"
    write(path, n=4, side=64)
    with pytest.raises(LayoutError, match="is no collection that is known here") as told:
        adopt(settings, Collection(path))
    assert "--label-column ans" in told.value.hint
    manifest, _ = adopt(settings, Collection(path, by=ByColumn("ans")))
    assert len(manifest) == 4


def test_a_second_file_never_writes_over_the_first(settings, source, tmp_path):
    adopt(settings, Collection(source))
    before = {o.path: o.sha256 for o in outcomes(settings).values()}
    with h5py.File(source) as file, h5py.File(tmp_path / "other.h5", "w") as other:
        for name in file:
            other[name] = file[name][()]
        other["images"][9] = file["images"][8]
    with pytest.raises(InputError, match=r"dataset already: it came from .*DECals.h5#") as told:
        adopt(settings, Collection(tmp_path / "other.h5"))
    assert "--dataset other" in told.value.hint
    assert {o.path: o.sha256 for o in outcomes(settings).values()} == before
    source.rename(tmp_path / "renamed.h5")
    _, moved = adopt(settings, Collection(tmp_path / "renamed.h5"))
    assert moved.kept == N - 2


def test_images_that_no_row_goes_with_are_counted(settings, source):
    with h5py.File(source, "a") as file:
        for name in ("ans", "ra", "dec", "redshift", "pxscale"):
            values = file[name][: N - 5]
            del file[name]
            file[name] = values
    assert plan(settings, Collection(source)).joined.unused == {"no row goes with them": 5}


def test_an_id_column_of_an_hdf5_file_is_refused_not_ignored(settings, source):
    with pytest.raises(SettingError, match="cannot come from 'numbers'") as told:
        adopt(settings, Collection(source, by=ByColumn("ans", id_column="numbers")))
    assert "objid or dr7objid" in told.value.hint
