"""Where pixels and rows come from, as servers name themselves."""

from __future__ import annotations


def is_simulated(*texts: str) -> bool:
    """Whether one of these origins says that its sky is simulated.

    Parameters
    ----------
    *texts : str
        Such as ``https://... (galaxycurate-sandbox (simulated sky: miniature))``.

    Returns
    -------
    bool
    """
    return any("simulated" in text.lower() for text in texts)
