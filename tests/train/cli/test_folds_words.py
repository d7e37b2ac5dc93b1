from __future__ import annotations

from train.cli.folds import weak


def test_networks_no_better_than_chance_are_called_weak():
    def pooled(low):
        return {"classes": {"a": {}, "b": {}}, "intervals": {"balanced_accuracy": [low, 0.9]}}

    assert weak(pooled(0.48))
    assert not weak(pooled(0.62))
    assert weak({"classes": {"a": {}}, "intervals": {"balanced_accuracy": None}})
