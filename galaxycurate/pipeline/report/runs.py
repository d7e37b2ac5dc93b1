"""Which runs of which commands the figures of a report come from."""

from __future__ import annotations

from galaxycurate.errors import InputError
from galaxycurate.pipeline.report.facts import Run
from galaxycurate.store.ledger import Ledger
from galaxycurate.store.settings import Settings

COMMANDS = ("import", "download", "dedupe", "audit", "review", "split")


def runs(settings: Settings) -> dict[str, Run]:
    """The newest run of each command that wrote to the ledger.

    Parameters
    ----------
    settings : Settings

    Returns
    -------
    dict of str to Run
        By command, those that never ran left out.
    """
    try:
        ledger = Ledger.open(settings.ledger_url, settings.ledger_dataset, create=False)
    except InputError:
        return {}
    with ledger:
        found = {command: ledger.last_run(command) for command in COMMANDS}
    return {
        command: Run(command, run["id"], run["time_utc"], run["parameters"])
        for command, run in found.items()
        if run
    }


def guarded(settings: Settings) -> int:
    """Pictures that the newest split put into no part, for they share sky with another.

    Parameters
    ----------
    settings : Settings

    Returns
    -------
    int
    """
    try:
        ledger = Ledger.open(settings.ledger_url, settings.ledger_dataset, create=False)
    except InputError:
        return 0
    with ledger:
        return len({verdict.path for verdict in ledger.verdicts("split")})
