"""Overlapping tiles of a field, and one list of boxes from those of its tiles."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

MARGIN_PX = 4.0  # a centre may be placed this far off by the tile it belongs to


@dataclass(frozen=True)
class Tile:
    """A window of a field and the core of it that is its own.

    Attributes
    ----------
    top, bottom, left, right : int
        Rows and columns of the window, as slices count them.
    core : tuple of float
        (x0, y0, x1, y1): cores cover the field without overlap; at the field's own border they
        reach to infinity.
    """

    top: int
    bottom: int
    left: int
    right: int
    core: tuple[float, float, float, float]

    def owns(self, boxes: np.ndarray, margin: float = MARGIN_PX) -> np.ndarray:
        """Which boxes, in pixels of the field, are centred in the core or next to it."""
        x, y = (boxes[:, 0] + boxes[:, 2]) / 2, (boxes[:, 1] + boxes[:, 3]) / 2
        x0, y0, x1, y1 = self.core
        return (x >= x0 - margin) & (x < x1 + margin) & (y >= y0 - margin) & (y < y1 + margin)


def plan(shape: tuple[int, int], *, tile_px: int, overlap_px: int) -> list[Tile]:
    """Tiles that cover a field.

    Parameters
    ----------
    shape : (int, int)
        Rows and columns of the field.
    tile_px : int
        Side of a tile; a smaller field is one tile.
    overlap_px : int
        What neighbours share at least.

    Returns
    -------
    list of Tile
        Row by row.
    """
    rows, columns = (_spans(length, tile_px, overlap_px) for length in shape)
    return [
        Tile(top, bottom, left, right, (x0, y0, x1, y1))
        for top, bottom, y0, y1 in rows
        for left, right, x0, x1 in columns
    ]


def _spans(length: int, tile_px: int, overlap_px: int) -> list[tuple[int, int, float, float]]:
    """Start, end, start of the core, end of the core along one axis."""
    last = max(length - tile_px, 0)
    starts = [*range(0, last, tile_px - overlap_px), last]
    ends = [min(start + tile_px, length) for start in starts]
    cuts = [(end + start) / 2 for end, start in zip(ends[:-1], starts[1:], strict=True)]
    edges = [-np.inf, *cuts, np.inf]
    return list(zip(starts, ends, edges[:-1], edges[1:], strict=True))


def joined(boxes: np.ndarray, scores: np.ndarray, iou: float) -> np.ndarray:
    """Rows that stay when, of two boxes that share too much, the better one stays.

    Parameters
    ----------
    boxes : ndarray, shape (n, 4)
        x0, y0, x1, y1.
    scores : ndarray, shape (n,)
    iou : float
        Intersection over union that is too much.

    Returns
    -------
    ndarray of int
        Best first.
    """
    import torch
    from torchvision.ops import nms

    kept = nms(torch.from_numpy(boxes).double(), torch.from_numpy(scores).double(), iou)
    return kept.numpy()
