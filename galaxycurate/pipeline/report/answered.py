"""What a training answered on its test images, and where the newest split has them."""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from galaxycurate.errors import InputError
from galaxycurate.pipeline.classed import LIST, image_of
from galaxycurate.pipeline.report.training import Training

_BROKEN = (ValueError, KeyError, TypeError, csv.Error)
_TEST = "test"
_ROUNDED = 1e-3
_CHALLENGE = "GalaxyID"


class _Wrong(Exception):
    """What is wrong with a list of answers, in words."""


class _OfVotes(Exception):
    """The list has fractions of votes, as the challenge on Kaggle takes them, and no classes."""


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
        given = tuple(_answers(training, to_image))
    except (OSError, _OfVotes):
        return Answered(tree=training.root)
    except _Wrong as error:
        flaw = f"{training.predictions} is no list of answers: {error}"
        return Answered(flaw=flaw, tree=training.root)
    parts = Counter(places.get(one.path, (0, ""))[1] for one in given) if places else {}
    return Answered(given, "", dict(Counter(parts).most_common()), training.root)


def _answers(training: Training, to_image: Callable[[str], str]) -> Iterator[Hard]:
    """The answers, each checked: a file that was cut or changed is believed in no line."""
    names: set[str] = set()
    for line, row in _rows(training.predictions):
        answer = _chances(row, f"line {line}")
        name, true, said = row["name"], row["true"], row["class"]
        if name in names:
            raise _Wrong(f"line {line} has {name} once more")
        names.add(name)
        sure = answer[true]
        yield Hard(to_image(name), sure, f"p = {sure:.2f}" + (f", said {said}" * (said != true)))
    if training.n is not None and len(names) != training.n:
        raise _Wrong(f"it has {len(names):,}, and {training.n:,} images were tested")


def _rows(predictions: Path) -> Iterator[tuple[int, dict[str, str]]]:
    """Lines by column, each with its number in the file."""
    try:
        text = predictions.read_bytes().decode("utf-8")
    except UnicodeDecodeError as error:
        raise _Wrong("it is no text in UTF-8") from error
    reader = csv.DictReader(io.StringIO(text, newline=""), restkey="more", strict=True)
    columns = set(reader.fieldnames or ())
    if _CHALLENGE in columns:
        raise _OfVotes
    if not {"name", "true", "class"} <= columns:
        raise _Wrong("its first line does not name the columns name, true and class")
    try:
        for row in reader:
            if None in row.values() or "more" in row:
                raise _Wrong(f"line {reader.line_num} has not as many values as the first one")
            yield reader.line_num, row
    except csv.Error as error:
        raise _Wrong(f"line {reader.line_num} is no CSV") from error


def _chances(row: Mapping[str, str], where: str) -> dict[str, float]:
    """The probability of each class, which together are 1."""
    try:
        found = {n.removeprefix("p_"): float(v) for n, v in row.items() if n.startswith("p_")}
    except ValueError as error:
        raise _Wrong(f"{where} has a probability that is no number") from error
    if not all(0 <= p <= 1 for p in found.values()):
        raise _Wrong(f"{where} has a probability outside 0 to 1")
    if abs(sum(found.values()) - 1) > _ROUNDED:
        raise _Wrong(f"the probabilities of {where} are {sum(found.values()):.3g} together, not 1")
    if strange := {row["true"], row["class"]} - found.keys():
        raise _Wrong(f"{where} has no probability of {', '.join(sorted(strange))}")
    return found


def _to_image(tree: Path) -> Callable[[str], str]:
    try:
        return image_of(tree)
    except (*_BROKEN, OSError) as error:
        raise InputError(
            f"{tree / LIST} is no list of decided images ({error!r})",
            hint="galaxycurate split writes it anew",
        ) from error
