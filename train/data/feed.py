"""Batches of normalised images on the device."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch

from train.data.ahead import ahead
from train.data.augment import Draws
from train.data.warp import numbers, warp_on_device
from train.data.warp_cpu import warp_on_cpu

RESIDENT_SHARE = 0.5  # of the GPU's free memory; the rest is for the network


class Feed:
    """Turns rows of the pixel cache into batches.

    On a CPU each image is mapped by OpenCV (about a hundredth of the time of a training step, so
    that no worker processes are needed). On a GPU all images are kept in its memory as uint8
    where they fit; where not, a thread gathers each batch into pinned memory and uploads it on a
    stream of its own while the steps before it run. They are mapped there, and nothing in an
    epoch waits for the device.

    Parameters
    ----------
    images : ndarray of uint8, shape (n, side, side, 3)
    mean, std : ndarray of float32, shape (3,)
        Of the training images [0..255].
    device : torch.device
    precision : torch.dtype, optional
        Of autocast. A GPU's batches are made in it, as autocast would of the first layer's input;
        those of a CPU, and all others, are float32.
    """

    def __init__(self, images: np.ndarray, mean, std, device: torch.device, precision=None):
        self.images = images
        self.device = device
        self.mean = torch.tensor(np.asarray(mean, np.float32)).view(1, 3, 1, 1).to(device)
        self.std = torch.tensor(np.asarray(std, np.float32)).view(1, 3, 1, 1).to(device)
        self.scale, self.shift = 1 / self.std, -self.mean / self.std
        self.dtype = precision if precision and device.type == "cuda" else torch.float32
        self.change = changed
        self.maps_here = device.type != "cpu"
        self.resident = self._upload() if device.type == "cuda" and self._fits() else None

    def plain(self, rows: np.ndarray) -> torch.Tensor:
        """The images as they are, normalised, shape (b, 3, side, side), channels last."""
        return self._normalised(self.raw(rows))

    def augmented(self, rows: np.ndarray, draws: Draws) -> torch.Tensor:
        """The images under the changes of `draws`, normalised, shape (b, 3, side, side)."""
        return next(iter(self.epoch(rows[None], draws)))

    def raw(self, rows: np.ndarray) -> torch.Tensor:
        """The images on the device, uint8, shape (b, 3, side, side)."""
        if self.resident is not None:
            return self.resident[torch.from_numpy(rows).to(self.device)]
        return _planes(self.images[rows]).to(self.device)

    def compile(self) -> None:
        """Map and normalise in one compiled graph, where the device maps."""
        if self.maps_here:
            self.change = torch.compile(changed, dynamic=False)

    def epoch(self, rows: np.ndarray, draws: Draws) -> Iterator[torch.Tensor]:
        """The batches of an epoch.

        Parameters
        ----------
        rows : ndarray of int64, shape (steps, b)
        draws : Draws
            Of steps x b samples.

        Yields
        ------
        Tensor, shape (b, 3, side, side)
            Normalised, channels last.
        """
        parts = [slice(at, at + rows.shape[1]) for at in range(0, rows.size, rows.shape[1])]
        if not self.maps_here:
            for some, part in zip(rows, parts, strict=True):
                yield self._normalised(_planes(warp_on_cpu(self.images[some], draws[part])))
            return
        theta, colour, bends = numbers(draws)
        theta = theta.to(self.device)
        colour = None if colour is None else colour.to(self.device)
        for raw, part in zip(self._raws(rows), parts, strict=True):
            tint = None if colour is None else colour[part]
            yield self.change(raw, theta[part], tint, bends, self.scale, self.shift, self.dtype)

    def _raws(self, rows: np.ndarray) -> Iterator[torch.Tensor]:
        if self.resident is not None:
            there = torch.from_numpy(rows).to(self.device)
            yield from (self.resident[some] for some in there)
        elif self.device.type == "cuda":
            yield from self._streamed(rows)
        else:
            yield from ahead(self.raw(some) for some in rows)

    def _streamed(self, rows: np.ndarray) -> Iterator[torch.Tensor]:
        now = torch.cuda.current_stream(self.device)
        for images in ahead(self._uploads(rows)):
            images.record_stream(now)  # its memory is not given away before `now` is done with it
            yield images

    def _uploads(self, rows: np.ndarray) -> Iterator[torch.Tensor]:
        stream = torch.cuda.Stream(self.device)
        pinned = torch.empty(
            (rows.shape[1], *self.images.shape[1:]), dtype=torch.uint8
        ).pin_memory()
        for some in rows:
            np.take(self.images, some, axis=0, out=pinned.numpy(), mode="clip")
            with torch.cuda.stream(stream):
                there = pinned.to(self.device, non_blocking=True)
            stream.synchronize()  # only this thread waits
            yield there.permute(0, 3, 1, 2)

    def _normalised(self, images: torch.Tensor) -> torch.Tensor:
        return normalised(images, self.scale, self.shift, self.dtype)

    def _fits(self) -> bool:
        free, _ = torch.cuda.mem_get_info(self.device)
        return self.images.nbytes < RESIDENT_SHARE * free

    def _upload(self) -> torch.Tensor:
        n, side = self.images.shape[:2]
        held = torch.empty((n, side, side, 3), dtype=torch.uint8, device=self.device)
        for start in range(0, n, 4096):  # in pieces: the map need not fit into memory
            piece = np.array(self.images[start : start + 4096])
            held[start : start + len(piece)] = torch.from_numpy(piece).to(self.device)
        return held.permute(0, 3, 1, 2)


def changed(raw, theta, colour, bends: bool, scale, shift, dtype) -> torch.Tensor:
    """A batch of uint8 mapped, tinted and normalised: all that a GPU does before the network."""
    return normalised(warp_on_device(raw.float(), theta, colour, bends), scale, shift, dtype)


def normalised(images: torch.Tensor, scale, shift, dtype: torch.dtype) -> torch.Tensor:
    """Images times scale plus shift, channels last, cast in the same pass."""
    images = torch.addcmul(shift, images.float(), scale)
    return images.to(dtype, memory_format=torch.channels_last)


def _planes(images: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(np.ascontiguousarray(images)).permute(0, 3, 1, 2)
