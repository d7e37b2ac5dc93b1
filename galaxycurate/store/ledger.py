"""The ledger: what happened, appended and never deleted.

SQLAlchemy over SQLite by default, any other URL by setting (`GALAXYCURATE_DB`).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import fields
from datetime import UTC, datetime
from enum import StrEnum
from pathlib import Path
from typing import TypeVar

import sqlalchemy as sa

from galaxycurate import __version__
from galaxycurate.core.decision import Decision, DecisionKind
from galaxycurate.core.outcome import Outcome, Status, Verdict, VerdictKind
from galaxycurate.errors import InputError, StorageError
from galaxycurate.store.database import ID, Database, Words, insert

W = TypeVar("W", bound=StrEnum)
_META = sa.MetaData()
_KINDS = {spec.name: str(spec.type) for spec in fields(Outcome)}

_RUN = sa.Table(
    "run", _META,
    sa.Column("id", ID, primary_key=True),
    sa.Column("time_utc", Words(32), nullable=False),
    sa.Column("command", Words(32), nullable=False, index=True),
    sa.Column("parameters", Words, nullable=False),
    sa.Column("dataset", Words(400), nullable=False, server_default=""),
)  # fmt: skip
_OUTCOME = sa.Table(
    "outcome", _META,
    sa.Column("id", ID, primary_key=True),
    sa.Column("run", sa.ForeignKey("run.id"), nullable=False),
    sa.Column("time_utc", Words(32), nullable=False),
    sa.Column("path", Words(400), nullable=False),
    *(
        sa.Column(name, {"int": sa.BigInteger, "float": sa.Double}.get(kind, Words), nullable=False)
        for name, kind in _KINDS.items() if name != "path"
    ),
)  # fmt: skip
_NEWEST = sa.Index("ix_outcome_newest", _OUTCOME.c.run, _OUTCOME.c.path, _OUTCOME.c.id)
_VERDICT = sa.Table(
    "verdict", _META,
    sa.Column("id", ID, primary_key=True),
    sa.Column("run", sa.ForeignKey("run.id"), nullable=False, index=True),
    sa.Column("path", Words(400), nullable=False),
    sa.Column("kind", Words(32), nullable=False),
    sa.Column("partner", Words(400), nullable=False),
    sa.Column("amount", sa.Float, nullable=False),
    sa.Column("keep", sa.Boolean, nullable=False),
    sa.Column("evidence", Words, nullable=False),
    sa.Column("tier", Words(16), nullable=False),
    *(sa.Column(name, sa.Double, nullable=False) for name in ("dx", "dy")),
    sa.Column("flip", sa.BigInteger, nullable=False),
    *(sa.Column(name, sa.Double, nullable=False) for name in ("scale", "score", "fdr", "mag_r")),
    sa.Column("sha256", Words(64), nullable=False),
)  # fmt: skip
_DECISION = sa.Table(
    "decision", _META,
    sa.Column("id", ID, primary_key=True),
    sa.Column("run", sa.ForeignKey("run.id"), nullable=False, index=True),
    sa.Column("time_utc", Words(32), nullable=False),
    sa.Column("uid", Words(32), nullable=False, unique=True),
    sa.Column("path", Words(400), nullable=False, index=True),
    *(
        sa.Column(
            spec.name, sa.BigInteger if str(spec.type) == "int" else Words, nullable=False
        )
        for spec in fields(Decision) if spec.name not in ("uid", "path", "time_utc")
    ),
)  # fmt: skip
_PLACE = sa.Table(
    "place", _META,
    sa.Column("id", ID, primary_key=True),
    sa.Column("run", sa.ForeignKey("run.id"), nullable=False, index=True),
    sa.Column("path", Words(400), nullable=False),
    sa.Column("group", sa.BigInteger, nullable=False),
    sa.Column("split", Words(16), nullable=False),
)  # fmt: skip


class Ledger:
    """An open ledger of one dataset. Use it as a context manager."""

    def __init__(self, database: Database, dataset: str):
        self._database, self.dataset = database, dataset
        self._mine = sa.select(_RUN.c.id).where(_RUN.c.dataset == dataset)

    @classmethod
    def open(cls, url: str, dataset: str = "", *, create: bool = True) -> Ledger:
        """Open a ledger, making it where allowed.

        Parameters
        ----------
        url : str
            SQLAlchemy URL.
        dataset : str
            The dataset whose lines are meant, in a database that several share.
        create : bool
            Make the file and tables when absent; otherwise that is an error.

        Raises
        ------
        InputError
            There is no ledger of this dataset yet (and `create` is false).
        StorageError, SettingError
            The database cannot be opened; the URL is none.
        """
        database = Database.open(url, what="ledger")
        ledger = cls(database, dataset)
        if create or database.holds("run"):
            database.make(_META, lambda db: _upgrade(db, dataset))
        if not create and not (database.holds("run") and ledger._has_begun()):
            of = f" of {dataset}" if dataset else ""
            raise InputError(
                f"there is no ledger{of} at {database.file or database.url}: "
                "nothing was downloaded or imported yet",
                hint="galaxycurate download, or galaxycurate import DIR --labels CSV",
            )
        return ledger

    def __enter__(self) -> Ledger:
        return self

    def __exit__(self, *_exc) -> None:
        self._database.close()

    @property
    def file(self) -> Path | None:
        """The file of an SQLite ledger; None where it lies in a team's database."""
        return self._database.file

    # ---- runs

    def start(self, command: str, parameters: Mapping[str, object]) -> int:
        """Append a run of a command; its number stands on every line that it adds."""
        with self._database.begin() as db:
            return self._begun(db, command, parameters)

    def record(
        self,
        command: str,
        parameters: Mapping[str, object],
        *,
        verdicts: Iterable[Verdict] = (),
        places: Iterable[tuple[str, int, str]] = (),
    ) -> int:
        """Append a run of a command with all that it found: everything, or nothing.

        Parameters
        ----------
        command : str
        parameters : mapping
        verdicts : iterable of Verdict
        places : iterable of (str, int, str)
            Path, group and split; split is empty before there is one.

        Returns
        -------
        int
            The run's number.
        """
        told, where = _verdict_lines(verdicts), _place_lines(places)
        with self._database.begin() as db:
            run = self._begun(db, command, parameters)
            insert(db, _VERDICT, [{"run": run, **line} for line in told])
            insert(db, _PLACE, [{"run": run, **line} for line in where])
        return run

    def _begun(self, db: sa.Connection, command: str, parameters: Mapping[str, object]) -> int:
        text = json.dumps(dict(parameters), default=str, sort_keys=True)
        line = {"time_utc": _now(), "command": command, "parameters": text, "dataset": self.dataset}
        key = db.execute(sa.insert(_RUN).values(line)).inserted_primary_key
        return int(key[0]) if key else 0

    def last_run(self, command: str) -> dict | None:
        """The newest run of a command (id, time_utc, parameters), or None."""
        mine = sa.select(_RUN).where(_RUN.c.dataset == self.dataset, _RUN.c.command == command)
        asked = mine.order_by(_RUN.c.id.desc()).limit(1)
        with self._database.begin() as db:
            row = db.execute(asked).mappings().first()
        return {**row, "parameters": json.loads(row["parameters"])} if row else None

    def changed_since(self, command: str) -> bool:
        """Whether outcomes were appended after the newest run of a command."""
        last = self.last_run(command)
        newest = sa.select(sa.func.max(_OUTCOME.c.run)).where(_OUTCOME.c.run.in_(self._mine))
        with self._database.begin() as db:
            run = db.execute(newest).scalar_one()
        return run is not None and (last is None or run > last["id"])

    # ---- outcomes

    def add_outcomes(self, run: int, outcomes: Iterable[Outcome]) -> None:
        """Append outcomes in one transaction."""
        about = {"run": run, "time_utc": _now()}
        self._database.append(_OUTCOME, [about | vars(outcome) for outcome in outcomes])

    def outcomes(self, status: Status | None = None) -> Iterator[Outcome]:
        """The newest outcome of each path, by path.

        An attempt that left an older picture in place is no outcome of its path: that picture's
        line goes on counting until another picture takes its place.

        Parameters
        ----------
        status : Status, optional
            Only those that ended so.

        Yields
        ------
        Outcome
        """
        asked = self._newest(*(_OUTCOME.c[name] for name in _KINDS))
        asked = asked.order_by(_OUTCOME.c.path)
        if status is not None:
            asked = asked.where(_OUTCOME.c.status == str(status))
        yield from self._read(asked)

    def vain(self) -> Iterator[Outcome]:
        """Newest attempts at another picture than the one that stands, by path."""
        asked = self._newest(*(_OUTCOME.c[name] for name in _KINDS), of_pictures=False)
        yield from self._read(asked.where(_OUTCOME.c.stands == 1).order_by(_OUTCOME.c.path))

    def lines(self, *columns: str) -> Iterator[Sequence[tuple]]:
        """Columns of all lines ever appended, as they were, the oldest first.

        Parameters
        ----------
        *columns : str
            Of an `Outcome`.

        Yields
        ------
        sequence of tuple
            A batch of lines.
        """
        mine = (_OUTCOME.c.run + 0).in_(self._mine)  # without an index the lines come in order
        asked = sa.select(*(_OUTCOME.c[name] for name in columns)).where(mine)
        asked = asked.order_by(_OUTCOME.c.id)
        with self._database.begin() as db:
            yield from db.execute(asked, execution_options={"yield_per": 2000}).partitions()

    def sha256_of(self, paths: Iterable[str]) -> dict[str, str]:
        """Of the pictures that stand now at a few paths; unknown ones are absent."""
        asked = self._newest(_OUTCOME.c.path, _OUTCOME.c.sha256, paths=list(paths))
        with self._database.begin() as db:
            return {row.path: row.sha256 for row in db.execute(asked)}

    def count(self, status: Status) -> int:
        """Paths whose newest outcome ended so."""
        asked = self._newest(sa.func.count(_OUTCOME.c.id)).where(_OUTCOME.c.status == str(status))
        with self._database.begin() as db:
            return int(db.execute(asked).scalar_one())

    def attempts(self) -> int:
        """Lines of outcomes ever appended."""
        asked = sa.select(sa.func.count(_OUTCOME.c.id)).where(_OUTCOME.c.run.in_(self._mine))
        with self._database.begin() as db:
            return int(db.execute(asked).scalar_one())

    # ---- decisions: all of them count, until they are undone

    def decide(self, run: int, decisions: Iterable[Decision]) -> int:
        """Append people's decisions in one transaction; those that are there already stay as is.

        Parameters
        ----------
        run : int
        decisions : iterable of Decision
            A uid that comes twice is one line.

        Returns
        -------
        int
            How many were new.

        Raises
        ------
        InputError
            One has the uid of a line of another dataset in this database; none was appended.
        """
        told = {decision.uid: decision for decision in decisions}
        with self._database.begin() as db:
            # two reviewers may send the same file at the same moment: one of them waits
            self._database.lock(db)
            known: set[str] = set()
            for at in range(0, len(told), 500):
                some = list(told)[at : at + 500]
                asked = sa.select(_DECISION.c.uid, _RUN.c.dataset).join(_RUN)
                for uid, dataset in db.execute(asked.where(_DECISION.c.uid.in_(some))):
                    self._check_mine(uid, dataset)
                    known.add(uid)
            about = {"run": run, "time_utc": _now()}
            new = [vars(d) | about for uid, d in told.items() if uid not in known]
            insert(db, _DECISION, new)
        return len(new)

    def _check_mine(self, uid: str, dataset: str) -> None:
        if dataset != self.dataset:
            raise InputError(
                f"the decision {uid} is one of another dataset of this database: {dataset}",
                hint="leave the column uid out: each line gets one of its own",
            )

    def decisions(self, after: int = 0) -> list[Decision]:
        """Decisions of all reviewers, the oldest first.

        Parameters
        ----------
        after : int
            Leave out so many.

        Returns
        -------
        list of Decision
        """
        names = [spec.name for spec in fields(Decision)]
        asked = sa.select(*(_DECISION.c[name] for name in names))
        asked = asked.where(_DECISION.c.run.in_(self._mine)).order_by(_DECISION.c.id).offset(after)
        with self._database.begin() as db:
            rows = db.execute(asked).mappings().all()
        return [Decision(**{**row, "kind": _word(DecisionKind, row["kind"])}) for row in rows]

    # ---- verdicts and places: those of the newest run count

    def add_verdicts(self, run: int, verdicts: Iterable[Verdict]) -> None:
        """Append verdicts in one transaction."""
        lines = [{"run": run, **line} for line in _verdict_lines(verdicts)]
        self._database.append(_VERDICT, lines)

    def verdicts(self, command: str = "dedupe") -> list[Verdict]:
        """The verdicts of the newest run of a command."""
        return [
            Verdict(**{**row, "kind": _word(VerdictKind, row["kind"])})
            for row in self._of_last_run(command, _VERDICT)
        ]

    def add_places(self, run: int, places: Iterable[tuple[str, int, str]]) -> None:
        """Append (path, group, split) in one transaction; split is empty before there is one."""
        self._database.append(_PLACE, [{"run": run, **line} for line in _place_lines(places)])

    def places(self, command: str) -> dict[str, tuple[int, str]]:
        """(group, split) by path, of the newest run of `dedupe` or `split`."""
        return {r["path"]: (r["group"], r["split"]) for r in self._of_last_run(command, _PLACE)}

    def _read(self, asked: sa.Select) -> Iterator[Outcome]:
        with self._database.begin() as db:
            for row in db.execute(asked, execution_options={"yield_per": 1000}):
                values = dict(zip(_KINDS, row, strict=True))
                yield Outcome(**values | {"status": _word(Status, row.status)})

    def _newest(
        self, *columns, of_pictures: bool = True, paths: Sequence[str] | None = None
    ) -> sa.Select:
        """Of the newest outcome of each path, or of some; or else of its newest attempt."""
        ids = sa.select(sa.func.max(_OUTCOME.c.id).label("id")).group_by(_OUTCOME.c.path)
        ids = ids.where(_OUTCOME.c.run.in_(self._mine))
        ids = ids if paths is None else ids.where(_OUTCOME.c.path.in_(paths))
        newest = (ids.where(_OUTCOME.c.stands == 0) if of_pictures else ids).subquery()
        return sa.select(*columns).select_from(_OUTCOME).join(newest, newest.c.id == _OUTCOME.c.id)

    def _has_begun(self) -> bool:
        with self._database.begin() as db:
            return db.execute(self._mine.limit(1)).first() is not None

    def _of_last_run(self, command: str, table: sa.Table) -> list[dict]:
        last = self.last_run(command)
        if last is None:
            return []
        asked = sa.select(table).where(table.c.run == last["id"]).order_by(table.c.id)
        with self._database.begin() as db:
            rows = db.execute(asked).mappings().all()
        return [{k: row[k] for k in row if k not in ("id", "run")} for row in rows]


