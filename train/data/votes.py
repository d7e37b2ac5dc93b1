"""The 37 vote fractions of the Galaxy Zoo challenge: the tree of questions, and a person's table.

A fraction is that of all volunteers, not of those who were asked: it holds the fraction of the
answer that led to its question (Kaggle's page "The Galaxy Zoo Decision Tree"; the questions are
those of Willett et al. 2013, MNRAS 435, 2835, table 2). So the answers to a question add up to the
fraction of that answer, and those of the first question to 1. The sixth is asked of everyone but
those who saw a star or artifact; the challenge divided it by their number, so that it adds up to 1.
"""

from __future__ import annotations

import csv
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from galaxycurate.errors import InputError
from train.data.soft import SoftLabels
from train.data.tree import SPLITS, Tree, divided, images_under, known_split
from train.files import read_json

AUTO = "auto"
NAMES = ("votes.csv", "training_solutions_rev1.csv", "soft.csv")
ORIGIN = ("origin", "manifest_sha256")  # what split.json tells of images that it did not split
TOLERANCE = 0.01  # by which a question's answers may miss their sum
ROUNDING = 1e-3  # by which a fraction may exceed 1
NAMED = 3  # culprits that a message names


@dataclass(frozen=True)
class Question:
    """A question of the tree.

    Attributes
    ----------
    number : int
        1 to 11.
    text : str
    answers : tuple of str
    after : (int, int) or None
        Question and answer, counted from 1, that lead to it; None: it is asked of all.
    first : int
        Column of its first answer.
    """

    number: int
    text: str
    answers: tuple[str, ...]
    after: tuple[int, int] | None
    first: int

    @property
    def columns(self) -> slice:
        """The columns of its answers."""
        return slice(self.first, self.first + len(self.answers))

    @property
    def parent(self) -> int | None:
        """The column of the answer that leads to it."""
        return TREE[self.after[0] - 1].first + self.after[1] - 1 if self.after else None


_ASKED = (
    ("smooth, or features?", ("smooth", "features or disc", "star or artifact"), None),
    ("edge-on?", ("yes", "no"), (1, 2)),
    ("a bar?", ("yes", "no"), (2, 2)),
    ("a spiral pattern?", ("yes", "no"), (2, 2)),
    # asked after "no spiral" and after the number of arms: of all who saw no edge-on disc
    ("how prominent a bulge?", ("none", "just noticeable", "obvious", "dominant"), (2, 2)),
    ("anything odd?", ("yes", "no"), None),
    ("how round?", ("completely", "in between", "cigar-shaped"), (1, 1)),
    (
        "what is odd?",
        ("ring", "lens or arc", "disturbed", "irregular", "other", "merger", "dust lane"),
        (6, 1),
    ),
    ("a bulge, edge-on?", ("rounded", "boxy", "none"), (2, 1)),
    ("how tight are the arms?", ("tight", "medium", "loose"), (4, 1)),
    ("how many arms?", ("1", "2", "3", "4", "more than 4", "can't tell"), (4, 1)),
)


def _tree() -> tuple[Question, ...]:
    found, first = [], 0
    for number, (text, answers, after) in enumerate(_ASKED, start=1):
        found.append(Question(number, text, answers, after, first))
        first += len(answers)
    return tuple(found)


TREE = _tree()
COLUMNS = tuple(
    f"Class{one.number}.{answer}" for one in TREE for answer in range(1, len(one.answers) + 1)
)
KINDS = TREE[0].answers
"""What stands for a class where one is needed: the leading answer to the first question."""


def misses(fractions: np.ndarray) -> np.ndarray:
    """By how much the answers to each question miss the sum that they should have.

    Parameters
    ----------
    fractions : ndarray of float, shape (n, 37)

    Returns
    -------
    ndarray of float64, shape (n, 11)
    """
    table = np.asarray(fractions, np.float64)
    asked = [1.0 if one.parent is None else table[:, one.parent] for one in TREE]
    sums = [table[:, one.columns].sum(1) for one in TREE]
    return np.stack([s - a for s, a in zip(sums, asked, strict=True)], 1)


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


def _lacking(path: Path) -> list[str]:
    with path.open(newline="", encoding="utf-8-sig") as file:
        head = {_plain(name) for name in next(csv.reader(file), [])}
    lacks = [name for name in COLUMNS if _plain(name) not in head]
    return lacks if head & {"galaxyid", "path"} else ["GalaxyID", *lacks]


def _read(path: Path, say) -> tuple[str, dict[str, int], np.ndarray]:
    """The name of the key's column, the row of each key, and the fractions, float64 (n, 37)."""
    with path.open(newline="", encoding="utf-8-sig") as file:
        reader = csv.reader(file)
        head = [_plain(name) for name in next(reader)]
        lines = [(reader.line_num, line) for line in reader if line]
    key = "path" if "path" in head else "galaxyid"
    at = [head.index(_plain(name)) for name in COLUMNS]
    table = np.array([[_fraction(line, place) for place in at] for _, line in lines])
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


def _fraction(line: list[str], place: int) -> float:
    try:
        return float(line[place])
    except (ValueError, IndexError):
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
