"""Networks by name. A network maps images (b, 3, side, side) to scores (b, n_out)."""

from __future__ import annotations

import difflib
from importlib import import_module

from galaxycurate.errors import SettingError

# name -> module of this package; each has `build(network, n_out, size_px)`
NETWORKS = {
    "galaxy-cnn": "galaxy_cnn",
}


def build(network, n_out: int, *, size_px: int):
    """A fresh network; its first weights follow from torch's seed, or from ``network.weights``.

    Parameters
    ----------
    network : train.recipe.config.Network
    n_out : int
        Scores for each image.
    size_px : int
        Side of the images [pixel].

    Returns
    -------
    torch.nn.Module

    Raises
    ------
    SettingError
        There is no network of that name, or its weights do not fit.
    """
    return import_module(f"{__name__}.{_module(network.name)}").build(network, n_out, size_px)


def _module(name: str) -> str:
    if name in NETWORKS:
        return NETWORKS[name]
    near = difflib.get_close_matches(name, NETWORKS, n=1)
    raise SettingError(
        f"no network is called {name}",
        hint=f"did you mean {near[0]}?" if near else "networks: " + ", ".join(NETWORKS),
    )
