"""A collection of files as an import leaves it."""

from __future__ import annotations

import hashlib
from pathlib import Path

from galaxycurate.core.outcome import Outcome, Status
from galaxycurate.store.ledger import Ledger
from galaxycurate.store.manifest import Header, Manifest
from galaxycurate.store.settings import Settings
from galaxycurate.store.shards.tree import open_tree


def fill(settings: Settings, files: dict, *, pixscale: float, size_px: int, label="galaxy") -> None:
    """Manifest, files and ledger; a file is (bytes, ra, dec), the last two perhaps None."""
    names = list(files)
    columns = {"name": names, "label": [label] * len(names)}
    columns |= {axis: [files[name][k] for name in names] for k, axis in ((1, "ra"), (2, "dec"))}
    columns |= {"pixscale": [pixscale] * len(names), "size_px": [size_px] * len(names)}
    header = Header(command="test", created_utc="2026", archive="simulated pictures of a test")
    Manifest.build(header, columns, where="test").write(Path(settings.manifests) / "m.parquet")
    tree, lines = open_tree(Path(settings.dataset), settings.layout), []
    for name in names:
        path, body = tree.relative(label, name), files[name][0]
        tree.write(path, body)
        lines.append(
            Outcome(path, name, label, "import x", Status.OK, n_bytes=len(body),
                    sha256=hashlib.sha256(body).hexdigest(), pixscale=pixscale, size_px=size_px)
        )  # fmt: skip
    tree.finish()
    with Ledger.open(settings.ledger_url) as ledger:
        ledger.add_outcomes(ledger.start("import", {}), lines)
