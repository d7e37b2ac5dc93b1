"""Codes: 63 signs that tell what a patch looks like, and that turn with the picture.

A patch is compared with 63 patterns: principal components of sky patches (`basis.npz`, made by
``benchmarks/basis.py``), sorted by how they behave under the eight turns and mirrorings of a
square. A turn takes each of 31 patterns into itself or its negative, and the other 32, two by two,
into each other or their negatives (the irreducible representations A1, A2, B1, B2 and E of the
group D4). So the code of a turned picture follows from the stored one: some bits change sign, two
blocks change places, and no pixel is needed.

Bits 0-15 are the E patterns that are odd in x, 16-31 their partners odd in y, 32-63 the rest, each
block from the strongest down; bit 63 stays 0, for patches have no mean.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import NamedTuple

import cv2
import numpy as np
from numba import njit

SIDE, STEP = 8, 3.0
"""Samples along a patch's side, and their distance [pixel]."""

REACH = 11
"""Half a patch and a bit [pixel]: a mark lies farther than this from a border."""

_AXIS = (np.arange(SIDE, dtype=np.float32) - (SIDE - 1) / 2) * STEP
GRID_X, GRID_Y = (g.ravel() for g in np.meshgrid(_AXIS, _AXIS))

PAIRED = 16
"""E patterns of either kind."""

LOW = np.uint64((1 << PAIRED) - 1)


class Basis(NamedTuple):
    """The patterns and what turns do to them.

    Parameters
    ----------
    mean : ndarray of float32, shape (64,)
        Of a patch.
    patterns : ndarray of float32, shape (64, 64)
        One a row, in the order of the bits; the last is nought.
    negated : ndarray of uint64, shape (8,)
        Bits that a turn negates, after the blocks changed places where it makes them.
    swapped : ndarray of bool, shape (8,)
    """

    mean: np.ndarray
    patterns: np.ndarray
    negated: np.ndarray
    swapped: np.ndarray


@cache
def basis() -> Basis:
    """The constant that is shipped."""
    with files(__package__).joinpath("basis.npz").open("rb") as file, np.load(file) as stored:
        mean, patterns = stored["mean"], stored["patterns"]
    return Basis(mean, patterns, *actions(patterns))


def turned_patch(flip: int) -> np.ndarray:
    """Indices that turn a patch's samples as ``numpy.rot90`` and a mirror turn a picture."""
    samples = np.rot90(np.arange(SIDE * SIDE).reshape(SIDE, SIDE), flip % 4)
    return (samples[:, ::-1] if flip >= 4 else samples).ravel()


def actions(patterns: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """What the eight turns do to patterns: bits negated, and whether the blocks change places."""
    negated, swapped = np.zeros(8, np.uint64), np.zeros(8, bool)
    for flip in range(8):
        matrix = patterns @ patterns[:, turned_patch(flip)].T
        partner = np.abs(matrix).argmax(1)
        swapped[flip] = partner[0] != 0
        for bit in np.flatnonzero(matrix[np.arange(64), partner] < 0):
            negated[flip] |= np.uint64(1) << np.uint64(bit)
    return negated, swapped


def encode(patches: np.ndarray) -> np.ndarray:
    """Codes of patches.

    Parameters
    ----------
    patches : ndarray of float32, shape (n, 64)

    Returns
    -------
    ndarray of uint64, shape (n,)
    """
    if not len(patches):
        return np.empty(0, np.uint64)
    bits = strengths(patches) > 0
    return np.packbits(bits, axis=1, bitorder="little").view("<u8").ravel()


def strengths(patches: np.ndarray) -> np.ndarray:
    """How much of each pattern is in each patch of mean 0 and length 1; float32 like `patches`."""
    mean, patterns = basis()[:2]
    patches = patches - patches.mean(1, keepdims=True)
    patches /= np.linalg.norm(patches, axis=1, keepdims=True) + np.float32(1e-6)
    # OpenCV's product, for one of numpy's starts threads, which cost more than they bring
    nought = np.zeros_like(patches)
    return cv2.gemm(patches - mean, patterns, 1.0, nought, 0.0, flags=cv2.GEMM_2_T)


@njit(cache=True, inline="always")
def turn(code, negated, swapped):
    """The code of a turned picture: uint64 of uint64."""
    if swapped:
        code = (
            (code & ~np.uint64(0xFFFFFFFF))
            | ((code & np.uint64(0xFFFF)) << np.uint64(16))
            | ((code >> np.uint64(16)) & np.uint64(0xFFFF))
        )
    return code ^ negated


def turned(code: np.ndarray, flip: int) -> np.ndarray:
    """Codes of the picture turned by `flip` (see `galaxycurate.curation.pairs.Matches`)."""
    if basis().swapped[flip]:
        low, high = code & LOW, (code >> np.uint64(16)) & LOW
        code = (code & ~np.uint64(0xFFFFFFFF)) | (low << np.uint64(16)) | high
    return code ^ basis().negated[flip]


@njit(cache=True, inline="always")
def distance(a, b):
    """Bits in which two codes differ."""
    v = a ^ b
    v = v - ((v >> np.uint64(1)) & np.uint64(0x5555555555555555))
    v = (v & np.uint64(0x3333333333333333)) + ((v >> np.uint64(2)) & np.uint64(0x3333333333333333))
    v = (v + (v >> np.uint64(4))) & np.uint64(0x0F0F0F0F0F0F0F0F)
    return np.int64((v * np.uint64(0x0101010101010101)) >> np.uint64(56))
