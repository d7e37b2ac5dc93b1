"""``python -m train eval`` and ``predict``: a checkpoint meets images."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from galaxycurate.errors import InputError, LayoutError
from train.asked import Asked, open_network
from train.data.cache import fingerprints, numbered
from train.data.decode import Window, decode
from train.data.tree import Tree, read_tree
from train.device import cores
from train.judge.metrics import summary

CHUNK = 1024  # images in memory at a time


def evaluate(
    path: Path,
    data: Path,
    *,
    split: str = "test",
    views: int | None = None,
    device: str = "auto",
    say: Callable[[str], None] = lambda line: None,
) -> dict:
    """Test a checkpoint on one split of a tree.

    Parameters
    ----------
    path : Path
        The checkpoint.
    data : Path
        As for `train.data.tree.read_tree`; a folder without splits is taken whole.
    split : str
        ``train``, ``val`` or ``test``.
    views : int, optional
        Turns and mirrors that are averaged; those of the recipe when not given.
    device : str
    say : callable

    Returns
    -------
    dict
        As `train.judge.metrics.summary`, with ``unreadable``, ``split``, ``split_kind``,
        ``taught`` (how many of the images the network learnt from), ``views``, ``origin``,
        ``simulated``; of a network that learnt votes, as `train.judge.votes.summary`, with the
        same and ``votes``.

    Raises
    ------
    InputError
        No such checkpoint or tree, no images, or none that can be read.
    LayoutError
        The tree has a class that the network does not know.
    """
    network = open_network(path, device, views=views)
    if network.task == "votes":
        from train.votes import evaluate as evaluate_votes

        return evaluate_votes(network, data, split=split, say=say)
    tree = read_tree(data, needs=())
    unknown = sorted(set(tree.classes) - set(network.classes))
    if unknown:
        raise LayoutError(
            f"{path} knows no class {', '.join(unknown)}",
            hint="its classes: " + ", ".join(network.classes),
        )
    rows, whole = tested_rows(tree, data, split, say)
    if not rows.size:
        raise InputError(f"{data} has no images in {split}/", hint="--split train, val or test")
    files = [tree.root / tree.files[row] for row in rows]
    known = Known(network)
    probability, bad = answers(network, files, seen=known.see, say=say)
    read = np.array([file not in bad for file in files])
    if not read.any():
        raise InputError(f"no image of {data} can be read", hint="look at the reasons above")
    place = np.array([network.classes.index(name) for name in tree.classes])
    truth = place[tree.label[rows[read]]]
    return {
        **summary(
            truth,
            probability,
            network.classes,
            groups=tree.groups.of[rows[read]] if tree.groups else None,
        ),
        **about(tree, "" if whole else split, network.views, known.told(say), bad),
    }


def tested_rows(
    tree: Tree, data: Path, split: str, say: Callable[[str], None]
) -> tuple[np.ndarray, bool]:
    """The rows of a tree that are tested, and whether these are all of it, for it has no splits."""
    whole = not (Path(data) / "train").is_dir()
    doubts = [f"{data} has no train/val/test folders: all of it is tested"] if whole else []
    for line in doubts or tree.warnings:
        say(f"warning: {line}")
    return (np.arange(len(tree.files)) if whole else tree.rows(split)), whole


def about(tree: Tree, split: str, views: int, taught: int, bad: dict[Path, str]) -> dict:
    """What a test tells beside its figures; an empty split is a tree that has none."""
    return {
        "split": split or "all",
        "split_kind": tree.split_kind if split else "none",
        "views": views,
        "taught": taught,
        "origin": tree.origin,
        "simulated": "simulated" in tree.origin.lower(),
        "unreadable": [{"file": str(file), "reason": reason} for file, reason in bad.items()],
    }


class Known:
    """Counts the images that a network knows from its training.

    Parameters
    ----------
    network : Asked
    """

    def __init__(self, network: Asked):
        self.taught, self.count, self.all = network.taught, 0, 0

    def see(self, images: np.ndarray) -> None:
        """Look at some images more."""
        self.count += int(np.isin(numbered(fingerprints(images)), self.taught).sum())
        self.all += len(images)

    def told(self, say: Callable[[str], None]) -> int:
        """How many it knows; a warning where it knows some."""
        if self.count:
            say(
                f"warning: {self.count:,} of {self.all:,} images taught this network, or chose its "
                "epoch: these figures are too good"
            )
        return self.count


def answers(
    network: Asked,
    files: list[Path],
    *,
    seen: Callable[[np.ndarray], None] = lambda images: None,
    say: Callable[[str], None] = lambda line: None,
) -> tuple[np.ndarray, dict[Path, str]]:
    """The probabilities of each readable image.

    Parameters
    ----------
    network : Asked
    files : list of Path
    seen : callable
        Is given the decoded images, some at a time.
    say : callable

    Returns
    -------
    probability : ndarray of float64, shape (k, n_classes)
        Of the readable files, in their order.
    bad : dict of Path to str
        The others, with the reason.
    """
    found, bad = [np.zeros((0, len(network.classes)))], {}
    for start in range(0, len(files), CHUNK):
        images = []
        for file, image in _decoded(files[start : start + CHUNK], network.window):
            if isinstance(image, InputError):
                bad[file] = str(image)
                say(f"warning: {file}: {image}")
            else:
                images.append(image)
        if images:
            together = np.stack(images)
            seen(together)
            found.append(network.answers(together))
        if len(files) > CHUNK:
            say(f"{min(start + CHUNK, len(files)):,} of {len(files):,} images")
    return np.concatenate(found), bad


def _decoded(files: list[Path], window: Window) -> Iterator[tuple[Path, np.ndarray | InputError]]:
    """Each file with its image, or with the reason why it has none, in their order."""

    def one(file: Path) -> np.ndarray | InputError:
        try:
            return decode(file, window)
        except InputError as error:
            return error

    with ThreadPoolExecutor(cores()) as pool:
        yield from zip(files, pool.map(one, files), strict=True)
