from __future__ import annotations

import csv
from dataclasses import replace

import numpy as np
import pytest

from galaxycurate.errors import GalaxyCurateError
from tests.train.shapes import picture
from train.data.decode import Window, decode
from train.recipe.config import Augment, Config, Network, Optim
from train.scratch import training
from train.scratch.network import small_network
from train.scratch.training import Lesson, begin, restore, store, train

RECIPE = Config(
    epochs=4,
    batch=32,
    steps_share=2,
    network=Network(dropout=0.1),
    augment=Augment(rotation_deg=360, shift=0.05, flip=True),
    optim=Optim(lr=4e-3, schedule="cosine"),
)


def lesson(images: np.ndarray, label: np.ndarray, n_val: int, config: Config = RECIPE) -> Lesson:
    rows = np.arange(len(label))
    known = images[n_val:].reshape(-1, 3).astype(np.float32)
    shares = np.eye(2, dtype=np.float32)[label]
    return Lesson(
        config, images, known.mean(0), known.std(0), label, shares, rows[n_val:], rows[:n_val]
    )


@pytest.fixture(scope="module")
def shapes():
    """Simulated discs and bars, 32 pixels: 100 of val, 300 of train."""
    rng = np.random.default_rng(0)
    label = rng.integers(0, 2, 400)
    images = [picture(("bar", "disc")[kind], rng, side=64)[::2, ::2] for kind in label]
    return lesson(np.stack(images), label, 100)


def same(one: training.State, other: training.State) -> bool:
    held = [s.network.parameters() | s.optimizer.state | s.best["weights"] for s in (one, other)]
    return all(np.array_equal(held[0][name], held[1][name]) for name in held[0] | held[1])


def timeless(state: training.State) -> list[dict]:
    clock = ("seconds", "images_per_s")
    return [{k: v for k, v in e.items() if k not in clock} for e in state.history]


def test_discs_and_bars_are_told_apart_after_eight_epochs(shapes):
    longer = replace(shapes, config=replace(RECIPE, epochs=8))
    state = train(longer, begin(longer))
    assert max(facts["val_accuracy"] for facts in state.history) >= 0.97
    assert state.history[-1]["loss"] < 0.5 * state.history[0]["loss"]


def test_the_same_seed_gives_the_same_network_to_the_bit_and_another_another(shapes):
    short = replace(shapes, config=replace(RECIPE, epochs=1))
    other = replace(shapes, config=replace(RECIPE, epochs=1, seed=1))
    one = train(short, begin(short))
    assert same(one, train(short, begin(short)))
    assert not same(one, train(other, begin(other)))


@pytest.mark.parametrize("method", ["adam", "sgd"])
def test_a_continued_run_equals_an_unbroken_one_to_the_bit(shapes, tmp_path, method):
    optim = replace(RECIPE.optim, method=method, lr=1e-2 if method == "sgd" else 4e-3)
    whole_lesson = replace(shapes, config=replace(RECIPE, epochs=3, optim=optim))
    path = tmp_path / "last.npz"
    kept = []

    def keep(state):
        if state.epoch == 2:
            store(path, state, fingerprint="x")
            kept.append(path.read_bytes())

    whole = train(whole_lesson, begin(whole_lesson), keep=keep)
    continued = train(whole_lesson, restore(whole_lesson, path))
    assert same(whole, continued)
    assert timeless(whole) == timeless(continued)
    assert whole.best["epoch"] == continued.best["epoch"]
    assert path.read_bytes() == kept[0]


def test_the_best_epoch_on_val_is_kept(shapes):
    state = train(shapes, begin(shapes))
    scores = [(e["val_balanced_accuracy"], -e["val_loss"]) for e in state.history]
    assert state.best["epoch"] == 1 + scores.index(max(scores))


def test_without_a_val_split_the_last_epoch_is_kept(shapes):
    blind = replace(shapes, val=shapes.val[:0], config=replace(RECIPE, epochs=2))
    state = train(blind, begin(blind))
    assert state.best["epoch"] == 2
    assert "val_loss" not in state.history[0]


def test_vote_fractions_are_learnt_as_they_are(shapes):
    """Told 70 : 30 of every image, the network answers so."""
    shares = np.tile(np.array([[0.7, 0.3]], np.float32), (400, 1))
    soft = replace(shapes, shares=shares, config=replace(RECIPE, sampling="natural"))
    state = train(soft, begin(soft))
    told = training.answers(state.network, soft.images[:100], soft.mean, soft.std)
    assert told[:, 0].mean() == pytest.approx(0.7, abs=0.05)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_a_loss_that_is_no_number_stops_with_a_hint(shapes):
    hot = replace(shapes, config=replace(RECIPE, optim=Optim(lr=1.0)))
    state = begin(hot)
    state.network.layers[0].weights["kernel"][:] = np.inf
    with pytest.raises(GalaxyCurateError, match="the loss of epoch 1 is no number") as caught:
        train(hot, state)
    assert "--lr 0.3" in caught.value.hint


def test_real_ellipticals_and_spirals_are_learnt_better_than_by_chance(shared_data):
    """300 images of each class for ten epochs: not what the network can do, but that it does."""
    images, label = [], []
    with (shared_data / "labels" / "gz1_dr7.csv").open(newline="") as file:
        for row in csv.DictReader(file):
            kind = 0 if row["gz1_leaf"] == "elliptical" else 1
            if row["gz1_leaf"].startswith(("elliptical", "spiral")) and label.count(kind) < 300:
                images.append(decode(shared_data / row["file"], Window(32, zoom=2.5)))
                label.append(kind)
    order = np.random.default_rng(0).permutation(600)
    config = replace(RECIPE, epochs=10)
    real = lesson(np.stack(images)[order], np.array(label)[order], 200, config)
    state = train(real, begin(real))
    assert max(facts["val_accuracy"] for facts in state.history) > 0.68


def test_answers_that_are_no_numbers_are_refused():
    network = small_network(2, dropout=0.0, seed=0)
    for weights in network.parameters().values():
        weights[...] = np.nan
    grey = np.full(3, 20, np.float32)
    with pytest.raises(GalaxyCurateError, match="answers 3 of 3 images with what is no number"):
        training.answers(network, np.zeros((3, 32, 32, 3), np.uint8), grey, grey)
