"""Tables of VizieR, the second source: through astroquery, all rows and columns."""

from __future__ import annotations

import os
from pathlib import Path

from galaxycurate.core.progress import Progress, silent
from galaxycurate.errors import ServiceError, Unreachable, first_line

SERVER = "https://vizier.cds.unistra.fr"
_TIMEOUT_S = 600


def fetch(catalog: str, to: Path, *, server: str = SERVER, progress: Progress = silent) -> int:
    """Fetch a table and write it as FITS, under the names that VizieR gives its columns.

    Parameters
    ----------
    catalog : str
        Such as ``J/MNRAS/410/166/galaxies``.
    to : Path
        The FITS file.
    server : str
        VizieR, or a mirror of it.
    progress : callable

    Returns
    -------
    int
        Rows.

    Raises
    ------
    Unreachable
        VizieR did not answer, or not with a table.
    ServiceError
        It has no such table.
    """
    from astroquery import cache_conf
    from astroquery.vizier import VizierClass

    class Server(VizierClass):
        def _server_to_url(self, return_type: str = "votable") -> str:
            return f"{server.rstrip('/')}/viz-bin/{return_type}"

    progress(0, 0, f"asking VizieR for {catalog}")
    vizier = Server(columns=["**"], row_limit=-1, timeout=_TIMEOUT_S)
    try:
        with cache_conf.set_temp("cache_active", False):
            found = vizier.get_catalogs(catalog)
    except Exception as error:  # requests', astropy's and astroquery's own
        raise Unreachable(
            f"VizieR did not answer for {catalog} at {server}: {first_line(error)}",
            hint="galaxycurate catalogs fetch without --from takes the project's own files",
        ) from error
    if not hasattr(found, "keys") or not len(found):
        raise ServiceError(
            f"VizieR has no table {catalog}", hint="leave --from out to take the project's files"
        )
    table = found[0]
    table.meta.clear()  # what VizieR says besides does not fit into FITS headers
    for name in table.colnames:
        if table[name].dtype.kind in "OSU":
            table[name] = [_text(value) for value in table[name]]
    part = to.with_name(f".{to.stem}.{os.getpid()}.part{to.suffix}")
    to.parent.mkdir(parents=True, exist_ok=True)
    try:
        table.write(part, format="fits", overwrite=True)
        os.replace(part, to)
    finally:
        part.unlink(missing_ok=True)
    progress(len(table), len(table), "rows")
    return len(table)


def _text(value: object) -> str:
    """Sexagesimal cells are parted by blanks there."""
    import re

    text = "" if value is None or str(value) == "--" else str(value).strip()
    return re.sub(r"^([+-]?\d+) (\d+) (\d+(\.\d*)?)$", r"\1:\2:\3", text)
