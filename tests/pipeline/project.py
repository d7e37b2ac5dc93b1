"""A small project on disk, made by the real store: manifests, images, ledger."""

from __future__ import annotations

import hashlib
import io
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

import numpy as np
from PIL import Image

from galaxycurate.core.outcome import Outcome, Reason, Status
from galaxycurate.imagery.job import Job
from galaxycurate.imagery.providers.provider import has_position
from galaxycurate.imagery.providers.skyserver import SkyServer
from galaxycurate.store.images import ImageTree
from galaxycurate.store.ledger import Ledger
from galaxycurate.store.manifest import Header, Manifest
from galaxycurate.store.settings import Settings

FIRST_ID = 1237662226208063489


@lru_cache(maxsize=2048)
def picture(seed: int, *, side: int = 64) -> bytes:
    """A noisy JPEG of its own, drawn once for all tests of a process."""
    noise = np.random.default_rng(seed).normal(40, 12, (side, side, 3)).clip(0, 255)
    body = io.BytesIO()
    Image.fromarray(noise.astype(np.uint8)).save(body, "JPEG", quality=85)
    return body.getvalue()


def job_of(row) -> Job:
    """What a row asks for."""
    return Job(row["ra"], row["dec"], row["pixscale"], row["size_px"], path="")


@dataclass
class Project:
    """Where things lie, and hands to make them."""

    root: Path
    provider: str = "skyserver dr17 @ https://skyserver.sdss.org"
    archive: str = "https://skyserver.sdss.org"
    settings: Settings = field(init=False)

    def __post_init__(self):
        self.settings = Settings(
            manifests=str(self.root / "manifests"), dataset=str(self.root / "dataset")
        )
        self.training = self.root / "training"

    def manifest(self, label: str, n: int, *, ra=None, dec=None, name="", **columns) -> Manifest:
        """A manifest of n galaxies one degree apart, or of those positions."""
        first = FIRST_ID + 1000 * (sum(map(ord, label)) % 50)
        ids = [first + k for k in range(n)]
        header = Header(
            command=f"galaxycurate positives --threshold 0.85 # {label}",
            created_utc="2026-01-02T03:04:05+00:00", archive=self.archive, release="dr17",
            query="positives_gz1_debiased", query_sha256="ab" * 32,
            cuts={"threshold": 0.85}, counts={"rows": 10 * n, label: n},
        )  # fmt: skip
        base = {
            "name": [str(i) for i in ids], "label": [label] * n, "objID": ids,
            "ra": [float(150 + k) for k in range(n)] if ra is None else list(ra),
            "dec": [2.0 + sum(map(ord, label)) % 40] * n if dec is None else list(dec),
            "pixscale": [0.396127] * n, "size_px": [256] * n,
            "vote_fraction": np.linspace(0.86, 0.99, n).tolist(),
        }  # fmt: skip
        made = Manifest.build(header, {**base, **columns}, where="test")
        return made.write(self.root / "manifests" / f"{name or label}.parquet")

    def fetch(self, manifest: Manifest, *, rejected=0, failed=0, skip=0, side=0):
        """Outcomes for its rows: the first ones rejected, then failed, then left out, then kept.

        Pictures are as large as the rows say, or of another `side` where nobody looks at them.
        """
        tree, outcomes = ImageTree(self.root / "dataset"), []
        sky = SkyServer(self.settings.server, self.settings.release)
        for k, row in enumerate(manifest.rows()):
            request = sky.request(job_of(row)) if has_position(row) else "import x"
            base = dict(path=tree.relative(row["label"], row["name"]), name=row["name"],
                        label=row["label"], provider=self.provider, request=request)  # fmt: skip
            if k < rejected:
                outcomes.append(
                    Outcome(**base, status=Status.REJECTED, reason=Reason.PARTIAL, detail="34 %")
                )
            elif k < rejected + failed:
                outcomes.append(Outcome(**base, status=Status.FAILED, reason=Reason.BUSY))
            elif k >= rejected + failed + skip:
                body = picture(int(row["name"]) % 2**32, side=side or int(row["size_px"] or 64))
                tree.write(base["path"], body)
                outcomes.append(
                    Outcome(
                        **base,
                        status=Status.OK,
                        n_bytes=len(body),
                        sha256=hashlib.sha256(body).hexdigest(),
                    )
                )
        with Ledger.open(self.settings.ledger_url) as ledger:
            ledger.add_outcomes(ledger.start("download", {}), outcomes)
