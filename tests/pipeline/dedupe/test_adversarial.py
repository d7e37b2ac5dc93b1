"""Files that are made to break `dedupe`: each gets a clear verdict, nothing stops the others.

All pictures here are simulated.
"""

from __future__ import annotations

import hashlib
import io
import json
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from galaxycurate.core.ids import encode
from galaxycurate.core.outcome import Outcome, Status, VerdictKind
from galaxycurate.pipeline.dedupe.dedupe import dedupe
from galaxycurate.store.images import ImageTree
from galaxycurate.store.ledger import Ledger
from galaxycurate.store.manifest import Header, Manifest
from galaxycurate.store.settings import load

COPIES = {VerdictKind.EXACT_FILE, VerdictKind.SAME_PIXELS, VerdictKind.COPY}


@pytest.fixture
def settings(tmp_path):
    flags = {"dataset": str(tmp_path / "dataset"), "manifests": str(tmp_path / "manifests")}
    return load(flags, folder=tmp_path, environ={})


def fill(settings, bodies: dict[str, bytes]) -> None:
    """A dataset of these files, without positions, each with an objID of a run of its own."""
    names = sorted(bodies)
    ids = [encode(run=100 + k, camcol=1, field=20, obj=1) for k in range(len(names))]
    columns = {"name": names, "label": ["sky"] * len(names), "objID": ids}
    columns |= {"ra": [None] * len(names), "dec": [None] * len(names)}
    columns |= {"pixscale": [None] * len(names), "size_px": [None] * len(names)}
    header = Header(command="test", created_utc="2026", archive="simulated rows of a test")
    Manifest.build(header, columns, where="test").write(Path(settings.manifests) / "m.parquet")
    tree, lines = ImageTree(Path(settings.dataset)), []
    for name in names:
        path, body = tree.relative("sky", name), bodies[name]
        tree.write(path, body)
        digest = hashlib.sha256(body).hexdigest()
        lines.append(
            Outcome(path, name, "sky", "import x", Status.OK, sha256=digest, n_bytes=len(body))
        )
    with Ledger.open(settings.ledger_url) as ledger:
        ledger.add_outcomes(ledger.start("import", {}), lines)


def sky(seed, side=200):
    """Noise as of an exposure, and a few stars."""
    rng = np.random.default_rng(seed)
    grey = cv2.GaussianBlur(rng.normal(0, 6, (side, side)), (0, 0), 0.7) + 8
    y, x = np.mgrid[:side, :side]
    for px, py, log_flux in rng.uniform((0, 0, 1.3), (side, side, 2.2), (8, 3)):
        grey += 10**log_flux * np.exp(-((x - px) ** 2 + (y - py) ** 2) / 4.5)
    return np.clip(grey[..., None] * (1.05, 1, 0.95), 0, 255).astype(np.uint8)


def saved(rgb, form="PNG", mode="RGB", **how) -> bytes:
    body = io.BytesIO()
    Image.fromarray(rgb).convert(mode).save(body, form, **how)
    return body.getvalue()


def saved_16_bit(rgb) -> bytes:
    deep = rgb[..., ::-1].astype(np.uint16) << 8
    return cv2.imencode(".png", deep)[1].tobytes()


def verdicts(settings) -> dict[str, list]:
    """Those of the newest run, by the file's name."""
    told = defaultdict(list)
    with Ledger.open(settings.ledger_url) as ledger:
        for verdict in ledger.verdicts():
            told[Path(verdict.path).stem].append(verdict)
    return told