def _word(kind: type[W], text: str) -> W:
    try:
        return kind(text)
    except ValueError:
        raise StorageError(
            f"the ledger holds a {kind.__name__} {text!r}, which galaxycurate {__version__} does "
            "not know: a newer one wrote it",
            hint="pip install --upgrade galaxycurate",
        ) from None


def _verdict_lines(verdicts: Iterable[Verdict]) -> list[dict]:
    return [vars(verdict) for verdict in verdicts]


def _place_lines(places: Iterable[tuple[str, int, str]]) -> list[dict]:
    return [{"path": path, "group": group, "split": split} for path, group, split in places]


def _upgrade(db: sa.Connection, dataset: str) -> None:
    """A ledger from before datasets had names is that of the dataset that opens it; columns that
    lines had not yet are zero or empty in them.
    """
    for table in (_RUN, _OUTCOME, _VERDICT, _DECISION):
        there = {column["name"] for column in sa.inspect(db).get_columns(table.name)}
        for column in table.columns:
            if column.name not in there:
                kind = column.type.compile(db.dialect)
                blank = "''" if isinstance(column.type, Words) else "0"
                added = f"add column {column.name} {kind} not null default {blank}"
                db.execute(sa.text(f"alter table {table.name} {added}"))
        if table is _RUN and "dataset" not in there:
            db.execute(sa.update(_RUN).values(dataset=dataset))
            _NEWEST.create(db)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")
