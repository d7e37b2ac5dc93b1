"""One download under faults, killed a hundred times (SIGKILL), against the same one undisturbed.

    python -m benchmarks.kills [--n 5000] [--kills 100] [--peers PYTHON]

The kills fall at random moments of a life: in the start, the plan, between a file and its ledger
line. After each, every picture that the ledger acknowledges must lie whole in the tree; at the end
the tree and the newest outcomes must be those of the undisturbed run, and nothing may be left over.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import random
import shutil
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.acquisition_bench import (
    OURS,
    bench,
    installed,
    options,
    pythons,
    write_listing,
)
from galaxycurate.core.outcome import Outcome, Status
from galaxycurate.errors import InputError
from galaxycurate.store.ledger import Ledger


@dataclass
class Lives:
    """What the kills met and broke."""

    killed: int = 0
    finished_early: int = 0
    acknowledged: int = 0
    lost: list[str] = field(default_factory=list)


def newest(out: Path) -> dict[str, Outcome]:
    """The newest outcome of each path; none before there is a ledger."""
    try:
        with Ledger.open(f"sqlite:///{out / 'ledger.sqlite'}", create=False) as ledger:
            return {line.path: line for line in ledger.outcomes()}
    except InputError:
        return {}


def lost(out: Path) -> list[str]:
    """Pictures that the ledger acknowledges and the tree has not, or not whole."""
    return [
        path
        for path, line in newest(out).items()
        if line.status is Status.OK and _size(out / path) != line.n_bytes
    ]


def _size(path: Path) -> int | None:
    return path.stat().st_size if path.is_file() else None


def tree(out: Path) -> dict[str, str]:
    """sha256 by path of every file but the ledger's and what is kept of the hosts."""
    own = ("ledger.sqlite", "state")
    return {
        str(path.relative_to(out)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(out.rglob("*"))
        if path.is_file() and not str(path.relative_to(out)).startswith(own)
    }


def endings(out: Path) -> dict[str, tuple]:
    """What the ledger says of each path in the end."""
    return {
        path: (str(line.status), line.reason, line.sha256, line.n_bytes)
        for path, line in newest(out).items()
    }


def differences(mine: dict, others: dict) -> list[str]:
    """Keys under which two mappings differ."""
    return sorted(key for key in mine.keys() | others.keys() if mine.get(key) != others.get(key))


class Moment:
    """When to kill: every fifth time within the start, else soon after a life's first request."""

    def __init__(self, server, dice: random.Random, life_s: float):
        self._server, self._after = server, dice.uniform(0, life_s)
        self._before = self._requests()
        now = time.monotonic()
        self._end = now + dice.uniform(0, 1) if dice.random() < 0.2 else None
        self._next_look = now

    def __call__(self) -> bool:
        now = time.monotonic()
        if self._end is None and now > self._next_look:
            self._next_look = now + 0.05
            if self._requests() > self._before:
                self._end = now + self._after
        return self._end is not None and now > self._end

    def _requests(self) -> int:
        return self._server.get("/__stats__")["counts"].get("method_GET", 0)


def die_and_live(args: argparse.Namespace, work: Path, server, dice: random.Random) -> Lives:
    """Start, kill, look; as often as wanted, then to the end."""
    lives = Lives()
    for _ in range(args.kills):
        moment = Moment(server, dice, args.life)
        run = bench().run_client(args, OURS, work, server.env, moment)
        lives.killed += run["killed"]
        lives.finished_early += not run["killed"]
        lives.lost += lost(work / "out")
    lives.acknowledged = len(newest(work / "out"))
    bench().run_client(args, OURS, work, server.env)
    return lives


def compare(args: argparse.Namespace, peers: str, seed: int) -> bool:
    """Both runs; prints what was found, True where nothing differs."""
    dice, outs = random.Random(seed), []
    for name in ("undisturbed", "killed"):
        work = Path(args.work) / f"kills-{name}"
        shutil.rmtree(work, ignore_errors=True)
        (work / "out").mkdir(parents=True)
        outs.append(work / "out")
        with pythons(peers):
            server = bench().Server(args, bench().SCENARIOS["faults"], _url(args.manifest))
            try:
                if name == "undisturbed":
                    bench().run_client(args, OURS, work, server.env)
                else:
                    lives = die_and_live(args, work, server, dice)
                sent = server.get("/__stats__")
            finally:
                server.stop()
        print(
            f"{name}: {len(newest(outs[-1])):,} outcomes, "
            f"{sent['repeat_whole_bodies']:,} pictures sent again"
        )
    files, lines = (differences(*map(what, outs)) for what in (tree, endings))
    orphans = sorted(set(tree(outs[1])) - set(tree(outs[0])))
    print(f"{lives.killed} kills, {lives.finished_early} lives ended by themselves, "
          f"{lives.acknowledged:,} outcomes acknowledged before the last life")  # fmt: skip
    for what, found in {"acknowledged and lost": lives.lost, "files that differ": files,
                        "left over": orphans, "outcomes that differ": lines}.items():  # fmt: skip
        print(f"- {what}: {len(found)} {found[:3] or ''}")
    return not (lives.lost or files or lines or orphans)


def _url(listing: str) -> str:
    return bench().load(listing)[0]["url"]


def main(argv: list[str] = ()) -> bool:
    """True where all is well, or skipped."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--n", type=int, default=5000)
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument(
        "--life", type=float, default=1.0, help="seconds after its first request, at most"
    )
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--peers", default=os.environ.get("GALAXYCURATE_PEERS", sys.executable))
    given = parser.parse_args(list(argv))
    if bench() is None or not installed(OURS, given.peers):
        print("kills: skipped, the bench of downloaders is not beside this folder")
        return True
    with tempfile.TemporaryDirectory(prefix="galaxycurate-kills-") as folder:
        listing = write_listing(Path(folder), given.n)
        args = options(Path(folder), listing, retries=4, timeout=5.0, kills=given.kills)
        args.life = given.life
        return compare(args, given.peers, given.seed)


if __name__ == "__main__":
    sys.exit(0 if main(sys.argv[1:]) else 1)
