"""The figures of a run, drawn without a display."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from matplotlib import colormaps
from matplotlib.figure import Figure

from train.files import replacing

INK, BLUE, ORANGE = "#1b2533", "#1f6f9f", "#c8641e"
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
    axes.set_xticks(range(len(classes)), classes, rotation=20 if len(classes) > 3 else 0)
    axes.set_yticks(range(len(classes)), classes, rotation=90, va="center")
    axes.set_xlabel("predicted class")
    axes.set_ylabel("true class")
    axes.set_title(_titled("test images: count and share of the true class", note), fontsize=10)
    return figure


def curves_figure(history: list[dict], best_epoch: int, note: str = "") -> Figure:
    """Loss and accuracy by epoch; a line marks the epoch that was kept."""
    figure = Figure(figsize=(8.4, 3.2), layout="constrained")
    left, right = figure.subplots(1, 2)
    epochs = [facts["epoch"] for facts in history]
    judged = [facts for facts in history if "val_loss" in facts]
    for axes, name, val in (
        (left, "loss", "val_loss"),
        (right, "train_accuracy", "val_balanced_accuracy"),
    ):
        train = [facts[name] for facts in history]
        axes.plot(epochs, train, "o-", color=ORANGE, label="train (augmented)")
        if judged:
            at = [facts["epoch"] for facts in judged]
            axes.plot(at, [facts[val] for facts in judged], "s-", color=BLUE, label="val")
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
    figure = Figure(figsize=(7.2, 8.2), layout="constrained")
    grid = figure.subplots(3, 3).ravel()
    for axes in grid:
        axes.axis("off")
    for axes, image, title in zip(grid, images, titles, strict=False):
        axes.imshow(image, interpolation="lanczos")
        axes.set_title(title, fontsize=8)
    text = f"the worst {len(images)} of {wrong:,} wrong answers" if wrong else "no wrong answer"
    figure.suptitle(_titled(text, note), fontsize=10)
    return figure


def activation_figure(
    images: np.ndarray, titles: list[str], layer: np.ndarray, index: int, note: str = ""
) -> Figure:
    """What a layer makes of a few images: its maps of greatest variance.

    Parameters
    ----------
    images : ndarray of uint8, shape (k, side, side, 3)
    titles : list of str, length k
        What each image is, and what it was taken for.
    layer : ndarray of float32, shape (k, channels, height, width)
        After BatchNorm and ReLU.
    index : int
        Number of the layer, from 1.
    note : str
    """
    channels = np.argsort(-layer.var(axis=(0, 2, 3)), kind="stable")[:MAPS]
    top = np.maximum(np.percentile(layer[:, channels], 99.7, axis=(0, 2, 3)), 1e-6)
    rows = [
        [
            _tile(image / 255),
            *(_tile(magma(m / t)[..., :3]) for m, t in zip(maps, top, strict=True)),
        ]
        for image, maps in zip(images, layer[:, channels], strict=True)
    ]
    sheet = np.concatenate([np.concatenate(row, axis=1) for row in rows], axis=0)
    figure = Figure(figsize=(1.25 * (MAPS + 1), 1.25 * len(images) + 0.6), layout="constrained")
    axes = figure.subplots()
    axes.imshow(sheet, interpolation="nearest")  # one sheet: a grid of axes takes seconds
    names = ["input", *(f"map {channel + 1}" for channel in channels)]
    axes.set_xticks(TILE / 2 + TILE * np.arange(len(names)), names)
    axes.set_yticks(TILE / 2 + TILE * np.arange(len(images)), titles)
    axes.tick_params(length=0, labelsize=7, labeltop=True, labelbottom=False)
    axes.spines[:].set_visible(False)
    text = (
        f"layer {index}: the {len(channels)} of {layer.shape[1]} maps that vary most, "
        f"{layer.shape[2]} x {layer.shape[3]} pixels"
    )
    figure.suptitle(_titled(text, note), fontsize=10)
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
