"""What was learnt before: encoders of torchvision, timm and Zoobot, and checkpoints of any."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from pathlib import Path

import torch
from torch import nn

from galaxycurate.errors import GalaxyCurateError, InputError, SettingError, first_line
from train.networks import wary

PREFIXES = ("module.", "_orig_mod.", "model.", "backbone.", "encoder.")  # of the names of tensors
INSIDE = ("state_dict", "model_state_dict", "model")  # where a checkpoint keeps its tensors
LEAST_SHARE = 0.5  # of the tensors on either side; below, it is another network
NAMED = 6  # tensors that a line names


class Encoded(nn.Module):
    """An encoder that makes a vector of an image, and a linear layer.

    Parameters
    ----------
    encoder : Module
        Images (b, 3, side, side) to features (b, n_features).
    n_features, n_out : int
    dropout : float
        Share of the features that a training step leaves out.
    their_head : str
        What the encoder's library calls the last layer, as in its checkpoints.
    """

    def __init__(self, encoder, n_features: int, n_out: int, *, dropout: float, their_head: str):
        super().__init__()
        self.encoder = encoder
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(n_features, n_out)
        self.their_head = their_head

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Scores, shape (b, n_out), of images (b, 3, side, side)."""
        return self.head(self.dropout(self.encoder(images)))


def give(model: nn.Module, network, module, say: Callable[[str], None]) -> None:
    """Put the weights that a recipe names into a network, as far as they fit.

    Parameters
    ----------
    model : Module
        Changed in place; with a ``head``.
    network : train.recipe.config.Network
        Its ``weights`` is ``pretrained`` or a path.
    module : module
        The network's own, which knows what its library offers.
    say : callable
        Takes a line that tells what was taken and what was not.

    Raises
    ------
    InputError
        The file is missing, damaged, or less than half of it, or of the network, fits.
    SettingError
        Pretrained weights were asked for, and there are none.
    GalaxyCurateError
        The library's weights cannot be had.
    """
    if network.weights == "pretrained":
        if not hasattr(module, "pretrained"):
            raise SettingError(
                f"nobody offers pretrained weights of {network.name}",
                hint="--set network.weights=FILE takes a checkpoint's, or leave it empty",
            )
        theirs, source = module.pretrained(network), f"the pretrained {network.name}"
    else:
        theirs, source = tensors(Path(network.weights)), network.weights
    _take(model, theirs, source, network.name, say)


def tensors(path: Path) -> dict[str, torch.Tensor]:
    """The tensors of a checkpoint by name: of train, torch, Lightning, Zoobot, or safetensors.

    Nothing in the file is run, see `train.networks.wary`.

    Raises
    ------
    InputError
        The file is missing, damaged, or holds no named tensors.
    """
    try:
        content = _content(path)
    except FileNotFoundError as error:
        raise InputError(
            f"no such checkpoint: {path}", hint="--set network.weights=FILE, or leave it empty"
        ) from error
    except GalaxyCurateError:
        raise
    except Exception as error:  # a damaged pickle or zip can fail in any way
        raise InputError(
            f"{path} is damaged or no checkpoint: {first_line(error)}",
            hint="torch.save(model.state_dict(), FILE), a .ckpt of Lightning and .safetensors do",
        ) from error
    for key in INSIDE:
        if isinstance(content, dict) and isinstance(content.get(key), dict):
            content = content[key]
    named = content.items() if isinstance(content, dict) else ()
    found = {str(name): value for name, value in named if isinstance(value, torch.Tensor)}
    if not found:
        raise InputError(
            f"{path} holds no tensors by name",
            hint="save them with torch.save(model.state_dict(), FILE)",
        )
    return found


def unavailable(name: str, error: Exception, where: str) -> GalaxyCurateError:
    """The error for pretrained weights that cannot be fetched."""
    return GalaxyCurateError(
        f"the pretrained weights of {name} cannot be fetched: {first_line(error)}",
        hint=f"offline: {where}; or --set network.weights=FILE; or from scratch: "
        "--set network.weights=",
    )


def _content(path: Path):
    if path.suffix == ".safetensors":
        if not path.is_file():
            raise FileNotFoundError(path)
        return _safetensors()(path)
    try:
        return torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError:  # holds more than tensors
        return torch.load(path, map_location="cpu", weights_only=False, pickle_module=wary)


def _safetensors() -> Callable:
    try:
        from safetensors.torch import load_file
    except ModuleNotFoundError as error:
        raise GalaxyCurateError(
            "reading .safetensors needs the package safetensors, which is not installed",
            hint="pip install safetensors",
        ) from error
    return load_file


def _take(model: nn.Module, theirs: dict, source: str, name: str, say) -> None:
    ours = {_bare(key): (key, value) for key, value in model.state_dict().items()}
    offered = {_bare(key, getattr(model, "their_head", "head")): v for key, v in theirs.items()}
    taken = {
        ours[key][0]: value
        for key, value in offered.items()
        if key in ours and ours[key][1].shape == value.shape
    }
    left = sorted(key for key in offered if key not in ours or ours[key][0] not in taken)
    chance = sorted(key for key, (full, _) in ours.items() if full not in taken)
    share = min(_share(ours, chance), _share(offered, left))
    if share < LEAST_SHARE:
        raise InputError(
            f"{source} is of another network than {name}: {len(taken)} of its {len(offered)} "
            f"tensors fit, {name} has {len(ours)}",
            hint=f"these do not fit: {_some(left)}; --set network.name=NAME names the network",
        )
    model.load_state_dict(taken, strict=False)
    line = f"{name} begins with {len(taken)} of {len(offered)} tensors of {source}"
    line += f"; not taken: {_some(left)}" if left else ""
    say(line + (f"; begun by chance: {_some(chance)}" if chance else ""))


def _bare(key: str, head: str = "head") -> str:
    """A tensor's name without what wrappers put before it, its last layer called ``head``."""
    while key.startswith(PREFIXES):
        key = key.partition(".")[2]
    return "head" + key[len(head) :] if key.startswith(head + ".") else key


def _share(all_of_them, missing: list[str]) -> float:
    """The share of the encoder's tensors that are not missing."""
    body = [key for key in all_of_them if not key.startswith("head.")]
    gone = [key for key in missing if not key.startswith("head.")]
    return 1 - len(gone) / max(len(body), 1)


def _some(names: list[str]) -> str:
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return ", ".join(names[:NAMED]) + more
