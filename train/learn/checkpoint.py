"""The trained network on disk, with all that is needed to use it."""

from __future__ import annotations

import errno
import pickle
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import torch
from torch import nn

from galaxycurate.errors import InputError
from train.files import replacing
from train.learn.tasks import Classes, task_of
from train.networks import build
from train.recipe.config import Config
from train.recipe.settings import as_dict, changed

FORMAT = "galaxycurate-train 2"
NAME = "galaxy_cnn_225.pth"


@dataclass(frozen=True)
class Trained:
    """A network that can answer.

    Attributes
    ----------
    model : Module
        In evaluation mode.
    config : Config
    classes : tuple of str
    mean, std : ndarray of float32, shape (3,)
        Of the training images [0..255].
    origin : str
        Where the training pixels came from.
    epoch : int
        The epoch these weights are from.
    taught : ndarray of int64
        The pictures that it learnt from or that chose its epoch, as `train.data.cache.numbered`
        tells them; empty where that is not known.
    """

    model: nn.Module
    config: Config
    classes: tuple[str, ...]
    mean: np.ndarray
    std: np.ndarray
    origin: str = ""
    epoch: int = 0
    taught: np.ndarray = field(default_factory=lambda: np.zeros(0, np.int64))

    @property
    def task(self) -> Classes:
        """What the network was asked for."""
        return task_of(self.config, self.classes)


def name_of(config: Config) -> str:
    """The file of a run's network: the mission's own name, or the preset's."""
    return NAME if config.preset == Config().preset else f"{config.preset}.pth"


def save(path: Path, trained: Trained) -> None:
    """Write a checkpoint that ``torch.load(path, weights_only=True)`` reads."""
    write(
        path,
        {
            "format": FORMAT,
            "state_dict": trained.model.state_dict(),
            "config": as_dict(trained.config),
            "classes": list(trained.classes),
            "mean": [float(value) for value in trained.mean],
            "std": [float(value) for value in trained.std],
            "origin": trained.origin,
            "epoch": trained.epoch,
            "taught": torch.from_numpy(trained.taught),
        },
    )


def load(path: Path) -> Trained:
    """Read a checkpoint.

    Raises
    ------
    InputError
        It is missing, damaged, or was not written by train.
    """
    content = read(path)
    if content.get("format") != FORMAT or "state_dict" not in content:
        raise InputError(
            f"{path} is no checkpoint of train", hint=f"train writes one: training/{NAME}"
        )
    try:
        return _trained(content)
    except (KeyError, TypeError, ValueError, RuntimeError) as error:
        raise InputError(
            f"{path} is damaged or of another network: {f'{error}'.partition(chr(10))[0]}",
            hint="train it anew: python -m train --restart",
        ) from error


def _trained(content: dict) -> Trained:
    config, classes = changed(Config(), content["config"]), tuple(content["classes"])
    # its weights are in this file: nothing is fetched for it
    network = replace(config.network, weights="")
    model = build(network, task_of(config, classes).n_out, size_px=config.data.size_px)
    model.load_state_dict(content["state_dict"])
    return Trained(
        model=model.eval(),
        config=config,
        classes=classes,
        mean=_of_colours(content["mean"]),
        std=_of_colours(content["std"]),
        origin=content["origin"],
        epoch=content["epoch"],
        taught=content.get("taught", torch.zeros(0, dtype=torch.int64)).numpy(),
    )


def _of_colours(numbers: list[float]) -> np.ndarray:
    found = np.array(numbers, np.float32)
    if found.shape != (3,) or not np.isfinite(found).all():
        raise ValueError(f"{numbers} are not the numbers of three colours")
    return found


def write(path: Path, content: dict) -> None:
    """Write tensors and plain values whole or not at all."""
    with replacing(path) as part:
        try:
            torch.save(content, part)
        except RuntimeError as error:  # what torch makes of a full disk
            raise OSError(errno.ENOSPC, f"{error}".partition("\n")[0]) from error


def read(path: Path) -> dict:
    """Read what `write` wrote, tensors on the CPU.

    Raises
    ------
    InputError
        It is missing or damaged.
    """
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError as error:
        raise InputError(
            f"no such checkpoint: {path}", hint="train one: python -m train"
        ) from error
    except IsADirectoryError as error:
        raise InputError(
            f"{path} is a folder, no checkpoint", hint=f"name the file in it: ls {path}/*.pth"
        ) from error
    except (OSError, RuntimeError, EOFError, KeyError, ValueError, pickle.UnpicklingError) as error:
        raise InputError(
            f"{path} is damaged or no checkpoint", hint="train it anew: python -m train --restart"
        ) from error
    return content if isinstance(content, dict) else {}
