"""What a training answered on its test images, and where the newest split has them."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from galaxycurate.errors import InputError
from galaxycurate.pipeline.classed import LIST, image_of
from galaxycurate.pipeline.report.training import Training

_BROKEN = (ValueError, KeyError, TypeError, csv.Error)
_TEST = "test"


@dataclass(frozen=True)
class Hard:
    """One picture: how sure of its class somebody was, 0 to 1, and what they said."""

    path: str
    sure: float
    said: str


@dataclass(frozen=True)
class Answered:
    """The answers of a network on its test images.

    Parameters
    ----------
    given : tuple of Hard
    flaw : str
        Why there are none, where their file is none.
    parts : mapping of str to int
        Their images by the part of the newest split that holds them, "" for none; empty before
        there is a split.
    tree : str
        The folder that was trained on: of folds, one of these.
    """

    given: tuple[Hard, ...] = field(default=(), repr=False)
    flaw: str = ""
    parts: Mapping[str, int] = field(default_factory=dict)
    tree: str = ""

    @property
    def is_of_split(self) -> bool:
        """Whether all of them are test in the newest split, as far as is known."""
        return self.parts.keys() <= {_TEST, Path(self.tree).name} - {""}

    def as_dict(self) -> dict:
        """As JSON takes it."""
        return {"answers": len(self.given), "flaw": self.flaw, "parts": dict(self.parts),
                "is_of_split": self.is_of_split}  # fmt: skip


def answered(training: Training | None, places: Mapping[str, tuple[int, str]]) -> Answered:
    """Read what a training answered.

    Parameters
    ----------
    training : Training or None
    places : mapping of str to (int, str)
        Group and part by path, of the newest split.

    Returns
    -------
    Answered
        Empty where nothing was trained, or nothing answered.

    Raises
    ------
    InputError
        The list of decided images, beside the split that it was trained on, is none.
    """
    if training is None:
        return Answered()
    to_image = _to_image(Path(training.root))
    try:
        given = tuple(_answers(training.predictions, to_image))
    except OSError:
        return Answered(tree=training.root)
    except _BROKEN as error:
        flaw = f"{training.predictions} is no list of answers ({error!r})"
        return Answered(flaw=flaw, tree=training.root)
    parts = Counter(places.get(one.path, (0, ""))[1] for one in given) if places else {}
    return Answered(given, "", dict(Counter(parts).most_common()), training.root)


def _answers(predictions: Path, to_image: Callable[[str], str]) -> Iterator[Hard]:
    with predictions.open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            sure = float(row[f"p_{row['true']}"])
            said = "" if row["class"] == row["true"] else f", said {row['class']}"
            yield Hard(to_image(row["name"]), sure, f"p = {sure:.2f}{said}")


def _to_image(tree: Path) -> Callable[[str], str]:
    try:
        return image_of(tree)
    except (*_BROKEN, OSError) as error:
        raise InputError(
            f"{tree / LIST} is no list of decided images ({error!r})",
            hint="galaxycurate split writes it anew",
        ) from error
