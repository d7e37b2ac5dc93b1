"""The figures of a run, drawn without a display."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from matplotlib import colormaps
from matplotlib.figure import Figure

from train.files import replacing

INK = "#1b2533"
BLUE, ORANGE = "#0072b2", "#d55e00"  # told apart by the colour-blind (Okabe & Ito 2008)
MAPS = 8  # activation maps shown of each layer
TILE, MARGIN = 134, 3  # side of a map on the sheet, and the white around it [pixel]
magma = colormaps["magma"]


def save_figure(path: Path, figure: Figure, *, dpi: int = 110) -> None:
    """Write a figure as PNG, whole or not at all."""
    with replacing(path) as part:
        figure.savefig(part, dpi=dpi, facecolor="white")


def confusion_figure(table: np.ndarray, classes: tuple[str, ...], note: str = "") -> Figure:
    """The confusion table, coloured by the share of the true class.

    Parameters
    ----------
    table : ndarray of int64, shape (n_classes, n_classes)
        Rows are true classes.
    classes : tuple of str
    note : str
        Goes into the title, such as "simulated pixels".
    """
    share = table / np.maximum(table.sum(1, keepdims=True), 1)
    side = 2.4 + 0.95 * len(classes)
    figure = Figure(figsize=(side, side), layout="constrained")
    axes = figure.subplots()
    axes.imshow(share, cmap="Blues", vmin=0, vmax=1)
    for (row, column), count in np.ndenumerate(table):
        axes.text(
            column,
            row,
            f"{count:,}\n{share[row, column]:.1%}",
            ha="center",
            va="center",
            color="white" if share[row, column] > 0.55 else INK,
        )
    named = [_plain(name) for name in classes]
    axes.set_xticks(range(len(classes)), named, rotation=20 if len(classes) > 3 else 0)
    axes.set_yticks(range(len(classes)), named, rotation=90, va="center")
    axes.set_xlabel("predicted class")
    axes.set_ylabel("true class")
    axes.set_title(_titled("test images: count and share of the true class", note), fontsize=10)
    return figure


def curves_figure(history: list[dict], best_epoch: int, note: str = "") -> Figure:
    """Loss and accuracy by epoch; a line marks the epoch that was kept."""
    figure = Figure(figsize=(8.4, 3.2), layout="constrained")
    left, right = figure.subplots(1, 2)
    for axes, name, val in (
        (left, "loss", "val_loss"),
        (right, "train_accuracy", "val_balanced_accuracy"),
    ):
        for key, style, colour, said in (
            (name, "o-", ORANGE, "train (augmented)"),
            (val, "s-", BLUE, "val"),
        ):
            known = [facts for facts in history if facts.get(key) is not None]
            at = [facts["epoch"] for facts in known]
            axes.plot(at, [facts[key] for facts in known], style, color=colour, label=said)
        axes.axvline(best_epoch, color="0.7", lw=1, ls="--", label="kept", zorder=0)
        axes.set_xlabel("epoch")
        axes.xaxis.get_major_locator().set_params(integer=True)
        axes.spines[["top", "right"]].set_visible(False)
    left.set_ylabel("cross-entropy")
    right.set_ylabel("balanced accuracy")
    left.legend(frameon=False, fontsize=8)
    figure.suptitle(_titled("training", note), fontsize=10)
    return figure


def worst_figure(images: np.ndarray, titles: list[str], wrong: int, note: str = "") -> Figure:
    """The test images that the network got most wrong, at most nine.

    Parameters
    ----------
    images : ndarray of uint8, shape (k, side, side, 3)
    titles : list of str, length k
    wrong : int
        How many were wrong in all.
    note : str
    """
    down = max(1, -(-len(images) // 3))
    figure = Figure(figsize=(7.2, 0.5 + 2.55 * down if len(images) else 1.0), layout="constrained")
    text = f"the worst {len(images)} of {wrong:,} wrong answers" if wrong else "no wrong answer"
    figure.suptitle(_titled(text, note), fontsize=10)
    if not len(images):
        return figure
    grid = figure.subplots(down, 3, squeeze=False).ravel()
    for axes in grid:
        axes.axis("off")
    for axes, image, title in zip(grid, images, titles, strict=False):
        axes.imshow(image, interpolation="lanczos")
        axes.set_title(_plain(title), fontsize=8)
    return figure


def activation_figure(
    images: np.ndarray,
    titles: list[str],
    layer: np.ndarray,
    index: int,
    note: str = "",
    *,
    name: str = "",
) -> Figure:
    """What a layer makes of a few images: its maps of greatest variance.

    Parameters
    ----------
    images : ndarray of uint8, shape (k, side, side, 3)
    titles : list of str, length k
        What each image is, and what it was taken for.
    layer : ndarray of float32, shape (k, channels, height, width)
        After BatchNorm and ReLU, where the network has these.
    index : int
        Number of the layer, from 1.
    note : str
    name : str
        What the network calls the layer.
    """
    channels, maps = _strongest(layer)
    rows = [[_tile(image / 255), *map(_tile, own)] for image, own in zip(images, maps, strict=True)]
    columns = ["input", *(f"map {channel + 1}" for channel in channels)]
    text = (
        f"layer {index}{f' ({name})' if name else ''}: the {len(channels)} of {layer.shape[1]} "
        f"maps that vary most, {layer.shape[2]} x {layer.shape[3]} pixels"
    )
    return _sheet(rows, columns, titles, _titled(text, note))


def layers_figure(
    image: np.ndarray, layers: list[tuple[str, np.ndarray]], note: str = ""
) -> Figure:
    """What every layer makes of one image, a row for each.

    Parameters
    ----------
    image : ndarray of uint8, shape (side, side, 3)
    layers : list of (str, ndarray of float32, shape (channels, height, width))
    note : str
    """
    rows, titles = [], []
    for index, (name, layer) in enumerate(layers, start=1):
        _, maps = _strongest(layer[None])
        rows.append([_tile(image / 255), *map(_tile, maps[0])])
        titles.append(f"layer {index}\n{name}\n{layer.shape[1]} x {layer.shape[2]} px")
    blank = np.ones((TILE, TILE, 3))
    rows = [row + [blank] * (MAPS + 1 - len(row)) for row in rows]
    columns = ["input", *(f"map {n}" for n in range(1, MAPS + 1))]
    text = "every layer's maps that vary most, the most varied one first"
    return _sheet(rows, columns, titles, _titled(text, note))


def _strongest(layer: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The channels that vary most, and their maps in colour, shape (k, m, height, width, 3)."""
    channels = np.argsort(-layer.var(axis=(0, 2, 3)), kind="stable")[:MAPS]
    maps = layer[:, channels]
    # a convolution without a ReLU has negative values, too: they are as telling
    low = np.minimum(np.percentile(maps, 0.3, axis=(0, 2, 3), keepdims=True), 0)
    high = np.percentile(maps, 99.7, axis=(0, 2, 3), keepdims=True)
    return channels, magma((maps - low) / np.maximum(high - low, 1e-6))[..., :3]


