"""Can this dataset be trusted? The report in five lines, and what to do about what is wrong."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from galaxycurate.core.outcome import Status
from galaxycurate.core.words import many
from galaxycurate.curation.nuisances import FILE, SKY
from galaxycurate.pipeline.report.facts import Finding, SplitProof
from galaxycurate.pipeline.report.funnel import ASKED, KEPT, LEFT, PLACED
from galaxycurate.pipeline.report.shortcuts import MEANING, Told

if TYPE_CHECKING:
    from galaxycurate.pipeline.next_steps import Step
    from galaxycurate.pipeline.recorded import Recorded
    from galaxycurate.pipeline.report.facts import ReportFacts
    from galaxycurate.pipeline.report.shortcuts import Shortcuts

GOOD, LOOK, BAD, UNKNOWN = "good", "look", "bad", "unknown"

WORDS = {GOOD: "good", LOOK: "look", BAD: "mend", UNKNOWN: "not known"}
"""What a person reads for a level."""

FEW_TO_LEARN, FEW_TO_TEST = 100, 50
"""Images of a class: with fewer in train a network learns little of it, and with fewer in test its
recall is known to no better than 0.14."""

UNEVEN = 5.0
"""A class that has so many times the images of another gets most of the network's attention."""

_MANY_LOST = 0.1


def summary(
    facts: ReportFacts, records: Recorded, behind: Step | None = None
) -> tuple[Finding, ...]:
    """The five lines: pictures, leaks, contents, shortcuts, numbers.

    Parameters
    ----------
    facts : ReportFacts
        All but its summary.
    records : Recorded
    behind : Step, optional
        What the split does not know yet (`galaxycurate.pipeline.next_steps.behind`).

    Returns
    -------
    tuple of Finding
    """
    return (
        _pictures(facts, records),
        _leaks(facts.proof, records, behind),
        _contents(facts, records),
        _shortcuts(facts.shortcuts),
        _numbers(facts.splits, facts.classes, facts.funnel, behind),
    )


def in_a_word(findings: tuple[Finding, ...]) -> str:
    """The answer above the five lines.

    Parameters
    ----------
    findings : tuple of Finding

    Returns
    -------
    str
    """
    levels = [finding.level for finding in findings]
    if n := levels.count(BAD):
        return f"Not yet: {_things(n)} to mend first."
    if n := levels.count(UNKNOWN):
        return f"Not known yet: {n} of {len(levels)} checks {_were(n)} not made."
    if n := levels.count(LOOK):
        return f"With care: nothing is broken, but {_things(n)} for a person to look at."
    return "Yes, as far as was measured: nothing was found that speaks against it."


def next_command(findings: tuple[Finding, ...]) -> str:
    """What to type about what is wrong, the worst first; empty where nothing is.

    Parameters
    ----------
    findings : tuple of Finding

    Returns
    -------
    str
    """
    ranked = [f for level in (BAD, UNKNOWN, LOOK) for f in findings if f.level == level]
    return next((f.do for f in ranked if f.is_command), "")


def _things(n: int) -> str:
    return "there is one thing" if n == 1 else f"there are {n} things"


def _were(n: int) -> str:
    return "was" if n == 1 else "were"


def _pictures(facts: ReportFacts, records: Recorded) -> Finding:
    asked, kept = facts.funnel[ASKED], facts.funnel[KEPT]
    say = _teller("Pictures", "funnel")
    text = f"{kept:,} of {asked:,} cutouts have a picture"
    failed = sum(outcome.status is Status.FAILED for outcome in records.outcomes)
    if not kept:
        return say(BAD, f"{text}.", "see the reasons below")
    if failed:
        return say(LOOK, f"{text}; {failed:,} failed.", "galaxycurate download --retry-failed")
    if facts.undone:
        return say(LOOK, f"{text}; {facts.undone:,} were not asked for.", "galaxycurate download")
    if kept < (1 - _MANY_LOST) * asked:
        return say(LOOK, f"{text}: many are lost.", "see whether the reasons spare no class")
    return say(GOOD, f"{text}; each was checked when it came.")


def _leaks(proof: SplitProof | None, records: Recorded, behind: Step | None) -> Finding:
    say = _teller("Leaks", "splits")
    if not records.dedupe_run:
        return say(UNKNOWN, "Nobody looked for duplicates and shared sky.", "galaxycurate dedupe")
    if proof is None:
        return say(UNKNOWN, "There is no split yet, so none was proved.", "galaxycurate split")
    if not proof.holds:
        n = proof.torn + proof.pairs_across + proof.overlapping_across
        return say(BAD, f"The split leaks: {n:,} groups or pairs lie in two parts. Dedupe, then "
                        "split anew.", "galaxycurate dedupe")  # fmt: skip
    if behind:
        return say(LOOK, f"The split is out of date: {behind.why}.", behind.command)
    if blind := proof.images - proof.measured:
        text = f"Nothing that dedupe found lies across the splits ({proof.groups:,} groups), but "
        text += f"the sky of {blind:,} of {proof.images:,} images was not compared: their position "
        text += "or pixel scale is unknown."
        return say(LOOK, text, "import again with ra and dec in the table, and --pixscale")
    return say(GOOD, f"No object and no sky is shared between the splits ({proof.groups:,} groups, "
                     "measured anew).")  # fmt: skip


