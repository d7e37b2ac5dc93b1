"""A table of vote fractions, and the images that it speaks of."""

from __future__ import annotations

import csv
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np

from galaxycurate.errors import InputError
from train.data.soft import SoftLabels
from train.data.tree import SPLITS, Tree, divided, images_under, known_split
from train.data.votes import COLUMNS, KINDS, TREE, misses
from train.files import read_json

AUTO = "auto"
NAMES = ("votes.csv", "training_solutions_rev1.csv", "soft.csv")
ORIGIN = ("origin", "manifest_sha256")  # what split.json tells of images that it did not split
TOLERANCE = 0.01  # by which a question's answers may miss their sum
ROUNDING = 1e-3  # by which a fraction may exceed 1
NAMED = 3  # culprits that a message names


def read_votes(
    root: Path,
    *,
    votes: str = AUTO,
    seed: int = 0,
    stratified: bool = True,
    needs: tuple[str, ...] = ("train", "test"),
    say: Callable[[str], None] = lambda line: None,
) -> tuple[Tree, SoftLabels]:
    """The images of a folder that have votes, and these.

    Parameters
    ----------
    root : Path
        Images, in any folders below; where there is ``train/``, the split is that of ``train``,
        ``val`` and ``test``, otherwise it is made here.
    votes : str
        A CSV file with the columns Class1.1 to Class11.6, and GalaxyID (the image's name without
        its suffix) or path (the image's place in `root`). ``auto``: the first of `NAMES` in `root`
        that has them, or ``training_solutions_rev1.csv`` beside it.
    seed : int
    stratified : bool
        Divide by the leading answer to the first question.
    needs : tuple of str
        Splits that must hold images.
    say : callable
        Takes lines on what was left out.

    Returns
    -------
    tree : Tree
        Its label is the leading answer to the first question, see `KINDS`.
    votes : SoftLabels
        Shares of shape (n, 37).

    Raises
    ------
    InputError
        No such folder or table, a cell that is no fraction, an id that stands twice, fractions
        that are not those of the challenge, or a split without images.
    """
    root = Path(root)
    if not root.is_dir():
        raise InputError(f"no such folder: {root}", hint="give the images' folder with --data")
    path = find_votes(root, votes)
    key, rows, table = _read(path, say)
    files, split = _images(root)
    names = [file.as_posix() if key == "path" else file.stem for file in files]
    kept = [place for place, name in enumerate(names) if name in rows]
    _tell_left_out(root, path, files, kept, len(rows), say)
    shares = table[[rows[names[place]] for place in kept]]
    files = tuple(files[place] for place in kept)
    label = shares[:, : len(KINDS)].argmax(1).astype(np.int64)
    facts = read_json(root / "split.json")
    facts.pop("splits", None)  # they count other classes than these
    if split is None:
        tree = divided(root, KINDS, files, label, seed=seed, stratified=stratified)
        tree = replace(tree, facts={name: facts[name] for name in ORIGIN if name in facts})
    else:
        tree = known_split(Tree(root, KINDS, files, label, split[kept], facts))
    for part in needs:
        if not tree.rows(part).size:
            raise InputError(
                f"{root} has no images with votes in {part}/",
                hint=f"{len(files):,} images have votes; more of them, or another split",
            )
    return tree, SoftLabels(shares.astype(np.float32), len(files))


def find_votes(root: Path, votes: str = AUTO) -> Path:
    """The table of a folder of images.

    Raises
    ------
    InputError
        There is none that has the 37 columns.
    """
    beside = root.absolute().parent / NAMES[1]
    places = [root / name for name in NAMES] + [beside] if votes == AUTO else [Path(votes)]
    there = [path for path in places if path.is_file()]
    lacking = {path: _lacking(path) for path in there}
    for path in there:
        if not lacking[path]:
            return path
    said = "; ".join(f"{path} has no {_some(lacks)}" for path, lacks in lacking.items())
    what = f"there is none of {', '.join(NAMES)} in {root}" if votes == AUTO else f"no file {votes}"
    raise InputError(
        f"no vote fractions: {said or what}",
        hint="--set votes=training_solutions_rev1.csv, the challenge's table "
        "(GalaxyID, Class1.1 ... Class11.6)",
    )


@contextmanager
def _opened(path: Path):
    """The lines of a CSV file; what cannot be read as such is told."""
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            yield csv.reader(file)
    except OSError as error:
        raise InputError(
            f"cannot read {path}: {error.strerror}", hint="--set votes=FILE names another table"
        ) from error
    except UnicodeDecodeError as error:
        raise InputError(
            f"{path} is not UTF-8: {error.reason} at byte {error.start}",
            hint="save it anew as CSV in UTF-8",
        ) from error
    except csv.Error as error:
        raise InputError(
            f"{path} is no CSV table: {error}", hint="save it anew as CSV; is the file whole?"
        ) from error


