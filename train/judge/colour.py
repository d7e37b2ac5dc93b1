"""Does the network look at the shape of a galaxy, or at its colour?

Spirals are mostly blue and ellipticals mostly red, so a network may learn the colour and call it
shape. Three things are measured: what the colour alone tells; what is left of the accuracy where
the colour is taken away, or is that of another class; and how far, among galaxies of one class,
the network's score follows the colour.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from train.judge.ranking import roc_auc

IMAGES = 512  # judged at most
CENTRE = 0.25  # of the side: the square whose colour is taken
RIM = 0.06  # of the side: the frame that the sky is taken from
LEAST = 1.0  # counts above the sky [0..255]; fainter colours are noise
GREY = (0.299, 0.587, 0.114)  # luminance of red, green, blue (ITU-R BT.601)
SIGNS = 2.0  # standard errors that a fall must exceed to be called one


def colour_check(
    images: np.ndarray,
    truth: np.ndarray,
    probability: np.ndarray,
    classes: tuple[str, ...],
    answers: Callable[[np.ndarray], np.ndarray],
) -> dict:
    """How much a network leans on colour.

    Parameters
    ----------
    images : ndarray of uint8, shape (n, side, side, 3)
        RGB, at least one.
    truth : ndarray of int64, shape (n,)
    probability : ndarray of float, shape (n, n_classes)
        The network's answers for `images`.
    classes : tuple of str
    answers : callable
        The network: images of that form to probabilities.

    Returns
    -------
    dict
        ``n``; ``index`` (what the colour index is); ``classes`` (per class: ``n``, ``index`` mean
        [mag], ``auc`` of the colour alone for the class, above 0.5 where it is the redder one,
        ``follows``: rank correlation of the class's probability with the index among its own
        galaxies); ``accuracy`` (``plain``, ``grey``, ``other``); ``falls`` (``grey`` and
        ``other``: fall of the accuracy and its standard error); ``verdict`` (a sentence).
    """
    index = colour_index(images)
    right = {"plain": probability.argmax(1) == truth}
    right["grey"] = answers(grey(images)).argmax(1) == truth
    right["other"] = answers(in_another_colour(images, truth)).argmax(1) == truth
    accuracy = {name: float(hits.mean()) for name, hits in right.items()}
    falls = {name: _fall(right["plain"], right[name]) for name in ("grey", "other")}
    each = {
        name: _one_class(index, truth == label, probability[:, label])
        for label, name in enumerate(classes)
    }
    return {
        "n": int(truth.size),
        "index": "-2.5 lg(blue / red) of the centre above the sky",
        "classes": each,
        "accuracy": accuracy,
        "falls": falls,
        "verdict": verdict(each, accuracy, falls),
    }


def colour_index(images: np.ndarray) -> np.ndarray:
    """The colour of the centre of each image, like a colour index of two bands.

    Parameters
    ----------
    images : ndarray of uint8, shape (n, side, side, 3)
        In SDSS pictures red is the i band and blue the g band, so that this is like g - i, but for
        the stretch of the picture.

    Returns
    -------
    ndarray of float64, shape (n,)
        -2.5 lg(blue / red) above the sky [mag]; redder is greater.
    """
    red, _, blue = _light(images).T
    return -2.5 * np.log10(blue / red)


def grey(images: np.ndarray) -> np.ndarray:
    """The images in one colour, that of their mean: brightness stays, nothing else can be told.

    A plain grey would be a colour that the network never saw.

    Parameters
    ----------
    images : ndarray of uint8, shape (n, side, side, 3)

    Returns
    -------
    ndarray of uint8, shape (n, side, side, 3)
    """
    weights = np.array(GREY, np.float32)
    mean = images.mean((0, 1, 2), dtype=np.float64)
    tint = (mean / max(float(mean @ weights), 1e-6)).astype(np.float32)
    # one by one: all of them as float32 would fill a small machine
    return np.stack([_uint8((image @ weights)[..., None] * tint) for image in images])


def in_another_colour(images: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """The images, each class in the mean colour of the class that differs from it most.

    Red and blue are multiplied; shape, luminance of the centre and gradients within it stay.

    Parameters
    ----------
    images : ndarray of uint8, shape (n, side, side, 3)
    truth : ndarray of int64, shape (n,)

    Returns
    -------
    ndarray of uint8, shape (n, side, side, 3)
    """
    light = _light(images)
    labels = np.unique(truth)
    mean = {label: np.exp(np.log(light[truth == label]).mean(0)) for label in labels}
    index = {label: np.log(mean[label][0] / mean[label][2]) for label in labels}
    painted = np.empty_like(images)
    for label in labels:
        other = max(labels, key=lambda one: abs(index[one] - index[label]))
        gain = mean[other] / mean[label]
        # as bright as before
        gain *= (mean[label] @ GREY) / ((mean[label] * gain) @ GREY)
        for row in np.flatnonzero(truth == label):
            painted[row] = _uint8(images[row] * gain.astype(np.float32))
    return painted


def verdict(each: dict, accuracy: dict, falls: dict) -> str:
    """What was found, in plain words."""
    total = sum(one["n"] for one in each.values())
    known = {name: one["auc"] for name, one in each.items() if one["auc"] is not None}
    told = max(known, key=lambda name: abs(known[name] - 0.5), default=None)
    first = ""
    if told and abs(known[told] - 0.5) < SIGNS * _chance(each[told]["n"], total):
        first = "Colour alone does not tell the classes apart. "
    elif told:
        auc = known[told]
        side = "redder" if auc >= 0.5 else "bluer"
        first = (
            f"Colour alone tells {told} from the rest with ROC AUC {max(auc, 1 - auc):.2f} "
            f"({told} is the {side}). "
        )
    parts = []
    for name, said in (("grey", "without colour"), ("other", "in the colour of another class")):
        change = f"from {accuracy['plain']:.3f} to {accuracy[name]:.3f}"
        sure = falls[name]["fall"] > SIGNS * falls[name]["error"]
        parts.append(
            f"falls {said} {change}" if sure else f"does not fall beyond chance {said} ({change})"
        )
    return f"{first}The accuracy {parts[0]}, and {parts[1]}."


def _one_class(index: np.ndarray, mine: np.ndarray, probability: np.ndarray) -> dict:
    return {
        "n": int(mine.sum()),
        "index": float(index[mine].mean()) if mine.any() else None,
        "auc": roc_auc(mine, index),
        "follows": _rank_correlation(index[mine], probability[mine]),
    }


def _light(images: np.ndarray) -> np.ndarray:
    """Mean light of the centre above the sky, shape (n, 3), float64."""
    side = images.shape[1]
    rim = max(1, round(RIM * side))
    start = round(side * (1 - CENTRE) / 2)
    square = slice(start, max(side - start, start + 1))
    frame = np.ones((side, side), bool)
    frame[rim:-rim, rim:-rim] = False
    sky = np.array([np.median(image[frame], axis=0) for image in images])
    return np.maximum(images[:, square, square].mean((1, 2)) - sky, LEAST)


def _fall(before: np.ndarray, after: np.ndarray) -> dict:
    """The fall of the accuracy on the same images, and its standard error."""
    change = before.astype(float) - after
    return {"fall": float(change.mean()), "error": float(change.std() / np.sqrt(change.size))}


def _chance(n: int, total: int) -> float:
    """Standard error of the AUC of a score that tells nothing (Mann & Whitney 1947)."""
    return float(np.sqrt((total + 1) / (12 * n * (total - n))))


def _rank_correlation(a: np.ndarray, b: np.ndarray) -> float | None:
    """Spearman's; None of fewer than three, or where all are equal."""
    if a.size < 3 or np.ptp(a) == 0 or np.ptp(b) == 0:
        return None
    return float(np.corrcoef(_ranks(a), _ranks(b))[0, 1])


def _ranks(values: np.ndarray) -> np.ndarray:
    _, place, counts = np.unique(values, return_inverse=True, return_counts=True)
    return (np.cumsum(counts) - (counts - 1) / 2)[place]


def _uint8(values: np.ndarray) -> np.ndarray:
    return np.clip(np.rint(values), 0, 255).astype(np.uint8)
