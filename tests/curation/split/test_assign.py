import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from galaxycurate.curation.pairs import Pairs
from galaxycurate.curation.split import assign as split
from galaxycurate.errors import SettingError


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 40), st.sampled_from("abc")), min_size=1, max_size=200))
def test_no_group_is_ever_torn_apart(rows):
    group, label = (np.array(v) for v in zip(*rows, strict=True))
    place = split.assign(label, group)
    for g in np.unique(group):
        assert len(set(place[group == g])) == 1


def test_single_images_are_shared_out_exactly_by_class():
    label = np.repeat(["a", "b"], [1000, 300])
    place = split.assign(label, np.arange(1300))
    for name, share in zip(split.NAMES, (0.8, 0.1, 0.1), strict=True):
        assert (place[label == "a"] == name).sum() == pytest.approx(1000 * share, abs=1)
        assert (place[label == "b"] == name).sum() == pytest.approx(300 * share, abs=1)


def test_the_same_seed_gives_the_same_split_and_another_seed_another():
    label, group = np.repeat("a", 100), np.arange(100)
    first = split.assign(label, group, seed=1)
    assert (first == split.assign(label, group, seed=1)).all()
    assert (first != split.assign(label, group, seed=2)).any()


def test_a_share_of_none_gets_nothing():
    place = split.assign(np.repeat("a", 50), np.arange(50), fractions=(0.5, 0, 0.5))
    assert set(place) == {"train", "test"}


@pytest.mark.parametrize("shares", [(0.8, 0.1), (0.8, 0.1, 0.2), (0, 0.5, 0.5), (1.2, -0.1, -0.1)])
def test_shares_that_are_no_split_are_refused(shares):
    with pytest.raises(SettingError, match="must add up to 1"):
        split.check_fractions(shares)


def test_pairs_across_splits_are_found():
    pairs = Pairs(np.array([0, 1]), np.array([2, 3]), np.ones(2))
    place = np.array(["train", "train", "test", "train"])
    assert split.crossing(place, pairs).tolist() == [0]
