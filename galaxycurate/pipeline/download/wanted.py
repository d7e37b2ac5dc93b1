"""What the manifests want of the image tree, and what of it is still to do: a byte a row."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import IntEnum

import numpy as np

from galaxycurate.core.outcome import Outcome, Status
from galaxycurate.imagery.job import Job
from galaxycurate.imagery.providers.provider import Provider
from galaxycurate.pipeline.download.asking import Asked, Asking
from galaxycurate.store.manifestfile import ManifestFile


class Mark(IntEnum):
    """What is to be done about a row."""

    IMPORTED = 0  # adopted from a file of the user
    TWIN = 1  # asked for by an earlier row
    KEPT = 2
    REJECTED = 3
    LEFT = 4  # not in this command's scope
    UNPLACED = 5  # no position or radius: can only be rejected
    FETCH = 6
    FAILED = 7  # while we look: the last attempt failed


class Older:
    """Pictures that lie in the dataset where others are wanted now, by another provider, in
    another window or format: eleven bytes each.
    """

    ENDINGS = ("", "jpg", "png", "fits", "npz")

    def __init__(
        self,
        stems: Sequence[int] = (),
        endings: Sequence[int] = (),
        kinds: Sequence[int] = (),
        names: Iterable[str] = (),
    ):
        """Of hashes of paths without ending, numbers in `ENDINGS`, and numbers in the names of who
        drew them and how large.
        """
        self._stems, first = np.unique(np.array(stems, np.int64), return_index=True)
        self._endings = np.array(endings, np.uint8)[first]
        self._kinds, self._names = np.array(kinds, np.uint16)[first], list(names)

    def __len__(self) -> int:
        return len(self._stems)

    @classmethod
    def number(cls, path: str) -> int:
        """The number of a path's ending, 0 where it is none of a downloaded picture."""
        ending = path.rpartition(".")[2]
        return cls.ENDINGS.index(ending) if ending in cls.ENDINGS else 0

    def of(self, path: str) -> tuple[str, str] | None:
        """The picture that lies at this path, or beside it in another format, and its kind."""
        stem = path.rpartition(".")[0]
        place = int(np.searchsorted(self._stems, hash(stem))) if self._stems.size else 0
        if place == self._stems.size or self._stems[place] != hash(stem):
            return None
        return f"{stem}.{self.ENDINGS[self._endings[place]]}", self._names[self._kinds[place]]


@dataclass
class Wanted:
    """The rows of the manifests, each with its mark.

    ``marks`` has shape (n,) over all manifests in order; ``older`` knows the pictures
    whose place is taken; ``warnings`` tell what a person should know at the end.
    """

    providers: list[Provider]
    asking: Asking
    manifests: list[ManifestFile]
    marks: np.ndarray
    older: Older = field(default_factory=Older)
    kept_by_label: Counter[str] = field(default_factory=Counter)
    n_pixels: int = 0
    warnings: list[str] = field(default_factory=list)

    def count(self, *marks: Mark) -> int:
        """How many rows bear one of the marks."""
        return int(np.isin(self.marks, marks).sum())

    @property
    def n_cutouts(self) -> int:
        """Different cutouts that are wanted of the providers."""
        return len(self.marks) - self.count(Mark.IMPORTED, Mark.TWIN)

    @property
    def to_do(self) -> int:
        """Cutouts that this command settles."""
        return self.count(Mark.FETCH, Mark.UNPLACED)

    def replaced(self) -> dict[str, int]:
        """Pictures that give way when their cutouts come, by who drew them and how large."""
        if not len(self.older):
            return {}
        found = (self.older.of(job.path) for job in self.jobs())
        return dict(Counter(older[1] for older in found if older).most_common())

    def walk(self, mark: Mark, fields: np.ndarray | None = None) -> Iterator[Asked]:
        """The rows that bear a mark, made as they are asked for."""
        for file, rows in self.slices():
            only = self.marks[rows] == mark
            if only.any():
                yield from self.asking.walk(file, only, None if fields is None else fields[rows])

    def jobs(self) -> Iterator[Job]:
        """The cutouts to fetch, in the order of the manifests."""
        return (asked.job for asked in self.walk(Mark.FETCH))

    def unplaced(self) -> Iterator[Outcome]:
        """The outcomes of rows that nobody can be asked for."""
        for job, words, lack, _ in self.walk(Mark.UNPLACED):
            yield Outcome(
                path=job.path, name=job.name, label=job.label, request=words,
                status=Status.REJECTED, reason=str(lack), attempts=0, manifest=job.manifest,
            )  # fmt: skip

    def slices(self) -> Iterator[tuple[ManifestFile, slice]]:
        """Each manifest with the place of its rows among all."""
        begin = 0
        for file in self.manifests:
            yield file, slice(begin, begin + len(file))
            begin += len(file)
