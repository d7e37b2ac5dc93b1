"""A collection in HDF5 into an ImageFolder tree: `galaxycurate import` against the naive loop.

Simulated: 17,736 images of 256 x 256 pixels in the layout of Galaxy10 DECaLS. Discs and smooth
noise pass through a JPEG before they are stored, as the release's cutouts did. It is made three
times: not compressed, as h5py writes by itself; gzip with one image a chunk; gzip with h5py's own
chunks (555 x 16 x 16 x 1), of which a slice of one image inflates all that it touches. The naive
loop: h5py slice, Pillow save, a line of CSV; it neither checks pixels, nor keeps checksums, nor can
it be interrupted. Our images/s count reading, inflating, checking, encoding, sha256, writing and
the ledger; `seconds` are those of the whole process: its start, the sha256 of the source, labels,
close pairs and manifest, too.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np

RESULTS = Path(__file__).resolve().parent / "results"
N, SIDE, CLASSES = 17_736, 256, 10
KINDS = 600  # different pictures; each of the N is one of them, turned and shifted
NAIVE = {
    "none": 1500,
    "one": 1500,
    "auto": 6,
}  # images of the naive loop; its speed does not change later
CHUNKS = {"none": None, "one": (1, SIDE, SIDE, 3), "auto": (555, 16, 16, 1)}


def pictures(rng: np.random.Generator) -> np.ndarray:
    """Discs on a noisy sky, as a JPEG of quality 92 gives them back."""
    import simplejpeg
    from scipy.ndimage import gaussian_filter

    y, x = np.mgrid[:SIDE, :SIDE] - SIDE / 2
    made = np.empty((KINDS, SIDE, SIDE, 3), np.uint8)
    for k in range(KINDS):
        angle, flat, size = rng.random() * np.pi, rng.uniform(0.2, 1), rng.uniform(6, 25)
        u, v = x * np.cos(angle) + y * np.sin(angle), y * np.cos(angle) - x * np.sin(angle)
        disc = np.exp(-np.hypot(u, v / flat) / size)[..., None] * rng.uniform(120, 220)
        noise = gaussian_filter(rng.normal(0, 9, (SIDE, SIDE, 3)), (0.8, 0.8, 0))
        rgb = np.clip(disc * rng.uniform(0.6, 1, 3) + 14 + 1.6 * noise, 0, 255).astype(np.uint8)
        made[k] = simplejpeg.decode_jpeg(simplejpeg.encode_jpeg(rgb, 92, "RGB", "420"))
    return made


def write(path: Path, chunks: tuple[int, ...] | None) -> float:
    """The file; its images' bytes in it as a fraction of their bytes in memory."""
    import h5py

    rng = np.random.default_rng(10)
    made = pictures(rng)
    with h5py.File(path, "w") as file:
        images = file.create_dataset(
            "images", (N, SIDE, SIDE, 3), "u1", chunks=chunks, compression=chunks and "gzip"
        )
        for start in range(0, N, 555):
            rows = np.arange(start, min(start + 555, N))
            block = made[rows % KINDS]
            turn = rows // KINDS % 8
            for k in range(8):
                mine = turn == k
                turned = np.rot90(block[mine], k % 4, axes=(1, 2))
                block[mine] = np.roll(turned[:, :: -1 if k > 3 else 1], start % 31, axis=1)
            images[start : start + rows.size] = block
        file["ans"] = rng.integers(0, CLASSES, N, dtype=np.uint8)
        file["ra"], file["dec"] = rng.random(N) * 360, np.degrees(np.arcsin(rng.random(N)))
        file["redshift"], file["pxscale"] = rng.random(N) * 0.2, np.full(N, 0.262)
        return images.id.get_storage_size() / (N * SIDE * SIDE * 3)


