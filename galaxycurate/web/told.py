"""The shortcut check in words and bars, as a template draws it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from math import isfinite

from galaxycurate.pipeline.report.shortcuts import ACCUSING, LIMIT, MEANING, Shortcuts, Told

MOST = 12
"""Features of the table, the most telling of those of all kinds."""

_KINDS = {
    "file": ("how the file was made", "No galaxy decides these. Above the limit the classes were "
             "made in different ways, and a network will learn the way."),
    "sky": ("the sky at the border, and where it was", "Above the limit the classes come from "
            "other skies, or their galaxies reach the border of the picture."),
    "light": ("what the light in the picture decides", "Empty sky makes a smaller file than a "
              "galaxy does, so no warning follows from these; compare them all the same."),
    "source": ("who drew the picture", "A network cannot read a name. What a provider does to its "
               "pictures is measured above; where only the name tells, they draw alike."),
}  # fmt: skip

_WARNING = {
    "file": "How the files were made tells the class.",
    "sky": "The sky around the galaxies tells the class.",
}

_DO = {
    "file": "Make all classes the same way: one provider, one size in pixels, one pixel scale and "
    "one format, by galaxycurate download. Pictures that were imported for one class and "
    "downloaded for another look different to a network long before it sees a galaxy; cropping and "
    "resizing do not remove JPEG tables or blur.",
    "sky": "It may be real: galaxies reach the border, or the scale of a picture follows the size "
    "of its galaxy. It is a fault where one class was taken from other runs or fields, or drawn at "
    "another scale: choose and frame all classes alike. python -m train --zoom 1.5 keeps the "
    "border from the network; see whether its accuracy falls.",
}


def kinds(found: Shortcuts) -> Iterator[dict]:
    """The kinds of nuisances, how well each tells the classes, and what that means."""
    for kind, told in found.kinds.items():
        name, meaning = _KINDS[kind]
        warns = kind in found.warning
        yield {
            "name": name,
            "kind": kind,
            "meaning": meaning,
            "auc": f"{told.auc:.2f}",
            "best": told.best,
            "interval": f"{told.low:.2f} to {told.high:.2f}" if told.features else "all the same",
            "bar": _bar(told),
            "by_chance": _by_chance(told),
            "verdict": "warning" if warns else _quiet(told, kind),
            "warns": warns,
            "warning": _WARNING[kind] if warns else "",
            "do": _DO[kind] if warns else "",
            "same": ", ".join(MEANING[name] for name in told.same),
        }


def _by_chance(told: Told) -> str:
    return f"{told.by_chance:.2f}, up to {told.by_chance_high:.2f}" if told.features else "-"


def _quiet(told: Told, kind: str) -> str:
    if not told.features:
        return "nothing to tell by"
    if kind not in ACCUSING:
        return "for comparison"
    return "by chance" if told.auc > LIMIT else "quiet"


def _bar(told: Told) -> dict[str, str]:
    """From guessing to certainty, in percent of its length."""
    low, at, high = (100 * min(1.0, max(0.0, 2 * v - 1)) for v in (told.low, told.auc, told.high))
    return {"at": f"{at:.1f}", "low": f"{low:.1f}", "wide": f"{max(0.0, high - low):.1f}"}


def features(found: Shortcuts) -> list[dict]:
    """The most telling nuisances, each by itself, and what is typical of each class."""
    all_of_them = [(kind, one) for kind, told in found.kinds.items() for one in told.features]
    return [
        {
            "name": MEANING[one.name],
            "kind": kind,
            "auc": f"{one.auc:.2f}",
            "best": one.best,
            "typical": {
                label: _spoken(value, found.words.get(one.name, {}))
                for label, value in one.typical.items()
            },
        }
        for kind, one in sorted(all_of_them, key=lambda row: -row[1].auc)[:MOST]
    ]


def _spoken(value: float, words: Mapping[float, str]) -> str:
    if not isfinite(value):
        return "unknown"
    return words.get(value) or (f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}")
