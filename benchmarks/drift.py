"""Copies and drifted pairs among pictures: `search` against the tools that others use.

    python -m benchmarks.drift --peers PYTHON            # about twenty minutes
    python -m benchmarks.drift --sets syn,gz --no-command

Sets are made anew from a seed (`benchmarks/drift_sets.py`) or taken from `--work`. Each tool is a
process of its own, all in one run on one machine. A pair of different pictures that a tool calls
alike counts as false; of the windows of real pictures those of ours are drawn side by side in
`WORK/SET-beyond.png`, because some do show the same sky.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from benchmarks import drift_peers, drift_report
from benchmarks.drift_score import Found, Truth, registration, score, strongest
from benchmarks.drift_sets import RECIPES, make, there
from galaxycurate.core.ids import encode

RESULTS = Path(__file__).resolve().parent / "results"
MAX_FDR = 0.001
OURS = "galaxycurate"


def parse(argv: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="benchmarks.drift", description=__doc__)
    parser.add_argument("--work", type=Path, default=Path(tempfile.gettempdir()) / "drift-bench")
    parser.add_argument("--sets", default=",".join(RECIPES))
    parser.add_argument("--seed", type=int, default=20261121)
    parser.add_argument("--peers", type=Path, help="a Python with imagehash, imagededup, ...")
    parser.add_argument("--tools", default=",".join(drift_peers.DEFAULT))
    parser.add_argument("--peer-sets", default="syn,gz")
    parser.add_argument("--limit-s", type=float, default=400.0)
    parser.add_argument("--command", action=argparse.BooleanOptionalAction, default=True)
    parser.add_argument("--results", type=Path, default=RESULTS / "drift.json")
    parser.add_argument("--figures", type=Path, default=RESULTS.parents[1] / "docs" / "figures")
    return parser.parse_args(argv)


def ours(folder: Path, out: Path, *words: str) -> tuple[dict, Found]:
    """Our search over a set: what it took, and its pairs."""
    command = [sys.executable, "-m", "benchmarks.drift_ours", str(folder), str(out), *words]
    told = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    return json.loads(told.stdout.strip().splitlines()[-1]), read(out)


def read(out: Path) -> Found:
    """The matches that `benchmarks.drift_ours` wrote; surest by FDR, then by score."""
    m = np.load(out)
    order = np.lexsort((-m["score"], m["fdr"]))
    strength = np.empty(order.size)
    strength[order] = -np.arange(order.size, dtype=float)
    accepted = m["fdr"] <= MAX_FDR
    return Found(
        m["first"], m["second"], strength, accepted, m["dx"], m["dy"], m["flip"].astype(int)
    )


def scored(truth: Truth, found: Found, took: dict) -> dict:
    """A line of the table: by default, and at 99 % precision."""
    return {
        **took,
        "default": score(truth, found, found.accepted),
        "at_99": score(truth, found, strongest(truth, found)),
        "registration": registration(truth, found),
    }


def command(folder: Path, work: Path) -> dict:
    """The whole command on a set, `import` and `dedupe`: wall, CPU seconds and peak MB of each."""
    project = Path(tempfile.mkdtemp(dir=work, prefix="command-"))
    columns = ["--id-column", "objID", "--label-column", "label", "--mode", "reference"]
    source = [str(folder / "images"), "--labels", str(_labels(folder, project)), *columns]
    told = {}
    for name, words in {"import": source, "dedupe": [], "dedupe again": []}.items():
        exe = [sys.executable, "-m", "galaxycurate", name.split()[0], *words, "--json"]
        started = time.perf_counter()
        process = subprocess.Popen(exe, cwd=project, stdout=(project / f"{name}.json").open("w"))
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        told[name] = {
            "rc": process.returncode,
            "wall": round(time.perf_counter() - started, 2),
            "cpu": round(usage.ru_utime + usage.ru_stime, 2),
            "peak_mb": usage.ru_maxrss // 1024,
        }
    told["pairs"] = json.loads((project / "dedupe.json").read_text() or "{}").get("pairs", {})
    return told


def _labels(folder: Path, project: Path) -> Path:
    """Labels without positions, each image with an objID of a run of its own: pixels alone tell."""
    path = project / "labels.csv"
    with (folder / "images.csv").open(newline="") as lines, path.open("w") as made:
        made.write("file,objID,label\n")
        for k, row in enumerate(csv.DictReader(lines)):
            objid = encode(run=100 + k, camcol=1, field=20, obj=1)
            made.write(f"{row['file']},{objid},class{row['label']}\n")
    return path


def measure(name: str, given: argparse.Namespace) -> dict | None:
    """All that is measured on one set."""
    folder = make(RECIPES[name], given.work, given.seed + list(RECIPES).index(name))
    if folder is None:
        print(f"{name}: skipped, its real pictures are not there")
        return None
    truth, found = Truth.read(folder), {}
    out = given.work / f"{name}-{OURS}.npz"
    took, pairs = ours(folder, out)
    found[OURS] = scored(truth, pairs, took)
    drift_report.beyond(folder, truth, pairs, given.work / f"{name}-beyond.png")
    if name in ("syn", "gz"):
        took, straight = ours(folder, given.work / f"{name}-straight.npz", "--no-flips")
        found[f"{OURS}, no flips"] = scored(truth, straight, took)
    if given.peers and name in given.peer_sets.split(","):
        for tool in given.tools.split(","):
            if drift_peers.importable(given.peers, tool):
                at = given.work / f"{name}-{tool}.csv"
                spent = drift_peers.run(given.peers, tool, folder, at, given.limit_s)
                if spent:
                    found[tool] = scored(truth, drift_peers.read(tool, at), spent)
    if given.command and name in ("syn", "gz"):
        found["command"] = command(folder, given.work)
    print(drift_report.lines(name, truth, found), flush=True)
    return {"images": truth.n, "true_pairs": truth.key.size, "tools": found}


def main(argv: list[str] = ()) -> None:
    given = parse(list(argv))
    if not there():
        print("drift: skipped, the bench of near duplicates is not beside this folder")
        return
    given.work.mkdir(parents=True, exist_ok=True)
    measured = {name: measure(name, given) for name in given.sets.split(",")}
    found = {name: told for name, told in measured.items() if told}
    given.results.parent.mkdir(exist_ok=True)
    text = {"cores": len(os.sched_getaffinity(0)), "seed": given.seed, "sets": found}
    given.results.write_text(json.dumps(text, indent=1) + "\n")
    given.results.with_suffix(".md").write_text(drift_report.markdown(found))
    drift_report.figures(found, given)


if __name__ == "__main__":
    main(sys.argv[1:])
