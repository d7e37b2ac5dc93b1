"""``python -m train fit``: from an ImageFolder tree to a tested network and its report."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

import numpy as np

from galaxycurate.errors import UsageError
from train import outcome, votes
from train.asked import TorchNetwork
from train.beforehand import checked
from train.data.dataset import Data, announce, read_data
from train.data.feed import Feed
from train.data.statistics import channel_statistics
from train.data.tree import Tree
from train.device import describe, pick_device, pick_precision, prepare, torchvision_doubt
from train.earlier import refuse_another, run_key
from train.files import alone_in, read_json
from train.judge import prior
from train.judge.calibration import fit_temperature
from train.judge.evaluate import probabilities
from train.learn import checkpoint, ranks, training
from train.learn.tasks import task_of
from train.place import Place
from train.recipe.config import Config
from train.recipe.settings import as_dict

LAST = "last.pth"


def fit(
    config: Config | None = None,
    place: Place | None = None,
    *,
    tree: Tree | None = None,
    restart: bool = False,
    resume: bool = False,
    say: Callable[[str], None] = lambda line: None,
) -> dict:
    """Train, test and report; go on where an earlier call was halted.

    Parameters
    ----------
    config : Config, optional
    place : Place, optional
    tree : Tree, optional
        Not what lies in ``place.data``, but this.
    restart : bool
        Forget what the output folder holds of an earlier run.
    resume : bool
        Only continue: refuse to begin anew.
    say : callable
        Takes a line of progress; lines of warning begin with ``warning:``.

    Returns
    -------
    dict
        The content of ``metrics.json``; nothing on the other ranks of several processes.

    Raises
    ------
    InputError
        The tree is missing or not fit for training, or its split is proven to leak.
    SettingError
        No such device.
    UsageError
        The output folder holds another run.
    StorageError
        Another process trains in the output folder, or it cannot be written.
    """
    config, place = config or Config(), place or Place()
    if config.network.name == "numpy-cnn":
        from train.scratch.run import fit as fit_in_numpy

        return fit_in_numpy(config, place, tree=tree, restart=restart, resume=resume, say=say)
    with alone_in(place.out) if ranks.leads() else nullcontext():
        return _fit(config, place, tree, restart=restart, resume=resume, say=say)


def _fit(config: Config, place: Place, tree: Tree | None, *, restart, resume, say) -> dict:
    device = pick_device(place.device)
    begun = (place.out / LAST).is_file()
    if resume and not begun:
        raise UsageError(
            f"nothing to resume in {place.out}", hint="begin with: python -m train   (no --resume)"
        )
    tree = checked(config, place, tree, begun=begun and not restart)
    data = read_data(config, place, say, tree)
    earlier = {} if restart else _earlier(place.out, config, data)
    done = read_json(place.out / outcome.METRICS)
    whole = (place.out / checkpoint.name_of(config)).is_file()
    if earlier and whole and done.get("fingerprint") == run_key(config, data):
        say(f"this run is finished: {place.out}; --restart trains it anew")
        return done
    for old in (LAST, outcome.METRICS):
        if not earlier:
            (place.out / old).unlink(missing_ok=True)
    prepare(device, config.precision)
    lesson = _lesson(config, data, device)
    _announce(lesson, data, say)
    state = _trained(lesson, data, earlier, place.out / LAST, say)
    if not ranks.leads():
        return {}
    trained = _best(lesson, data, state)
    checkpoint.save(place.out / checkpoint.name_of(config), trained)
    write = votes.write_all if config.task == "votes" else outcome.write_all
    return write(
        place.out,
        TorchNetwork(trained, device, lesson.precision),
        data,
        config=config,
        facts={**_facts(lesson, state, data), **_belief(lesson, trained, data, say)},
        say=say,
    )


def _earlier(out: Path, config: Config, data: Data) -> dict:
    """The halted or finished run of the same recipe on the same images, or nothing."""
    path = out / LAST
    if not path.is_file():
        return {}
    content = checkpoint.read(path)
    refuse_another(out, content, config, data)
    return content


def _lesson(config: Config, data: Data, device) -> training.Lesson:
    train = data.rows("train")
    mean, std = channel_statistics(data.pixels.images, train)
    precision = pick_precision(device, config.precision)
    return training.Lesson(
        config=config,
        feed=Feed(data.pixels.images, mean, std, device, precision),
        label=data.tree.label,
        train=train,
        val=data.rows("val"),
        task=task_of(config, data.tree.classes),
        precision=precision,
        soft=data.soft.shares if data.soft else None,
    )


def _trained(lesson, data: Data, earlier: dict, last: Path, say) -> training.State:
    network = lesson.config.network
    if earlier:  # its weights come from there: nothing else is read for them
        network = replace(network, weights="")
    fresh = replace(lesson, config=replace(lesson.config, network=network))
    state = training.begin(fresh, say)
    if earlier:
        training.restore(state, earlier)
        say(f"going on after epoch {state.epoch}")

    def keep(now: training.State) -> None:
        training.store(last, now, fingerprint=data.fingerprint, config=as_dict(lesson.config))

    return training.run(lesson, state, keep=keep, say=say)


def _best(lesson, data: Data, state: training.State) -> checkpoint.Trained:
    state.model.load_state_dict(state.best["model"])
    _answer_for(lesson, data, state.model)
    return checkpoint.Trained(
        model=state.model.eval(),
        config=lesson.config,
        classes=lesson.task.classes,
        mean=lesson.feed.mean.flatten().cpu().numpy(),
        std=lesson.feed.std.flatten().cpu().numpy(),
        origin=data.tree.origin,
        epoch=state.best["epoch"],
        taught=data.taught(),
    )


def _answer_for(lesson, data: Data, model) -> None:
    """Correct the answers for the class mix that `prior` names."""
    config = lesson.config
    if config.prior != "sampled":
        added = prior.correction(_mix(data, "train"), config.sampling, config.prior)
        prior.correct(model, added, binary=lesson.task.n_out == 1)


def _belief(lesson, trained: checkpoint.Trained, data: Data, say) -> dict:
    """How far the answers can be believed: found on val, and in the mix of the classes."""
    config = lesson.config
    if config.task == "votes":
        return {}
    mixes = _mix(data, "train"), _mix(data, "test")
    note = prior.note(*mixes, config.sampling, config.prior)
    if note:
        say(f"note: {note}")
    facts = {"prior": {"train": (mixes[0] / mixes[0].sum()).tolist(), "note": note}}
    if lesson.val.size:
        options = {"task": lesson.task, "precision": lesson.precision, "views": config.views}
        answers = probabilities(trained.model, lesson.feed, lesson.val, **options)
        temperature = fit_temperature(data.tree.label[lesson.val], answers)
        facts["calibration"] = {"temperature": temperature, "fitted_on": "val"}
    return facts


def _mix(data: Data, split: str) -> np.ndarray:
    return np.bincount(data.tree.label[data.rows(split)], minlength=len(data.tree.classes))


def _facts(lesson, state: training.State, data: Data) -> dict:
    import torch

    learnt = sum(epoch["seconds"] for epoch in state.history)
    return {
        "fingerprint": run_key(lesson.config, data),
        "checkpoint": checkpoint.name_of(lesson.config),
        "best_epoch": state.best["epoch"],
        "batch": lesson.batch,
        "device": describe(lesson.feed.device, lesson.precision),
        "training_seconds": learnt,
        "images_per_s": float(np.median([epoch["images_per_s"] for epoch in state.history])),
        "history": state.history,
        "soft_labels": data.soft.known if data.soft else 0,
        "threads": torch.get_num_threads(),
    }


def _announce(lesson: training.Lesson, data: Data, say) -> None:
    announce(data, say)
    size = lesson.batch
    why = f", 1/{lesson.config.steps_share} of train" if size < lesson.config.batch else ""
    say(f"{describe(lesson.feed.device, lesson.precision)}; batches of {size}{why}")
    doubt = torchvision_doubt(_cuda_version())
    if doubt:
        say(f"warning: {doubt}")


def _cuda_version() -> str | None:
    import torch

    return torch.version.cuda
