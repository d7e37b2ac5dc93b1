"""The questions of `sql/`: T-SQL files with typed parameters, bound by type and range.

Each file runs as pasted into CasJobs. Its header tells what it is for, its declarations are the
parameters, with range and meaning behind them::

    -- purpose: fields without a galaxy
    -- column fieldID varchar the field
    DECLARE @score real = 0.2  -- [-1, 1] fields must score above this

SkyServer takes a single SELECT, so the values are bound here. No text of a user ever enters the
SQL: values are checked by type and range and written as numbers.

Rows come in the order of a seeded shuffle, by turns of 0 to 1,000,002; a line
``-- part: @first_turn @last_turn`` names the two parameters that bound the turns, so that a
question can be put in parts.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from galaxycurate.core.query import Query
from galaxycurate.errors import SettingError

_PARAM = re.compile(
    r"DECLARE\s+@(\w+)\s+(int|bigint|real|float)\s*=\s*(\S+)\s+--\s*\[(\S+),\s*(\S+)\]\s+(.+)"
)
_COLUMN = re.compile(r"--\s*column\s+(\w+)\s+(\w+)\s*(.*)", re.IGNORECASE)
_PART = re.compile(r"--\s*part:\s*@(\w+)\s+@(\w+)")
_PURPOSE = re.compile(r"--\s*purpose:\s*(.+)", re.IGNORECASE)


@dataclass(frozen=True)
class Parameter:
    """A typed parameter of a question: SQL type, default, range, meaning."""

    name: str
    type: str
    default: str
    low: float
    high: float
    meaning: str

    def number(self, value) -> int | float:
        """The value as a number of this type.

        Raises
        ------
        SettingError
            Not a number of this type, or outside the range.
        """
        try:
            number = float(value) if self.type in ("real", "float") else int(value)
            if (
                self.type not in ("real", "float")
                and number != value
                and not isinstance(value, str)
            ):
                raise ValueError
        except (TypeError, ValueError):
            raise SettingError(f"{self.name} = {value!r} is not a number ({self.type})") from None
        if not self.low <= number <= self.high:
            raise SettingError(
                f"{self.name} = {value} is outside {self.low:g} to {self.high:g}",
                hint=f"{self.name}: {self.meaning}",
            )
        return number


@dataclass(frozen=True)
class SqlFile:
    """One file of `sql/`, read: purpose, parameters, columns, and the statement itself."""

    name: str
    purpose: str
    parameters: dict[str, Parameter]
    columns: tuple[tuple[str, str], ...]
    statement: str
    part: tuple[str, str] | None = None

    def bind(self, **values) -> Query:
        """Bind values to the parameters.

        Parameters
        ----------
        **values
            By parameter name; those not given take the file's defaults.

        Returns
        -------
        Query

        Raises
        ------
        SettingError
            An unknown parameter, or a value outside its type or range.
        """
        for name in values:
            if name not in self.parameters:
                known = ", ".join(self.parameters)
                raise SettingError(f"sql/{self.name}.sql has no parameter {name!r}", hint=known)
        numbers = {
            name: parameter.number(values.get(name, parameter.default))
            for name, parameter in self.parameters.items()
        }
        return Query(self.name, self.statement, self.columns, numbers, self.part)


def folder() -> Path:
    """Where the SQL files lie: beside the package in a checkout, inside it when installed."""
    package = Path(__file__).resolve().parents[1]
    inside = package / "sql"
    return inside if inside.is_dir() else package.parent / "sql"


@cache
def read(name: str) -> SqlFile:
    """Read one file of `sql/` by its name without ending.

    Parameters
    ----------
    name : str

    Returns
    -------
    SqlFile

    Raises
    ------
    SettingError
        No such question.
    """
    path = folder() / f"{name}.sql"
    if not path.is_file():
        known = ", ".join(sorted(p.stem for p in folder().glob("*.sql")))
        raise SettingError(f"there is no sql/{name}.sql", hint=f"known questions: {known}")
    text = path.read_text()
    parameters = {
        m[1]: Parameter(m[1], m[2].lower(), m[3], float(m[4]), float(m[5]), m[6].strip())
        for m in _PARAM.finditer(text)
    }
    purpose, part = _PURPOSE.search(text), _PART.search(text)
    lines = (line.split("--")[0].strip() for line in text.splitlines())
    statement = " ".join(line for line in lines if not line.startswith("DECLARE"))
    return SqlFile(
        name=name,
        purpose=purpose[1].strip() if purpose else "",
        parameters=parameters,
        columns=tuple((m[1], m[2]) for m in _COLUMN.finditer(text)),
        statement=re.sub(r"\s+", " ", statement).strip(),
        part=(part[1], part[2]) if part else None,
    )
