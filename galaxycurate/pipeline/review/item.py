"""What a page shows of one thing that waits: its pictures, and what is known of them."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace

from galaxycurate.core.outcome import Outcome, Verdict, VerdictKind
from galaxycurate.core.placing import Placing
from galaxycurate.core.releases import explore_url
from galaxycurate.pipeline.dedupe.shown import is_placed
from galaxycurate.pipeline.review.material import Material
from galaxycurate.pipeline.review.pictures import Pictures
from galaxycurate.pipeline.review.queues import Entry, in_words

Points = list[list[float]]

MOST_VERDICTS = 8
"""On one picture that are told."""


@dataclass(frozen=True)
class Mark:
    """Something that an audit found in a picture, or a catalogue lists there.

    Parameters
    ----------
    x, y, radius : float
        From the picture's middle, to the right and down [pixel]; radius 0 where unknown.
    kind : str
        ``galaxy``, ``star``, or the verdict's.
    r : float or None
        Magnitude [mag].
    objid : str
    words : str
    """

    x: float
    y: float
    radius: float = 0.0
    kind: str = ""
    r: float | None = None
    objid: str = ""
    words: str = ""


@dataclass(frozen=True)
class Side:
    """One picture: what is known of it, None or empty where nothing is.

    Parameters
    ----------
    path, sha256, label, name : str
    objid, link : str
        Its object, and where SkyServer explains it.
    ra, dec : float or None
        ICRS [deg].
    pixscale : float or None
        [arcsec/pixel].
    north_up : bool
        Whether north is known to be up and east to the left.
    facts : list of [str, str]
        Everything else, name and value in words.
    score : list of [str, str]
        What speaks for its label: votes, a network's answer.
    verdicts : list of [str, str]
        Kinds and evidence of audit and dedupe.
    marks : list of Mark
        What the audit found, in its place.
    """

    path: str
    sha256: str = ""
    label: str = ""
    name: str = ""
    objid: str = ""
    link: str = ""
    ra: float | None = None
    dec: float | None = None
    pixscale: float | None = None
    north_up: bool = False
    facts: list[list[str]] = field(default_factory=list)
    score: list[list[str]] = field(default_factory=list)
    verdicts: list[list[str]] = field(default_factory=list)
    marks: list[Mark] = field(default_factory=list)

    @property
    def blind(self) -> Side:
        """Only its scale, and which picture it is: a position's digits tell the list it is from."""
        return Side(path="", sha256=self.sha256, pixscale=self.pixscale, north_up=self.north_up)


@dataclass(frozen=True)
class Common:
    """The sky that the two pictures of a pair share.

    Parameters
    ----------
    outlines : list of list of [float, float]
        Corners on each picture, counted from its upper left corner [pixel].
    matrix : list of float
        Takes the second picture's places to the first one's, as SVG writes it: a, b, c, d, e, f.
    sizes : list of [int, int]
        Width and height of both [pixel].
    """

    outlines: list[Points]
    matrix: list[float]
    sizes: list[list[int]]


@dataclass(frozen=True)
class Item:
    """One thing that waits.

    Parameters
    ----------
    sides : list of Side
        One picture, or the two of a pair.
    why, suggested : str
    common : Common or None
    is_hidden : bool
        Whether label, votes and verdicts are kept from whoever looks.
    """

    sides: list[Side]
    why: str = ""
    suggested: str = ""
    common: Common | None = None
    is_hidden: bool = False

    @property
    def blind(self) -> Item:
        """Without what could sway a person."""
        return replace(
            self, sides=[side.blind for side in self.sides], why="", suggested="", common=None,
            is_hidden=True,
        )  # fmt: skip


def item_of(entry: Entry, material: Material, pictures: Pictures) -> Item:
    """Everything that is known of an entry.

    Parameters
    ----------
    entry : Entry
    material : Material
    pictures : Pictures

    Returns
    -------
    Item
    """
    paths = [entry.path, entry.partner] if entry.partner else [entry.path]
    return Item(
        [_side(path, material, of_pair=bool(entry.partner)) for path in paths],
        entry.why, entry.suggested,
        _common(entry, pictures) if entry.partner and entry.verdict else None,
    )  # fmt: skip