def _contents(facts: ReportFacts, records: Recorded) -> Finding:
    say = _teller("Contents", "audit")
    audit, people = facts.audit, facts.people
    if audit is None:
        return say(UNKNOWN, "Nobody looked whether negatives are empty and galaxies are centred.",
                   "galaxycurate audit")  # fmt: skip
    if not audit.current:
        return say(LOOK, "Images came after the last audit.", "galaxycurate audit")
    if n := len(records.in_splits.keys() & records.decided.left_out.keys()):
        return say(LOOK, f"The split still holds {_images(n)} that dedupe, audit or people leave "
                   "out.",
                   "galaxycurate split")  # fmt: skip
    disputed = people.counts.get("disputed", 0) if people else 0
    if disputed:
        return say(LOOK, f"Reviewers disagree about {_images(disputed)}.", "galaxycurate review")
    text = f"The audit leaves out {_images(audit.left_out)}"
    kept = f"; {audit.flagged:,} with something else against them stay in" if audit.flagged else ""
    if audit.unsure:
        text += f" and is unsure of {audit.unsure:,} that nobody looked at"
        return say(LOOK, f"{text}{kept}.", "galaxycurate review --queue contaminated")
    return say(GOOD, f"{text}{kept}.")


def _shortcuts(found: Shortcuts | None) -> Finding:
    say = _teller("Shortcuts", "shortcuts")
    if found is None:
        return say(UNKNOWN, "Nobody looked whether something but the galaxy tells the class.",
                   "leave out --no-shortcuts")  # fmt: skip
    if found.why_not or found.file is None or found.sky is None:
        return say(UNKNOWN, f"Not checked: {found.why_not}.")
    if FILE in found.warning:
        return say(BAD, f"How the files were made tells the class ({_at_worst(found.file)}).",
                   "make all classes the same way; see Shortcuts")  # fmt: skip
    if SKY in found.warning:
        return say(LOOK, f"The sky around the galaxies tells the class ({_at_worst(found.sky)}).",
                   "decide whether that is real; see Shortcuts")  # fmt: skip
    return say(GOOD, "Neither the files nor the sky around the galaxies tell the class "
                     f"(AUC {found.auc:.2f}).")  # fmt: skip


def _at_worst(told: Told) -> str:
    which = f"{told.best} from the rest: " if told.best else ""
    return f"{which}AUC {told.auc:.2f}, most of all {MEANING[told.features[0].name]}"


def _numbers(
    splits: Mapping, classes: Mapping, funnel: Mapping[str, int], behind: Step | None
) -> Finding:
    say = _teller("Numbers", "classes")
    last = list(funnel)[-1]
    sizes = {label: stages[last] for label, stages in classes.items()}
    empty = sorted(label for label, n in sizes.items() if not n)
    waiting = {label: n for label in empty if (n := classes[label].get(LEFT, 0))}
    if waiting and behind:
        some = _and([f"{_images(n)} of {label}" for label, n in waiting.items()])
        return say(LOOK, f"A new split would hold {some}, this one none. Split anew.",
                   behind.command)  # fmt: skip
    if empty:
        return say(BAD, f"No image is left of {_and(empty)}.", "see the funnel for the reasons")
    if len(sizes) < 2:
        return say(LOOK, f"There is one class only: {_and(sorted(sizes))}.",
                   "galaxycurate negatives, or positives, gives another")  # fmt: skip
    small, large = min(sizes, key=sizes.__getitem__), max(sizes, key=sizes.__getitem__)
    text = f"{many(sizes[small], 'image')} of {small} to {sizes[large]:,} of {large}"
    test = min(splits.get("test", {}).values(), default=FEW_TO_TEST)
    if sizes[small] < FEW_TO_LEARN:
        return say(LOOK, f"{text}: few to learn from.", "a larger --limit, or more classes' images")
    if PLACED in funnel and test < FEW_TO_TEST:
        return say(LOOK, f"{text}; a class has {test:,} in test: wide error bars.",
                   "a larger --limit, or galaxycurate split --folds 5")  # fmt: skip
    if sizes[large] > UNEVEN * sizes[small]:
        return say(LOOK, f"{text}: uneven.", "train with balanced sampling (the default)")
    return say(GOOD, f"{text}.")


def _images(n: int) -> str:
    return "one image" if n == 1 else many(n, "image") if n else "no image"


def _and(names: list[str]) -> str:
    return ", ".join(names[:-1]) + (" and " if len(names) > 1 else "") + names[-1]


def _teller(about: str, section: str) -> Callable[..., Finding]:
    def say(level: str, text: str, do: str = "") -> Finding:
        return Finding(about, level, text, do, section)

    return say
