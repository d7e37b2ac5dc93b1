"""Ours beside the classic way, judged by the truth of a small SIMULATED sky."""

import pytest

pytest.importorskip("galsim")

from benchmarks import classic
from galaxycurate.sandbox.simulated.content import Density


@pytest.fixture(scope="module")
def result(tmp_path_factory):
    density = Density(stars=80, faint=200, zoo=30)
    root = tmp_path_factory.mktemp("classic")
    return classic.compare(root, seed=5, fields=2, limit=60, density=density)


def test_our_negatives_hold_no_galaxy_to_the_limit_and_our_split_leaks_nothing(result):
    ours = result["ours"]
    assert ours["negatives"] >= 20
    assert ours["called clean, with a galaxy's light"] == 0
    assert ours["in a split, with a galaxy's light"] == 0
    assert ours["images in splits"] >= 60
    assert ours["leaking pairs"] == 0


def test_the_classic_negatives_hold_galaxies_and_a_random_split_leaks(result):
    theirs = result["classic"]
    assert theirs["with a galaxy's light"] > 0.2 * theirs["negatives"]
    assert theirs["leaking pairs"] > 0


def test_the_audit_leaves_no_contaminated_negative_of_the_classic_way(result):
    theirs = result["classic"]
    assert theirs["called clean, with a galaxy's light"] == 0
    found, false = (
        theirs[f"called contaminated, with{which}"] for which in (" a galaxy's light", "out")
    )
    assert found >= 0.9 * theirs["with a galaxy's light"]
    assert false <= 0.1 * (theirs["negatives"] - theirs["with a galaxy's light"])
    assert found + false == theirs["called"]["contaminated"]
