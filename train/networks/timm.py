"""Any network of timm, by its name there: ``timm:convnext_nano``."""

from __future__ import annotations

import difflib

import torch

from galaxycurate.errors import SettingError, first_line
from train.networks.encoder import Encoded, unavailable
from train.networks.libraries import library


def build(network, n_out: int, size_px: int) -> Encoded:
    """As `train.networks.build`: timm's encoder, its features averaged by timm, a linear layer."""
    timm, name = library("timm", network.name), _known(network.name)
    offered = timm.get_pretrained_cfg(name)
    # transformers are built for one side
    fixed = {"img_size": size_px} if offered and offered.fixed_input_size else {}
    encoder = timm.create_model(name, pretrained=False, num_classes=0, **fixed)
    return Encoded(
        encoder,
        _features(encoder, network.name, size_px),
        n_out,
        dropout=network.dropout,
        their_head=(offered and offered.classifier) or "head",
    )


def pretrained(network) -> dict:
    """The weights that timm offers.

    Raises
    ------
    GalaxyCurateError
        They are neither on this machine nor to be had.
    """
    timm, name = library("timm", network.name), _known(network.name)
    offered = timm.get_pretrained_cfg(name)
    where = f"fetch model.safetensors of {offered.hf_hub_id}" if offered else "fetch a checkpoint"
    try:
        return timm.create_model(name, pretrained=True, num_classes=0).state_dict()
    except Exception as error:  # timm fetches by several libraries, each with errors of its own
        raise unavailable(network.name, error, where) from error


def _known(word: str) -> str:
    timm, name = library("timm", word), word.partition(":")[2]
    if timm.is_model(name):
        return name
    near = difflib.get_close_matches(name, timm.list_models(), n=1)
    raise SettingError(
        f"timm has no network {name}",
        hint=f"did you mean timm:{near[0]}?" if near else "timm.list_models() names them",
    )


def _features(encoder, name: str, size_px: int) -> int:
    """How many values the encoder makes of an image: networks of timm tell it in several ways."""
    try:
        with torch.no_grad():
            made = encoder.eval()(torch.zeros(1, 3, size_px, size_px))
    except (RuntimeError, AssertionError, ValueError) as error:
        raise SettingError(
            f"{name} takes no images of {size_px} px: {first_line(error)}",
            hint="--set size_px=224",
        ) from error
    encoder.train()
    return made.shape[1]
