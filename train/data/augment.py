"""How each image of a batch is turned, moved, tilted and tinted, on any device.

Everything about place is one homography per sample, everything about colour one 3 x 4 matrix per
sample; both are made by NumPy from the same draws, whether OpenCV or a GPU then applies them.

Pixels from outside the image are taken from its own reflection. A constant fill would show the
rotated frame as a flat, noiseless polygon, which the network never meets at test time and whose
contrast depends on the sky level, hence on run and field; reflected sky keeps its noise.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np

from train.recipe.config import Augment

GREY = np.array([0.299, 0.587, 0.114])  # luminance of R, G, B (ITU-R BT.601)
CORNERS = np.array([[-1.0, -1.0], [1.0, -1.0], [1.0, 1.0], [-1.0, 1.0]])
# RGB to luminance and two colour differences (NTSC 1953): hue is the angle in their plane
YIQ = np.array([GREY, [0.596, -0.274, -0.322], [0.211, -0.523, 0.312]])


@dataclass(frozen=True)
class Draws:
    """What was drawn for some samples.

    Attributes
    ----------
    angle : ndarray of float64, shape (b,)
        Rotation, counter-clockwise as seen on the screen [radian].
    shift : ndarray of float64, shape (b, 2)
        To the right and down [share of the side].
    mirror : ndarray of float64, shape (b,)
        -1 where the image is mirrored left to right before it is turned, else 1.
    scale : ndarray of float64, shape (b,)
        How much larger the image is shown.
    corners : ndarray of float64, shape (b, 4, 2)
        How far each corner of the result is drawn inwards, clockwise from the upper left one
        [share of half the side].
    colour : ndarray of float64, shape (b, 4)
        Factors of brightness, contrast and saturation, and the turn of the hue [share of the
        circle].
    """

    angle: np.ndarray
    shift: np.ndarray
    mirror: np.ndarray
    scale: np.ndarray
    corners: np.ndarray
    colour: np.ndarray

    def __getitem__(self, some) -> Draws:
        return Draws(*(getattr(self, one.name)[some] for one in fields(self)))

    @property
    def bends(self) -> bool:
        """Whether any map is more than affine."""
        return bool(self.corners.any())

    @property
    def tints(self) -> bool:
        """Whether any colour is changed."""
        return bool((self.colour != STILL).any())


STILL = np.array([1.0, 1.0, 1.0, 0.0])


def draw(n: int, augment: Augment, *, rng: np.random.Generator) -> Draws:
    """Draw the changes of `n` samples, each on its own.

    Parameters
    ----------
    n : int
    augment : Augment
    rng : numpy.random.Generator

    Returns
    -------
    Draws
    """
    reach = np.array([augment.brightness, augment.contrast, augment.saturation, augment.hue])
    largest = np.log1p(augment.scale)
    return Draws(
        angle=np.deg2rad(rng.uniform(0.0, augment.rotation_deg, n)),
        shift=rng.uniform(-augment.shift, augment.shift, (n, 2)),
        mirror=np.where(rng.random(n) < (0.5 if augment.flip else 0.0), -1.0, 1.0),
        scale=np.exp(rng.uniform(-largest, largest, n)),
        corners=rng.uniform(0.0, augment.perspective, (n, 4, 2)),
        colour=STILL + rng.uniform(-reach, reach, (n, 4)),
    )


def maps(draws: Draws) -> np.ndarray:
    """Where each output pixel is read, in units of half a side around the centre.

    Parameters
    ----------
    draws : Draws

    Returns
    -------
    ndarray of float64, shape (b, 3, 3)
        Homographies of (x, y, 1); the first two rows of an affine one are what
        ``torch.nn.functional.affine_grid`` takes.
    """
    cos, sin = np.cos(draws.angle), np.sin(draws.angle)
    # the y axis points down: reading turned clockwise shows the image turned counter-clockwise
    turn = np.stack([np.stack([cos, -sin], -1), np.stack([sin, cos], -1)], 1)
    turn[:, 0] *= draws.mirror[:, None]
    turn /= draws.scale[:, None, None]
    whole = np.zeros((len(cos), 3, 3))
    whole[:, :2, :2] = turn
    whole[:, :2, 2] = -np.einsum("bij,bj->bi", turn, 2.0 * draws.shift)
    whole[:, 2, 2] = 1.0
    return whole @ _bent(draws) if draws.bends else whole


def tints(draws: Draws, grey: np.ndarray) -> np.ndarray:
    """The colour matrices: brightness, then contrast, saturation, hue.

    Parameters
    ----------
    draws : Draws
    grey : ndarray of float64, shape (b,)
        Mean luminance of each image, about which contrast stretches.

    Returns
    -------
    ndarray of float64, shape (b, 3, 4)
        To be multiplied with (R, G, B, 1).

    Notes
    -----
    Hue is turned in the I, Q plane of NTSC, which keeps the luminance; saturation mixes with the
    pixel's own luminance, contrast with the image's mean one.
    """
    brightness, contrast, saturation, hue = (one[:, None, None] for one in draws.colour.T)
    angle = 2 * np.pi * hue[:, 0, 0]
    turn = np.zeros((len(angle), 3, 3))
    turn[:, 0, 0] = 1.0
    turn[:, 1, 1] = turn[:, 2, 2] = np.cos(angle)
    turn[:, 2, 1] = np.sin(angle)
    turn[:, 1, 2] = -turn[:, 2, 1]
    mixed = saturation * np.eye(3) + (1 - saturation) * GREY
    matrix = np.linalg.inv(YIQ) @ turn @ YIQ @ mixed
    # a grey stays this grey under the matrix, so that the offset is the same in every channel
    offset = (1 - contrast) * brightness * grey[:, None, None] * np.ones((3, 1))
    return np.concatenate([matrix * brightness * contrast, offset], axis=2)


def _bent(draws: Draws) -> np.ndarray:
    """The homography that reads the whole image where the corners were drawn inwards."""
    ends = CORNERS * (1.0 - draws.corners)
    n = len(ends)
    x, y = ends[..., 0], ends[..., 1]
    u, v = np.broadcast_to(CORNERS[:, 0], x.shape), np.broadcast_to(CORNERS[:, 1], x.shape)
    zero, one = np.zeros_like(x), np.ones_like(x)
    rows_u = np.stack([x, y, one, zero, zero, zero, -u * x, -u * y], -1)
    rows_v = np.stack([zero, zero, zero, x, y, one, -v * x, -v * y], -1)
    system, wanted = np.concatenate([rows_u, rows_v], 1), np.concatenate([u, v], 1)
    solved = np.linalg.solve(system, wanted[..., None])[..., 0]
    return np.concatenate([solved, np.ones((n, 1))], 1).reshape(n, 3, 3)
