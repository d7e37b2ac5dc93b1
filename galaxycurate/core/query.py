"""A question to an archive, its values bound."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Query:
    """One question, ready to be asked of any archive.

    Parameters
    ----------
    name : str
        The file of `sql/` that asks it, without its ending.
    sql : str
        T-SQL with every value bound, comments stripped.
    columns : tuple of (str, str)
        Name and SQL type of each column that comes back.
    values : dict
        The bound parameters by name.
    """

    name: str
    sql: str
    columns: tuple[tuple[str, str], ...] = ()
    values: dict[str, object] = field(default_factory=dict, compare=False)

    @property
    def sha256(self) -> str:
        """Of the bound text: two answers with one sha256 come from one question."""
        return hashlib.sha256(self.sql.encode()).hexdigest()
