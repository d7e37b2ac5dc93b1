"""imagefolder: train/<class>/<name>.jpg with one metadata.csv, for torchvision and Hugging Face."""

from __future__ import annotations

from pathlib import Path

from galaxycurate.core.progress import Progress
from galaxycurate.pipeline.export.selection import Selection
from galaxycurate.pipeline.export.writing import cell, code, write_pictures, write_rows

ENDINGS = (".jpg", ".jpeg", ".png")
METADATA = "metadata.csv"


def write(selection: Selection, folder: Path, progress: Progress) -> list[str]:
    """Write the trees and their metadata.

    Parameters
    ----------
    selection : Selection
    folder : Path
        Empty.
    progress : callable

    Returns
    -------
    list of str
        How it is read.
    """
    write_pictures(selection, folder, lambda picture: picture.place, progress)
    for split in selection.splits:  # a class that a split lacks has its folder, too
        for label in selection.classes:
            (folder / split / label).mkdir(parents=True, exist_ok=True)
    columns = [name for name in selection.columns if name != "name"]
    for split, pictures in selection.splits.items():
        rows = ([p.name, *(cell(p, name) for name in columns)] for p in pictures)
        write_rows(folder / split / METADATA, ["file_name", *columns], rows)
    return [
        *code(
            f"torchvision.datasets.ImageFolder('DIR/{next(iter(selection.splits))}', "
            "allow_empty=True)",
            "datasets.load_dataset('imagefolder', data_dir='DIR')",
        ),
        f"The columns of the second are those of `{METADATA}` in each split. Ids are digits, 0",
        "where unknown, so that pandas keeps them exact. In R and in spreadsheets read these",
        "columns as text.",
        *_lacking(selection),
    ]


def _lacking(selection: Selection) -> list[str]:
    """Why ImageFolder is told to allow an empty class, where a split lacks one."""
    lacks = [
        f"{split} has no {name}"
        for split, counts in selection.counts.items()
        for name in selection.classes
        if name not in counts
    ]
    if not lacks:
        return []
    return [f"`allow_empty=True` lets classes keep their numbers: {', '.join(lacks)}."]
