"""The images whose label is in doubt, as `train.judge.noise` listed them, with their pictures."""

from __future__ import annotations

import csv
from pathlib import Path

from galaxycurate.errors import InputError
from train.data.decode import Window, decode
from train.judge.noise import NAME
from train.show.examples import FOLDER, SIDE, save_picture

DOUBTS = 20  # shown


def read_doubts(folder: Path) -> list[dict] | None:
    """The lines of a folder's ``label_noise.csv``, the worst first; None where there is none."""
    if not (folder / NAME).is_file():
        return None
    with (folder / NAME).open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def write_doubts(folder: Path, root: Path) -> None:
    """Write pictures of the first doubts, of those whose images lie in the data folder.

    Parameters
    ----------
    folder : Path
        Of the run.
    root : Path
        What the paths of the list are relative to.
    """
    for number, row in enumerate((read_doubts(folder) or [])[:DOUBTS], start=1):
        try:
            picture = decode(root / row.get("path", ""), Window(SIDE))
        except InputError:  # moved, removed or broken: the list is shown without it
            continue
        save_picture(folder / FOLDER, picture_of(number), picture)


def picture_of(number: int) -> str:
    """The name of the picture of a doubt, counted from 1."""
    return f"doubt{number}.jpg"
