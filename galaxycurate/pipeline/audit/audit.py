"""Audit: is every negative empty, and every galaxy alone in the middle of its picture?"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path

from galaxycurate.archives.archive import Archive
from galaxycurate.core.origin import is_simulated
from galaxycurate.core.outcome import Status, Verdict, VerdictKind
from galaxycurate.core.progress import Progress, silent
from galaxycurate.errors import (
    InputError,
    SettingError,
    Unreachable,
    UsageError,
)
from galaxycurate.pipeline.audit.asking import Remembering
from galaxycurate.pipeline.audit.catalogue import Catalogue, ask, can_ask, plan
from galaxycurate.pipeline.audit.circles import WIDEST_ARCSEC
from galaxycurate.pipeline.audit.findings import Findings, Lights
from galaxycurate.pipeline.audit.images import Image, Images, images
from galaxycurate.pipeline.audit.judged import Judged, seen, worst
from galaxycurate.pipeline.audit.left_out import LEFT_ALONE
from galaxycurate.pipeline.audit.light import judge_all, key_for, version
from galaxycurate.pipeline.audit.notes import (
    back_in_splits,
    unjudged,
    without_limit,
    without_negatives,
)
from galaxycurate.pipeline.audit.verdicts import verdicts_on
from galaxycurate.pipeline.decided import Decided
from galaxycurate.pipeline.decided import read as read_decided
from galaxycurate.store.files import check_writable
from galaxycurate.store.ledger import Ledger
from galaxycurate.store.settings import Settings

BRIGHTEST, FAINTEST = 10.0, 30.0


@dataclass
class Audited:
    """What an audit found.

    Parameters
    ----------
    images, dropped : int
        Images audited; those that splits leave out because of it.
    put_back : int
        Images that splits use all the same, because people kept them.
    counts : dict of str to Counter
        Images by label and kind of verdict; one with several counts under the worst.
    told : Counter
        Images by who told: catalogue, light (the pixels), both.
    passed_over : Counter
        Images of labels that are neither galaxy nor empty sky.
    archive : str
        Who was asked; empty for nobody.
    questions : int
        How many were asked now, or would be.
    unread : int
        Of a dry run: pictures whose pixels nobody has judged yet.
    notes : list of str
        What a person should know before believing the result.
    judged : list of Judged
        Everything, image by image.
    simulated : bool
        The sky is no real one.
    deduped : bool
        Whether the images were compared, and none came since.
    """

    images: int = 0
    dropped: int = 0
    put_back: int = 0
    counts: dict[str, Counter[str]] = field(default_factory=dict)
    told: Counter[str] = field(default_factory=Counter)
    passed_over: Counter[str] = field(default_factory=Counter)
    archive: str = ""
    questions: int = 0
    unread: int = 0
    notes: list[str] = field(default_factory=list)
    judged: list[Judged] = field(default_factory=list)
    simulated: bool = False
    deduped: bool = False

    def as_dict(self) -> dict:
        """For JSON; ids are text."""
        plain = {k: dict(v) if isinstance(v, Counter) else v for k, v in vars(self).items()}
        plain["counts"] = {label: dict(kinds) for label, kinds in self.counts.items()}
        plain["judged"] = [
            _plain(one.verdict) | {"label": one.image.label}
            for one in self.judged
            if one.verdict.kind is not VerdictKind.CLEAN
        ]
        return plain


def _plain(verdict: Verdict) -> dict:
    """For JSON; a magnitude that nobody knows is none."""
    return {**vars(verdict), "kind": str(verdict.kind), "mag_r": verdict.mag_r or None}


def audit(
    settings: Settings,
    *,
    labels: Collection[str] = (),
    negatives: Collection[str] = (),
    catalogue: bool = True,
    pixels: bool = True,
    limit_mag_r: float | None = None,
    strict: bool = False,
    dry_run: bool = False,
    archive: Archive | None = None,
    workers: int | None = 1,
    progress: Progress = silent,
) -> Audited:
    """Judge every good image by the catalogue and by its pixels, and write verdicts to the ledger.

    Nothing is deleted. Contaminated negatives and files that cannot be read are left out of splits;
    everything else is only flagged, unless `strict`.

    Parameters
    ----------
    settings : Settings
    labels : collection of str
        Only these; the last audit's verdicts on others stay.
    negatives : collection of str
        Labels that say that there is no galaxy, besides ``negative``.
    catalogue, pixels : bool
        Which of the two is asked.
    limit_mag_r : float, optional
        Instead of the limits that the manifests name.
    strict : bool
        Leave out whatever is not clean.
    dry_run : bool
        Count only; nothing is asked, looked at or written.
    archive : Archive, optional
        Who is asked; by default the one that the settings name. Nobody is where no image has a
        place: pixels judge alone, and a note says so.
    workers : int, optional
        Processes that look at pixels; None for as many as there are cores. With more than one a
        script must be importable (``if __name__ == "__main__"``), as `multiprocessing` asks.
    progress : callable

    Returns
    -------
    Audited

    Raises
    ------
    SettingError
        Neither catalogue nor pixels are to be asked, or a limit that is none.
    InputError
        There are no images, or none has a place and pixels are not to be asked.
    Unreachable
        The archive did not answer; nothing was written.
    """
    _check(catalogue, pixels, limit_mag_r)
    with Ledger.open(settings.ledger_url, settings.ledger_dataset, create=False) as ledger:
        chosen = _chosen(settings, ledger, labels, negatives, limit_mag_r)
        result = Audited(
            images=len(chosen.audited),
            passed_over=chosen.passed_over,
            simulated=is_simulated(*chosen.origins),
            deduped=ledger.last_run("dedupe") is not None and not ledger.changed_since("dedupe"),
            notes=without_negatives(chosen.audited, labels),
        )
        if dry_run:
            return _planned(settings, chosen.audited, result, catalogue, pixels)
        check_writable(Path(settings.dataset))
        known = None
        if catalogue and _is_placed(settings, chosen.audited, result, pixels):
            known = _asked(settings, chosen.audited, result, archive, pixels, progress)
        lights = _looked(settings, chosen.audited, workers, progress) if pixels else None
        result.judged = _together(chosen.audited, known, lights, settings.margin_arcsec, strict)
        _count(result)
        seen_by = chosen.audited, known, lights, settings.margin_arcsec
        result.notes += [
            *unjudged(*seen_by),
            *without_limit(*seen_by, limit_mag_r),
            *back_in_splits(result.judged, _left_out(ledger)),
        ]
        verdicts = [one.verdict for one in result.judged]
        if labels:
            verdicts += _of_others(ledger, chosen.audited)
        _count_dropped(result, read_decided(ledger, audit=verdicts))
        about = {
            "labels": sorted(labels), "negatives": sorted(negatives), "archive": result.archive,
            "pixels": pixels, "limit_mag_r": limit_mag_r, "strict": strict,
            "margin_arcsec": settings.margin_arcsec,
            LEFT_ALONE: _left_alone(ledger, verdicts, chosen.passed_over),
        }  # fmt: skip
        ledger.record("audit", about, verdicts=verdicts)
    return result


def _check(catalogue: bool, pixels: bool, limit_mag_r: float | None) -> None:
    if not (catalogue or pixels):
        raise SettingError(
            "an audit without catalogue and without pixels looks at nothing",
            hint="leave out --no-catalogue or --no-pixels",
        )
    if limit_mag_r is not None and not BRIGHTEST <= limit_mag_r <= FAINTEST:
        raise SettingError(
            f"limit-mag = {limit_mag_r:g} is outside {BRIGHTEST:g} to {FAINTEST:g}",
            hint="a negative should hold no galaxy brighter than this in r; --limit-mag 20",
        )


def _chosen(
    settings: Settings, ledger: Ledger, labels, negatives, limit_mag_r: float | None
) -> Images:
    chosen = images(settings, ledger, labels=labels, negatives=negatives, limit_mag_r=limit_mag_r)
    if not chosen.audited:
        raise InputError(
            f"nothing to audit: {' and '.join(chosen.passed_over)} are neither galaxies nor empty "
            "sky",
            hint="galaxycurate audit --negative LABEL names what holds no galaxy",
        )
    return chosen


def _planned(
    settings: Settings, audited: list[Image], result: Audited, catalogue: bool, pixels: bool
) -> Audited:
    """What would be done."""
    for image in audited:
        kind = "should be empty" if image.negative else "should show a galaxy"
        result.counts.setdefault(image.label, Counter())[kind] += 1
    if catalogue:
        result.archive = settings.archive
        result.questions = len(plan(audited, settings.margin_arcsec))
    if pixels:
        findings = Findings(Path(settings.dataset), version())
        keys = {key_for(image, findings.version) for image in audited}
        result.unread = sum(findings.get(key) is None for key in keys)
    return result


def _is_placed(settings: Settings, audited: list[Image], result: Audited, pixels: bool) -> bool:
    """Whether there is anything to ask an archive about; if not, it is said."""
    if any(can_ask(image, settings.margin_arcsec) for image in audited):
        return True
    why = (
        "no image has a position and a scale, or all are wider than "
        f"{WIDEST_ARCSEC:g} arcsec: no catalogue can be asked"
    )
    if not pixels:
        raise InputError(why, hint="leave out --no-pixels")
    result.notes.append(f"warning: {why}, pixels judge alone")
    return False


def _asked(
    settings: Settings, audited: list[Image], result: Audited, archive: Archive | None,
    pixels: bool, progress: Progress,
) -> Catalogue:  # fmt: skip
    """What the archive says. Verdicts by pixels alone would be weaker than those that may be there
    already: they must be asked for.
    """
    archive = archive or Remembering(settings)
    try:
        known = ask(archive, audited, margin_arcsec=settings.margin_arcsec, progress=progress)
    except Unreachable as error:
        other = "--no-catalogue (pixels judge alone)" if pixels else "--archive local:PATH"
        hints = f"galaxycurate audit {other}", error.hint
        raise Unreachable(str(error), hint="; ".join(filter(None, hints))) from error
    if result.simulated and known.name.startswith("http") and not is_simulated(known.name):
        raise UsageError(
            f"the images show a simulated sky, but {known.name} lists the real one",
            hint="galaxycurate config show tells the server; --no-catalogue asks none",
        )
    result.archive, result.questions = known.name, known.questions
    result.notes += known.notes
    return known


def _looked(
    settings: Settings, audited: list[Image], workers: int | None, progress: Progress
) -> list[Lights]:
    findings = Findings(Path(settings.dataset), version())
    dataset = Path(settings.dataset)
    return judge_all(dataset, audited, findings, workers=workers, progress=progress)


def _together(
    audited: list[Image],
    known: Catalogue | None,
    lights: list[Lights] | None,
    margin_arcsec: float,
    strict: bool,
) -> list[Judged]:
    judged: list[Judged] = []
    for k, image in enumerate(audited):
        there = None
        if known is not None and can_ask(image, margin_arcsec):
            there = seen(known.sky, image, float(known.covered[k]), margin_arcsec)
        shown = lights[k] if lights is not None else None
        judged += verdicts_on(image, there, shown, margin_arcsec=margin_arcsec, strict=strict)
    return judged


def _count(result: Audited) -> None:
    by_path: dict[str, list[Judged]] = defaultdict(list)
    for one in result.judged:
        by_path[one.verdict.path].append(one)
    for of_image in by_path.values():
        chief = worst(of_image)
        kinds = result.counts.setdefault(chief.image.label, Counter())
        kinds[str(chief.verdict.kind)] += 1
        result.told[chief.verdict.tier] += 1
    result.counts = dict(sorted(result.counts.items()))


def _count_dropped(result: Audited, decided: Decided) -> None:
    """Of the images that the audit does not keep: those that people do not keep either."""
    against = {one.verdict.path for one in result.judged if not one.verdict.keep}
    result.dropped = len(against & decided.left_out.keys())
    result.put_back = len(against) - result.dropped


def _left_out(ledger: Ledger) -> set[str]:
    return {verdict.path for verdict in ledger.verdicts("audit") if not verdict.keep}


def _of_others(ledger: Ledger, audited: list[Image]) -> list[Verdict]:
    """What the last audit said of images that this one does not look at."""
    mine = {image.path for image in audited}
    return [verdict for verdict in ledger.verdicts("audit") if verdict.path not in mine]


def _left_alone(ledger: Ledger, verdicts: list[Verdict], passed_over: Collection[str]) -> list[str]:
    """Labels of which no image was ever looked at, or not all are meant to be."""
    looked_at = {verdict.path for verdict in verdicts}
    of_label: dict[str, bool] = {}
    for outcome in ledger.outcomes(Status.OK):
        of_label[outcome.label] = of_label.get(outcome.label, False) or outcome.path in looked_at
    return sorted({label for label, known in of_label.items() if not known} | set(passed_over))
