"""What `benchmarks.drift` measured, as tables and small figures, and the pairs beyond the truth."""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from benchmarks.drift_score import Found, Truth
from benchmarks.drift_sets import TITLES

KINDS = (
    "drift crop", "drift resampled", "drift indep", "recompress q >= 50", "recompress q < 50",
    "dihedral", "drift_dihedral",
)  # fmt: skip
SHEET, SHOWN = 256, 12


def lines(name: str, truth: Truth, found: dict) -> str:
    """The table of one set for a terminal."""
    return f"\n{TITLES[name]}: {truth.n:,} images, {truth.key.size:,} true pairs\n" + table(found)


def markdown(found: dict) -> str:
    """The tables of all sets."""
    parts = [
        f"## {TITLES[name]}: {told['images']:,} images, {told['true_pairs']:,} true pairs\n\n"
        f"{table(told['tools'])}"
        for name, told in found.items()
    ]
    return "\n".join(parts)


def table(tools: dict) -> str:
    """Two lines a tool: by its own settings, and the longest list that is 99 % right."""
    head = ["tool", "at", *KINDS, "precision", "false pairs", "wall s", "CPU s", "MB"]
    rows = [head, ["---"] * len(head)]
    for tool, told in tools.items():
        if tool == "command":
            continue
        for at, taken in (("default", told["default"]), ("P >= 0.99", told["at_99"])):
            spent = [told["wall"], told["cpu"], told["peak_mb"]] if at == "default" else [""] * 3
            recall = [_number(taken["recall"].get(kind, [None])[0]) for kind in KINDS]
            precision = "-" if taken["precision"] is None else f"{taken['precision']:.4f}"
            rows.append([tool, at, *recall, precision, f"{taken['false_pairs']:,}", *spent])
    text = "\n".join("| " + " | ".join(str(cell) for cell in row) + " |" for row in rows) + "\n"
    commands = dict(tools.get("command", {}))
    pairs = commands.pop("pairs", {})
    for name, told in commands.items():
        text += (
            f"\n`galaxycurate {name}`: {told['wall']} s, CPU {told['cpu']} s, {told['peak_mb']} MB"
            f"{'' if told['rc'] == 0 else ', exit code ' + str(told['rc'])}\n"
        )
    if pairs:
        text += "\nPairs by kind: " + ", ".join(f"{k} {n:,}" for k, n in pairs.items()) + "\n"
    return text


def beyond(folder: Path, truth: Truth, found: Found, path: Path) -> int:
    """Draw the accepted pairs that the truth does not know, surest first; how many there are."""
    from PIL import Image

    false = found.accepted & ~np.isin(found.first * truth.n + found.second, truth.key)
    rows = np.flatnonzero(false)[np.argsort(-found.strength[false])]
    path.unlink(missing_ok=True)
    if rows.size:
        shown = rows[:SHOWN]
        sheet = Image.new("RGB", (2 * SHEET + 4, shown.size * (SHEET + 4)))
        for k, row in enumerate(shown):
            for side, number in enumerate((found.first[row], found.second[row])):
                image = Image.open(folder / "images" / f"{number:06d}.jpg")
                sheet.paste(image, (side * (SHEET + 4), k * (SHEET + 4)))
        sheet.save(path)
    return rows.size


def figures(found: dict, given: argparse.Namespace) -> None:
    """Recall against overlap, and the estimated against the true share of false pairs."""
    import matplotlib

    matplotlib.use("Agg")
    given.figures.mkdir(parents=True, exist_ok=True)
    _recall_by_overlap(found, given.figures / "dedupe-recall.png")
    _false_pairs(list(found), given.work, given.figures / "dedupe-fdr.png")


def _recall_by_overlap(found: dict, path: Path) -> None:
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(1, 2, figsize=(8, 3.2), sharey=True, layout="constrained")
    every = sorted({tool for told in found.values() for tool in told["tools"]})
    for axis, names in zip(axes, (("syn", "syn-small"), ("gz", "gz-small")), strict=True):
        tools = {tool for name in names if name in found for tool in found[name]["tools"]}
        for tool in sorted(tools - {"command", "galaxycurate, no flips"}):
            x, y = _curve([found[n]["tools"].get(tool) for n in names if n in found])
            ours = tool == "galaxycurate"
            style = {"lw": 2, "zorder": 3, "color": "k"} if ours else {"lw": 1}
            style.setdefault("color", f"C{every.index(tool) % 10}")
            marker = "os^Dv<>P*Xd"[every.index(tool) % 11]
            axis.plot(x, y, f"{marker}-", ms=4, label=tool, **style)
        axis.set(title=TITLES[names[0]], xlabel="shared part of the frame", xlim=(0, 1))
        axis.title.set_fontsize(9)
    axes[0].set_ylabel("recall at 99 % precision")
    axes[1].legend(fontsize=6, loc="center left", bbox_to_anchor=(1, 0.5))
    figure.savefig(path, dpi=110)
    plt.close(figure)


def _curve(told: list) -> tuple[list[float], list[float]]:
    """Middle of each bin of overlap, and the recall over the sets, at 99 % precision."""
    sums: dict[float, list[float]] = {}
    for one in filter(None, told):
        for name, (share, of) in one["at_99"]["drift_by_overlap"].items():
            low, high = map(float, name.split("-"))
            hits = sums.setdefault((low + high) / 2, [0.0, 0.0])
            hits[0] += share * of
            hits[1] += of
    return sorted(sums), [sums[x][0] / sums[x][1] for x in sorted(sums)]


def _false_pairs(names: list[str], work: Path, path: Path) -> None:
    """For each threshold: what the search says of its errors, and what the truth says."""
    from matplotlib import pyplot as plt

    figure, axis = plt.subplots(figsize=(4.2, 3.6), layout="constrained")
    floor = 1e-4
    for name in names:
        truth, m = Truth.read(work / name), np.load(work / f"{name}-galaxycurate.npz")
        false = ~np.isin(m["first"] * truth.n + m["second"], truth.key)
        order = np.argsort(m["fdr"], kind="stable")
        true_share = np.cumsum(false[order]) / np.arange(1, order.size + 1)
        last = np.r_[np.diff(m["fdr"][order]) > 0, True]
        axis.loglog(
            np.maximum(m["fdr"][order][last], floor), np.maximum(true_share[last], floor),
            "o-", ms=3, label=TITLES[name],
        )  # fmt: skip
    axis.plot([floor, 1], [floor, 1], color="0.6", lw=1)
    axis.set(xlabel="estimated share of false pairs (fdr)", ylabel="true share")
    axis.legend(fontsize=6)
    figure.savefig(path, dpi=110)
    plt.close(figure)


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}"
