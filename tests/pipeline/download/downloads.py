"""A folder with manifests, and what a download made of it."""

from __future__ import annotations

from pathlib import Path

from galaxycurate.core.outcome import Outcome
from galaxycurate.imagery.job import Limits
from galaxycurate.pipeline.download.download import download
from galaxycurate.store.ledger import Ledger
from galaxycurate.store.manifest import Header, Manifest
from galaxycurate.store.settings import Settings

SIZE = 128
QUICK = Limits(rate=0.0, concurrency=4, retries=1, backoff_s=0.0)
LABELS = ("spiral", "elliptical", "galaxy_free")


def settings_in(folder: Path, url: str = "http://127.0.0.1:9", **more) -> Settings:
    return Settings(server=url, manifests=str(folder / "manifests"),
                    dataset=str(folder / "dataset"), rate=0.0, **more)  # fmt: skip


def manifest(folder: Path, name="a", *, ras=range(10), size=SIZE, **columns) -> Path:
    ras = list(ras)
    made = {
        "name": [f"ra{ra}" for ra in ras],
        "label": [LABELS[n % len(LABELS)] for n, _ in enumerate(ras)],
        "ra": [None if ra is None else float(ra) for ra in ras],
        "dec": [0.0] * len(ras),
        "pixscale": [0.4] * len(ras),
        "size_px": [size] * len(ras),
    }
    header = Header("test", "2026-01-01T00:00:00+00:00")
    path = folder / "manifests" / f"{name}.parquet"
    Manifest.build(header, made | columns, where="test").write(path)
    return path


def images(folder: Path) -> dict[str, bytes]:
    root = folder / "dataset" / "images"
    return {str(p.relative_to(root)): p.read_bytes() for p in root.rglob("*") if p.is_file()}


def outcomes(settings: Settings) -> dict[str, Outcome]:
    with Ledger.open(settings.ledger_url, create=False) as ledger:
        return {line.name: line for line in ledger.outcomes()}


def adds_up(summary) -> bool:
    ends = summary.kept + sum(summary.rejected.values()) + sum(summary.failed.values())
    cutouts = summary.rows == summary.done_before + ends + summary.left
    return cutouts and summary.listed == summary.imported + summary.twins + summary.rows


def run(settings, *args, **kwargs):
    summary = download(settings, *args, limits=QUICK, **kwargs)
    assert adds_up(summary)
    return summary
