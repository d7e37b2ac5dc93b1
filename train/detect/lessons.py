"""What the detector learns from: pictures of fields, and boxes around what catalogues list."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from galaxycurate.errors import InputError
from train.detect.fields import Field
from train.detect.frames import gather
from train.detect.listing import boxes_around, on_field, tables_under
from train.detect.network import CLASSES
from train.detect.picture import drawn
from train.detect.recipe import Recipe
from train.detect.score import listed_magnitudes

ON_TARGETS = 0.7  # of the tiles are laid around a galaxy, the others anywhere
ZOOM = (0.85, 1.2)  # tiles are drawn larger or smaller, for seeing differs from night to night
GAIN = (0.8, 1.25)


@dataclass(frozen=True)
class Page:
    """One field to learn from.

    Attributes
    ----------
    name : str
    picture : ndarray of uint8, shape (h, w, 3)
    boxes : ndarray of float32, shape (n, 4)
        Corners in pixels counted from the corner of the first one, as torchvision does.
    labels : ndarray of int64, shape (n,)
        Places in `CLASSES`.
    simulated : bool
    """

    name: str
    picture: np.ndarray
    boxes: np.ndarray
    labels: np.ndarray
    simulated: bool


def read(
    folder: Path, recipe: Recipe, say: Callable[[str], None] = lambda line: None
) -> list[Page]:
    """The fields of a folder of which its tables list galaxies.

    Parameters
    ----------
    folder : Path
        Frames, and tables with ra, dec [deg], type (3 galaxy, 6 star), petroRad_r [arcsec] and a
        magnitude; where that is absent it is measured.
    recipe : Recipe
    say : callable

    Returns
    -------
    list of Page

    Raises
    ------
    InputError
        No frames, no tables, or no listed galaxy on any frame.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise InputError(f"no such folder: {folder}", hint=_HINT)
    tables = tables_under(folder)
    if not tables:
        raise InputError(f"{folder} holds no table that lists galaxies", hint=_HINT)
    pages = []
    for files in gather([folder]):
        with Field(files) as field:
            listed = on_field(field, tables)
            mag = listed_magnitudes(field, listed) if len(listed) else listed.mag_r
            page = _page(field, listed.where(mag < recipe.faintest_r), recipe)
        galaxies = int((page.labels == CLASSES.index("galaxy")).sum())
        say(
            f"{page.name}: {galaxies} galaxies, {len(page.labels) - galaxies} stars to "
            f"r = {recipe.faintest_r:g}" + (" (simulated)" if page.simulated else "")
            + ("" if galaxies else ": left out")
        )  # fmt: skip
        if galaxies:
            pages.append(page)
    if not pages:
        raise InputError(f"the tables in {folder} list no galaxy on its frames", hint=_HINT)
    return pages


def batch(pages: list[Page], recipe: Recipe, rng: np.random.Generator):
    """Pictures and targets of one step, as torchvision's detectors take them.

    Real fields are drawn as often as simulated ones, however few they are.
    """
    chance = _chances(pages)
    chosen = rng.choice(len(pages), recipe.batch, p=chance)
    drawn_tiles = [_tile(pages[k], recipe, rng) for k in chosen]
    pictures = [
        torch.from_numpy(np.ascontiguousarray(p.transpose(2, 0, 1))).float() / 255
        for p, _, _ in drawn_tiles
    ]
    targets = [
        {"boxes": torch.from_numpy(boxes), "labels": torch.from_numpy(labels)}
        for _, boxes, labels in drawn_tiles
    ]
    return pictures, targets


_HINT = "a folder of frames with tables of ra, dec, type, petroRad_r: see docs/detect.md"


def _chances(pages: list[Page]) -> np.ndarray:
    simulated = np.array([page.simulated for page in pages])
    of_kind = np.where(simulated, simulated.sum(), (~simulated).sum())
    return 1 / of_kind / len(np.unique(simulated))


def _page(field: Field, listed, recipe: Recipe) -> Page:
    boxes = boxes_around(listed.xy, listed.radius_px, least_side_px=recipe.least_side_px) + 0.5
    galaxy, star = CLASSES.index("galaxy"), CLASSES.index("star")
    labels = np.where(listed.galaxy, galaxy, star).astype(np.int64)
    picture = drawn(field.whole())
    return Page(field.name, picture, boxes.astype(np.float32), labels, field.simulated)


def _tile(page: Page, recipe: Recipe, rng: np.random.Generator):
    """A random tile: zoomed, turned, mirrored, brighter or darker, with the boxes centred in it."""
    import cv2

    zoom = rng.uniform(*ZOOM)
    side = min(round(recipe.tile_px / zoom), *page.picture.shape[:2])
    left, top = _corner(page, side, rng)
    scale = recipe.tile_px / side
    picture = cv2.resize(
        page.picture[top : top + side, left : left + side], (recipe.tile_px,) * 2,
        interpolation=cv2.INTER_LINEAR if scale >= 1 else cv2.INTER_AREA,
    )  # fmt: skip
    boxes = (page.boxes - np.array([left, top] * 2, np.float32)) * np.float32(scale)
    x, y = (boxes[:, 0] + boxes[:, 2]) / 2, (boxes[:, 1] + boxes[:, 3]) / 2
    inside = (x > 0) & (x < recipe.tile_px) & (y > 0) & (y < recipe.tile_px)
    boxes = boxes[inside].clip(0, recipe.tile_px)
    picture, boxes = _turned(picture, boxes, int(rng.integers(8)))
    gain = np.exp(rng.uniform(*np.log(GAIN)))
    picture = np.clip(picture.astype(np.float32) * gain, 0, 255).astype(np.uint8)
    return picture, np.ascontiguousarray(boxes), page.labels[inside]


def _corner(page: Page, side: int, rng: np.random.Generator) -> tuple[int, int]:
    height, width = page.picture.shape[:2]
    if rng.random() < ON_TARGETS:
        galaxies = np.flatnonzero(page.labels == CLASSES.index("galaxy"))
        box = page.boxes[rng.choice(galaxies)]
        left = int((box[0] + box[2]) / 2 - rng.uniform(0, side))
        top = int((box[1] + box[3]) / 2 - rng.uniform(0, side))
    else:
        left, top = int(rng.integers(0, width - side + 1)), int(rng.integers(0, height - side + 1))
    return min(max(left, 0), width - side), min(max(top, 0), height - side)


def _turned(picture: np.ndarray, boxes: np.ndarray, how: int) -> tuple[np.ndarray, np.ndarray]:
    """One of the eight ways to lay a square."""
    size = picture.shape[0]
    if how & 1:
        picture, boxes = (
            picture[:, ::-1],
            np.stack([size - boxes[:, 2], boxes[:, 1], size - boxes[:, 0], boxes[:, 3]], axis=1),
        )
    if how & 2:
        picture, boxes = (
            picture[::-1],
            np.stack([boxes[:, 0], size - boxes[:, 3], boxes[:, 2], size - boxes[:, 1]], axis=1),
        )
    if how & 4:
        picture, boxes = picture.transpose(1, 0, 2), boxes[:, [1, 0, 3, 2]]
    return picture, boxes
