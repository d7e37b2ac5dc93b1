"""PhotoObjDR7 of the simulated survey: the same pixels, reduced and numbered before."""

from __future__ import annotations

import numpy as np
import pandas as pd

from galaxycurate.core import ids

_UNMATCHED = 0.02  # share of objects that DR7 found in another field, or not at all
_OTHER_MODE = 0.01  # share of objects that were no primaries there
_SHIFT_ARCSEC, _MOST_ARCSEC = 0.1, 0.6
_SECONDARY = 2


def ids_of(objid: np.ndarray) -> np.ndarray:
    """The DR7 ids of objects: another reduction counts the objects of a field anew.

    Parameters
    ----------
    objid : ndarray of int64

    Returns
    -------
    ndarray of int64
    """
    parts = ids.decode(objid)
    place = {name: parts[name] for name in ("run", "camcol", "field")}
    return ids.encode(skyVersion=1, rerun=40, **place, obj=parts["obj"] + 7)


def matched(objects: pd.DataFrame, seed: int) -> pd.DataFrame:
    """Table PhotoObjDR7: which DR7 object each object is, where DR7 has it in the same field.

    Parameters
    ----------
    objects : pandas.DataFrame
        PhotoObjAll of the whole survey.
    seed : int

    Returns
    -------
    pandas.DataFrame
        CAS names; positions are those of DR7, ``distance`` is in arcmin.
    """
    rng = np.random.default_rng([seed, 7])
    table = objects[rng.random(len(objects)) >= _UNMATCHED].reset_index(drop=True)
    n, dr7objid = len(table), ids_of(table["objID"].to_numpy())
    shift = rng.normal(0, _SHIFT_ARCSEC, (2, n)).clip(-_MOST_ARCSEC, _MOST_ARCSEC)
    dec = table["dec"] + shift[1] / 3600
    ra = (table["ra"] + shift[0] / 3600 / np.cos(np.radians(dec))) % 360
    parts = ids.decode(dr7objid)
    return pd.DataFrame({
        "dr7objid": dr7objid, "dr8objid": table["objID"], "distance": np.hypot(*shift) / 60,
        "modeDR7": np.where(rng.random(n) < _OTHER_MODE, _SECONDARY, table["mode"]),
        "modeDR8": table["mode"],
        **{name: parts[name] for name in ("skyVersion", "run", "rerun", "camcol", "field", "obj")},
        "type": table["type"], "ra": ra, "dec": dec, "fieldID": ids.field_of(dr7objid),
    })  # fmt: skip
