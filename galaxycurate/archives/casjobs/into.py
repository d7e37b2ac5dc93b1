"""A question as a job: the table that it fills, and its text."""

from __future__ import annotations

import hashlib
import re

from galaxycurate.core.query import Query
from galaxycurate.errors import QueryRefused

ROW = "gc_row"
"""The number of a row in the answer, from 1: pages are cut by it and checked by it."""

_HEAD = re.compile(r"\s*SELECT\s+(TOP\s+\d+\s+)?", re.I)
_TOKEN = re.compile(r"'(?:[^']|'')*'|\[[^\]]*\]|[()]|\bFROM\b|\bORDER\s+BY\b", re.I)


def table_of(query: Query, context: str) -> str:
    """The name of the table in MyDB: one question to one release is one table.

    Parameters
    ----------
    query : Query
    context : str
        Such as ``DR17``.

    Returns
    -------
    str
    """
    key = hashlib.sha256(f"{context.upper()}\n{query.sha256}".encode()).hexdigest()
    return f"gc_{key[:24]}"


def into(query: Query, table: str) -> str:
    """The question as ``SELECT ... INTO mydb.<table>``, its rows numbered in their order.

    Parameters
    ----------
    query : Query
        One SELECT whose outermost ORDER BY, if any, names columns of its tables.
    table : str

    Returns
    -------
    str

    Raises
    ------
    QueryRefused
        It is no such SELECT.
    """
    sql = query.sql
    head, words = _HEAD.match(sql), _outermost(sql)
    start = next((at for word, at in words if word == "FROM"), None)
    if head is None or start is None or re.match(r"DISTINCT\b", sql[head.end() :], re.I):
        raise QueryRefused(f"{query.name} cannot be asked by a job: it is no plain SELECT")
    order = [at for word, at in words if word != "FROM"]
    by = sql[order[-1] :] if order else "ORDER BY (SELECT 1)"
    return (
        f"SELECT {head[1] or ''}ROW_NUMBER() OVER ({by}) AS {ROW}, "
        f"{sql[head.end() : start]}INTO mydb.{table} {sql[start:]}"
    )


def _outermost(sql: str) -> list[tuple[str, int]]:
    """FROM and ORDER BY outside of all brackets, and where they stand."""
    depth, found = 0, []
    for token in _TOKEN.finditer(sql):
        if token[0] in "()":
            depth += 1 if token[0] == "(" else -1
        elif depth == 0 and token[0][0] not in "'[":
            found.append((token[0].upper(), token.start()))
    return found
