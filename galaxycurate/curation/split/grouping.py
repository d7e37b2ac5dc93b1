"""What a split keeps together, and what it must never tear apart."""

from __future__ import annotations

import numpy as np

from galaxycurate.core.healpix import cells
from galaxycurate.core.ids import decode
from galaxycurate.curation.groups import groups
from galaxycurate.curation.pairs import Pairs
from galaxycurate.errors import SettingError

NAMES = ("overlap", "object", "field", "field+next", "healpix:N")


def check_grouping(name: str) -> tuple[str, int]:
    """A grouping and, of HEALPix, its order.

    Raises
    ------
    SettingError
        There is no such grouping, or N is no power of two.
    """
    kind, _, side = name.partition(":")
    if kind != "healpix" and name in NAMES:
        return name, 0
    if kind == "healpix" and side.isdecimal():
        nside = int(side)
        if 0 < nside <= 8192 and nside & (nside - 1) == 0:
            return kind, nside.bit_length() - 1
        raise SettingError(
            f"healpix:{side}: N is a power of two from 1 to 8192", hint="--group healpix:32"
        )
    raise SettingError(
        f"no such grouping: {name}", hint=f"--group is one of {', '.join(NAMES)} (N a power of two)"
    )


def joined(*keys) -> np.ndarray:
    """Rows that agree in any of several keys, and whoever hangs together by that.

    Parameters
    ----------
    *keys : ndarray of int64, shape (n,)
        Below 0 is no key.

    Returns
    -------
    ndarray of int64, shape (n,)
        Groups, numbered from 0.
    """
    return groups(len(keys[0]), [_chain(np.asarray(key)) for key in keys])


def _chain(key: np.ndarray) -> Pairs:
    order = np.argsort(key, kind="stable")
    order = order[key[order] >= 0]
    alike = key[order[1:]] == key[order[:-1]]
    first, second = order[:-1][alike], order[1:][alike]
    return Pairs(np.minimum(first, second), np.maximum(first, second), np.ones(first.size))


def by_field(ids, *, next_too: bool = False) -> np.ndarray:
    """One group for each field of a run and camcol, whatever the reduction.

    Parameters
    ----------
    ids : ndarray of int64, shape (n,)
        objIDs of any release; 0 where unknown.
    next_too : bool
        Fields that follow each other are one group, too: neighbours share 128 rows of sky.

    Returns
    -------
    ndarray of int64, shape (n,)
        Groups; -1 without id.
    """
    ids = np.asarray(ids, np.int64)
    parts = decode(ids)
    key = (parts["run"] << 16) + (parts["camcol"] << 13) + parts["field"]
    key = np.where(ids != 0, key, -1)
    if not next_too:
        return key
    there, of_key = np.unique(key, return_inverse=True)
    follows = np.diff(there, prepend=there[:1] - 2) == 1
    follows[1:] &= there[:-1] >= 0
    return np.where(key >= 0, np.cumsum(~follows)[of_key], -1)


def by_healpix(ra, dec, order: int) -> np.ndarray:
    """The HEALPix cell of each row; -1 without position."""
    ra, dec = np.asarray(ra, float), np.asarray(dec, float)
    known = np.isfinite(ra) & np.isfinite(dec)
    key = np.full(ra.size, -1)
    key[known] = cells(ra[known], dec[known], order=order)
    return key
