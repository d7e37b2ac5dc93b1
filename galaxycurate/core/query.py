"""A question to an archive, its values bound."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field, replace

_TOP = re.compile(r"\bTOP \((\d+)\)")
"""A variable needs the brackets, SkyServer's filter breaks on them."""


@dataclass(frozen=True)
class Query:
    """One question, ready to be asked of any archive.

    Parameters
    ----------
    name : str
        The file of `sql/` that asks it, without its ending.
    statement : str
        T-SQL, comments stripped, its parameters as ``@name``.
    columns : tuple of (str, str)
        Name and SQL type of each column that comes back.
    values : dict
        Number by parameter name.
    part : tuple of (str, str) or None
        The two whole-number parameters that bound the turns of the shuffle. The answers to
        neighbouring bounds, one after the other, are the answer to the whole; what lies around
        the fields of both comes twice.
    """

    name: str
    statement: str
    columns: tuple[tuple[str, str], ...] = ()
    values: dict[str, int | float] = field(default_factory=dict)
    part: tuple[str, str] | None = None

    @property
    def sql(self) -> str:
        """The text that is sent."""
        bound = re.sub(r"@(\w+)", lambda found: repr(self.values[found[1]]), self.statement)
        return _TOP.sub(r"TOP \1", bound)

    @property
    def sha256(self) -> str:
        """Of the bound text: two answers with one sha256 come from one question."""
        return hashlib.sha256(self.sql.encode()).hexdigest()

    @property
    def limit(self) -> int | None:
        """Rows at most, when the question says so."""
        return int(self.values["limit"]) if "limit" in self.values else None

    def counted(self) -> Query:
        """The question how many rows would come back."""
        body = self.statement.rpartition(" ORDER BY ")[0] or self.statement
        return replace(
            self,
            statement=f"SELECT COUNT(*) AS nRows FROM ({body}) AS counted",
            columns=(("nRows", "int"),),
            part=None,
        )

    def halves(self) -> tuple[Query, Query] | None:
        """Two questions whose answers, one after the other, answer this one.

        Returns
        -------
        tuple of Query, or None
            None where it cannot be parted any further.
        """
        if self.part is None:
            return None
        first, last = (int(self.values[name]) for name in self.part)
        if first >= last:
            return None
        middle = (first + last) // 2
        low, high = self.part
        return (
            replace(self, values={**self.values, high: middle}),
            replace(self, values={**self.values, low: middle + 1}),
        )
