"""What a report says first: the figure, what it was measured on, and whether to believe it."""

from __future__ import annotations

import re

# as archives, catalogues and collections of theirs are called; galaxycurate's labels of SDSS
# objects are Galaxy Zoo's
GALAXY_ZOO = re.compile(r"galaxy.?zoo|\bgz\d?\b|gz1|gz2|skyserver|\bsdss|galaxy10", re.IGNORECASE)

TILES = (
    ("balanced accuracy", "balanced_accuracy", "mean recall of the classes"),
    ("macro F1", "macro_f1", "mean F1 of the classes"),
    ("ROC AUC", "roc_auc", "one class against the rest, mean"),
    ("PR AUC", "pr_auc", "average precision, mean"),
    ("calibration error", "ece", "smaller is better"),
    ("top 2", "top_2", "the true class is one of two"),
    ("mean of train", "baseline_rmse", "RMSE of answering it for all"),
    ("first question", "first_question", "leading answer as the volunteers'"),
)
# the first word that a kind of split holds decides
KINDS = (
    ("changed since", "care", "The tree holds other files than those that were proved."),
    ("leaking", "bad", "Images of one side are known on another: the test is too good."),
    ("unproved", "care", "Nobody counted whether images on different sides share sky; if they do, "
     "the test is too good."),
    ("not measured", "care", "No copies, no same object or field on two sides; whether images "
     "without a known position share sky could not be measured."),
    ("proved", "good", "No images on different sides share sky: all pairs were counted."),
    ("random", "care", "Images were divided at random: some that share sky, or show the same "
     "galaxy, may stand on two sides, and then the test is too good."),
    ("k-fold", "care", "Each image is tested by a network that did not learn it; whether folds "
     "share sky was not proved."),
)  # fmt: skip


def head(metrics: dict) -> dict:
    """The one figure that stands above all others.

    Returns
    -------
    dict
        ``value``, ``what``, ``interval`` (low, high), ``kind`` of the interval, ``said`` (for the
        window's title), ``drawn`` (the bootstrap: what, n, interval; or None).
    """
    test = metrics["test"]
    name = "accuracy" if "accuracy" in test else "rmse"
    value = f"{test[name]:.4f}"
    what = "test accuracy" if name == "accuracy" else "test root mean square error"
    if "folds" in metrics:
        what = f"accuracy on images held out, {metrics['folds']['count']} folds together"
    drawn = _spread((test.get("intervals") or {}).get(name))
    wilson = test.get("accuracy_interval") if name == "accuracy" else None
    again = {**test.get("resampled", {}), "interval": drawn} if drawn and wilson else None
    return {
        "value": value,
        "what": what,
        "said": f"{what} {value}",
        "interval": wilson or drawn,
        "kind": " (Wilson)" if wilson else " (bootstrap)",
        "drawn": again,
    }


def tiles(test: dict) -> list[dict]:
    """The other figures, each with its meaning, and its interval where one is known."""
    known = [(name, key, what) for name, key, what in TILES if test.get(key) is not None]
    intervals = test.get("intervals") or {}
    return [
        {
            "name": name,
            "value": test[key],
            "what": _by_chance(test) or what if key == "ece" else what,
            "interval": _spread(intervals.get(key)),
        }
        for name, key, what in known
    ]


def _by_chance(test: dict) -> str:
    """What a perfect calibration would show of so many images, where it was measured."""
    chance = test.get("ece_by_chance")
    return "" if chance is None else f"by chance alone: {chance:.4f}"


def _spread(interval: list | None) -> list | None:
    """An interval, if it has a width: a bootstrap of answers that are all right has none."""
    return interval if interval and interval[0] < interval[1] else None


def from_galaxy_zoo(metrics: dict) -> bool:
    """Whether the origin says that volunteers of Galaxy Zoo gave the labels, or SDSS the rows."""
    said = str(metrics.get("origin", ""))
    return bool(metrics.get("votes")) or GALAXY_ZOO.search(said) is not None


def trust(metrics: dict) -> dict:
    """Which kind of split the test rests on.

    Returns
    -------
    dict
        ``kind``, ``level`` (``good``, ``care`` or ``bad``), ``said``.
    """
    data = metrics.get("data", {})
    leaking = data.get("leaking_pairs")
    older = {None: "folders, unproved", 0: "sky groups, proved"}.get(leaking, "folders, leaking")
    kind = data.get("split_kind") or older
    unknown = data.get("without_footprint")
    if unknown and kind == "sky groups, proved":  # as earlier versions of train called it
        kind = f"groups kept whole, sky of {unknown:,} images not measured"
    level, said = next(
        ((level, said) for word, level, said in KINDS if word in kind),
        ("care", "How this split came to be is not known."),
    )
    return {"kind": kind, "level": level, "said": said}
