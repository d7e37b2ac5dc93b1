"""What an export holds: the pictures of a split with their classes, groups and columns."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path, PurePosixPath

import numpy as np

from galaxycurate.core.columns import COLUMNS, SOFT
from galaxycurate.core.origin import is_simulated, without_folders
from galaxycurate.core.outcome import Outcome
from galaxycurate.errors import InputError
from galaxycurate.pipeline.status import by_split
from galaxycurate.store.manifest import Manifest
from galaxycurate.store.shards.tree import open_tree

WHOLE = "all"
"""Where a dataset that was not split lies."""

PEOPLE = "people"
"""Begins the source of a label that people gave; their names are nobody else's business."""

Row = dict[str, object]


@dataclass(frozen=True)
class Picture:
    """A picture to be exported.

    Parameters
    ----------
    outcome : Outcome
        Its path in the dataset, its size and sha256.
    name : str
        ``<class>/<name>.jpg``: unlike any other's.
    label : str
        The class, as people decided.
    split : str
        Empty where there is no split.
    row : dict
        By column of a manifest; None where unknown, 0 for ids.
    """

    outcome: Outcome
    name: str
    label: str
    split: str
    row: Row

    @property
    def place(self) -> str:
        """``train/spiral/123.jpg``, as the tree of the split has it."""
        return f"{self.split or WHOLE}/{self.name}"


@dataclass(frozen=True)
class Selection:
    """What an export holds, and where that came from.

    Parameters
    ----------
    pictures : list of Picture
        By split and name.
    manifests : list of Manifest
    dataset : Path
    about : mapping
        Of the split and of people's decisions, for the provenance.
    notes : list of str
        What a person should know of it.
    seed : int
    """

    pictures: list[Picture]
    manifests: list[Manifest]
    dataset: Path
    about: Mapping[str, object] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    seed: int = 42

    def __len__(self) -> int:
        return len(self.pictures)

    @cached_property
    def classes(self) -> list[str]:
        """By name: their numbers are those that ImageFolder gives."""
        return sorted({one.label for one in self.pictures})

    @cached_property
    def splits(self) -> dict[str, list[Picture]]:
        """The pictures of each, train, val and test first."""
        found: dict[str, list[Picture]] = {name: [] for name in self.counts}
        for one in self.pictures:
            found[one.split or WHOLE].append(one)
        return found

    @cached_property
    def counts(self) -> dict[str, dict[str, int]]:
        """By split, then class."""
        label = {one.outcome.path: one.label for one in self.pictures}
        places = {one.outcome.path: (0, one.split or WHOLE) for one in self.pictures}
        return by_split(places, label.__getitem__)

    @cached_property
    def columns(self) -> list[str]:
        """The columns of manifests that at least one picture has, in their order."""
        known = {n for one in self.pictures for n, v in one.row.items() if v not in (None, "", 0)}
        named = [name for name in COLUMNS if name in known]
        return named + sorted(name for name in known if name.startswith(SOFT))

    @cached_property
    def origins(self) -> list[str]:
        """Who gave rows and pictures, without folders of this machine."""
        return sorted({without_folders(one) for one in self._givers})

    @property
    def is_simulated(self) -> bool:
        """Whether any of it shows no real sky."""
        return is_simulated(*self._givers)

    @cached_property
    def _givers(self) -> set[str]:
        archives = [manifest.header.archive for manifest in self.manifests]
        return {*archives, *(one.outcome.provider for one in self.pictures)} - {""}

    @property
    def n_bytes(self) -> int:
        """Of all pictures."""
        return sum(one.outcome.n_bytes for one in self.pictures)

    @cached_property
    def read(self) -> Callable[[Picture], bytes]:
        """The bytes of a picture, which must be those that the ledger knows."""
        tree = open_tree(self.dataset)

        def body(picture: Picture) -> bytes:
            found = tree.read(picture.outcome.path)
            known = picture.outcome.sha256
            if known and hashlib.sha256(found).hexdigest() != known:
                raise changed(picture.outcome.path)
            return found

        return body

    def shuffled(self, split: str) -> list[Picture]:
        """The pictures of a split in a random order that the seed decides.

        For what is read from its beginning: classes do not come one after the other there.
        """
        some = self.splits[split]
        order = np.random.default_rng([self.seed, *split.encode()]).permutation(len(some))
        return [some[k] for k in order]

    def check_endings(self, endings: Sequence[str], what: str) -> None:
        """Refuse pictures that a consumer cannot open.

        Raises
        ------
        InputError
            Some are of another format.
        """
        others = [p for p in self.pictures if PurePosixPath(p.name).suffix.lower() not in endings]
        if others:
            raise InputError(
                f"{len(others):,} of {len(self):,} pictures are none that {what} opens "
                f"({', '.join(endings)}): {others[0].outcome.path}",
                hint="galaxycurate download --format jpg --dataset as-jpg, or --to webdataset",
            )


def changed(path: str) -> InputError:
    """The error for a picture that is gone, or another one than it was."""
    return InputError(
        f"{path} is no longer as the ledger knows it",
        hint="galaxycurate download fetches it again, a repeated import takes it again",
    )
