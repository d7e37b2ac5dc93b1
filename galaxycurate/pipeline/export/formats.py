"""The forms in which a dataset can be exported, by name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from difflib import get_close_matches
from functools import partial
from pathlib import Path

from galaxycurate.core.progress import Progress
from galaxycurate.errors import UsageError
from galaxycurate.pipeline.export import (
    hf_parquet,
    imagefolder,
    tables,
    webdataset,
    zoobot,
    zooniverse,
)
from galaxycurate.pipeline.export.selection import Selection

Write = Callable[[Selection, Path, Progress], list[str]]


@dataclass(frozen=True)
class Format:
    """A form of export.

    Parameters
    ----------
    name : str
        The word to type.
    holds : str
        For a list of them.
    write : callable
        Takes a selection, an empty folder and a progress; gives the lines that say how it is read.
    consumer : str
        Who opens its pictures; empty where it has none.
    endings : tuple of str
        The pictures that it can open.
    """

    name: str
    holds: str
    write: Write
    consumer: str = ""
    endings: tuple[str, ...] = ()

    @property
    def has_pictures(self) -> bool:
        """Whether it is more than a table."""
        return bool(self.endings) or self.write is webdataset.write


FORMATS = {
    one.name: one
    for one in (
        Format("imagefolder", "train/<class>/*.jpg and metadata.csv", imagefolder.write,
               "ImageFolder", imagefolder.ENDINGS),
        Format("webdataset", "tar shards for reading in a stream", webdataset.write),
        Format("hf-parquet", "Parquet with pictures inside, and a dataset card", hf_parquet.write,
               "datasets", imagefolder.ENDINGS),
        Format("zoobot", "catalog.csv and pictures for Zoobot and galaxy-datasets", zoobot.write,
               "Zoobot", zoobot.ENDINGS),
        Format("zooniverse", "a manifest of subjects and pictures for volunteers",
               zooniverse.write, "Zooniverse", zooniverse.ENDINGS),
        Format("fits", "a FITS table", partial(tables.write, to="fits")),
        Format("votable", "a VOTable", partial(tables.write, to="votable")),
        Format("csv", "a CSV table", partial(tables.write, to="csv")),
    )
}  # fmt: skip


def format_of(name: str) -> Format:
    """A format by its name.

    Raises
    ------
    UsageError
        There is none.
    """
    if name in FORMATS:
        return FORMATS[name]
    near = get_close_matches(name.lower(), FORMATS, n=1)
    meant = f"did you mean {near[0]}? " if near else ""
    raise UsageError(f"no format is called {name!r}", hint=f"{meant}--to {', '.join(FORMATS)}")
