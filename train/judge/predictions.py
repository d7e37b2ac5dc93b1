"""The answers of a test, in memory and as ``predictions.csv``."""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from galaxycurate.errors import GalaxyCurateError, InputError
from train.files import named_file, replacing


@dataclass(frozen=True)
class Answers:
    """What a network answered for images whose class is known.

    Attributes
    ----------
    names : tuple of str, length n
        Files, relative to the data folder.
    classes : tuple of str
    truth : ndarray of int64, shape (n,)
    probability : ndarray of float64, shape (n, n_classes)
    """

    names: tuple[str, ...]
    classes: tuple[str, ...]
    truth: np.ndarray
    probability: np.ndarray

    @property
    def named(self) -> np.ndarray:
        """The class that was answered, shape (n,), int64."""
        return self.probability.argmax(1)

    @property
    def own(self) -> np.ndarray:
        """The probability of the true class, shape (n,)."""
        return self.probability[np.arange(self.truth.size), self.truth]


def refuse_no_numbers(probability: np.ndarray) -> np.ndarray:
    """The answers of a network, if all of them are numbers.

    Raises
    ------
    GalaxyCurateError
        An answer is not finite.
    """
    wrong = ~np.isfinite(probability).all(1)
    if wrong.any():
        raise GalaxyCurateError(
            f"the network answers {wrong.sum():,} of {len(probability):,} images "
            "with what is no number",
            hint="its weights are damaged or its training went astray: train it anew with a "
            "smaller --lr, or --precision float32",
        )
    return probability


def write_predictions(path, names: Sequence[str], classes, probability, truth=None) -> None:
    """Write one line per image: name, (true class,) predicted class, probabilities.

    Parameters
    ----------
    path : Path or text file
        A file is written whole or not at all; an open text file is written to.
    names : sequence of str
    classes : tuple of str
    probability : ndarray of float, shape (n, n_classes)
    truth : ndarray of int64, shape (n,), optional
    """
    if hasattr(path, "write"):
        _write_rows(path, names, classes, probability, truth)
        return
    with replacing(path) as part, named_file(part) as file:
        _write_rows(file, names, classes, probability, truth)


def read_predictions(path: Path) -> Answers:
    """Read what `write_predictions` wrote of a test; probabilities have six digits.

    Raises
    ------
    InputError
        The file is missing, or is no such file.
    """
    try:
        with Path(path).open(newline="", encoding="utf-8") as file:
            head, *lines = list(csv.reader(file))
        if head[:3] != ["name", "true", "class"]:
            raise ValueError
        classes = tuple(name.removeprefix("p_") for name in head[3:])
        truth = np.array([classes.index(line[1]) for line in lines], np.int64)
        probability = np.array([line[3:] for line in lines], np.float64)
        probability = probability.reshape(len(lines), len(classes))
    except OSError as error:
        raise InputError(
            f"cannot read {path}: {error.strerror or error}",
            hint="python -m train fit writes it beside the network",
        ) from error
    except (ValueError, IndexError) as error:
        raise InputError(
            f"{path} is not the answers of a test", hint="python -m train fit --restart"
        ) from error
    return Answers(tuple(_name(line[0]) for line in lines), classes, truth, probability)


def _name(text: str) -> str:
    """A file's name as the system has it, of what `named_file` made of it."""
    return re.sub(r"\\udc([89a-f][0-9a-f])", lambda byte: chr(0xDC00 + int(byte[1], 16)), text)


def _write_rows(file, names, classes, probability, truth) -> None:
    writer = csv.writer(file, lineterminator="\n")
    true_column = [] if truth is None else ["true"]
    writer.writerow(["name", *true_column, "class", *(f"p_{name}" for name in classes)])
    for row, name in enumerate(names):
        told = [] if truth is None else [classes[truth[row]]]
        answer = classes[int(probability[row].argmax())]
        writer.writerow([name, *told, answer, *(f"{p:.6g}" for p in probability[row])])
