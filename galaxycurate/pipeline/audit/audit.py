"""Audit: is every negative empty, and every galaxy alone in the middle of its picture?"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path

from galaxycurate.archives.choose import Archive
from galaxycurate.core.origin import is_simulated
from galaxycurate.core.outcome import Verdict, VerdictKind
from galaxycurate.core.progress import Progress, silent
from galaxycurate.errors import (
    InputError,
    LoginNeeded,
    SettingError,
    Unreachable,
    UsageError,
    first_line,
)
from galaxycurate.pipeline.archive import archive_of
from galaxycurate.pipeline.audit.catalogue import Catalogue, ask, can_ask, plan
from galaxycurate.pipeline.audit.findings import FOLDER, Findings, Lights
from galaxycurate.pipeline.audit.images import Image, Images, images
from galaxycurate.pipeline.audit.light import judge_all, key_for, version
from galaxycurate.pipeline.audit.verdicts import Judged, seen, verdicts_on, worst
from galaxycurate.pipeline.search import LABEL
from galaxycurate.store.ledger import Ledger
from galaxycurate.store.settings import Settings
from galaxycurate.store.shelf import FolderShelf

BRIGHTEST, FAINTEST = 10.0, 30.0


@dataclass
class Audited:
    """What an audit found.

    Parameters
    ----------
    images, dropped : int
        Images audited; those that splits leave out.
    counts : dict of str to Counter
        Images by label and kind of verdict; one with several counts under the worst.
    told : Counter
        Images by who told: catalogue, light (the pixels), both.
    passed_over : Counter
        Images of labels that are neither galaxy nor empty sky.
    archive : str
        Who was asked; empty for nobody.
    questions : int
        How many were asked, or would be.
    unread : int
        Of a dry run: pictures whose pixels nobody has judged yet.
    notes : list of str
        What a person should know before believing the result.
    judged : list of Judged
        Everything, image by image.
    simulated : bool
        The sky is no real one.
    """

    images: int = 0
    dropped: int = 0
    counts: dict[str, Counter[str]] = field(default_factory=dict)
    told: Counter[str] = field(default_factory=Counter)
    passed_over: Counter[str] = field(default_factory=Counter)
    archive: str = ""
    questions: int = 0
    unread: int = 0
    notes: list[str] = field(default_factory=list)
    judged: list[Judged] = field(default_factory=list)
    simulated: bool = False

    def as_dict(self) -> dict:
        """For JSON; ids are text."""
        plain = {k: dict(v) if isinstance(v, Counter) else v for k, v in vars(self).items()}
        plain["counts"] = {label: dict(kinds) for label, kinds in self.counts.items()}
        plain["judged"] = [
            {**vars(one.verdict), "kind": str(one.verdict.kind), "label": one.image.label}
            for one in self.judged
            if one.verdict.kind is not VerdictKind.CLEAN
        ]
        return plain


def audit(
    settings: Settings,
    *,
    labels: Collection[str] = (),
    negatives: Collection[str] = (LABEL,),
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
        Labels that say that there is no galaxy.
    catalogue, pixels : bool
        Which of the two is asked.
    limit_mag_r : float, optional
        Instead of the limits that the manifests name.
    strict : bool
        Leave out whatever is not clean.
    dry_run : bool
        Count only; nothing is asked, looked at or written.
    archive : Archive, optional
        Who is asked; by default the one that the settings name. Where it cannot be reached the
        pixels judge alone, and a note says so.
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
        There are no images.
    """
    _check(catalogue, pixels, limit_mag_r)
    with Ledger.open(settings.ledger_url, settings.ledger_dataset, create=False) as ledger:
        chosen = _chosen(settings, ledger, labels, negatives, limit_mag_r)
        result = Audited(
            images=len(chosen.audited),
            passed_over=chosen.passed_over,
            simulated=is_simulated(*chosen.origins),
        )
        if dry_run:
            return _planned(settings, chosen.audited, result, catalogue, pixels)
        known = _asked(settings, chosen.audited, result, archive, progress) if catalogue else None
        if known is None and not pixels:
            raise InputError(
                "nothing could be asked: " + "; ".join(result.notes),
                hint="leave out --no-pixels, or name another archive: --archive local:PATH",
            )
        lights = _looked(settings, chosen.audited, workers, progress) if pixels else None
        result.judged = _together(chosen.audited, known, lights, settings.margin_arcsec, strict)
        _count(result)
        verdicts = [one.verdict for one in result.judged]
        if labels:
            verdicts += _of_others(ledger, chosen.audited)
        about = {
            "labels": sorted(labels), "negatives": sorted(negatives), "archive": result.archive,
            "pixels": pixels, "limit_mag_r": limit_mag_r, "strict": strict,
            "margin_arcsec": settings.margin_arcsec,
        }  # fmt: skip
        ledger.add_verdicts(ledger.start("audit", about), verdicts)
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


def _asked(
    settings: Settings, audited: list[Image], result: Audited, archive: Archive | None,
    progress: Progress,
) -> Catalogue | None:  # fmt: skip
    """What the archive says; None, and a note, where nobody answers."""
    try:
        archive = archive or archive_of(settings, shelf=shelf_of(settings))
        known = ask(archive, audited, margin_arcsec=settings.margin_arcsec, progress=progress)
    except (Unreachable, LoginNeeded) as error:
        result.notes.append(
            f"the catalogue was not asked ({first_line(error)}): pixels judge alone"
        )
        return None
    if result.simulated and known.name.startswith("http") and not is_simulated(known.name):
        raise UsageError(
            f"the images show a simulated sky, but {known.name} lists the real one",
            hint="galaxycurate config show tells the server; --no-catalogue asks none",
        )
    result.archive, result.questions = known.name, len(plan(audited, settings.margin_arcsec))
    result.notes += known.notes
    return known


def shelf_of(settings: Settings) -> FolderShelf:
    """Where the archive's answers stay for a week, so that a repeated audit asks nobody."""
    names = ("archive", "server", "casjobs", "release")
    asked_of = " ".join(str(getattr(settings, name)) for name in names)
    return FolderShelf(Path(settings.dataset) / FOLDER / "answers", asked_of)


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
        if known is not None and can_ask(image):
            there = seen(known.sky, image, float(known.covered[k]), margin_arcsec)
        shown = lights[k] if lights is not None else None
        if there is None and shown is None:
            judged.append(_unknown(image))
        else:
            judged += verdicts_on(image, there, shown, margin_arcsec=margin_arcsec, strict=strict)
    return judged


def _unknown(image: Image) -> Judged:
    """Without a place, and its pixels were not to be looked at."""
    words = "its place is not known, and its pixels were not looked at"
    return Judged(Verdict(image.path, VerdictKind.BORDERLINE, evidence=words), image)


def _count(result: Audited) -> None:
    by_path: dict[str, list[Judged]] = defaultdict(list)
    for one in result.judged:
        by_path[one.verdict.path].append(one)
    for of_image in by_path.values():
        chief = worst(of_image)
        kinds = result.counts.setdefault(chief.image.label, Counter())
        kinds[str(chief.verdict.kind)] += 1
        result.told[chief.verdict.tier] += 1
        result.dropped += any(not one.verdict.keep for one in of_image)
    result.counts = dict(sorted(result.counts.items()))


def _of_others(ledger: Ledger, audited: list[Image]) -> list[Verdict]:
    """What the last audit said of images that this one does not look at."""
    mine = {image.path for image in audited}
    return [verdict for verdict in ledger.verdicts("audit") if verdict.path not in mine]