def _lacking(path: Path) -> list[str]:
    with _opened(path) as reader:
        head = {_plain(name) for name in next(reader, [])}
    lacks = [name for name in COLUMNS if _plain(name) not in head]
    return lacks if head & {"galaxyid", "path"} else ["GalaxyID", *lacks]


def _read(path: Path, say) -> tuple[str, dict[str, int], np.ndarray]:
    """The name of the key's column, the row of each key, and the fractions, float64 (n, 37)."""
    with _opened(path) as reader:
        head = [_plain(name) for name in next(reader)]
        lines = [(reader.line_num, line) for line in reader if line]
    key = "path" if "path" in head else "galaxyid"
    at = [head.index(_plain(name)) for name in COLUMNS]
    table = np.array([_fractions(line, at) for _, line in lines])
    table = table.reshape(len(lines), len(COLUMNS))
    _refuse_others(path, [number for number, _ in lines], table)
    place, rows = head.index(key), {}
    for row, (number, line) in enumerate(lines):
        name = line[place].strip()
        if name in rows:
            before = lines[rows[name]][0]
            raise InputError(
                f"{path}: {name} stands in line {before} and in line {number}",
                hint="keep one of them",
            )
        rows[name] = row
    _tell_misses(path, [number for number, _ in lines], table, say)
    return key, rows, table


def _fractions(line: list[str], places: list[int]) -> list[float]:
    """The numbers of a line; NaN where there is none."""
    try:
        return [float(line[place]) for place in places]
    except (ValueError, IndexError):
        one = [line[place : place + 1] for place in places]
        return [_number(cell) for cell in one]


def _number(cell: list[str]) -> float:
    try:
        return float(*cell) if cell else float("nan")
    except ValueError:
        return float("nan")


def _refuse_others(path: Path, numbers: list[int], table: np.ndarray) -> None:
    bad = ~((table >= 0) & (table <= 1 + ROUNDING))
    if bad.any():
        rows = np.flatnonzero(bad.any(1))
        column = COLUMNS[int(bad[rows[0]].argmax())]
        more = f"; {rows.size:,} such lines" if rows.size > 1 else ""
        raise InputError(
            f"{path}: line {numbers[rows[0]]} has no fraction from 0 to 1 in {column}{more}",
            hint="mend or remove the line; is the file whole?",
        )


def _tell_misses(path: Path, numbers: list[int], table: np.ndarray, say) -> None:
    missed = misses(table)
    rows = np.flatnonzero(np.abs(missed).max(1, initial=0) > TOLERANCE)
    if not rows.size:
        return
    named = ", ".join(_miss(numbers[row], missed[row]) for row in rows[:NAMED])
    what = f"{rows.size:,} of {len(table):,} lines miss the sums of the tree: {named}"
    if rows.size * 2 > len(table):
        raise InputError(
            f"{path}: {what}",
            hint="the challenge's fractions are those of all volunteers: multiply each by the "
            "fraction of the answer that led to its question",
        )
    say(f"warning: {path}: {what}; learnt as they are")


def _miss(number: int, missed: np.ndarray) -> str:
    worst = TREE[int(np.abs(missed).argmax())]
    led = "1" if worst.parent is None else COLUMNS[worst.parent]
    return f"line {number} (Class{worst.number} is {missed[worst.number - 1]:+.3f} off {led})"


def _images(root: Path) -> tuple[list[Path], np.ndarray | None]:
    """Files relative to `root`, and the split of each where folders tell it."""
    if not (root / "train").is_dir():
        return [path.relative_to(root) for path in images_under(root)], None
    files, split = [], []
    for part in SPLITS:
        here = images_under(root / part) if (root / part).is_dir() else []
        files += [path.relative_to(root) for path in here]
        split += [part] * len(here)
    return files, np.array(split)


def _tell_left_out(root: Path, path: Path, files, kept: list[int], listed: int, say) -> None:
    if not kept:
        raise InputError(
            f"{path} has votes for none of the {len(files):,} images of {root}",
            hint="an image is named as its GalaxyID: 100008.jpg",
        )
    left = sorted(set(range(len(files))) - set(kept))
    if left:
        named = _some([files[place].as_posix() for place in left])
        say(f"warning: {len(left):,} of {len(files):,} images have no votes; left out: {named}")
    if listed > len(kept):
        say(f"{listed - len(kept):,} of {listed:,} lines of {path} have no image here")


def _some(names: list[str]) -> str:
    more = f" and {len(names) - NAMED:,} more" if len(names) > NAMED else ""
    return ", ".join(names[:NAMED]) + more


def _plain(name: str) -> str:
    return name.strip().lower()
