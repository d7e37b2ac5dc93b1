"""The fingerprints on which the search is measured at survey scale are what they are said to be."""

import numpy as np

from benchmarks.drift_scale import recall, simulated
from galaxycurate.curation.pixels.search import search
from tests.curation.pixels.exposures import unrelated


def test_planted_pairs_are_found_and_no_others():
    prints, pairs = simulated(unrelated(24), 400, each=20)
    assert len(prints) == 400
    assert {tier: len(some) for tier, some in pairs.items()} == dict.fromkeys(pairs, 20)
    assert len(np.unique(prints.pixels)) == 400
    told = recall(search(prints), pairs, len(prints))
    assert told["pairs not planted"] == 0
    assert told["recall where 3 sources are shared"]["noise"] >= 0.95
    assert min(told["recall where 3 sources are shared"].values()) >= 0.8