def unreadable_files() -> dict[str, bytes]:
    jpeg, png = saved(sky(20), "JPEG"), saved(sky(21))
    return {
        "cut_jpeg": jpeg[: len(jpeg) // 2], "cut_png": png[: len(png) // 2],
        "empty": b"", "html": b"<html><body>504 Gateway Time-out</body></html>",
        "random": np.random.default_rng(22).bytes(5000), "head": jpeg[:4],
        "bomb": saved(np.zeros((1, 1), np.uint8))[:16] + b"\xff" * 8 + b"\0" * 40,
    }  # fmt: skip


def test_one_picture_saved_in_many_ways_is_found_in_all_of_them(settings):
    rgb = sky(1)
    fill(settings, {
        "a_png": saved(rgb), "b_rgba": saved(rgb, mode="RGBA"), "c_16_bit": saved_16_bit(rgb),
        "d_cmyk": saved(rgb, "JPEG", "CMYK", quality=95), "e_jpeg": saved(rgb, "JPEG", quality=60),
        "f_palette": saved(rgb, mode="P"), "g_webp": saved(rgb, "WEBP", quality=90),
        "h_grey": saved(rgb, mode="L"), "i_other": saved(sky(2)),
    })  # fmt: skip
    found = dedupe(settings)
    told = verdicts(settings)
    kinds = defaultdict(set)
    for verdict in (v for of_one in told.values() for v in of_one):
        for path in (verdict.path, verdict.partner):  # the one that stays is a partner only
            kinds[Path(path).stem].add(verdict.kind)
    for name in ("a_png", "b_rgba", "c_16_bit"):
        assert kinds[name] & {VerdictKind.SAME_PIXELS}, name
    for name in ("d_cmyk", "e_jpeg", "f_palette", "g_webp", "h_grey"):
        assert kinds[name] & COPIES, name
    assert not told["i_other"]
    assert found.n_groups == 2
    assert found.dropped.total() == 7


def test_what_is_no_picture_is_called_so_and_the_others_are_compared(settings):
    broken = unreadable_files()
    fine = {
        "one": saved(sky(3)),
        "two": saved(sky(3), "JPEG", quality=80),
        "tiny": saved(sky(4)[:1, :1]),
    }
    fill(settings, {**broken, **fine})
    found = dedupe(settings)
    told = verdicts(settings)
    for name in broken:
        kinds = [v.kind for v in told[name]]
        assert VerdictKind.UNREADABLE in kinds, name
        assert all(v.evidence for v in told[name]), name
        assert any(not v.keep for v in told[name]), name
    assert found.dropped.total() == len(broken) + 1
    assert {v.kind for v in told["one"] + told["two"]} & COPIES
    assert not told["tiny"]


def test_a_dataset_without_one_readable_picture_ends_well(settings):
    fill(settings, unreadable_files())
    found = dedupe(settings)
    assert found.images == len(unreadable_files())
    assert found.dropped.total() == found.images


def test_thousands_of_copies_of_a_file_leave_one_and_as_many_verdicts(settings):
    """A line for each pair of them would be four and a half million."""
    body = saved(sky(5, 64), "JPEG")
    bodies = {f"copy{k:05d}": body for k in range(3_000)}
    fill(settings, {**bodies, "other": saved(sky(6, 64), "JPEG")})
    found = dedupe(settings)
    told = verdicts(settings)
    assert (found.n_groups, found.largest_group) == (2, 3_000)
    assert found.dropped.total() == 2_999
    assert sum(map(len, told.values())) <= 2 * 3_001
    assert not told["other"]


def test_blank_pictures_are_no_copies_of_one_another(settings):
    sizes = [(8 + k // 30, 8 + k % 30) for k in range(600)]
    blank = {f"blank{k:03d}": saved(np.zeros((*size, 3), np.uint8)) for k, size in enumerate(sizes)}
    fill(settings, blank)
    found = dedupe(settings)
    assert found.n_groups == found.images == 600
    assert not found.dropped


def test_a_hundred_megapixels_do_not_stop_the_command(settings, tmp_path):
    large = np.tile(sky(7, 500)[..., 1], (20, 20))
    fill(settings, {"large": saved(large, "JPEG", "L"), "one": saved(sky(8)), "two": saved(sky(8))})
    words = ["dedupe", "--dataset", settings.dataset, "--manifests", settings.manifests, "--json"]
    ended = subprocess.run(
        [sys.executable, "-m", "galaxycurate", *words], capture_output=True, text=True, cwd=tmp_path
    )
    assert ended.returncode == 0, ended.stderr
    assert "Traceback" not in ended.stderr
    told = json.loads(ended.stdout)
    assert (told["images"], told["n_groups"]) == (3, 2)
