from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from train.learn.optim import optimizer
from train.learn.steps import Wanted
from train.learn.tasks import Classes
from train.networks import build
from train.networks.galaxy_cnn import GalaxyCNN
from train.recipe.config import Network, Optim
from train.recipe.settings import changed

SCORES = torch.tensor([[2.0, 0.0], [0.5, 1.0], [0.0, 3.0]], dtype=torch.float64)


def test_a_blend_is_judged_by_both_its_labels():
    label, task = torch.tensor([0, 1, 1]), Classes(("a", "b"))
    images = torch.arange(3.0).view(3, 1, 1, 1).expand(3, 3, 2, 2)
    blend = Wanted(label, 0.75)
    assert blend.blended(images)[:, 0, 0, 0].tolist() == [0.5, 1.0, 1.5]
    shares = torch.tensor([[0.75, 0.25], [0.0, 1.0], [0.25, 0.75]], dtype=torch.float64)
    expected = -(shares * torch.log_softmax(SCORES, 1)).sum(1).mean()
    assert float(blend.loss(task, SCORES)) == pytest.approx(float(expected), abs=1e-6)


def test_without_a_blend_images_and_loss_are_as_they_were():
    label, task = torch.tensor([0, 1, 1]), Classes(("a", "b"))
    images = torch.rand(3, 3, 4, 4)
    plain = Wanted(label)
    assert plain.blended(images) is images
    assert plain.loss(task, SCORES) == task.loss(SCORES, label)


def test_blends_teach_and_repeat_to_the_bit(tree_root, quick, tmp_path):
    from train.fit import Place, fit

    config = changed(replace(quick, epochs=8), {"mixup": 0.4})
    first = fit(config, Place(tree_root, tmp_path / "first", "cpu"))
    again = fit(replace(config, epochs=3), Place(tree_root, tmp_path / "again", "cpu"))
    assert first["test"]["accuracy"] > 0.9
    for one, same in zip(first["history"], again["history"], strict=False):
        assert (one["loss"], one["val_loss"]) == (same["loss"], same["val_loss"])


def test_adamw_lets_biases_and_batchnorm_undecayed():
    model = GalaxyCNN(2)
    groups = optimizer(model, Optim(method="adamw", weight_decay=0.1), torch.device("cpu"))
    decayed = {id(w) for g in groups.param_groups if g["weight_decay"] for w in g["params"]}
    kernels = {id(w) for w in model.parameters() if w.dim() > 1}
    assert decayed == kernels
    assert sum(len(g["params"]) for g in groups.param_groups) == len(list(model.parameters()))
    assert np.isclose(groups.param_groups[0]["weight_decay"], 0.1)


def test_adamw_spares_what_a_network_of_timm_wants_spared():
    pytest.importorskip("timm")
    model = build(Network("timm:test_vit"), 3, size_px=160)
    groups = optimizer(model, Optim(method="adamw", weight_decay=0.1), torch.device("cpu"))
    decayed = {id(w) for g in groups.param_groups if g["weight_decay"] for w in g["params"]}
    spared = {"pos_embed", "cls_token"} & model.encoder.no_weight_decay()
    assert "pos_embed" in spared
    for name in spared:
        assert id(getattr(model.encoder, name)) not in decayed
    assert id(model.head.weight) in decayed
