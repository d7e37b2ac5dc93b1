import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from galaxycurate.curation.split.share import ALL, contents, share_out, uneven, worth

SHARES = (0.8, 0.1, 0.1)


def shared(label, group, shares=SHARES, seed=1):
    _, row_of, content = contents(label, group)
    return share_out(content, shares, seed=seed)[row_of]


def furthest(label, place, shares=SHARES):
    """How far the shares of any class are off."""
    return max(
        abs((place[label == name] == part).mean() - share)
        for name in np.unique(label)
        for part, share in enumerate(shares)
    )


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 40), st.sampled_from("abc")), min_size=1, max_size=200))
def test_no_group_is_torn_and_every_image_is_placed(rows):
    group, label = (np.array(v) for v in zip(*rows, strict=True))
    place = shared(label, group)
    assert set(place) <= {0, 1, 2}
    for one in np.unique(group):
        assert len(set(place[group == one])) == 1


def test_mixed_groups_of_many_sizes_end_within_a_point_of_every_share():
    rng = np.random.default_rng(3)
    sizes = np.minimum(rng.zipf(1.7, 900), 150)
    group = np.repeat(np.arange(sizes.size), sizes)
    leaning = np.repeat(rng.dirichlet([0.3, 0.3, 0.3], sizes.size), sizes, axis=0)
    label = np.array(["e", "s", "n"])[(rng.random(group.size)[:, None] > leaning.cumsum(1)).sum(1)]
    assert furthest(label, shared(label, group)) < 0.01
    assert not uneven(label, group, shared(label, group), SHARES)


def test_exchanges_find_what_moves_alone_do_not():
    """Groups of 3 and 2 in halves: 3 + 2 + 2 against 3 + 2 + 2, whatever the order of giving."""
    group = np.repeat(np.arange(6), [3, 3, 2, 2, 2, 2])
    label = np.repeat("a", 14)
    for seed in range(20):
        place = shared(label, group, (0.5, 0.5), seed)
        assert (place == 0).sum() == 7


def test_a_million_single_images_are_shared_out_to_the_image():
    label = np.repeat(["a", "b"], [700_000, 300_000])
    place = shared(label, np.arange(label.size))
    for name, n in (("a", 700_000), ("b", 300_000)):
        assert np.bincount(place[label == name]).tolist() == [n * 8 // 10, n // 10, n // 10]


def test_a_group_that_holds_most_of_a_class_is_named_with_what_it_holds():
    label = np.repeat(["a", "b"], [100, 300])
    group = np.concatenate([np.zeros(95, int), np.arange(1, 306)])
    worst = uneven(label, group, shared(label, group), SHARES)[0]
    assert (worst.label, worst.group, worst.holds) == ("a", 0, 0.95)
    assert worst.got - worst.wanted == pytest.approx(0.15, abs=1e-9)


def test_images_left_out_do_not_count_as_uneven():
    label, place = np.repeat("a", 20), np.array([0] * 8 + [1] + [2] + [-1] * 10)
    assert not uneven(label, np.arange(20), place, SHARES)


@pytest.mark.parametrize(("classes", "each"), [(20, 5), (200, 15)])
def test_many_small_classes_leave_no_part_short(classes, each):
    label = np.repeat([f"c{k:03d}" for k in range(classes)], each)
    whole = np.array(SHARES) * label.size
    for seed in range(3):
        place = shared(label, np.arange(label.size), seed=seed)
        assert np.bincount(place, minlength=3) == pytest.approx(whole, abs=1)


def test_many_small_classes_fill_all_folds_alike():
    label = np.repeat([f"c{k:03d}" for k in range(200)], 12)
    assert np.bincount(shared(label, np.arange(2400), [0.2] * 5)).tolist() == [480] * 5


def test_an_empty_part_is_uneven_though_every_class_is_within_an_image():
    label = np.repeat([f"c{k:02d}" for k in range(20)], 5)
    place = np.tile([0, 0, 0, 0, 1], 20)
    off = uneven(label, np.arange(100), place, SHARES)
    assert {(one.label, one.part) for one in off} == {(ALL, 1), (ALL, 2)}


def test_a_class_that_is_gone_is_uneven():
    label, place = np.repeat(["a", "b"], [100, 3]), np.repeat([0, 1, 2, -1], [80, 10, 10, 3])
    off = uneven(label, np.arange(103), place, SHARES)
    assert (off[0].label, off[0].got, off[0].wanted) == ("b", 0.0, 0.8)


def test_an_image_is_worth_what_its_class_would_miss():
    assert worth(np.repeat(["a", "b", "c"], [1000, 50, 3])).tolist() == [1] * 1050 + [17] * 3