def ours(source: Path, folder: Path, ending: str) -> dict:
    """What the command does, in a process of its own, twice: the second finds everything done."""
    words = [sys.executable, "-m", "benchmarks.imports", str(source), str(folder), ending]
    runs, rss_kb = [], 0
    for _ in range(2):
        started = time.perf_counter()
        process = subprocess.Popen(words, stdout=subprocess.PIPE)
        told = json.loads(process.stdout.read())
        _, status, usage = os.wait4(process.pid, 0)
        assert status == 0, status
        rss_kb = max(rss_kb, usage.ru_maxrss)
        runs.append({**told, "seconds": round(time.perf_counter() - started, 2)})
    written = [p.stat().st_size for p in (folder / "dataset" / "images").rglob(f"*.{ending}")]
    assert len(written) == runs[0]["kept"] == N
    return {
        **runs[0],
        "images_per_s": round(N / runs[0]["taking_s"]),
        "cpu_ms_an_image": round(runs[0]["taking_cpu_s"] / N * 1e3, 3),
        "repeated_s": runs[1]["seconds"],
        "rss_mb": rss_kb // 1024,
        "written_mb": round(sum(written) / 1e6),
    }


def take(source: Path, folder: Path, ending: str) -> None:
    """Plan (sha256 of the source, labels, close pairs), take the images, write the manifest."""
    from galaxycurate.pipeline.adopt.adopt import carry_out, plan
    from galaxycurate.pipeline.adopt.collection import Collection
    from galaxycurate.store.settings import load

    settings = load({"dataset": f"{folder}/dataset"}, folder=folder, environ={})
    started, planned = time.perf_counter(), plan(settings, Collection(source, mode=ending))
    before, busy = time.perf_counter(), time.process_time()
    manifest, done = carry_out(settings, planned)
    taking, busy = time.perf_counter() - before, time.process_time() - busy
    manifest.write(folder / "manifest.parquet")
    told = {"kept": done.kept, "planning_s": before - started, "taking_s": taking}
    print(json.dumps({k: round(v, 2) for k, v in {**told, "taking_cpu_s": busy}.items()}))


def naive(source: Path, folder: Path, ending: str, n: int) -> dict:
    """Slice, save, next; in this process, imports not counted."""
    import h5py
    from PIL import Image

    folder.mkdir()
    with h5py.File(source) as file, (folder / "labels.csv").open("w") as labels:
        images, answers = file["images"], file["ans"][()]
        for answer in range(CLASSES):
            (folder / str(answer)).mkdir()
        how = {"quality": 95} if ending == "jpg" else {}
        started = time.perf_counter()
        for row in range(n):
            path = folder / str(answers[row]) / f"{row:05d}.{ending}"
            Image.fromarray(images[row]).save(path, **how)
            labels.write(f"{path},{answers[row]}\n")
    return {"images": n, "images_per_s": round(n / (time.perf_counter() - started), 1)}


def main() -> None:
    result: dict = {"cores": len(os.sched_getaffinity(0)), "images": N}
    for name, chunks in CHUNKS.items():
        with tempfile.TemporaryDirectory() as made:
            folder = Path(made)
            source = folder / f"{name}.h5"
            with ProcessPoolExecutor(1) as apart:  # its memory is not that of the imports
                share = apart.submit(write, source, chunks).result()
            told = result[name] = {"compression": round(share, 3)}
            print(f"{name}: chunks {chunks}, images at {told['compression']} of their bytes")
            for ending in ("png", "jpg"):
                (folder / ending).mkdir()
                mine = told[ending] = ours(source, folder / ending, ending)
                theirs = naive(source, folder / f"naive-{ending}", ending, NAIVE[name])
                told[f"naive {ending}"] = theirs
                times = mine["images_per_s"] / theirs["images_per_s"]
                print(f"  {ending}: {mine}\n       naive {theirs}: {times:.1f}x")
                shutil.rmtree(folder / ending)
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "imports.json").write_text(json.dumps(result, indent=1) + "\n")


if __name__ == "__main__":
    if sys.argv[1:]:
        take(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3])
    else:
        main()
