"""What a person wants to review, and how."""

from __future__ import annotations

import getpass
from dataclasses import dataclass
from pathlib import Path

from galaxycurate.curation.agreement import AGAIN
from galaxycurate.errors import UsageError
from galaxycurate.pipeline.review.queues import check_name
from galaxycurate.store.images import check_word

DEFAULT_QUEUE = "unreviewed"
MOST_REASON = 200
"""Characters of a reason."""

MOST_NAME = 40
"""Characters of a reviewer's name."""


@dataclass(frozen=True)
class Wanted:
    """What is to be reviewed.

    Parameters
    ----------
    queue : str
        Empty for all that pass the filter, or else for ``unreviewed``.
    filter : str
        Such as ``label=spiral AND p>0.9``; empty for all.
    reviewer : str
        Empty for the login name.
    blind : bool
        Hide label, votes, score and verdicts until a picture is decided on.
    second_look : float
        Share of the pictures that come again, 0 to 1.
    skip_decided : bool
        Leave out what anybody has decided on.
    limit : int or None
        Pictures at most.
    classes : tuple of str
        Besides those of the dataset.
    predictions, noise : Path or None
        Files of a training.
    """

    queue: str = ""
    filter: str = ""
    reviewer: str = ""
    blind: bool = False
    second_look: float = 0.0
    skip_decided: bool = False
    limit: int | None = None
    classes: tuple[str, ...] = ()
    predictions: Path | None = None
    noise: Path | None = None

    def __post_init__(self):
        if self.queue:
            check_name(self.queue)
        if not 0 <= self.second_look <= 1:
            raise UsageError(
                f"a second look at {self.second_look:.0%} of the pictures is no share of them",
                hint="--second-look 5% repeats one in twenty",
            )
        if self.limit is not None and self.limit < 1:
            raise UsageError(f"limit = {self.limit} leaves nothing", hint="--limit 100")
        for name in self.classes:
            check_word(name, what="class")
        check_reviewer(self.reviewer)

    @property
    def who(self) -> str:
        """The name under which decisions are kept."""
        return cleaned(self.reviewer) or _login()


def check_reviewer(name: str) -> None:
    """Refuse a name that would be read as another one's, or that no table has room for.

    Raises
    ------
    UsageError
        It ends as second looks are called, or is too long.
    """
    said = cleaned(name)
    if said.endswith(AGAIN):
        raise UsageError(
            f"the reviewer's name {said!r} would be read as somebody's second looks",
            hint=f"--reviewer {said.removesuffix(AGAIN)}",
        )
    if len(said) > MOST_NAME:
        raise UsageError(
            f"the reviewer's name has {len(said)} characters, at most {MOST_NAME} are kept",
            hint=f"--reviewer {said[:MOST_NAME].split()[0]}",
        )


def share(text: str) -> float:
    """A share as a person writes it.

    Parameters
    ----------
    text : str
        ``5%`` or ``0.05``.

    Returns
    -------
    float

    Raises
    ------
    UsageError
        It is no number.
    """
    try:
        number = text.strip()
        return float(number[:-1]) / 100 if number.endswith("%") else float(number)
    except ValueError:
        raise UsageError(f"{text!r} is no share", hint="--second-look 5%") from None


def cleaned(text: str) -> str:
    """A person's words on one line, without signs that cannot be seen."""
    seen = "".join(sign if sign.isprintable() else " " for sign in str(text))
    return " ".join(seen.split())[:MOST_REASON]


def _login() -> str:
    try:
        return getpass.getuser()
    except (ImportError, KeyError, OSError):  # a container's user may have no name
        return "somebody"
