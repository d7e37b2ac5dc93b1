"""Small tables in the shape that schemes read."""

from __future__ import annotations

import numpy as np

from galaxycurate.catalogs.table import CatalogTable

FIRST = 1237648720693755918


def table(ids=None, *, name=None, catalog="gz1", **columns) -> CatalogTable:
    """A table of these columns; ids count up where none are given, 0 is unknown."""
    values = {k: np.asarray(v, None if isinstance(v[0], str) else float)
              for k, v in columns.items()}  # fmt: skip
    n = len(next(iter(values.values())))
    objid = np.array(ids if ids is not None else [FIRST + k for k in range(n)], np.int64)
    unknown = np.full(n, np.nan)
    return CatalogTable(
        catalog, "t", "t.csv", "", objid, np.zeros(n, np.int64),
        None if name is None else np.array(name), unknown, unknown, values,
    )  # fmt: skip
