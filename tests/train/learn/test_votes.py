from __future__ import annotations

import numpy as np
import pytest
import torch

from galaxycurate.errors import SettingError
from train.data.feed import Feed
from train.data.statistics import channel_statistics
from train.data.votes import COLUMNS, misses
from train.learn import training
from train.learn.tasks import task_of
from train.learn.votes import Votes
from train.recipe.presets import preset
from train.recipe.settings import changed


def test_the_loss_is_the_square_of_the_challenges_error():
    rng = np.random.default_rng(0)
    scores = torch.from_numpy(rng.normal(size=(50, 37)))
    task = Votes()
    answers = task.answers(scores).numpy()
    wanted = task.answers(torch.from_numpy(rng.normal(size=(50, 37)))).numpy()
    by_hand = np.sqrt(((answers - wanted) ** 2).sum() / (50 * 37))
    loss = float(task.loss(scores, torch.from_numpy(wanted).float()))
    assert task.judged(answers, wanted)["val_rmse"] == pytest.approx(by_hand)
    assert loss**0.5 == pytest.approx(by_hand, rel=1e-5)
    assert task.from_loss(loss)["train_rmse"] == pytest.approx(by_hand, rel=1e-5)


def test_the_mean_of_consistent_answers_is_consistent():
    """So the mean over the views of an image is."""
    task, rng = Votes(), torch.Generator().manual_seed(0)
    views = [task.answers(torch.randn(20, 37, generator=rng)) for _ in range(8)]
    assert np.abs(misses((sum(views) / 8).numpy())).max() < 1e-6


def test_the_epoch_of_least_error_is_the_best():
    task = Votes()
    better, worse = {"val_rmse": 0.1, "val_accuracy": 0.5}, {"val_rmse": 0.2, "val_accuracy": 0.9}
    assert task.score(better) > task.score(worse)


def test_the_preset_asks_for_37_fractions_and_mirrors_images():
    config = preset("gz-challenge-37")
    task = task_of(config, ())
    assert task.classes == COLUMNS
    assert task.n_out == 37
    assert config.augment.flip
    assert config.augment.rotation_deg == 360


@pytest.mark.parametrize("setting", ["label_smoothing=0.1", "prior=natural", "data.soft=true"])
def test_settings_of_classes_are_refused(setting):
    config = changed(preset("gz-challenge-37"), dict([setting.split("=")]))
    with pytest.raises(SettingError, match="is for classes, and this recipe learns votes"):
        task_of(config, ())


@pytest.mark.parametrize(("sampling", "rare"), [("natural", 0.02), ("balanced", 0.5)])
def test_batchnorm_is_calibrated_in_the_mix_that_the_steps_saw(sampling, rare):
    """The few stars of the challenge must not be a third of what statistics are taken from."""
    images = np.random.default_rng(0).integers(0, 256, (200, 32, 32, 3), np.uint8)
    label, seen = (np.arange(200) >= 196).astype(np.int64), []

    class Watched(Feed):
        def plain(self, rows):
            seen.append(rows)
            return super().plain(rows)

    config = changed(preset("gz-challenge-37"), {"size_px": 32, "sampling": sampling})
    rows = np.arange(200)
    feed = Watched(images, *channel_statistics(images, rows), torch.device("cpu"))
    lesson = training.Lesson(config, feed, label, rows, rows[:0], Votes())
    state = training.begin(lesson)
    training._recalibrate(lesson, state.model, np.random.default_rng(0))
    assert label[np.concatenate(seen)].mean() == pytest.approx(rare, abs=0.01)
