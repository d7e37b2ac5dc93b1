"""One question, several archives: which one is asked is a setting."""

from __future__ import annotations

from galaxycurate.archives.archive import Access, Archive
from galaxycurate.errors import SettingError


def open_archive(archive: str, access: Access) -> Archive:
    """The archive that a setting names.

    Parameters
    ----------
    archive : str
        ``skyserver``, ``casjobs``, or ``local:PATH`` for a folder of CAS tables or a DuckDB file.
    access : Access

    Returns
    -------
    Archive

    Raises
    ------
    SettingError
        No archive is called so.
    """
    if archive == "skyserver":
        from galaxycurate.archives.skyserver import SkyServerArchive

        return SkyServerArchive(access)
    if archive == "casjobs":
        from galaxycurate.archives.casjobs.archive import CasJobsArchive

        return CasJobsArchive(access)
    kind, _, path = archive.partition(":")
    if kind == "local" and path:
        from galaxycurate.archives.local.archive import LocalArchive

        return LocalArchive(path)
    raise SettingError(
        f"no archive is called {archive!r}",
        hint="choose skyserver, casjobs, or local:PATH (a folder or a file of CAS tables)",
    )
