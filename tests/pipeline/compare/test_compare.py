"""compare, over HTTP: the sandbox's services against each other."""

import csv
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from galaxycurate.errors import InputError, SettingError, Unreachable, UsageError
from galaxycurate.imagery.job import Limits
from galaxycurate.imagery.providers import known
from galaxycurate.imagery.providers.hips2fits import Hips2Fits
from galaxycurate.pipeline.compare.compare import compare
from galaxycurate.store.manifest import Header, Manifest
from galaxycurate.store.settings import Settings
from tests.sandbox import tiny
from tests.sandbox.test_server import start

QUICK = Limits(rate=0.0, concurrency=4, retries=1, backoff_s=0.0)
PIXSCALE = 0.396127


@pytest.fixture(scope="module")
def sandboxes(tmp_path_factory):
    """Start sandboxes by their sky's folder; each is stopped in the end."""
    running = {}

    def at(folder):
        if folder not in running:
            running[folder] = start(folder)
        return running[folder][1]

    yield at
    for process, _ in running.values():
        process.terminate()
        process.wait(20)


@pytest.fixture(scope="module")
def tiny_url(sandboxes, tmp_path_factory):
    return sandboxes(tiny.make(tmp_path_factory.mktemp("sky") / "tiny"))


def project(folder, url, ra, dec, *, size=128, **more):
    n = len(ra)
    columns = {"name": [f"p{k}" for k in range(n)], "label": ["star"] * n, "ra": ra, "dec": dec,
               "pixscale": [PIXSCALE] * n, "size_px": [size] * n}  # fmt: skip
    header = Header("test", "2026-01-01T00:00:00+00:00")
    Manifest.build(header, columns, where="test").write(folder / "manifests" / "a.parquet")
    return Settings(server=url, manifests=str(folder / "manifests"),
                    dataset=str(folder / "dataset"), **more)  # fmt: skip


def tiny_project(folder, url, **more):
    offset = 12 / 3600
    ra = [150.0, 150.0 + offset, 150.0, 10.0]
    return project(folder, url, ra, [2.0, 2.0, 2.0 + offset, 2.0], **more)


def run(settings, *names, **more):
    return compare(settings, names=names, limits=QUICK, **more)


def test_services_that_draw_one_sky_agree_and_rows_without_pictures_are_counted(tmp_path, tiny_url):
    made = run(tiny_project(tmp_path, tiny_url), "skyserver", "hips2fits")
    told = made.as_dict()
    assert (told["positions"], told["both_drawn"], told["compared"]) == (4, 3, 3)
    assert told["missing"] == {"skyserver": {"outside the footprint": 1}, "hips2fits": {"blank": 1}}
    assert told["worst"]["offset_px"] < 0.05
    assert told["worst"]["scale_error"] < 0.001
    assert told["mirrored"] == 0
    assert json.loads(json.dumps(told)) == told
    assert [quantity for quantity, _, _ in made.rows()][:2] == ["offset [pixel]", "offset [arcsec]"]


def test_only_the_table_and_the_sheet_are_written_and_both_tell_who_drew(tmp_path, tiny_url):
    made = run(tiny_project(tmp_path, tiny_url), "skyserver", "legacy")
    written = [str(p.relative_to(tmp_path)) for p in tmp_path.rglob("*") if p.is_file()]
    assert sorted(written) == ["dataset/compare/skyserver-legacy.csv",
                               "dataset/compare/skyserver-legacy.png",
                               "manifests/a.parquet"]  # fmt: skip
    assert made.simulated
    table = pd.read_csv(made.table)
    assert table["name"].tolist() == [pair.job.name for pair in made.pairs]
    assert table["a"].str.contains("simulated sky: tiny").all()
    lost = table[table["compared"] == 0]
    assert lost["lack_a"].tolist() == ["outside the footprint"]
    assert lost["offset_px"].isna().all()
    with Image.open(made.picture) as sheet:
        assert min(sheet.size) > 400


def test_a_provider_that_is_off_is_found_out(tmp_path, tiny_url, monkeypatch):
    class Off(Hips2Fits):
        """Two pixels too far north, its pixels 2 % too large."""

        def url(self, job):
            north = job.dec + 2 * job.pixscale / 3600
            return super().url(replace(job, dec=north, pixscale=1.02 * job.pixscale))

    monkeypatch.setitem(known.MAKERS, "hips2fits", lambda at: Off(at.server))
    made = run(tiny_project(tmp_path, tiny_url), "skyserver", "hips2fits")
    told = made.as_dict()
    assert told["compared"] == 3
    assert told["median_dx_dy_px"] == pytest.approx([0, 2 / 1.02], abs=0.1)
    for pair in made.told:
        assert pair.found.scale == pytest.approx(1 / 1.02, abs=0.003)


