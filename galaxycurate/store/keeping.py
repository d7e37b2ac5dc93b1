"""A new manifest takes its place, for the team, too; an old one is never lost."""

from __future__ import annotations

from pathlib import Path

from galaxycurate.errors import SettingError, StorageError, UsageError
from galaxycurate.store import formats
from galaxycurate.store.manifest import Header, Manifest
from galaxycurate.store.registry import Registry


def keep(manifest: Manifest, path: Path, *, replace_old: bool = False, db: str = "") -> Manifest:
    """Write a new manifest, or find that the same request was answered before.

    Parameters
    ----------
    manifest : Manifest
    path : Path
    replace_old : bool
        Put a manifest of another request aside, as `old/<name>-<sha256>`, instead of refusing.
    db : str
        SQLAlchemy URL of a database where the team finds it, too; empty for none.

    Returns
    -------
    Manifest

    Raises
    ------
    UsageError
        Another request's manifest stands there.
    StorageError
        It is written, and the team's database did not take it.
    """
    written = _freeze(manifest, Path(path), replace_old)
    if db:
        _share(written, db)
    return written


def _share(manifest: Manifest, db: str) -> None:
    try:
        with Registry.open(db) as registry:
            registry.push(manifest)
    except (SettingError, StorageError) as error:
        again = f"{manifest.path} is written; share it with: galaxycurate manifests push"
        raise StorageError(str(error), hint=f"{again} {manifest.path}") from error


def _freeze(manifest: Manifest, path: Path, replace_old: bool) -> Manifest:
    check_replaceable(manifest.header, path, replace_old=replace_old)
    if path.exists():
        old = Manifest.read(path)
        if old.table.equals(manifest.table) and old.header.asks_the_same(manifest.header):
            return old
        aside = path.parent / "old" / f"{path.stem}-{old.sha256[:8]}{path.suffix}"
        aside.parent.mkdir(parents=True, exist_ok=True)
        formats.move(path, aside)
    return manifest.write(path)


def check_replaceable(header: Header, path: Path, *, replace_old: bool) -> None:
    """Refuse a path that holds the answer to another request.

    An answer to the same request that has come out differently (more rows are there now) may take
    its place; the old one is put aside.

    Parameters
    ----------
    header : Header
        Of what is to be written.
    path : Path
    replace_old : bool
        The user agreed to put another request's manifest aside.

    Raises
    ------
    UsageError
        Another request's manifest stands there.
    """
    if replace_old or not path.exists():
        return
    old = Manifest.read(path)
    if not old.header.asks_the_same(header):
        raise UsageError(
            f"{path} holds another request ({len(old):,} rows, {old.header.created_utc})",
            hint=f"--replace puts it aside as {path.parent}/old/, or choose --out FILE",
        )
