"""Networks by name. A network maps images (b, 3, side, side) to scores (b, n_out).

Each network's last layer is its ``head``; all before it is what one can borrow from a checkpoint
(`train.networks.encoder`) or leave as it is (``network.frozen``).
"""

from __future__ import annotations

import difflib
from collections.abc import Callable
from importlib import import_module

from galaxycurate.errors import SettingError

# name -> module of this package; each has `build(network, n_out, size_px)`, and
# `pretrained(network)` where its library offers weights
NETWORKS = {
    "galaxy-cnn": "galaxy_cnn",
    "keras-cnn": "keras_cnn",
    "galaxy10": "galaxy10",
    "tiny-4": "tiny4",
    "resnet18": "resnet",
}
TIMM = "timm:"


def build(network, n_out: int, *, size_px: int, say: Callable[[str], None] = lambda line: None):
    """A fresh network; its first weights follow from torch's seed, or from ``network.weights``.

    Parameters
    ----------
    network : train.recipe.config.Network
    n_out : int
        Scores for each image.
    size_px : int
        Side of the images [pixel].
    say : callable
        Takes a line that tells which weights were taken from where.

    Returns
    -------
    torch.nn.Module

    Raises
    ------
    SettingError
        There is no network of that name, or it takes no images of that side.
    InputError
        The file of ``network.weights`` is missing, damaged, or of another network.
    GalaxyCurateError
        A library or its weights cannot be had.
    """
    module = import_module(f"{__name__}.{_module(network.name)}")
    model = module.build(network, n_out, size_px)
    if network.weights:
        from train.networks import encoder

        encoder.give(model, network, module, say)
    if network.frozen:
        model.requires_grad_(False)
        model.head.requires_grad_(True)
    return model


def _module(name: str) -> str:
    if name.startswith(TIMM):
        return "timm"
    if name in NETWORKS:
        return NETWORKS[name]
    near = difflib.get_close_matches(name, NETWORKS, n=1)
    raise SettingError(
        f"no network is called {name}",
        hint=f"did you mean {near[0]}?"
        if near
        else "networks: " + ", ".join([*NETWORKS, "timm:NAME"]),
    )
