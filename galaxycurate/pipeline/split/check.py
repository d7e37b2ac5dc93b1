"""Check: does a split leak? Ours or anybody's, with a ledger or without."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

import numpy as np

from galaxycurate.core.origin import is_simulated
from galaxycurate.core.outcome import Verdict, VerdictKind
from galaxycurate.core.progress import Progress, silent
from galaxycurate.core.words import many
from galaxycurate.pipeline.dedupe.evidence import gather
from galaxycurate.pipeline.dedupe.memory import megabytes
from galaxycurate.pipeline.dedupe.prints import store_of
from galaxycurate.pipeline.dedupe.seen import Means, PixelSearch, look
from galaxycurate.pipeline.dedupe.verdicts import judge
from galaxycurate.pipeline.split.evidence import ONE_OBJECT
from galaxycurate.pipeline.split.folder import Folder, read_folder
from galaxycurate.pipeline.split.layout import File
from galaxycurate.store.prints import FOLDER as PRINTS
from galaxycurate.store.settings import Settings

_SUREST = (
    *ONE_OBJECT, VerdictKind.DRIFT, VerdictKind.OVERLAP, VerdictKind.SAME_SKY,
    VerdictKind.WRONG_IMAGE,
)  # fmt: skip


@dataclass(frozen=True)
class Leak:
    """Two images that show the same thing.

    Parameters
    ----------
    first, second : str
        Paths relative to the folder.
    parts : tuple of two str
        Where they lie.
    kind : str
        The surest evidence.
    evidence : str
        All of it, in words.
    amount : float
        Shared fraction of the smaller picture.
    dx, dy, flip, scale
        How the second lies on the first, where pixels tell.
    is_placed : bool
        Whether they do.
    """

    first: str
    second: str
    parts: tuple[str, str]
    kind: str
    evidence: str = ""
    amount: float = 0.0
    dx: float = 0.0
    dy: float = 0.0
    flip: int = 0
    scale: float = 1.0
    is_placed: bool = False


@dataclass
class Checked:
    """What was found in a split.

    Parameters
    ----------
    root : Path
    images : int
    counts : dict of str to dict of str to int
        By part and class.
    leaks : list of Leak
        Pairs across parts.
    conflicts : list of Leak
        Pairs of one object or picture under two labels, in one part or across.
    affected : dict of str to int
        Images of each part that a leaking pair touches.
    possible : int
        Pairs across parts whose ids, or positions without a scale, say that they may share sky.
    unreadable : dict of str to str
        Why no picture can be made of a file.
    known_positions, known_ids : int
        Images whose position, or id, is known: of the others only pixels were compared.
    told_of : int
        Images that the table of positions tells of.
    is_simulated : bool
    """

    root: Path
    images: int
    counts: dict[str, dict[str, int]]
    leaks: list[Leak] = field(default_factory=list)
    conflicts: list[Leak] = field(default_factory=list)
    affected: dict[str, int] = field(default_factory=dict)
    possible: int = 0
    unreadable: dict[str, str] = field(default_factory=dict)
    known_positions: int = 0
    known_ids: int = 0
    told_of: int = 0
    is_simulated: bool = False

    @property
    def kinds(self) -> dict[str, int]:
        """Leaking pairs by kind."""
        return dict(Counter(leak.kind for leak in self.leaks))

    @property
    def known(self) -> str:
        """What could be compared, in words."""
        return (
            f"pixels compared; positions known of {self.known_positions:,}, "
            f"ids of {self.known_ids:,}"
        )

    @property
    def summary(self) -> str:
        """One line."""
        if not self.leaks:
            return f"{self.root}: nothing found among {self.images:,} images ({self.known})"
        kinds = ", ".join(f"{n:,} {kind}" for kind, n in self.kinds.items())
        sizes = {part: sum(some.values()) for part, some in self.counts.items()}
        touched = ", ".join(
            f"{n:,} of {sizes[part]:,} in {part} ({n / sizes[part]:.1%})".replace("%", " %")
            for part, n in self.affected.items()
        )
        lie = many(len(self.leaks), "pair lies", "pairs lie")
        return f"{self.root}: {lie} across parts ({kinds}); images: {touched}"

    def as_dict(self) -> dict:
        """For JSON."""
        plain = {**vars(self), "root": str(self.root), "kinds": self.kinds}
        for name in ("leaks", "conflicts"):
            plain[name] = [asdict(leak) for leak in plain[name]]
        return plain


def check(
    root: Path,
    settings: Settings,
    *,
    positions: Path | None = None,
    pixels: PixelSearch | None = None,
    progress: Progress = silent,
) -> Checked:
    """Look for pairs that show the same thing in two parts of a split.

    Compared are bytes, pixels (copies, drift, turns, other scales), ids and positions, where file
    names, the manifests of our own splits or a table tell these.

    Parameters
    ----------
    root : Path
        Of ``part/class/image``, ``part/image``, ``class/part/image`` or ``fold/part/class/image``.
    settings : Settings
    positions : Path, optional
        A table of file, ra, dec, objID, dr7objid, pixscale: what it has of these.
    pixels : PixelSearch, optional
    progress : callable

    Returns
    -------
    Checked
    """
    folder = read_folder(root, Path(settings.manifests), positions)
    kept, rows = folder.kept, range(len(folder.kept))
    seen = look(
        kept, lambda path: (folder.root / path).read_bytes(), _store(settings),
        pixels or PixelSearch(), means=Means(megabytes(settings.memory)), progress=progress,
    )  # fmt: skip
    width, height = np.where(seen.sizes > 0, seen.sizes, np.nan).T * kept.pixscale
    kept = replace(kept, width_arcsec=width, height_arcsec=height)
    verdicts = judge(kept, gather(kept, seen), seen, keep="all")
    row_of = {path: row for row, path in enumerate(kept.paths)}
    pairs, possible = _pairs(verdicts, row_of, kept.placed)
    found = Checked(
        folder.root, len(kept), folder.counts,
        unreadable={kept.paths[row]: why for row, why in seen.unreadable.items()},
        known_positions=int(np.isfinite(kept.ra + kept.dec).sum()),
        known_ids=sum(any(ids[row] for ids in kept.ids.values()) for row in rows),
        told_of=folder.told_of,
        is_simulated=any(is_simulated(origin) for origin in kept.origins),
    )  # fmt: skip
    found.leaks = list(_across(folder, pairs))
    found.conflicts = list(_conflicts(folder, pairs))
    found.affected = _affected(folder, pairs)
    found.possible = sum(_crosses(folder, pair) for pair in possible - pairs.keys())
    return found


Pair = tuple[int, int]


def _store(settings: Settings):
    """Fingerprints of the dataset, if there are any: our own splits hold its files. Only read."""
    dataset = Path(settings.dataset)
    return store_of(dataset, read_only=True) if (dataset / PRINTS).is_dir() else None


def _pairs(verdicts: list[Verdict], row_of, placed) -> tuple[dict[Pair, list[Verdict]], set[Pair]]:
    """Verdicts by pair of rows, the surest first; and pairs that may share sky, unmeasured."""
    found: dict[Pair, list[Verdict]] = {}
    possible: set[Pair] = set()
    for verdict in verdicts:
        if not verdict.partner:
            continue
        one, other = row_of[verdict.partner], row_of[verdict.path]
        pair = min(one, other), max(one, other)
        measured = bool(placed[one] and placed[other])
        if verdict.kind is VerdictKind.NEAR_FIELD or (
            verdict.kind is VerdictKind.OVERLAP and not measured
        ):
            possible.add(pair)
        elif verdict.kind not in {v.kind for v in found.get(pair, ())}:
            found.setdefault(pair, []).append(verdict)
    for some in found.values():
        some.sort(key=lambda verdict: _SUREST.index(verdict.kind))
    return found, possible


def _across(folder: Folder, pairs: dict[Pair, list[Verdict]]) -> Iterator[Leak]:
    for pair in sorted(pairs, key=lambda p: _SUREST.index(pairs[p][0].kind)):
        for places in folder.places.values():
            if _lies_across(places, pair):
                yield _leak(folder, places, pair, pairs[pair])


def _conflicts(folder: Folder, pairs: dict[Pair, list[Verdict]]) -> Iterator[Leak]:
    for pair, verdicts in pairs.items():
        for places in folder.places.values():
            if pair[0] in places and pair[1] in places:
                labels = {places[row].label for row in pair}
                if len(labels) > 1 and verdicts[0].kind in _ONE_THING:
                    yield _leak(folder, places, pair, verdicts)
                break


def _leak(folder: Folder, places, pair: Pair, verdicts: list[Verdict]) -> Leak:
    """The pair as the surest of those verdicts that place it says, for they can be shown."""
    placing = next((v for v in verdicts if v.tier in _PLACING), None)
    one = placing or verdicts[0]
    row_of = {folder.kept.paths[row]: row for row in pair}
    first, second = (places[row_of[path]] for path in (one.partner, one.path))
    words = [f"{v.kind}: {v.evidence}" if v.evidence else str(v.kind) for v in verdicts]
    told = verdicts[0].evidence if len(verdicts) == 1 else "; ".join(words)
    return Leak(
        first.path, second.path, (first.part, second.part), str(verdicts[0].kind), told,
        one.amount, one.dx, one.dy, one.flip, one.scale, placing is not None,
    )  # fmt: skip


_ONE_THING = tuple(kind for kind in ONE_OBJECT if kind is not VerdictKind.BLEND)
"""What bears one label; children of one blend are two galaxies."""
_PLACING = ("pixels", "noise", "sources", "resized")


def _affected(folder: Folder, pairs: dict[Pair, list[Verdict]]) -> dict[str, int]:
    touched: dict[str, set[int]] = {}
    for tree, places in folder.places.items():
        for pair in pairs:
            if _lies_across(places, pair):
                for row in pair:
                    name = f"{tree}/{places[row].part}" if tree else places[row].part
                    touched.setdefault(name, set()).add(row)
    return {name: len(rows) for name, rows in sorted(touched.items())}


def _crosses(folder: Folder, pair: Pair) -> bool:
    return any(_lies_across(places, pair) for places in folder.places.values())


def _lies_across(places: dict[int, File], pair: Pair) -> bool:
    first, second = (places.get(row) for row in pair)
    return first is not None and second is not None and first.part != second.part
