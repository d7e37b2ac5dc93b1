"""A question that is too large to be answered at once, in parts that are kept on the shelf."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from galaxycurate.archives.shelf import Shelf
from galaxycurate.core.progress import Progress, silent
from galaxycurate.core.query import Query
from galaxycurate.core.rows import typed
from galaxycurate.errors import AnswerTooLarge

if TYPE_CHECKING:
    import pandas as pd

_SPLIT = {"split": True}
_HOPE = 1.05  # each answer widens what is tried: the server may have been slow for a while only


def run_in_parts(
    query: Query,
    ask: Callable[[Query], pd.DataFrame],
    shelf: Shelf,
    *,
    progress: Progress = silent,
) -> pd.DataFrame:
    """Ask a question, by halves of its turns where the whole is too large.

    The turns are those of a shuffle: where a part was too large, the next ones as wide would be, so
    they are halved unasked. Answers to parts, and which ones were too large, are kept: who asks
    again after a death goes on with the part that was under way.

    Parameters
    ----------
    query : Query
        One without turns is asked as it is, and not kept.
    ask : callable
        Puts one question; AnswerTooLarge tells that the answer cannot be believed, or did not come.
    shelf : Shelf
    progress : callable
        Told the share of the turns, in percent; nothing where the whole is answered at once.

    Returns
    -------
    pandas.DataFrame
        At most the question's limit of rows.

    Raises
    ------
    AnswerTooLarge
        The question has no turns, or those of one turn are too many.
    """
    import pandas as pd

    tables: list[pd.DataFrame] = []
    waiting, too_wide = [query], float("inf")
    rows, total = 0, _turns(query)
    while waiting and (query.limit is None or rows < query.limit):
        part = waiting.pop()
        answer, why = None, "the answer is too large"
        if _turns(part) < too_wide and shelf.note(part) != _SPLIT:
            try:
                answer = _answer(part, ask, shelf)
            except AnswerTooLarge as error:
                why = str(error)
        if answer is None:
            too_wide = min(too_wide, _turns(part))
            waiting += reversed(_halved(part, why))
            shelf.write_note(part, _SPLIT)
            continue
        too_wide *= _HOPE
        tables.append(answer)
        rows += len(answer)
        left = sum(_turns(other) for other in waiting)
        if waiting or len(tables) > 1:
            progress(100 * (total - left) // total, 100, f"{query.name}: {rows:,} rows")
    whole = tables[0] if len(tables) == 1 else pd.concat(tables, ignore_index=True)
    return typed(whole.head(query.limit) if query.limit else whole, query)


def _answer(part: Query, ask: Callable[[Query], pd.DataFrame], shelf: Shelf) -> pd.DataFrame:
    if part.part is None:
        return ask(part)
    answer = shelf.answer(part)
    if answer is None:
        answer = ask(part)
        shelf.keep_answer(part, answer)
    return answer


def _halved(part: Query, why: str) -> tuple[Query, Query]:
    halves = part.halves()
    if halves is None:
        raise AnswerTooLarge(
            f"{part.name} cannot be asked in smaller parts: {why}",
            hint="ask for less by narrower cuts, or ask CasJobs: --archive casjobs",
        )
    return halves


def _turns(part: Query) -> int:
    if part.part is None:
        return 0
    first, last = (int(part.values[name]) for name in part.part)
    return last - first + 1
