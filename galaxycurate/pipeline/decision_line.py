"""A line of a file of decisions, checked: what is wrong is told by line and column."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace
from difflib import get_close_matches

from galaxycurate.core.decision import Decision, DecisionKind, Keep
from galaxycurate.curation.decisions import one_way
from galaxycurate.errors import InputError, UsageError
from galaxycurate.pipeline.decision_file import COLUMNS, KEY, Row
from galaxycurate.pipeline.decision_known import Known
from galaxycurate.pipeline.review.wanted import check_reviewer, cleaned

_NEEDS = {
    DecisionKind.LABEL: ("label",), DecisionKind.PAIR: ("partner", "keep"),
    DecisionKind.UNDO: ("undoes",),
}  # fmt: skip
_BELONGS = {
    "label": (DecisionKind.LABEL,), "reason": (DecisionKind.REJECT,), "keep": (DecisionKind.PAIR,),
    "partner": (DecisionKind.PAIR, DecisionKind.UNSURE, DecisionKind.UNDO),
    "partner_sha256": (DecisionKind.PAIR, DecisionKind.UNSURE, DecisionKind.UNDO),
    "undoes": (DecisionKind.UNDO,),
}  # fmt: skip
_SAYS = tuple(name for name in COLUMNS if name not in ("uid", "queue", "blind", "again", "took_ms"))
_OF_PICTURE = ("path", "partner", "sha256", "partner_sha256")
_UID, _SHA256 = re.compile(r"[0-9a-f]{32}\Z"), re.compile(r"[0-9a-f]{64}\Z")
_FLOATED = re.compile(r"/\d(\.\d+)?[eE]\+?\d+\b")


def decisions_of(rows: list[Row], known: Known, reviewer: str) -> Iterator[Decision]:
    """Each line checked; a uid that comes twice must say the same, and is one line.

    Parameters
    ----------
    rows : list of Row
    known : Known
    reviewer : str
        Of lines that name none.

    Yields
    ------
    Decision
        On the pictures of today where a line names none; lines without a uid have one of the
        dataset and of what they say.

    Raises
    ------
    InputError
        A line is wrong, or says otherwise than the ledger's line of its uid.
    """
    told: dict[str, Decision] = {}
    alike: Counter[str] = Counter()
    for row in rows:
        decision = _on_a_picture(_decision(row, known, told, reviewer), known)
        if not decision.uid:
            words = "\0".join([known.dataset, *(str(getattr(decision, n)) for n in COLUMNS)])
            alike[words] += 1  # the same word again after another one is a word of its own
            uid = hashlib.sha256(f"{words}\0{alike[words]}".encode()).hexdigest()[:32]
            decision = replace(decision, uid=uid)
        decision = _with_look(decision, row, known, told)
        _check_same(row, decision, known.lines.get(decision.uid))
        if told.setdefault(decision.uid, decision) != decision:
            raise row.wrong("uid", f"{decision.uid} stands on another line, which says otherwise")
    yield from told.values()


def _check_same(row: Row, decision: Decision, line: Decision | None) -> None:
    """Whether a line that the ledger has says still what it said there: it would change nothing."""
    if line is None:
        return
    if {line.path, line.partner} == {decision.path, decision.partner}:
        line, decision = one_way(line), one_way(decision)
    for column in _SAYS:
        was, now = str(getattr(line, column)), str(getattr(decision, column))
        if was != now and (was or not column.endswith("sha256")):  # older lines have none
            raise row.wrong(
                column, f"the ledger has the line {line.uid} with {was!r}, this says {now!r}",
                hint="a line is never changed: leave its uid out to say something new",
            )  # fmt: skip


def _on_a_picture(decision: Decision, known: Known) -> Decision:
    """Which picture is meant where the line does not tell: that of its line, or that of today."""
    if (line := known.lines.get(decision.uid)) is not None:
        shown = {line.path: line.sha256, line.partner: line.partner_sha256}
        now, other = shown.get(decision.path, ""), shown.get(decision.partner, "")
    else:
        now = known.outcomes[decision.path].sha256
        other = known.outcomes[decision.partner].sha256 if decision.partner else ""
    return replace(
        decision, sha256=decision.sha256 or now, partner_sha256=decision.partner_sha256 or other
    )


def _decision(row: Row, known: Known, told: Mapping[str, Decision], reviewer: str) -> Decision:
    cells = _with_picture(row, {name: row.cells.get(name, "") for name in COLUMNS}, known, told)
    kind = _kind(row, cells["kind"])
    _check_cells(row, cells, kind)
    for column in ("path", "partner"):
        if cells[column] and cells[column] not in known.outcomes:
            raise _unknown(row, column, cells[column], known)
    if cells["partner"] and cells["partner"] == cells["path"]:
        raise row.wrong("partner", "a picture is no pair with itself")
    if cells["label"] and cells["label"] not in known.classes:
        raise _no_class(row, cells["label"], known)
    who = _who(row, cells["reviewer"]) or reviewer
    if kind is DecisionKind.UNDO:
        _check_undo(row, cells["undoes"], who, {**known.lines, **told})
    numbers = {name: _number(row, name, cells[name]) for name in ("blind", "again", "took_ms")}
    texts = {"reason": cleaned(cells["reason"]), "queue": cleaned(cells["queue"])}
    return Decision(**{**cells, **numbers, **texts, "kind": kind, "reviewer": who})  # type: ignore[arg-type]


def _with_picture(
    row: Row, cells: dict[str, str], known: Known, told: Mapping[str, Decision]
) -> dict[str, str]:
    """The cells with the picture that the page of the line did not know, or did not repeat."""
    if cells["path"]:
        return cells
    if (old := told.get(cells["undoes"]) or known.lines.get(cells["undoes"])) is not None:
        return cells | {name: getattr(old, name) for name in _OF_PICTURE}
    if not (key := row.cells.get(KEY, "")):
        return cells
    if (found := known.named(key, cells["sha256"], cells["partner_sha256"])) is None:
        raise row.wrong(
            KEY, f"{key} is no picture of the dataset, or both of a pair came anew since",
            hint="take the line out, and decide again: galaxycurate review",
        )  # fmt: skip
    return cells | dict(zip(("path", "partner"), found, strict=True))


def _with_look(
    decision: Decision, row: Row, known: Known, told: Mapping[str, Decision]
) -> Decision:
    """Whether it was said at a second look: a page is not told before its server took it."""
    key = row.cells.get(KEY, "")
    if not key or row.cells.get("again") or decision.kind is DecisionKind.UNDO:
        return decision
    if (line := known.lines.get(decision.uid)) is not None:
        return replace(decision, again=line.again)
    return replace(decision, again=int(known.is_second_look(decision, key, told.values())))


def _who(row: Row, name: str) -> str:
    try:
        check_reviewer(name)
    except UsageError as error:
        raise row.wrong("reviewer", str(error)) from None
    return cleaned(name)


def _kind(row: Row, word: str) -> DecisionKind:
    try:
        return DecisionKind(word.lower())
    except ValueError:
        kinds = [str(kind) for kind in DecisionKind]
        near = get_close_matches(word.lower(), kinds, n=1)
        meant = f"did you mean {near[0]}? " if near else ""
        said = f"{word!r} is no kind of decision" if word else "it is empty"
        raise row.wrong("kind", said, hint=f"{meant}kinds: {', '.join(kinds)}") from None


def _check_cells(row: Row, cells: Mapping[str, str], kind: DecisionKind) -> None:
    """Whether the kind has what it needs, and nothing that belongs to another."""
    for column in ("path", *_NEEDS.get(kind, ())):
        if not cells[column]:
            raise row.wrong(column, f"it is empty, and {kind} needs it")
    for column, kinds in _BELONGS.items():
        if cells[column] and kind not in kinds:
            raise row.wrong(column, f"{kind} has no {column}")
    if cells["keep"] and cells["keep"] not in list(Keep):
        raise row.wrong("keep", f"{cells['keep']!r} is none of {', '.join(Keep)}")
    for column, form, digits in (
        ("uid", _UID, 32),
        ("undoes", _UID, 32),
        ("sha256", _SHA256, 64),
        ("partner_sha256", _SHA256, 64),
    ):
        if cells[column] and not form.match(cells[column]):
            raise row.wrong(column, f"{cells[column]!r} is not {digits} hexadecimal digits")


def _unknown(row: Row, column: str, path: str, known: Known) -> InputError:
    if _FLOATED.search(path):
        return row.wrong(
            column, f"{path}: its id went through a float",
            hint="a spreadsheet has rounded it: take the path from the file as it was written",
        )  # fmt: skip
    name = path.rpartition("/")[2]
    alike = [one for one in known.outcomes if one.rpartition("/")[2] == name]
    near = alike or get_close_matches(path, list(known.outcomes)[:20_000], n=1)
    hint = f"did you mean {near[0]}?" if near else "paths are as in the ledger: images/CLASS/NAME"
    return row.wrong(column, f"no picture of the dataset is called {path}", hint=hint)


def _no_class(row: Row, label: str, known: Known) -> InputError:
    near = get_close_matches(label, known.classes, n=1)
    meant = f"did you mean {near[0]}? " if near else ""
    return row.wrong(
        "label", f"no picture is of the class {label!r}",
        hint=f"{meant}classes: {', '.join(known.classes)}; a new one: --new-class {label}",
    )  # fmt: skip


def _check_undo(row: Row, uid: str, who: str, lines: Mapping[str, Decision]) -> None:
    if uid not in lines:
        raise row.wrong("undoes", f"no decision has the uid {uid}")
    if lines[uid].reviewer != who:
        raise row.wrong(
            "undoes", f"{uid} is a decision of {lines[uid].reviewer or 'somebody'}, not of {who}"
        )


def _number(row: Row, column: str, text: str) -> int:
    least_most = 10**12 if column == "took_ms" else 1
    if not text:
        return 0
    if not text.isascii() or not text.isdigit() or int(text) > least_most:
        wanted = "a whole number of milliseconds" if column == "took_ms" else "0 or 1"
        raise row.wrong(column, f"{text!r} is not {wanted}")
    return int(text)
