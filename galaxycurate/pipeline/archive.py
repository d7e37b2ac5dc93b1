"""The archive that the settings name, with a shelf for what must survive."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from galaxycurate.archives.archive import Access, Archive
from galaxycurate.archives.choose import open_archive
from galaxycurate.archives.shelf import Shelf
from galaxycurate.store.settings import Settings
from galaxycurate.store.shelf import FolderShelf


def archive_of(
    settings: Settings,
    *,
    shelf: Shelf | None = None,
    talk: Callable[[str], None] = lambda text: None,
    confirm: Callable[[str], bool] = lambda text: False,
    credentials: Callable[[], tuple[str, str] | None] = lambda: None,
) -> Archive:
    """Open the archive that the settings name.

    Parameters
    ----------
    settings : Settings
    shelf : Shelf, optional
        Where answers wait; by default `shelf_of`.
    talk : callable
        Told what a person should know while a question is answered.
    confirm : callable
        Asked a yes-or-no question after Ctrl-C.
    credentials : callable
        Asked for user and password of SciServer when nothing else is at hand.

    Returns
    -------
    Archive
    """
    access = Access(
        server=settings.server,
        release=settings.release,
        queries_per_minute=settings.queries_per_minute,
        casjobs=settings.casjobs,
        keystone=settings.keystone,
        shelf=shelf or shelf_of(settings),
        talk=talk,
        confirm=confirm,
        credentials=credentials,
        keep_tables=bool(settings.keep_tables),
    )
    return open_archive(settings.archive, access)


def shelf_of(settings: Settings, folder: Path | None = None) -> FolderShelf:
    """Where answers wait: by default until the manifest is written, and are cleared then."""
    names = ("archive", "server", "casjobs", "release")
    asked_of = " ".join(str(getattr(settings, name)) for name in names)
    return FolderShelf(folder or Path(settings.manifests) / ".answers", asked_of)
