"""Whether a decision is on the pictures that were shown: others may have come in their place."""

from __future__ import annotations

from galaxycurate.errors import UsageError
from galaxycurate.pipeline.review.entry import Entry
from galaxycurate.pipeline.review.material import Material
from galaxycurate.pipeline.review.said import Said
from galaxycurate.store.ledger import Ledger


def check_shown(entry: Entry, said: Said, material: Material, ledger: Ledger) -> tuple[str, str]:
    """The sha256 of an entry's pictures, for a line of the ledger.

    Parameters
    ----------
    entry : Entry
    said : Said
        Where it names no sha256, what was known when the review was opened is meant.
    material : Material
    ledger : Ledger

    Returns
    -------
    sha256, partner_sha256 : str
        The second is empty where there is no partner.

    Raises
    ------
    UsageError
        The page has shown another picture, or the ledger holds another one by now.
    """
    paths = [path for path in (entry.path, entry.partner) if path]
    now = ledger.sha256_of(path for path in paths if path in material.pictures)
    known = [material.outcome(path).sha256 for path in paths]
    for path, sha256, sent in zip(paths, known, (said.sha256, said.partner_sha256), strict=False):
        if {sent or sha256, now.get(path, sha256)} != {sha256}:
            raise UsageError(
                "the picture is no longer the one that was shown: this decision was not taken",
                hint="stop the review and start it again: it shows those of today",
            )
    return known[0], known[1] if entry.partner else ""
