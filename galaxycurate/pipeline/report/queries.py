"""The SQL behind a manifest, made again from its cuts and believed only if its sha256 agrees."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import fields, replace
from typing import Any

from galaxycurate.core.query import Query
from galaxycurate.errors import GalaxyCurateError
from galaxycurate.pipeline.negatives import queries
from galaxycurate.pipeline.report.facts import ManifestFacts
from galaxycurate.pipeline.search import Strategy
from galaxycurate.pipeline.votequery import MOST_ROWS
from galaxycurate.store import sqlfiles
from galaxycurate.store.settings import Settings


def sent(manifest: ManifestFacts, settings: Settings) -> str:
    """The bound text of a manifest's question.

    Parameters
    ----------
    manifest : ManifestFacts
    settings : Settings

    Returns
    -------
    str
        As it was sent; empty where it cannot be made again, as of a version whose SQL differed.
    """
    if not manifest.query:
        return ""
    with suppress(GalaxyCurateError, ValueError, TypeError):
        for query in _perhaps(manifest, settings):
            if query.sha256 == manifest.query_sha256:
                return query.sql
    return ""


def _perhaps(manifest: ManifestFacts, settings: Settings) -> Iterator[Query]:
    cuts = manifest.cuts
    file = sqlfiles.read(manifest.query)
    bound = {name: cuts[name] for name in file.parameters if cuts.get(name) is not None}
    yield file.bind(**bound)
    if isinstance(limit := bound.get("limit"), int):
        # objects were wanted: `positives` asks for more rows than that, and more again
        rows = 2 * limit + 100
        while rows < 4 * MOST_ROWS:
            yield file.bind(**bound | {"limit": min(rows, MOST_ROWS)})
            rows *= 4
    if "strategy" in cuts:
        names = {field.name for field in fields(Settings)}
        cut: dict[str, Any] = {name: value for name, value in cuts.items() if name in names}
        made = replace(settings, **cut)
        score = cuts.get("score")
        yield from queries(made, Strategy(str(cuts["strategy"])),
                           None if score is None else float(str(score)),
                           masks=bool(cuts.get("masks")))  # fmt: skip
