"""What training wrote about pictures: its answers, and the labels that it doubts."""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from galaxycurate.core.outcome import Outcome
from galaxycurate.errors import InputError, LayoutError
from galaxycurate.store.files import existing

PREDICTIONS, OUT_OF_FOLD, NOISE = "predictions.csv", "out_of_fold.csv", "label_noise.csv"
_FOLDERS = ("training*", "training*/fold-*")


@dataclass(frozen=True)
class Guess:
    """What a network thinks of a picture that it did not learn.

    Parameters
    ----------
    predicted : str
        The class that it names.
    p : float
        Probability of the picture's own label; NaN where the network does not know that class.
    p_predicted : float
        Probability of the class that it names.
    """

    predicted: str
    p: float
    p_predicted: float


@dataclass(frozen=True)
class Named:
    """The pictures of a dataset by the names of their files, wherever a copy of them lies.

    Parameters
    ----------
    pictures : iterable of Outcome
    """

    pictures: Iterable[Outcome]
    _both: dict[tuple[str, str], str] = field(init=False, repr=False)
    _name: dict[str, list[str]] = field(init=False, repr=False)

    def __post_init__(self):
        both, name = {}, defaultdict(list)
        for one in self.pictures:
            both[one.label, one.name] = one.path
            name[one.name].append(one.path)
        object.__setattr__(self, "_both", both)
        object.__setattr__(self, "_name", name)

    def path(self, file: str) -> str:
        """The path in the dataset of ``test/spiral/NAME.jpg``; empty where no one picture has it.

        A picture that was given another class lies in that one's folder: its name alone tells.
        """
        parts = file.replace("\\", "/").split("/")
        name = parts[-1].rpartition(".")[0] or parts[-1]
        label = parts[-2] if len(parts) > 1 else ""
        alike = self._name.get(name, [])
        return self._both.get((label, name)) or (alike[0] if len(alike) == 1 else "")


def found_beside(name: str, folder: Path | None = None) -> Path | None:
    """The newest file of a name in the folders of trainings, or None."""
    files = [file for place in _FOLDERS for file in (folder or Path()).glob(f"{place}/{name}")]
    return max(files, key=lambda file: file.stat().st_mtime, default=None)


def read_guesses(file: Path, named: Named) -> dict[str, Guess]:
    """The answers of a network, by path in the dataset.

    Parameters
    ----------
    file : Path
        ``predictions.csv`` of a training, or ``out_of_fold.csv`` of folds.
    named : Named

    Returns
    -------
    dict of str to Guess

    Raises
    ------
    InputError
        There is no such file, or it is not of this kind.
    """
    guesses = {}
    for row in _rows(file, ("class",)):
        path = named.path(row.get("name") or row.get("path") or "")
        if path:
            own = row.get(f"p_{path.split('/')[1]}")
            guesses[path] = Guess(
                row["class"], _number(file, own), _number(file, row.get(f"p_{row['class']}"))
            )
    return guesses


@dataclass(frozen=True)
class Doubt:
    """A label that a network doubts."""

    path: str
    suggested: str
    p_label: float
    p_suggested: float
    issue: bool


def read_doubts(file: Path, named: Named) -> list[Doubt]:
    """The labels that networks doubt, in the file's order.

    Parameters
    ----------
    file : Path
        ``label_noise.csv`` of ``python -m train folds``.
    named : Named

    Returns
    -------
    list of Doubt
        Of pictures that the dataset has.

    Raises
    ------
    InputError
        There is no such file, or it is not of this kind.
    """
    return [
        Doubt(
            path, row["suggested"], _number(file, row["p_label"]),
            _number(file, row["p_suggested"]), row["issue"] == "yes",
        )
        for row in _rows(file, ("path", "suggested", "p_label", "p_suggested", "issue"))
        if (path := named.path(row["path"]))
    ]  # fmt: skip


def _rows(file: Path, wanted: Iterable[str]) -> Iterator[Mapping[str, str]]:
    try:
        with existing(file).open(newline="", encoding="utf-8-sig") as lines:
            reader = csv.DictReader(lines, restval="")
            missing = [name for name in wanted if name not in (reader.fieldnames or [])]
            if missing:
                raise LayoutError(
                    f"{file} has no column {', '.join(missing)}",
                    hint="python -m train folds writes label_noise.csv, python -m train "
                    "predictions.csv",
                )
            yield from reader
    except (csv.Error, UnicodeDecodeError, OSError) as error:
        why = getattr(error, "strerror", None) or error
        raise InputError(f"{file} cannot be read: {why}") from None


def _number(file: Path, text: str | None) -> float:
    if text is None or text == "":
        return float("nan")
    try:
        return float(text)
    except ValueError:
        raise InputError(f"{file}: {text!r} is no number") from None
