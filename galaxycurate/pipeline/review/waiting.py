"""How much waits in each queue."""

from __future__ import annotations

from dataclasses import dataclass, replace

from galaxycurate.errors import InputError
from galaxycurate.pipeline.review.material import Material, gather
from galaxycurate.pipeline.review.queues import NAMES
from galaxycurate.pipeline.review.session import Session
from galaxycurate.pipeline.review.wanted import Wanted
from galaxycurate.store.ledger import Ledger
from galaxycurate.store.settings import Settings


@dataclass(frozen=True)
class Waiting:
    """A queue in numbers.

    Parameters
    ----------
    queue : str
    total, left : int
        How many there are, and how many of them the reviewer has not decided on; second looks are
        not counted.
    why : str
        Why there are none.
    note : str
        What a person should know of the filter.
    """

    queue: str
    total: int = 0
    left: int = 0
    why: str = ""
    note: str = ""


def waiting(settings: Settings, wanted: Wanted) -> list[Waiting]:
    """Count what waits; nothing is written.

    Parameters
    ----------
    settings : Settings
    wanted : Wanted
        A queue that is named, or what passes a filter, is counted alone.

    Returns
    -------
    list of Waiting

    Raises
    ------
    InputError
        There are no pictures at all, or a file that was named cannot be read.
    UsageError
        A filter, a class or another word is wrong.
    """
    names = [wanted.queue] if wanted.queue or wanted.filter else list(NAMES)
    material = gather(settings, predictions=wanted.predictions, noise=wanted.noise)
    with Ledger.open(settings.ledger_url, settings.ledger_dataset, create=False) as ledger:
        return [_counted(material, ledger, replace(wanted, queue=name)) for name in names]


def _counted(material: Material, ledger: Ledger, wanted: Wanted) -> Waiting:
    try:
        session = Session(material, ledger, wanted)
    except InputError as error:  # what this queue needs is not there; the others may wait
        return Waiting(wanted.queue, why=str(error))
    n, queue = session.looks.pictures, session.queue
    why = "" if n else queue.empty
    return Waiting(queue.name, n, session.progress.left, why, queue.note)
