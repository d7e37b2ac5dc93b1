from __future__ import annotations

import numpy as np

from train.data.sampler import balanced_order

LABEL = np.array([0] * 70 + [1] * 20 + [2] * 7)


def test_every_class_comes_equally_often():
    order = balanced_order(LABEL, 97, rng=np.random.default_rng(0))
    assert sorted(np.bincount(LABEL[order])) == [32, 32, 33]


def test_no_image_comes_twice_before_all_of_its_class_came_once():
    order = balanced_order(LABEL, 97, rng=np.random.default_rng(0))
    often = np.bincount(order, minlength=LABEL.size)
    assert often[LABEL == 0].max() == 1
    for name in (1, 2):
        assert np.ptp(often[name == LABEL]) <= 1
        assert often[name == LABEL].min() >= 1


def test_the_order_follows_from_the_seed_and_is_mixed():
    first = balanced_order(LABEL, 97, rng=np.random.default_rng(3))
    assert (first == balanced_order(LABEL, 97, rng=np.random.default_rng(3))).all()
    assert (first != balanced_order(LABEL, 97, rng=np.random.default_rng(4))).any()
    assert len(set(LABEL[first][:12])) == 3