def _sheet(rows: list[list], columns: list[str], titles: list[str], title: str) -> Figure:
    sheet = np.concatenate([np.concatenate(row, axis=1) for row in rows], axis=0)
    wide = 1.25 * len(columns)
    tile = (wide - 0.95) / len(columns)  # the titles of the rows take the rest [inch]
    figure = Figure(figsize=(wide, tile * len(rows) + 0.6), layout="constrained")
    axes = figure.subplots()
    axes.imshow(sheet, interpolation="nearest")  # one sheet: a grid of axes takes seconds
    axes.set_xticks(TILE / 2 + TILE * np.arange(len(columns)), columns)
    axes.set_yticks(TILE / 2 + TILE * np.arange(len(rows)), [_plain(one) for one in titles])
    axes.tick_params(length=0, labelsize=7, labeltop=True, labelbottom=False)
    axes.spines[:].set_visible(False)
    figure.suptitle(title, fontsize=10)
    return figure


def _tile(picture: np.ndarray) -> np.ndarray:
    """A picture enlarged to the common side by repeating pixels, with a white margin."""
    inner = TILE - 2 * MARGIN
    row = np.arange(inner) * picture.shape[0] // inner
    column = np.arange(inner) * picture.shape[1] // inner
    tile = np.ones((TILE, TILE, 3))
    tile[MARGIN:-MARGIN, MARGIN:-MARGIN] = picture[row][:, column]
    return tile


def _titled(text: str, note: str) -> str:
    return f"{text} ({note})" if note else text


def _plain(text: str) -> str:
    """Names of files and classes may hold a dollar, which would begin a formula."""
    return text.replace("$", r"\$")
