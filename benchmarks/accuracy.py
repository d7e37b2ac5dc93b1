"""How accurate the networks are on a tree: several seeds of several presets.

    python -m benchmarks.accuracy --data dataset/split --out runs [--seeds 5] [--presets A,B]

Each seed is a whole run of `python -m train` into OUT/PRESET/seed-N, with its report; a run that is
finished is not trained again, a halted one goes on. The split is the tree's, the same for all: what
varies is what chance decides (first weights, order, changes of the images). Prints one table, with
mean and standard deviation over the seeds, and the mean of the seeds' answers as one more network
("together"); writes it as JSON to OUT/accuracy.json.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import replace
from pathlib import Path

import numpy as np

from train.device import require_torch
from train.files import write_json
from train.judge.metrics import summary
from train.judge.predictions import read_predictions
from train.recipe.presets import preset

PRESETS = ("gz1-galaxy-cnn", "gz1-resnet18")
FIGURES = ("accuracy", "balanced_accuracy", "roc_auc", "pr_auc", "ece")


def runs(name: str, data: Path, out: Path, seeds: int) -> list[dict]:
    """The metrics of each seed."""
    require_torch()
    from train.fit import Place, fit

    found = []
    for seed in range(seeds):
        place = Place(data, out / name / f"seed-{seed}", "auto", 2, out / "cache" / name)
        config = replace(preset(name), seed=seed)
        found.append(fit(config, place, say=lambda line, s=seed: print(f"{name} {s}: {line}")))
    return found


def told(name: str, out: Path, found: list[dict]) -> dict:
    """What the seeds of a preset amount to."""
    values = {one: [metrics["test"][one] for metrics in found] for one in FIGURES}
    folders = [out / name / f"seed-{seed}" for seed in range(len(found))]
    answers = [read_predictions(folder / "predictions.csv") for folder in folders]
    mean = np.mean([one.probability for one in answers], axis=0)
    classes = tuple(found[0]["test"]["classes"])
    together = summary(answers[0].truth, mean, classes)
    return {
        "preset": name,
        "parameters": found[0]["parameters"],
        "n": found[0]["test"]["n"],
        "device": found[0]["device"],
        "seconds": [metrics["training_seconds"] for metrics in found],
        "figures": {
            one: {
                "each": each,
                "mean": float(np.mean(each)),
                "std": float(np.std(each, ddof=1)) if len(each) > 1 else None,
                "together": together[one],
            }
            for one, each in values.items()
        },
    }


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    words.add_argument("--data", type=Path, required=True)
    words.add_argument("--out", type=Path, required=True)
    words.add_argument("--seeds", type=int, default=5)
    words.add_argument("--presets", default=",".join(PRESETS))
    asked = words.parse_args()
    rows = []
    for name in asked.presets.split(","):
        rows.append(told(name, asked.out, runs(name, asked.data, asked.out, asked.seeds)))
        write_json(asked.out / "accuracy.json", rows)
    print("preset | figure | mean | std | each | together\n---|---|---|---|---|---")
    for row in rows:
        for one, value in row["figures"].items():
            spread = "" if value["std"] is None else f"{value['std']:.4f}"
            each = " ".join(f"{v:.4f}" for v in value["each"])
            line = (row["preset"], one, f"{value['mean']:.4f}", spread, each)
            print(" | ".join(line), "|", f"{value['together']:.4f}")
    print(json.dumps({row["preset"]: row["seconds"] for row in rows}))


if __name__ == "__main__":
    main()
