"""A review as one file: pictures, styles and scripts are in it, and nothing is sent anywhere."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from dataclasses import dataclass
from pathlib import Path

from galaxycurate.errors import InputError, UsageError
from galaxycurate.pipeline.review.session import Session
from galaxycurate.pipeline.review.wanted import Wanted
from galaxycurate.store.files import replacing
from galaxycurate.web.review.place import dataset_id

PAGE = Path(__file__).parent / "page"
SIDE_PX = 512
"""Larger pictures are made so small."""

MOST_BYTES = 40_000_000
"""Of all pictures in a page."""

KNOWN_BY = 12
"""Last digits of a decision's uid, by which a page knows that the ledger has it."""

_ORDER = (
    "dom", "said", "lines", "store", "unsent", "outbox", "shelf", "stage", "blink", "viewer",
    "keylist", "chooser", "panel", "grid", "hints", "head", "decisions", "deciding", "keyboard",
    "app", "filestore", "static",
)  # fmt: skip
_IMPORT = re.compile(r"^import [^;]*;\n", re.MULTILINE)
_EXPORT = re.compile(r"^export (?=class|const|function|async)", re.MULTILINE)
_HTML = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; \
script-src '{script_hash}'; style-src '{style_hash}'; base-uri 'none'; form-action 'none'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<meta name="color-scheme" content="dark light">
<title>galaxycurate review</title>
<link rel="icon" href="data:,">
<style>{style}</style>
</head>
<body>
<div id="review"><p class="opening">Opening the review.</p></div>
<script type="application/json" id="held">{held}</script>
<script type="module">{script}</script>
</body>
</html>
"""


@dataclass(frozen=True)
class Made:
    """A page: of ``total`` entries that wait ``shown`` are in it, which take ``n_bytes``.

    Those that its reviewer has ``decided`` on already do not wait.
    """

    total: int
    shown: int
    n_bytes: int
    decided: int = 0


def check_open(wanted: Wanted) -> None:
    """Refuse what one file cannot do.

    Raises
    ------
    UsageError
        Labels are to be hidden, or decisions repeated: both need the ledger.
    """
    if wanted.blind:
        raise UsageError(
            "a page cannot hide labels from whoever has its file",
            hint="leave out --static: the server keeps them to itself",
        )
    if wanted.second_look:
        raise UsageError(
            "a page does not know earlier decisions to look at again",
            hint="leave out --static: the server reads the ledger",
        )


def write(session: Session, page: Path, *, dry_run: bool = False) -> Made:
    """Write the page, whole or not at all.

    Parameters
    ----------
    session : Session
    page : Path
        The HTML file.
    dry_run : bool
        Only tell how many pictures fit.

    Returns
    -------
    Made

    Raises
    ------
    StorageError
        The folder cannot be written.
    """
    waiting = _waiting(session)
    items = _fitting(session, waiting)
    text = render(session, items)
    if not dry_run:
        with replacing(Path(page)) as part:
            part.write_text(text, encoding="utf-8")
    decided = len(session.entries) - len(waiting)
    return Made(len(waiting), len(items), len(text.encode()), decided)


def render(session: Session, items: list[dict]) -> str:
    """The page as HTML.

    Parameters
    ----------
    session : Session
    items : list of dict
        As `Session.items` gives them, each side with its ``picture`` and ``size``.

    Returns
    -------
    str
    """
    n = {"total": len(items), "pictures": len(items), "left": len(items), "decided": 0}
    about = session.about() | n | {"first": 0, "history": []}
    about["reviewer"] = session.wanted.reviewer and session.reviewer
    dataset = dataset_id(session.material.settings)
    held = {
        "session": about, "items": items, "id": _id(dataset, items), "dataset": dataset,
        "known": [uid[-KNOWN_BY:] for uid in session.book.uids], "known_by": KNOWN_BY,
    }  # fmt: skip
    # "</script>" and "<!--" must not end what holds them
    text = json.dumps(held, allow_nan=False).replace("<", "\\u003c")
    script, style = bundle(), (PAGE / "review.css").read_text(encoding="utf-8")
    return _HTML.format(
        script_hash=_hash(script), style_hash=_hash(style), style=style, script=script, held=text
    )


def bundle() -> str:
    """The modules of the page as one script."""
    parts = [(PAGE / f"{name}.js").read_text(encoding="utf-8") for name in _ORDER]
    return "\n".join(_EXPORT.sub("", _IMPORT.sub("", part)) for part in parts)


def _waiting(session: Session) -> list[str]:
    """Keys of what is to be in the page: all but what the reviewer it is for has decided on."""
    done = session.progress.done if session.wanted.reviewer else set()
    return [key for key, _ in session.looks if key not in done]


def _fitting(session: Session, keys: list[str]) -> list[dict]:
    """The first entries whose pictures fit into one page."""
    items: list[dict] = []
    n_bytes = 0
    for key in keys:
        item = session.shown(key)
        n_bytes += sum(_give_picture(session, item, k) for k in range(len(item["sides"])))
        if n_bytes > MOST_BYTES:
            return items
        items.append(item | {"place": len(items), "mine": None, "others": [], "twins": []})
    return items


def _give_picture(session: Session, item: dict, number: int) -> int:
    """Put the picture of a side into it; how many bytes that takes."""
    path, side = session.path(item["key"], number), item["sides"][number]
    try:
        picture = session.pictures.small(path, SIDE_PX)
    except (InputError, OSError):
        side["picture"], side["size"] = "data:,", None
        return 0
    data = base64.b64encode(picture.body).decode()
    side["picture"] = f"data:{picture.kind};base64,{data}"
    side["size"] = session.pictures.size(path)
    return len(data)


def _id(dataset: str, items: list[dict]) -> str:
    """Another dataset, queue or picture is another page, whose decisions are kept apart."""
    about = [[item["key"], *(side["sha256"] for side in item["sides"])] for item in items]
    return hashlib.sha256(json.dumps([dataset, about]).encode()).hexdigest()[:32]


def _hash(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"
