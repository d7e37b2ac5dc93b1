"""What the ledger holds of a dataset, read at once: for the status, the report and the review."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from galaxycurate.core.decision import Decision
from galaxycurate.core.outcome import Outcome, Reason, Status, Verdict
from galaxycurate.curation.decisions import is_current, standing
from galaxycurate.errors import InputError
from galaxycurate.pipeline.audit.left_out import wants_audit
from galaxycurate.pipeline.decided import COUNTED, Decided
from galaxycurate.store.ledger import Ledger
from galaxycurate.store.settings import Settings

COMMANDS = ("import", "download", "dedupe", "audit", "review", "split")
"""Those that write to the ledger, in the order of their use."""


@dataclass(frozen=True)
class Recorded:
    """What the ledger holds: the newest outcome of each path, the newest verdicts and places;
    ``vain`` are attempts at another picture than the one that stands, ``decisions`` all lines of
    people's, of which the newest split knew the first ``counted``; ``runs`` the newest run of each
    command that writes to it, ``guard`` what the newest split put into no part, for it shares sky.
    """

    outcomes: tuple[Outcome, ...] = ()
    vain: tuple[Outcome, ...] = ()
    verdicts: tuple[Verdict, ...] = ()
    deduped: Mapping[str, tuple[int, str]] = field(default_factory=dict)
    split: Mapping[str, tuple[int, str]] = field(default_factory=dict)
    dedupe_run: int = 0
    split_run: int = 0
    min_overlap: float = 0.0
    audit: tuple[Verdict, ...] = ()
    audit_run: Mapping | None = None
    is_audited: bool = False
    wants_audit: bool = False
    decisions: tuple[Decision, ...] = ()
    counted: int = 0
    runs: Mapping[str, Mapping] = field(default_factory=dict)
    guard: frozenset[str] = frozenset()

    @cached_property
    def decided(self) -> Decided:
        """What verdicts and people say now."""
        return self._settled(self.decisions)

    @cached_property
    def decided_at_split(self) -> Decided:
        """What they said when the newest split was made: its classes are these."""
        return self._settled(self.decisions[: self.counted])

    @property
    def since_split(self) -> int:
        """Decisions that stand since the split, or no more, where they would change it."""
        now, then = self.decided, self.decided_at_split
        if now.left_out.keys() == then.left_out.keys() and now.relabelled == then.relabelled:
            return 0
        both = (standing(self.decisions), standing(self.decisions[: self.counted]))
        stand, stood = ({line.uid for line in lines} for lines in both)
        return len(stand ^ stood)

    def _settled(self, decisions: tuple[Decision, ...]) -> Decided:
        return Decided.of(decisions, (*self.verdicts, *self.audit), self.outcomes)

    @property
    def seen(self) -> set[str]:
        """Pictures that somebody looked at as they are now; of pairs both."""
        sha256 = {one.path: one.sha256 for one in self.outcomes}
        said = (one for one in standing(self.decisions) if is_current(one, sha256))
        return {path for one in said for path in (one.path, one.partner) if path}

    @property
    def in_splits(self) -> dict[str, tuple[int, str]]:
        """(group, split) by path, of the images that the newest split holds."""
        return {path: place for path, place in self.split.items() if place[1]}

    @property
    def kept(self) -> list[Outcome]:
        """The outcomes whose picture is in the dataset."""
        return [outcome for outcome in self.outcomes if outcome.status is Status.OK]

    @property
    def dropped(self) -> set[str]:
        """Paths that dedupe took out: of each pair, the one that went."""
        return {verdict.path for verdict in self.verdicts if not verdict.keep}

    @property
    def survivors(self) -> list[Outcome]:
        """The kept pictures that dedupe left."""
        dropped = self.dropped
        return [outcome for outcome in self.kept if outcome.path not in dropped]


def recorded(settings: Settings, asked: set[tuple[str, str]]) -> Recorded:
    """Read what the ledger knows of the cutouts asked for; an absent one is empty.

    A picture that gave way to another format is no outcome of its cutout: the other one is.
    """
    try:
        ledger = Ledger.open(settings.ledger_url, settings.ledger_dataset, create=False)
    except InputError:
        return Recorded()
    with ledger:
        runs = {name: run for name in COMMANDS if (run := ledger.last_run(name))}
        dedupe, split, audit = (runs.get(name) for name in ("dedupe", "split", "audit"))
        return Recorded(
            outcomes=tuple(
                outcome
                for outcome in ledger.outcomes()
                if (outcome.label, outcome.name) in asked and outcome.reason != Reason.REPLACED
            ),
            vain=tuple(o for o in ledger.vain() if (o.label, o.name) in asked),
            verdicts=tuple(ledger.verdicts()),
            deduped=ledger.places("dedupe"),
            split=ledger.places("split"),
            dedupe_run=dedupe["id"] if dedupe else 0,
            split_run=split["id"] if split else 0,
            min_overlap=float(dedupe["parameters"].get("min_overlap", 0)) if dedupe else 0.0,
            audit=tuple(ledger.verdicts("audit")),
            audit_run=audit["parameters"] if audit else None,
            is_audited=not ledger.changed_since("audit"),
            wants_audit=wants_audit(ledger),
            decisions=tuple(ledger.decisions()),
            counted=int(split["parameters"].get(COUNTED, 0)) if split else 0,
            runs=runs,
            guard=frozenset(verdict.path for verdict in ledger.verdicts("split")),
        )
