"""What pixels told of each picture, kept by its content: a killed audit goes on, a repeated one is
quick.
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

from galaxycurate.core.outcome import VerdictKind
from galaxycurate.store.files import replacing

FOLDER = ".audit"
MANY_FILES = 8
"""More files than this are made one when the work is done."""


@dataclass(frozen=True, slots=True)
class Key:
    """What decides a finding: the file, what is expected of it, its scale, and who judged.

    Parameters
    ----------
    sha256 : str
    positive : bool
    pixscale : float
        [arcsec/pixel], rounded.
    scheme : str
        How it was drawn.
    version : str
        Of the judge.
    """

    sha256: str
    positive: bool
    pixscale: float
    scheme: str
    version: str


@dataclass(frozen=True, slots=True)
class Light:
    """One thing that the pixels of a picture told.

    Parameters
    ----------
    kind : VerdictKind
    dx, dy : float
        Of the object, from the picture's middle, to the right and down [pixel].
    probability, snr, mag_r : float
        That there is one, how bright; 0 where unknown.
    evidence : str
    """

    kind: VerdictKind
    dx: float = 0.0
    dy: float = 0.0
    probability: float = 0.0
    snr: float = 0.0
    mag_r: float = 0.0
    evidence: str = ""


Lights = tuple[Light, ...]
"""Everything that the pixels of a picture told, the gravest first; at least one."""


class Findings:
    """The findings of a dataset: Parquet files that are written as results come.

    Parameters
    ----------
    dataset : Path
    version : str
        Of the judge; what another version found is not read.
    """

    def __init__(self, dataset: Path, version: str):
        self._folder = Path(dataset) / FOLDER
        self.version = version
        self._found: dict[Key, Lights] = {}
        self._held: list[Path] = []
        for path in sorted(self._folder.glob(f"findings-v{version}-*.parquet")):
            self._read(path)

    def __len__(self) -> int:
        return len(self._found)

    def __getitem__(self, key: Key) -> Lights:
        return self._found[key]

    def get(self, key: Key) -> Lights | None:
        """What was found before, or None."""
        return self._found.get(key)

    def add(self, found: Iterable[tuple[Key, Lights]]) -> None:
        """Keep findings, whole or not at all.

        Raises
        ------
        StorageError
            The disk refused.
        """
        new = dict(found)
        if new:
            self._found |= new
            self._write(new, self._free())

    def tidy(self) -> None:
        """Make one file of many; what another process wrote meanwhile stays."""
        old = self._held
        if len(old) > MANY_FILES:
            self._held = []
            self._write(self._found, self._free())
            for path in old:
                path.unlink(missing_ok=True)

    def _free(self) -> Path:
        stem = f"findings-v{self.version}-{os.getpid()}"
        paths = (self._folder / f"{stem}-{n}.parquet" for n in itertools.count())
        return next(path for path in paths if not path.exists())

    def _write(self, found: dict[Key, Lights], path: Path) -> None:
        import pyarrow as pa
        import pyarrow.parquet as pq

        rows = [
            asdict(key) | {"lights": [asdict(one) | {"kind": str(one.kind)} for one in lights]}
            for key, lights in found.items()
        ]
        with replacing(path) as part:
            pq.write_table(pa.Table.from_pylist(rows), part)
        self._held.append(path)

    def _read(self, path: Path) -> None:
        import pyarrow as pa
        import pyarrow.parquet as pq

        try:
            rows = pq.read_table(path).to_pylist()
        except (OSError, pa.ArrowException):  # damaged: it is found anew
            return
        self._held.append(path)
        for row in rows:
            lights = row.pop("lights")
            self._found[Key(**row)] = tuple(
                Light(**one | {"kind": VerdictKind(one["kind"])}) for one in lights
            )


def key_of(sha256: str, positive: bool, pixscale: float, scheme: str, version: str) -> Key:
    """The key of a finding, its scale rounded to what a picture can tell."""
    return Key(sha256, positive, round(pixscale, 6), scheme, version)
