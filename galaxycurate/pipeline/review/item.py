"""What a page shows of one thing that waits: its pictures, and what is known of them."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace

from galaxycurate.core.outcome import Outcome, Verdict, VerdictKind
from galaxycurate.core.releases import explore_url
from galaxycurate.pipeline.review.common import Common, common_of
from galaxycurate.pipeline.review.entry import Entry
from galaxycurate.pipeline.review.material import Material
from galaxycurate.pipeline.review.pictures import Pictures
from galaxycurate.pipeline.review.queues import in_words

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
class Scale:
    """How a picture lies on the sky.

    Parameters
    ----------
    pixscale : float or None
        [arcsec/pixel].
    north_up : bool
        Whether north is known to be up and east to the left.
    """

    pixscale: float | None = None
    north_up: bool = False


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

    def blind(self, scale: Scale | None) -> Side:
        """Only which picture it is, and a scale that tells nothing: a position's digits tell the
        list it is from.
        """
        own = Scale(self.pixscale, self.north_up)  # a twin from outside the review may differ
        return Side(path="", sha256=self.sha256, **vars(scale if scale == own else Scale()))


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

    def blind(self, scale: Scale | None) -> Item:
        """Without what could sway a person.

        Parameters
        ----------
        scale : Scale or None
            Where all pictures of the review have it. Sources differ in their scales: that of one
            picture tells which source it is of, and so, often, its class.

        Returns
        -------
        Item
        """
        return replace(
            self, sides=[side.blind(scale) for side in self.sides], why="", suggested="",
            common=None, is_hidden=True,
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
        common_of(entry, pictures) if entry.partner and entry.verdict else None,
    )  # fmt: skip


def scale_of(path: str, material: Material) -> Scale:
    """How a picture lies on the sky, as far as that is known.

    Parameters
    ----------
    path : str
    material : Material

    Returns
    -------
    Scale
        Of what a person imported, nobody said which way north is.
    """
    provider, pixscale = material.outcome(path).provider, material.pixscale(path)
    is_drawn = bool(provider) and not provider.startswith("import")
    return Scale(round(pixscale, 6) if pixscale else None, is_drawn)


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
        **vars(scale_of(path, material)),
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


def _number(value) -> float | None:
    return None if value is None or not math.isfinite(value) else float(value)


def _said(value, form: str, unit: str = "") -> str:
    number = _number(value)
    return "" if number is None or abs(number) > 9000 else f"{number:{form}}{unit}"
