"""A whole run of numpy-cnn: tree, epochs, test, report. No torch is asked for."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
from threadpoolctl import threadpool_limits

from galaxycurate.errors import SettingError, UsageError
from train import outcome
from train.data.dataset import announce, read_data
from train.data.decode import window_of
from train.data.statistics import channel_statistics
from train.data.tree import Tree
from train.earlier import refuse_another, run_key
from train.files import alone_in, read_json
from train.place import Place
from train.recipe.config import Config, flat
from train.scratch import training
from train.scratch.network import load
from train.scratch.trained import NAME, Trained, store

LAST = "last.npz"
DEVICE = "CPU, 1 thread, float32, NumPy alone"
ONLY = {  # settings that ask for what this network does not have
    "task": "classes",
    "views": 1,
    "prior": "sampled",
    "augment.mixup": 0.0,
    "network.weights": "",
    "network.frozen": False,
    "optim.average": 0.0,
}


def fit(
    config: Config,
    place: Place,
    *,
    tree: Tree | None = None,
    restart: bool = False,
    resume: bool = False,
    say: Callable[[str], None] = lambda line: None,
) -> dict:
    """Train, test and report; go on where an earlier call was halted.

    BLAS computes on one thread, so that a run repeats to the bit on a machine with more.

    Parameters
    ----------
    config : Config
    place : Place
    tree : Tree, optional
        Not what lies in ``place.data``, but this.
    restart : bool
        Forget what the output folder holds of an earlier run.
    resume : bool
        Only continue: refuse to begin anew.
    say : callable
        Takes a line of progress.

    Returns
    -------
    dict
        The content of ``metrics.json``.

    Raises
    ------
    SettingError
        The recipe asks for what this network does not have, or the folder holds another run.
    UsageError
        There is nothing to resume.
    StorageError
        Another process trains in the output folder, or it cannot be written.
    """
    check(config)
    with alone_in(place.out):
        return _fit(config, place, tree, restart=restart, resume=resume, say=say)


def _fit(config: Config, place: Place, tree: Tree | None, *, restart, resume, say) -> dict:
    last = place.out / LAST
    if resume and not last.is_file():
        raise UsageError(f"nothing to resume in {place.out}", hint="leave out --resume")
    data = read_data(config, place, say, tree)
    lesson, key = _lesson(config, data), run_key(config, data)
    done = {} if restart else read_json(place.out / outcome.METRICS)
    if done.get("fingerprint") == key and (place.out / NAME).is_file():
        say(f"this run is finished: {place.out}; --restart trains it anew")
        return done
    with threadpool_limits(limits=1, user_api="blas"):
        announce(data, say)
        say(f"{DEVICE}; batches of {lesson.batch}")
        state = _state(lesson, data, last, restart=restart, say=say)
        (place.out / outcome.METRICS).unlink(missing_ok=True)
        training.train(
            lesson,
            state,
            keep=lambda now: training.store(
                last, now, fingerprint=data.fingerprint, config=flat(config)
            ),
            say=say,
        )
        trained = _best(lesson, data, state)
        store(place.out / NAME, trained)
        return outcome.write_all(
            place.out,
            trained,
            data,
            config=config,
            facts=_facts(lesson, data, state, key),
            say=say,
        )


def check(config: Config) -> None:
    """Refuse settings that this network would pass over in silence.

    Raises
    ------
    SettingError
        One of them is asked for.
    """
    values = flat(config)
    for name, only in ONLY.items():
        if values[name] != only:
            raise SettingError(
                f"numpy-cnn has no {name} = {values[name]}",
                hint=f"--set {name}={only}, or another preset",
            )
    if config.precision == "bfloat16":
        raise SettingError("numpy-cnn has no bfloat16", hint="--set precision=float32")


def _lesson(config: Config, data) -> training.Lesson:
    train, label = data.rows("train"), data.tree.label
    shares = np.eye(len(data.tree.classes), dtype=np.float32)[label]
    mean, std = channel_statistics(data.pixels.images, train)
    return training.Lesson(
        config=config,
        images=data.pixels.images,
        mean=mean,
        std=std,
        label=label,
        shares=data.soft.shares if data.soft else shares,
        train=train,
        val=data.rows("val"),
    )


def _state(lesson, data, last: Path, *, restart: bool, say) -> training.State:
    if restart or not last.is_file():
        return training.begin(lesson)
    facts = load(last)[1]
    refuse_another(last.parent, facts, lesson.config, data)
    say(f"going on after epoch {facts['epoch']}")
    return training.restore(lesson, last)


def _best(lesson: training.Lesson, data, state: training.State) -> Trained:
    for name, array in state.network.parameters().items():
        array[...] = state.best["weights"][name]
    return Trained(
        network=state.network,
        classes=data.tree.classes,
        mean=lesson.mean,
        std=lesson.std,
        window=window_of(lesson.config.data),
        epoch=state.best["epoch"],
        origin=data.tree.origin,
        taught=data.taught(),
    )


def _facts(lesson, data, state, key: str) -> dict:
    return {
        "fingerprint": key,
        "checkpoint": NAME,
        "best_epoch": state.best["epoch"],
        "batch": lesson.batch,
        "device": DEVICE,
        "training_seconds": sum(epoch["seconds"] for epoch in state.history),
        "images_per_s": float(np.median([epoch["images_per_s"] for epoch in state.history])),
        "history": state.history,
        "soft_labels": data.soft.known if data.soft else 0,
        "threads": 1,
    }
