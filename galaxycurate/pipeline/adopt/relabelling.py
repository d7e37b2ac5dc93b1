"""What a repeated import has given another label leaves its old one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from galaxycurate.core.outcome import Status
from galaxycurate.pipeline.adopt.taking import PROVIDER
from galaxycurate.store.ledger import Ledger
from galaxycurate.store.manifest import Manifest, read_all
from galaxycurate.store.settings import Settings
from galaxycurate.store.shards.tree import open_tree


def set_aside_relabelled(settings: Settings, manifest: Manifest, old: Manifest) -> int:
    """Take images out of the labels that a manifest gave them which another has replaced.

    Parameters
    ----------
    settings : Settings
    manifest : Manifest
        Written, in the place of the old.
    old : Manifest

    Returns
    -------
    int
        Images that went from `images/<old label>/` to `set_aside/`.
    """
    of = {(name, source): label for label, name, source in _cutouts(manifest)}
    left = {
        (label, name)
        for label, name, source in _cutouts(old)
        if source and of.get((name, source), label) != label
    }
    if left:  # another manifest may want them where they are
        others = read_all([], folder=Path(settings.manifests))
        left -= {(label, name) for other in others for label, name, _ in _cutouts(other)}
    if not left:
        return 0
    tree, sources = open_tree(Path(settings.dataset)), {_place(Path(s)) for _, s in of if s}
    with Ledger.open(settings.ledger_url, settings.ledger_dataset) as ledger:
        paths = [
            o.path
            for o in ledger.outcomes(Status.OK)
            if (o.label, o.name) in left and o.provider == PROVIDER
            and _place(tree.path(o.path)) not in sources
        ]  # fmt: skip
    for path in paths:
        tree.set_aside(path)
    return len(paths)


def _place(path: Path) -> Path:
    return path.parent.resolve() / path.name  # of the link itself, where it is one


def _cutouts(manifest: Manifest) -> Iterator[tuple[str, str, str | None]]:
    return zip(*(manifest.column(n) for n in ("label", "name", "source_file")), strict=True)