def test_the_sample_is_drawn_by_the_seed(tmp_path, tiny_url):
    asked = [
        [p.job.name for p in run(tiny_project(tmp_path, tiny_url, seed=seed), "skyserver",
                                 "hips2fits", sample=2).pairs]
        for seed in (1, 1, 5)
    ]  # fmt: skip
    assert asked[0] == asked[1] != asked[2]
    assert len(asked[0]) == 2


def test_progress_is_told_of_both_and_of_the_work_after(tmp_path, tiny_url):
    heard = []
    settings = tiny_project(tmp_path, tiny_url)
    run(settings, "skyserver", "hips2fits", progress=lambda *told: heard.append(told))
    texts = dict.fromkeys(text for _, _, text in heard)
    assert list(texts) == ["asking skyserver", "asking hips2fits",
                           "laying pictures on each other"]  # fmt: skip


def test_a_simulated_sky_is_not_compared_with_a_real_one(tmp_path, tiny_url, sandboxes):
    real = sandboxes(tiny.make(tmp_path / "sky", kind="real"))
    settings = tiny_project(tmp_path, tiny_url, hips2fits=real)
    with pytest.raises(UsageError, match="a simulated sky is not compared with a real one"):
        run(settings, "skyserver", "hips2fits")
    assert not (tmp_path / "dataset").exists()


def test_wrong_uses_are_refused_before_anything_is_asked(tmp_path):
    settings = Settings(server="http://127.0.0.1:9", manifests=str(tmp_path))
    with pytest.raises(UsageError, match="two providers, not of 1"):
        run(settings, "skyserver")
    with pytest.raises(SettingError, match="named twice"):
        run(settings, "skyserver", "skyserver")
    with pytest.raises(InputError):
        run(settings, "skyserver", "legacy")


def test_who_does_not_answer_is_said(tmp_path, tiny_url):
    settings = tiny_project(tmp_path, tiny_url, legacy="http://127.0.0.1:9")
    with pytest.raises(Unreachable, match=r"127\.0\.0\.1:9"):
        run(settings, "skyserver", "legacy")


def real_sky(folder: Path, data: Path) -> Path:
    """One field of real frames, without a catalogue."""
    frames = sorted((data / "sdss" / "frames").glob("frame-[gri]-003918-3-0213.fits.bz2"))
    if len(frames) != 3:
        pytest.skip("real frames absent")
    for name in ("frames", "tables"):
        (folder / name).mkdir(parents=True)
    for path in frames:
        (folder / "frames" / path.name).symlink_to(path)
    (folder / "sky.toml").write_text('kind = "real"\nname = "one field"\n')
    field = {"fieldID": [1], "run": [3918], "camcol": [3], "field": [213], "primaryArea": [0.03]}
    pd.DataFrame(field).to_parquet(folder / "tables" / "Field.parquet")
    return folder


def test_services_agree_on_real_frames(tmp_path, shared_data, sandboxes):
    from galaxycurate.sandbox.sky import Sky

    folder = real_sky(tmp_path / "sky", shared_data)
    frame = Sky.open(folder).frames[0]
    rng = np.random.default_rng(4)
    at = np.stack([rng.uniform(200, 1848, 3), rng.uniform(200, 1289, 3), np.ones(3)])
    x, y, z = np.linalg.inv(frame.project) @ at
    ra, dec = np.degrees(np.arctan2(y, x)) % 360, np.degrees(np.arctan2(z, np.hypot(x, y)))
    settings = project(tmp_path, sandboxes(folder), ra.tolist(), dec.tolist(), size=256)
    for other, most_dn in (("hips2fits", 6), ("legacy", 60)):
        made = run(settings, "skyserver", other)
        told = made.as_dict()
        assert not made.simulated
        assert told["compared"] == 3
        assert told["median"]["offset_px"] < 0.03
        assert told["worst"]["offset_px"] < 0.1
        assert told["worst"]["scale_error"] < 0.001
        assert max(told["median"][name] for name in ("red_dn", "green_dn", "blue_dn")) < most_dn
    with Path(made.table).open() as file:
        assert len(list(csv.DictReader(file))) == 3
