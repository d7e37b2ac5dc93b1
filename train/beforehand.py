"""What is seen to before a run decodes its images: that its settings can work at all."""

from __future__ import annotations

from dataclasses import replace

import torch

from train.data.dataset import tree_of
from train.data.tree import Tree
from train.learn.tasks import task_of
from train.networks import build
from train.place import Place
from train.recipe.config import Config


def checked(
    config: Config, place: Place, tree: Tree | None = None, *, begun: bool = False
) -> Tree | None:
    """See that the settings can work, before the images are decoded.

    Parameters
    ----------
    config : Config
    place : Place
    tree : Tree, optional
        Not what lies in ``place.data``, but this.
    begun : bool
        A halted run goes on: what ``network.weights`` names is not needed any more.

    Returns
    -------
    Tree or None
        What will be learnt; None where votes are, which come with a tree of their own.

    Raises
    ------
    SettingError, InputError, GalaxyCurateError
        No such network, weights that cannot be had, a library that does not load, or a task that
        does not suit the classes.
    """
    if config.network.name == "numpy-cnn":
        from train.scratch.run import check

        check(config)
        return tree
    if config.task != "votes":
        tree = tree or tree_of(config, place)
    n_out = task_of(config, tree.classes if tree else ()).n_out
    network = replace(config.network, weights="") if begun else config.network
    with torch.random.fork_rng(devices=[]):
        build(network, n_out, size_px=config.data.size_px)
    return tree
