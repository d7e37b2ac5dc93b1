from __future__ import annotations

import pytest

pytest.importorskip("torch", reason="the train extra is not installed")
pytest.importorskip("cv2", reason="the train extra is not installed")

import torch

from tests.train.shapes import write_tree

# images of 32 pixels are too small a job for two threads: they would only wait for each other
torch.set_num_threads(1)


@pytest.fixture(scope="session", autouse=True)
def small_figures():
    """Figures of whole runs have fewer dots and no laid-out margins, which take most of a run.

    How they look is for tests/train/show/test_figures.py.
    """
    from train import outcome

    drawn = outcome.save_figure

    def quickly(path, figure):
        figure.set_layout_engine("none")
        drawn(path, figure, dpi=20)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(outcome, "save_figure", quickly)
        yield


@pytest.fixture(scope="session")
def tree_root(tmp_path_factory):
    """Discs and bars; read only."""
    return write_tree(tmp_path_factory.mktemp("tree"))


@pytest.fixture(scope="session")
def quick():
    """A recipe that learns discs from bars in seconds."""
    from train.recipe.config import Config, Data

    data = Data(size_px=32)
    return Config(epochs=4, batch=16, steps_share=2, calibration_batches=2, data=data)


@pytest.fixture(scope="session")
def long_run(tree_root, quick, tmp_path_factory):
    """A finished run of eight epochs on discs and bars: its folder, metrics, what it said."""
    from dataclasses import replace

    from train.fit import Place, fit

    out, said = tmp_path_factory.mktemp("run"), []
    metrics = fit(replace(quick, epochs=8), Place(tree_root, out, "cpu"), say=said.append)
    return out, metrics, said


@pytest.fixture(scope="session")
def shown_run(tree_root, tmp_path_factory):
    """A finished run on discs and bars of 64 px, to look at; copy it before changing it."""
    from train.fit import Place, fit
    from train.recipe.config import Config, Data

    out = tmp_path_factory.mktemp("shown")
    recipe = Config(epochs=3, batch=16, steps_share=2, calibration_batches=2, data=Data(size_px=64))
    fit(recipe, Place(tree_root, out, "cpu"))
    return out
