"""A dataset of several classes from the bytes of its pictures, as an import leaves it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path

from galaxycurate.core.outcome import Outcome, Status
from galaxycurate.store.ledger import Ledger
from galaxycurate.store.manifest import Header, Manifest
from galaxycurate.store.settings import Settings
from galaxycurate.store.shards.tree import open_tree


def collect(root: Path, classes: Mapping[str, list[bytes]], **columns) -> Settings:
    """Manifest, pictures and ledger of classes; the columns are added as they are given."""
    settings = Settings(dataset=str(root / "dataset"), manifests=str(root / "manifests"))
    rows = [(label, f"{label}-{k}", body) for label, bodies in classes.items()
            for k, body in enumerate(bodies)]  # fmt: skip
    unknown = [None] * len(rows)
    base = {"name": [name for _, name, _ in rows], "label": [label for label, _, _ in rows],
            "ra": unknown, "dec": unknown, "pixscale": unknown, "size_px": unknown}  # fmt: skip
    header = Header(command="test", created_utc="2026", archive="pictures of a test")
    manifest = Manifest.build(header, base | columns, where="test")
    manifest.write(root / "manifests" / "all.parquet")
    tree, lines = open_tree(root / "dataset"), []
    for label, name, body in rows:
        path = tree.relative(label, name)
        tree.write(path, body)
        sha256 = hashlib.sha256(body).hexdigest()
        lines.append(
            Outcome(path, name, label, "import x", Status.OK, n_bytes=len(body), sha256=sha256,
                    provider="import")
        )  # fmt: skip
    with Ledger.open(settings.ledger_url) as ledger:
        ledger.add_outcomes(ledger.start("import", {}), lines)
    return settings
