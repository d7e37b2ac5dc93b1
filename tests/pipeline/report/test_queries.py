from __future__ import annotations

from dataclasses import replace

import pytest

from galaxycurate.pipeline import negatives, wish
from galaxycurate.pipeline.report.facts import ManifestFacts
from galaxycurate.pipeline.report.queries import sent
from galaxycurate.pipeline.search import Strategy
from galaxycurate.store.settings import Settings


def facts(query, cuts) -> ManifestFacts:
    return ManifestFacts("m", "", 1, {}, "c", "t", query=query.name, query_sha256=query.sha256,
                         cuts=cuts)  # fmt: skip


@pytest.mark.parametrize("strategy", list(Strategy))
def test_the_question_for_negatives_is_made_again_from_the_cuts(strategy):
    asked = Settings(limit=77, seed=5, limit_mag_r=19.5, size_px=64)
    header = negatives.request(asked, 0.35, strategy)
    query = negatives.queries(asked, strategy, 0.35)[negatives._MAIN[strategy]]
    assert query.sha256 == header.query_sha256
    assert sent(facts(query, dict(header.cuts)), Settings()) == query.sql


@pytest.mark.parametrize("times", [1, 4, 16])
def test_that_for_positives_too_however_often_more_rows_were_asked_for(times):
    cuts = {"threshold": 0.9, "min_votes": 12, "limit": 300, "seed": 3, "catalog": "gz1"}
    settings = Settings(limit=300, seed=3, min_votes=12)
    query = wish.query(settings, wish.Wish(threshold=0.9), rows=700 * times)
    assert (
        sent(facts(query, cuts | {"min_votes": query.values["min_votes"]}), Settings()) == query.sql
    )


def test_what_cannot_be_made_again_is_not_claimed():
    query = negatives.queries(Settings(), Strategy.CELL, 0.2)[2]
    cuts = dict(negatives.request(Settings(), 0.2, Strategy.CELL).cuts)
    assert sent(replace(facts(query, cuts), query_sha256="00" * 32), Settings()) == ""
    assert sent(replace(facts(query, cuts), query="no_such_question"), Settings()) == ""
    assert sent(facts(query, {"strategy": "none such", "score": "x"}), Settings()) == ""
    assert sent(replace(facts(query, cuts), query=""), Settings()) == ""
