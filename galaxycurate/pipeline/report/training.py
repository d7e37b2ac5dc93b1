"""What a training found, as its folder tells."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from math import isfinite
from pathlib import Path


@dataclass(frozen=True)
class Training:
    """What `python -m train` measured on the test split.

    ``accuracy`` and its 95 % interval are fractions, None where the file does not say; ``matrix``
    counts images by true class, then answered class, in the order of ``classes``; ``root`` is the
    tree that was trained on.
    """

    folder: Path
    accuracy: float | None = None
    interval: tuple[float, float] | None = None
    n: int | None = None
    origin: str = ""
    classes: tuple[str, ...] = ()
    matrix: tuple[tuple[int, ...], ...] = ()
    recall: Mapping[str, float | None] = field(default_factory=dict)
    root: str = ""
    network: str = ""

    @classmethod
    def read(cls, folder: Path) -> Training | None:
        """The training in a folder, or None where there is none that can be read."""
        try:
            metrics = json.loads((Path(folder) / "metrics.json").read_text())
        except (OSError, ValueError):
            return None
        if not isinstance(metrics, dict):
            return None
        test = metrics["test"] if isinstance(metrics.get("test"), dict) else metrics
        low, high = (*_numbers(test.get("accuracy_interval")), None, None)[:2]
        by_class = _mapping(test.get("classes"))
        matrix = _matrix(test.get("confusion"), len(by_class))
        n = _number(test.get("n"))
        return cls(
            Path(folder),
            accuracy=_number(test.get("accuracy")),
            interval=None if low is None or high is None else (low, high),
            n=None if n is None else int(n),
            origin=str(metrics.get("origin", "")),
            classes=tuple(by_class) if matrix else (),
            matrix=matrix,
            recall={name: _number(_mapping(one).get("recall")) for name, one in by_class.items()},
            root=str(_mapping(metrics.get("data")).get("root", "")),
            network=str(_mapping(metrics.get("config")).get("network.name", "")),
        )

    @property
    def predictions(self) -> Path:
        """Its answers on the test split, one line an image."""
        return self.folder / "predictions.csv"


def _number(value: object) -> float | None:
    return value if isinstance(value, int | float) and isfinite(value) else None


def _numbers(values: object) -> list[float]:
    found = [_number(value) for value in values] if isinstance(values, list) else []
    return [value for value in found if value is not None]


def _matrix(rows: object, size: int) -> tuple[tuple[int, ...], ...]:
    """A square of counts, or nothing."""
    found = [_numbers(row) for row in rows] if isinstance(rows, list) else []
    is_square = len(found) == size and all(len(row) == size for row in found)
    return tuple(tuple(int(n) for n in row) for row in found) if is_square else ()


def _mapping(value: object) -> dict:
    return value if isinstance(value, dict) else {}
