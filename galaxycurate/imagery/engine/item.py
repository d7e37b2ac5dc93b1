"""A job on its way through the lanes, and how its ends become one."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from galaxycurate.core.outcome import Status
from galaxycurate.imagery.job import Job, Settled


@dataclass(eq=False, slots=True)
class Item:
    """A job under way.

    ``attempts`` and ``took_s`` are of the lane it is in; ``ends`` tells how the lanes before ended.
    """

    job: Job
    attempts: int = 0
    took_s: float = 0.0
    ends: list[Settled] = field(default_factory=list)

    def end(self, how: Settled) -> None:
        """Note how a lane ended, and be fresh for the next one."""
        self.ends.append(how)
        self.attempts, self.took_s = 0, 0.0

    def settled(self) -> Settled:
        """All ends as one: the last kept a picture, or nobody did.

        A picture that nobody could give is rejected only when everybody said so; where one of them
        failed, a later run may heal it.
        """
        last = self.ends[-1]
        if len(self.ends) == 1:
            return last
        attempts = sum(how.attempts for how in self.ends)
        if last.status is Status.OK:
            return replace(last, attempts=attempts, detail=_told(self.ends[:-1]))
        failed = [how for how in self.ends if how.status is Status.FAILED]
        return replace(
            (failed or self.ends)[-1],
            attempts=attempts,
            detail=_told(self.ends),
            request=" | ".join(how.request for how in self.ends),
        )


def _told(ends: list[Settled]) -> str:
    """Such as ``skyserver: outside the footprint (http 404 Not Found); hips2fits: blank``."""
    return "; ".join(
        f"{how.provider}: {how.reason}" + (f" ({how.detail})" if how.detail else "") for how in ends
    )
