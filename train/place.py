"""Where a run reads, writes and computes."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Place:
    """Where a run reads, writes and computes; nothing here changes the result.

    Attributes
    ----------
    data : Path or str
        The ImageFolder tree.
    out : Path or str
        Where everything is written.
    device : str
        As in `train.device.pick_device`.
    workers : int
        Threads that decode.
    cache : Path or str, optional
        Where decoded images lie; ``out/cache`` when not given.
    """

    data: Path = Path("dataset/split")
    out: Path = Path("training")
    device: str = "auto"
    workers: int = 2
    cache: Path | None = None

    def __post_init__(self) -> None:
        for name in ("data", "out", "cache"):
            if isinstance(said := getattr(self, name), str):
                object.__setattr__(self, name, Path(said))
