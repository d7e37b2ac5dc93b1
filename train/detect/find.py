"""The network over a whole field, tile by tile."""

from __future__ import annotations

import numpy as np
import torch

from train.detect import tiles
from train.detect.fields import Field
from train.detect.found import Found, magnitudes
from train.detect.network import CLASSES
from train.detect.picture import drawn
from train.detect.recipe import Recipe

LEAST_SCORE = 0.05  # nothing below is kept, whatever is asked for
_MOST = 500  # boxes of a tile, the best: a weak network tells thousands, and each meets each other
_BATCH = 4
_MULTIPLE = 32  # sides of a tile; the network's maps must fit into each other


def find(model, recipe: Recipe, field: Field, *, device=None, precision=None) -> Found:
    """Galaxies of a field.

    A tile keeps what is centred in its core or next to it; what two tiles keep is joined by
    suppression, in which stars take part: of two boxes on one source the likelier class stays.

    Parameters
    ----------
    model : Module
        Of `network.build`, trained.
    recipe : Recipe
    field : Field
        Read by tiles: it may be larger than memory.
    device : torch.device, optional
    precision : torch.dtype or None
        Of autocast.

    Returns
    -------
    Found
        Best first, all that score at least `LEAST_SCORE`. Boxes centred on pixels without a value
        are left out.
    """
    device = device or torch.device("cpu")
    model = model.to(device).eval()
    plan = tiles.plan(field.shape, tile_px=recipe.tile_px, overlap_px=recipe.overlap_px)
    parts = [(np.zeros((0, 4)), np.zeros(0), np.zeros(0, int), np.zeros(0))]
    for start in range(0, len(plan), _BATCH):
        some = plan[start : start + _BATCH]
        lights = [field.window(t.top, t.bottom, t.left, t.right) for t in some]
        seen = _seen(model, lights, device, precision)
        parts += [_own(*item) for item in zip(some, lights, seen, strict=True)]
    boxes, scores, labels, mags = map(np.concatenate, zip(*parts, strict=True))
    rows = tiles.joined(boxes, scores, recipe.nms_iou)
    rows = rows[labels[rows] == CLASSES.index("galaxy")]
    return Found(boxes[rows], scores[rows], mags[rows])


def _own(tile: tiles.Tile, light: np.ndarray, seen) -> tuple[np.ndarray, ...]:
    """Boxes in pixels of the field, scores, labels and magnitudes of what is the tile's own."""
    boxes, scores, labels = seen
    here = boxes + np.array([tile.left, tile.top] * 2)
    keep = np.flatnonzero(tile.owns(here) & _has_light(light[1], boxes))
    keep = np.sort(keep[np.argsort(-scores[keep], kind="stable")[:_MOST]])
    mags = magnitudes(light[1], here[keep], (tile.left, tile.top))
    return here[keep], scores[keep], labels[keep], mags


def _seen(model, lights, device, precision):
    """Boxes in pixels of the tile, scores and labels of each tile."""
    pictures = [_tensor(drawn(light)).to(device) for light in lights]
    with (
        torch.inference_mode(),
        torch.autocast(device.type, dtype=precision, enabled=precision is not None),
    ):
        answers = model(pictures)
    for light, answer in zip(lights, answers, strict=True):
        box = answer["boxes"].float().cpu().numpy().astype(float) - 0.5  # from corners to middles
        score = answer["scores"].float().cpu().numpy().astype(float)
        height, width = light.shape[1:]
        keep = (score >= LEAST_SCORE) & (box[:, 2] > box[:, 0]) & (box[:, 3] > box[:, 1])
        keep &= (box[:, 0] < width - 1) & (box[:, 1] < height - 1)
        box[:, [0, 2]] = box[:, [0, 2]].clip(-0.5, width - 0.5)
        box[:, [1, 3]] = box[:, [1, 3]].clip(-0.5, height - 0.5)
        yield box[keep], score[keep], answer["labels"].cpu().numpy()[keep]


def _tensor(picture: np.ndarray) -> torch.Tensor:
    """A picture from 0 to 1, its sides filled up with black."""
    height, width = picture.shape[:2]
    up = [(0, -side % _MULTIPLE) for side in (height, width)]
    picture = np.pad(picture, (*up, (0, 0)))
    return torch.from_numpy(np.ascontiguousarray(picture.transpose(2, 0, 1))).float() / 255


def _has_light(r: np.ndarray, boxes: np.ndarray) -> np.ndarray:
    x, y = np.rint((boxes[:, :2] + boxes[:, 2:]) / 2).astype(int).T
    return np.isfinite(r[y.clip(0, r.shape[0] - 1), x.clip(0, r.shape[1] - 1)])
