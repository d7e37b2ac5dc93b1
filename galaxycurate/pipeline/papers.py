"""What the catalogues of the votes ask to be cited."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress

from galaxycurate.catalogs import known
from galaxycurate.errors import GalaxyCurateError


def papers(cuts: Iterable[Mapping[str, object]]) -> Iterator[tuple[str, str]]:
    """The papers of the catalogues that manifests were made of.

    Parameters
    ----------
    cuts : iterable of mapping
        Those of the manifests' headers, which name the catalogue.

    Yields
    ------
    (str, str)
        Catalogue and paper; a table of one's own has none.
    """
    for name in dict.fromkeys(str(cut.get("catalog", "")) for cut in cuts):
        with suppress(GalaxyCurateError):
            catalog = known.find(name)
            yield from ((catalog.title, paper) for paper in catalog.cite)