def _side(path: str, material: Material, *, of_pair: bool) -> Side:
    """One picture; beside its twin nothing is said of pairs, which says why they wait."""
    one, row = material.outcome(path), material.row(path)
    guess = material.guesses.get(path)
    score = _votes(row)
    if guess:
        score.append(["network", f"{guess.predicted}, p = {guess.p_predicted:.2f}"])
        score.append(["p of its label", f"{guess.p:.2f}"])
    objid, link = _object(row, material, path)
    pairs = () if of_pair else material.dedupe.get(path, ())
    verdicts = [*material.audit.get(path, ()), *pairs]
    return Side(
        path=path, sha256=one.sha256, label=one.label, name=one.name, objid=objid, link=link,
        ra=_number(row.get("ra")), dec=_number(row.get("dec")),
        pixscale=_number(one.pixscale or row.get("pixscale")) or None,
        north_up=bool(one.provider) and not one.provider.startswith("import"),
        facts=_facts(one, row, material), score=score,
        verdicts=[[str(v.kind), in_words(v)] for v in verdicts[:MOST_VERDICTS]],
        marks=[mark for v in material.audit.get(path, ()) if (mark := _mark(v))],
    )  # fmt: skip


def _votes(row: dict) -> list[list[str]]:
    said = []
    if (fraction := _number(row.get("vote_fraction"))) is not None:
        votes = f" of {row['n_votes']:,} votes" if row.get("n_votes") else " of the votes"
        said.append(["votes for its label", f"{fraction:.2f}{votes}"])
    return said


def _facts(one: Outcome, row: dict, material: Material) -> list[list[str]]:
    told = {
        "redshift": _said(row.get("redshift"), ".4f"),
        "r [mag]": _said(row.get("r"), ".2f"),
        "radius": _said(row.get("petroRad_r"), ".1f", " arcsec (Petrosian)"),
        "field score": _said(row.get("score"), ".2f"),
        "free sky": _said(row.get("clear_arcsec"), ".1f", " arcsec around it"),
        "split": material.records.split.get(one.path, (0, ""))[1],
        "origin": one.provider.split(" @ ")[0],
        "label from": row.get("label_source") or "",
    }
    return [[name, value] for name, value in told.items() if value]


def _object(row: dict, material: Material, path: str) -> tuple[str, str]:
    """Its id, and where SkyServer explains it: nowhere where the sky is simulated."""
    objid, old = row.get("objID") or 0, row.get("dr7objid") or 0
    if not (objid or old):
        return "", ""
    release = (material.release(path) or material.settings.release) if objid else "dr7"
    return str(objid or old), "" if material.is_simulated else explore_url(release, objid or old)


def _mark(verdict: Verdict) -> Mark | None:
    if verdict.kind is VerdictKind.CLEAN or not (verdict.dx or verdict.dy or verdict.score):
        return None
    return Mark(
        verdict.dx, verdict.dy, 0.0, str(verdict.kind), verdict.mag_r or None, verdict.partner,
        verdict.evidence,
    )  # fmt: skip


def _common(entry: Entry, pictures: Pictures) -> Common | None:
    """How the second picture of an entry lies on its first, whichever way the verdict has it."""
    verdict = entry.verdict
    first, second = pictures.size(entry.path), pictures.size(entry.partner)
    if verdict is None or not is_placed(verdict) or first is None or second is None:
        return None
    placing = Placing(verdict.dx, verdict.dy, verdict.flip, verdict.scale)
    if verdict.partner != entry.path:  # the partner is the first picture of a verdict
        placing = placing.inverse(second, first)
    shared = placing.shared_on_both(first, second)
    if shared[0] is None or shared[1] is None:
        return None
    # pages count from the corner of the first pixel, placings from its middle
    outlines = [(corners + 0.5).round(2).tolist() for corners in shared if corners is not None]
    zero, right, down = placing.on_first([(-0.5, -0.5), (0.5, -0.5), (-0.5, 0.5)], second) + 0.5
    matrix = [*(right - zero), *(down - zero), *zero]
    sides = [list(map(int, size)) for size in (first, second)]
    return Common(outlines, [round(float(value), 6) for value in matrix], sides)


def _number(value) -> float | None:
    return None if value is None or not math.isfinite(value) else float(value)


def _said(value, form: str, unit: str = "") -> str:
    number = _number(value)
    return "" if number is None or abs(number) > 9000 else f"{number:{form}}{unit}"
