"""What a download did, in figures that add up."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field

from galaxycurate.errors import SomeFailed, Unreachable


@dataclass(frozen=True)
class DownloadSummary:
    """What a download did: listed = imported + twins + rows, and
    rows = done_before + kept + rejected + failed + left.

    Parameters
    ----------
    rows : int
        Different cutouts wanted of the providers.
    done_before : int
        Settled by an earlier run; ``rejected_before`` of them rejected, the others kept.
    kept : int
    rejected, failed : mapping of str to int
        By reason.
    left : int
        Not settled: interrupted, given up, not in the scope of ``retry_failed``, or a dry run;
        ``never_tried`` of them are those out of that scope.
    replaced : mapping of str to int
        Pictures that gave way to those kept now (in a dry run: would), by who drew them and size.
    listed : int
        Rows of the manifests.
    imported : int
        Rows of imported manifests, whose files are in the tree already.
    twins : int
        Rows that ask for what an earlier row asks for.
    bytes : int
        Of the pictures kept now.
    seconds : float
    origin : str
        Who drew the pixels, as the servers name themselves.
    providers : mapping of str to int
        Pictures kept now, by who gave them.
    paces : mapping of str to str
        How fast it went with each provider at the end.
    labels : mapping of str to int
        Pictures in the tree by label, of these manifests.
    estimated_bytes : int
        Of what was to be fetched.
    urls : sequence of str
        The first addresses, in a dry run.
    costs : mapping of str to mapping
        What each way would cost, in a dry run: requests, bytes, and seconds at a courteous pace.
    warnings : sequence of str
        What a person should know, such as that fields could not be looked up.
    """

    rows: int
    done_before: int
    rejected_before: int = 0
    kept: int = 0
    rejected: Mapping[str, int] = field(default_factory=dict)
    failed: Mapping[str, int] = field(default_factory=dict)
    left: int = 0
    never_tried: int = 0
    replaced: Mapping[str, int] = field(default_factory=dict)
    listed: int = 0
    imported: int = 0
    twins: int = 0
    bytes: int = 0
    seconds: float = 0.0
    origin: str = ""
    providers: Mapping[str, int] = field(default_factory=dict)
    paces: Mapping[str, str] = field(default_factory=dict)
    labels: Mapping[str, int] = field(default_factory=dict)
    estimated_bytes: int = 0
    urls: Sequence[str] = ()
    costs: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    warnings: Sequence[str] = ()

    def as_dict(self) -> dict:
        """For JSON."""
        return asdict(self)

    def problem(self) -> SomeFailed | None:
        """The error to end with when some cutouts failed."""
        if not self.failed:
            return None
        reasons = ", ".join(f"{n:,} {reason}" for reason, n in self.failed.items())
        return SomeFailed(
            f"{sum(self.failed.values()):,} of {self.rows:,} cutouts failed ({reasons})",
            hint="galaxycurate download --retry-failed",
        )

    @property
    def kinder(self) -> str:
        """The way that keeps its server busy for the least time; empty where none was compared."""
        return min(self.costs, key=lambda name: self.costs[name]["seconds"], default="")


class StoppedEarly(Unreachable):
    """Nobody answers any more; ``summary`` tells what was done until then."""

    def __init__(self, message: str, *, hint: str, summary: DownloadSummary):
        super().__init__(message, hint=hint)
        self.summary = summary
