"""A trained network, asked with pictures: all that testing and showing need of it.

Whatever a network is made of, its answers, its maps and its heat are plain arrays, so that what
tests and shows it is written once, and runs without torch.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

import numpy as np

from galaxycurate.errors import SettingError
from train.data.decode import Window, window_of


class Asked(Protocol):
    """What can be asked. Images are uint8, shape (n, side, side, 3), RGB."""

    @property
    def classes(self) -> tuple[str, ...]:
        """Names, in the order of the answers."""

    @property
    def origin(self) -> str:
        """Where the pixels came from that it learnt from."""

    @property
    def window(self) -> Window:
        """What of an image file it sees."""

    @property
    def task(self) -> str:
        """What it was asked for: ``classes``, ``binary`` or ``votes``."""

    @property
    def views(self) -> int:
        """Turns and mirrors of an image that an answer is the mean of."""

    @property
    def taught(self) -> np.ndarray:
        """The pictures that taught it, as `train.data.cache.numbered` tells them."""

    @property
    def parameters(self) -> int:
        """How many numbers were learnt."""

    def answers(self, images: np.ndarray) -> np.ndarray:
        """The probability of each class, float64, shape (n, n_classes)."""

    def activations(self, images: np.ndarray) -> list[tuple[str, np.ndarray]]:
        """Each layer's name and maps, float32, shape (n, channels, height, width)."""

    def heat(self, images: np.ndarray, label: np.ndarray) -> np.ndarray:
        """Where the class `label` was found, 0 to 1, float32, shape (n, side, side)."""


@dataclass(frozen=True)
class TorchNetwork:
    """A network of `train.networks`.

    Attributes
    ----------
    trained : train.learn.checkpoint.Trained
        Its model on `device`.
    device : torch.device
    precision : torch.dtype or None
        Of the answers.
    averaged : int, optional
        Views; those of the recipe when not given.
    quick : torch.nn.Module, optional
        The same network with BatchNorm folded, `train.networks.norms.folded`, for answers.
    """

    trained: object
    device: object
    precision: object = None
    averaged: int | None = None
    quick: object = None

    @property
    def classes(self) -> tuple[str, ...]:
        """As `Asked`."""
        return self.trained.classes

    @property
    def origin(self) -> str:
        """As `Asked`."""
        return self.trained.origin

    @property
    def window(self) -> Window:
        """As `Asked`."""
        return window_of(self.trained.config.data)

    @property
    def task(self) -> str:
        """As `Asked`."""
        return self.trained.config.task

    @property
    def views(self) -> int:
        """As `Asked`."""
        return self.averaged or self.trained.config.views

    @property
    def taught(self) -> np.ndarray:
        """As `Asked`."""
        return self.trained.taught

    @property
    def parameters(self) -> int:
        """As `Asked`."""
        return sum(p.numel() for p in self.trained.model.parameters())

    def answers(self, images: np.ndarray) -> np.ndarray:
        """As `Asked`."""
        from train.judge.evaluate import probabilities

        return probabilities(
            self.quick or self.trained.model,
            self._feed(images, self.precision),
            np.arange(len(images)),
            task=self.trained.task,
            precision=None if self.quick else self.precision,
            views=self.views,
        )

    def activations(self, images: np.ndarray) -> list[tuple[str, np.ndarray]]:
        """As `Asked`; of the convolutions, or of the blocks that have them."""
        from train.show.activations import activations

        seen = activations(self.trained.model, self._plain(images))
        return [(name, maps.float().cpu().numpy()) for name, maps in seen]

    def heat(self, images: np.ndarray, label: np.ndarray) -> np.ndarray:
        """As `Asked`; Grad-CAM."""
        from train.show.gradcam import gradcam

        return gradcam(self.trained.model, self._plain(images), label)

    def _plain(self, images: np.ndarray):
        return self._feed(images).plain(np.arange(len(images)))

    def _feed(self, images: np.ndarray, precision=None):
        from train.data.feed import Feed

        return Feed(images, self.trained.mean, self.trained.std, self.device, precision)


def open_network(
    path: Path, device: str = "auto", *, views: int | None = None, quick: bool = False
) -> Asked:
    """The network in a file that fit wrote.

    Parameters
    ----------
    path : Path
        ``.pth``, or ``.npz`` of numpy-cnn, which needs no torch.
    device : str
        As in `train.device.pick_device`.
    views : int, optional
        Turns and mirrors that are averaged; those of the recipe when not given.
    quick : bool
        Answer faster, with probabilities that may differ by a hundredth from those of the test.
        Vote fractions, whose sums must hold, are answered as ever.

    Raises
    ------
    SettingError
        It has no such views.
    InputError
        It is missing, damaged, or was not written by train.
    """
    if Path(path).suffix == ".npz":
        from train.scratch.trained import read

        if views not in (None, 1):
            raise SettingError(f"numpy-cnn has no views = {views}", hint="--views 1")
        return read(path)
    from train.device import pick_device, pick_precision, prepare, require_torch

    require_torch()
    from train.learn import checkpoint

    trained, where = checkpoint.load(path), pick_device(device)
    trained.model.to(where)
    prepare(where, trained.config.precision)
    precision = pick_precision(where, trained.config.precision)
    network = TorchNetwork(trained, where, precision, views)
    if not quick or network.task == "votes":
        return network
    from train.networks.norms import folded

    return replace(network, quick=folded(trained.model, precision))
