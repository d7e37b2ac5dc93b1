"""Numbers held to so many significant digits, as if they had been printed and read again."""

from __future__ import annotations

import numpy as np

_POWERS = np.longdouble(10) ** np.arange(23)
"""10**22 is the last power of ten that a double holds exactly."""


def held(values, digits: int) -> np.ndarray:
    """Round to significant digits: ``float(f"{value:.{digits}g}")`` of each value.

    Parameters
    ----------
    values : array of float
    digits : int
        1 to 15.

    Returns
    -------
    ndarray of float64
        The doubles nearest to the decimal numbers.
    """
    values = np.asarray(values, np.float64)
    result = values.copy()
    todo = np.isfinite(values) & (values != 0)
    power = np.zeros(values.shape, np.int64)
    power[todo] = digits - 1 - np.floor(np.log10(np.abs(values[todo]))).astype(np.int64)
    easy = todo & (np.abs(power) < len(_POWERS))
    ten = _POWERS[np.abs(power[easy])]
    scaled = np.where(power[easy] < 0, values[easy] / ten, values[easy] * ten)
    whole = np.rint(scaled)
    # one multiplication and one division, each rounded once, are exact but beside a half
    doubt = np.abs(np.abs(scaled - whole) - 0.5) < 4 * np.finfo(np.longdouble).eps * 10**digits
    doubt |= (np.abs(whole) <= 10 ** (digits - 1)) | (np.abs(whole) > 10**digits)
    whole, ten = whole.astype(np.float64), ten.astype(np.float64)
    result[easy] = np.where(power[easy] < 0, whole * ten, whole / ten)
    slow = todo & ~easy
    slow[easy] = doubt
    result[slow] = [float(f"{value:.{digits}g}") for value in values[slow].tolist()]
    return result
