from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from galaxycurate.errors import GalaxyCurateError
from train.data.cache import load_pixels
from train.data.decode import window_of
from train.data.feed import Feed
from train.data.statistics import channel_statistics
from train.data.tree import read_tree
from train.learn import checkpoint, compiling, training
from train.learn.tasks import Classes
from train.recipe.settings import changed

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def lesson(tree_root, quick, tmp_path_factory):
    tree = read_tree(tree_root)
    images = load_pixels(
        tree, tmp_path_factory.mktemp("cache"), window=window_of(quick.data)
    ).images
    train = tree.rows("train")
    feed = Feed(images, *channel_statistics(images, train), torch.device("cpu"))
    return training.Lesson(quick, feed, tree.label, train, tree.rows("val"), Classes(tree.classes))


def trained(lesson, epochs: int, state=None) -> training.State:
    shorter = replace(lesson, config=replace(lesson.config, epochs=epochs))
    return training.run(shorter, state or training.begin(shorter))


def same(a: training.State, b: training.State) -> bool:
    left, right = a.model.state_dict(), b.model.state_dict()
    return all(torch.equal(left[name], right[name]) for name in left)


def test_the_same_seed_gives_the_same_network(lesson):
    assert same(trained(lesson, 1), trained(lesson, 1))


def test_another_seed_gives_another_network(lesson):
    other = replace(lesson, config=replace(lesson.config, seed=1))
    assert not same(trained(lesson, 1), trained(other, 1))


def test_a_continued_run_equals_an_unbroken_one(lesson, tmp_path):
    whole = trained(lesson, 4)
    halted = trained(lesson, 2)
    training.store(tmp_path / "last.pth", halted, fingerprint="", config={})
    content = checkpoint.read(tmp_path / "last.pth")
    continued = trained(lesson, 4, training.restore(training.begin(lesson), content))
    assert same(whole, continued)
    timeless = ("epoch", "lr", "loss", "train_accuracy", "val_loss", "val_accuracy")
    for one, two in zip(whole.history, continued.history, strict=True):
        assert all(one[name] == two[name] for name in timeless)
    assert whole.best["epoch"] == continued.best["epoch"]


def test_a_run_with_dropout_and_averaged_weights_continues_bitwise(lesson, tmp_path):
    config = changed(lesson.config, {"dropout": 0.5, "average": 0.9, "scale": 0.2, "hue": 0.1})
    loose = replace(lesson, config=config)
    whole = trained(loose, 3)
    torch.rand(7)  # torch's own state is another one when a killed run goes on
    training.store(tmp_path / "last.pth", trained(loose, 1), fingerprint="", config={})
    content = checkpoint.read(tmp_path / "last.pth")
    continued = trained(loose, 3, training.restore(training.begin(loose), content))
    assert same(whole, continued)
    for name, value in whole.average.state_dict().items():
        assert torch.equal(value, continued.average.state_dict()[name])
    for name, value in whole.best["model"].items():
        assert torch.equal(value, continued.best["model"][name])


def test_dropout_changes_what_is_learnt(lesson):
    loose = replace(lesson, config=changed(lesson.config, {"dropout": 0.5}))
    assert not same(trained(lesson, 1), trained(loose, 1))


def test_averaged_weights_are_what_is_judged_and_kept(lesson):
    averaging = replace(lesson, config=changed(lesson.config, {"average": 0.95}))
    state = trained(averaging, 4)
    plain = trained(lesson, 4).model  # what is learnt does not depend on the average
    for one, other in zip(state.model.parameters(), plain.parameters(), strict=True):
        assert torch.equal(one, other)
    assert state.judged is state.average
    assert not torch.equal(state.average.head.weight, state.model.head.weight)
    assert torch.equal(
        trained(averaging, 1).best["model"]["head.weight"],
        trained(averaging, 1).average.head.weight,
    )


def test_frozen_layers_keep_their_weights(lesson):
    frozen = replace(lesson, config=changed(lesson.config, {"network.frozen": True}))
    before, state = training.begin(frozen), trained(frozen, 1)
    assert torch.equal(before.model.blocks[0][0].weight, state.model.blocks[0][0].weight)
    assert not torch.equal(before.model.head.weight, state.model.head.weight)


def test_a_network_is_compiled_where_that_repays():
    assert compiling.repays(seconds_left=3600)
    assert not compiling.repays(seconds_left=120)


def test_a_compiler_that_fails_leaves_the_run_as_it_was(lesson, monkeypatch):
    def broken(model):
        raise RuntimeError("no C++ compiler\nand more")

    monkeypatch.setattr(torch, "compile", broken)
    always = replace(lesson, config=changed(lesson.config, {"compile": "always", "epochs": 1}))
    said = []
    state = training.run(always, training.begin(always), say=said.append)
    assert said[0] == (
        "warning: the network could not be compiled and is run as it is: no C++ compiler"
    )
    assert same(state, trained(lesson, 1))


def test_the_learning_rate_falls_every_third_epoch(lesson):
    rates = [epoch["lr"] for epoch in trained(lesson, 4).history]
    assert rates == pytest.approx([1e-3, 1e-3, 1e-3, 0.7e-3])


def test_the_best_epoch_on_val_is_kept(lesson):
    state = trained(lesson, 4)
    scores = [(e["val_balanced_accuracy"], -e["val_loss"]) for e in state.history]
    assert state.best["epoch"] == 1 + scores.index(max(scores))


def test_without_a_val_split_the_last_epoch_is_kept(lesson):
    blind = replace(lesson, val=np.zeros(0, np.int64))
    state = trained(blind, 2)
    assert state.best["epoch"] == 2
    assert "val_loss" not in state.history[0]


def test_a_loss_that_is_no_number_stops_with_a_hint(lesson):
    hot = replace(lesson, config=changed(lesson.config, {"lr": 1.0}))
    state = training.begin(hot)
    with torch.no_grad():
        state.model.head.weight.fill_(float("inf"))
    with pytest.raises(GalaxyCurateError, match="the loss of epoch 1 is no number") as caught:
        training.run(hot, state)
    assert "--lr 0.3" in caught.value.hint
