"""A trained numpy-cnn: in memory, in a file, and asked."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from threadpoolctl import threadpool_limits

from galaxycurate.errors import InputError
from train.data.decode import Window
from train.scratch import training
from train.scratch.network import Network, load, save
from train.show.gradcam import enlarged

NAME = "numpy_cnn.npz"


@dataclass(frozen=True)
class Trained:
    """A network with all that is needed to ask it."""

    network: Network
    classes: tuple[str, ...]
    mean: np.ndarray
    std: np.ndarray
    window: Window
    epoch: int = 0
    origin: str = ""
    task: str = "classes"
    views: int = 1
    taught: np.ndarray = field(default_factory=lambda: np.zeros(0, np.int64))

    @property
    def parameters(self) -> int:
        """How many numbers were learnt."""
        return sum(array.size for array in self.network.parameters().values())

    def answers(self, images: np.ndarray) -> np.ndarray:
        """The probability of each class, from uint8 (n, side, side, 3): float64 (n, k)."""
        with threadpool_limits(limits=1, user_api="blas"):  # so that they repeat to the bit
            return training.answers(self.network, images, self.mean, self.std)

    def activations(self, images: np.ndarray) -> list[tuple[str, np.ndarray]]:
        """Each convolution's name and maps after its ReLU, (n, channels, h, w)."""
        maps = self.network.activations(training.planes(images, self.mean, self.std))
        return [(f"conv{number}", one) for number, one in enumerate(maps, start=1)]

    def heat(self, images: np.ndarray, label: np.ndarray) -> np.ndarray:
        """Where each image's class was found, 0 to 1: float32 (n, side, side)."""
        x = training.planes(images, self.mean, self.std)
        return enlarged(self.network.evidence(x, label), images.shape[1])


def store(path: Path, trained: Trained) -> None:
    """Write a trained network."""
    save(
        path,
        trained.network,
        classes=list(trained.classes),
        mean=trained.mean,
        std=trained.std,
        window=[trained.window.size_px, trained.window.zoom, trained.window.crop_px],
        epoch=trained.epoch,
        origin=trained.origin,
        taught=trained.taught,
    )


def read(path: Path) -> Trained:
    """The trained network in a file.

    Raises
    ------
    InputError
        The file is missing, or is no such file.
    """
    network, facts = load(path)
    if "classes" not in facts:
        raise InputError(f"{path} holds a halted run, not a trained network", hint=f"give {NAME}")
    return Trained(
        network, tuple(facts["classes"]), facts["mean"], facts["std"],
        Window(*facts["window"]), facts["epoch"], facts["origin"],
        taught=facts.get("taught", np.zeros(0, np.int64)),
    )  # fmt: skip
