"""The ledger: what happened, appended and never deleted.

SQLAlchemy over SQLite by default, any other URL by setting (`GALAXYCURATE_DB`).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import fields
from datetime import UTC, datetime
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.exc import ArgumentError, OperationalError, SQLAlchemyError

from galaxycurate.core.outcome import Outcome, Status, Verdict, VerdictKind
from galaxycurate.errors import InputError, SettingError, StorageError, first_line
from galaxycurate.store.files import unwritable

_META = sa.MetaData()

_RUN = sa.Table(
    "run", _META,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("time_utc", sa.String(32), nullable=False),
    sa.Column("command", sa.String(32), nullable=False, index=True),
    sa.Column("parameters", sa.Text, nullable=False),
)  # fmt: skip
_OUTCOME = sa.Table(
    "outcome", _META,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("run", sa.ForeignKey("run.id"), nullable=False),
    sa.Column("time_utc", sa.String(32), nullable=False),
    sa.Column("path", sa.String(400), nullable=False, index=True),
    *(
        sa.Column(f.name, sa.Integer if f.type == "int" else sa.Text, nullable=False)
        for f in fields(Outcome) if f.name != "path"
    ),
)  # fmt: skip
_VERDICT = sa.Table(
    "verdict", _META,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("run", sa.ForeignKey("run.id"), nullable=False, index=True),
    sa.Column("path", sa.String(400), nullable=False),
    sa.Column("kind", sa.String(32), nullable=False),
    sa.Column("partner", sa.String(400), nullable=False),
    sa.Column("amount", sa.Float, nullable=False),
    sa.Column("keep", sa.Boolean, nullable=False),
    sa.Column("evidence", sa.Text, nullable=False),
)  # fmt: skip
_PLACE = sa.Table(
    "place", _META,
    sa.Column("id", sa.Integer, primary_key=True),
    sa.Column("run", sa.ForeignKey("run.id"), nullable=False, index=True),
    sa.Column("path", sa.String(400), nullable=False),
    sa.Column("group", sa.Integer, nullable=False),
    sa.Column("split", sa.String(16), nullable=False),
)  # fmt: skip


class Ledger:
    """An open ledger. Use it as a context manager."""

    def __init__(self, engine: sa.Engine, url: str):
        self._engine = engine
        self.url = url

    @classmethod
    def open(cls, url: str, *, create: bool = True) -> Ledger:
        """Open a ledger, making it where allowed.

        Parameters
        ----------
        url : str
            SQLAlchemy URL.
        create : bool
            Make the file and tables when absent; otherwise that is an error.

        Raises
        ------
        InputError
            There is no ledger yet (and `create` is false).
        StorageError, SettingError
            The database cannot be opened; the URL is none.
        """
        try:
            parsed = sa.engine.make_url(url)
        except ArgumentError:
            raise SettingError(
                f"db = {url!r} is no SQLAlchemy URL",
                hint="such as sqlite:///dataset/ledger.sqlite",
            ) from None
        if parsed.get_backend_name() == "sqlite" and parsed.database:
            file = Path(parsed.database)
            if not create and not file.exists():
                raise InputError(
                    f"there is no ledger at {file}: nothing was downloaded or imported yet",
                    hint="galaxycurate download, or galaxycurate import DIR --labels CSV",
                )
            if create:
                try:
                    file.parent.mkdir(parents=True, exist_ok=True)
                except OSError as error:
                    raise unwritable(file.parent, error) from error
        try:
            engine = sa.create_engine(parsed)
            if engine.dialect.name == "sqlite":
                sa.event.listen(engine, "connect", _sqlite_pragmas)
            _META.create_all(engine)
        except (SQLAlchemyError, ImportError) as error:
            raise _unopened(parsed.render_as_string(hide_password=True), error) from error
        return cls(engine, parsed.render_as_string(hide_password=True))

    def __enter__(self) -> Ledger:
        return self

    def __exit__(self, *_exc) -> None:
        self._engine.dispose()

    # ---- runs

    def start(self, command: str, parameters: Mapping[str, object]) -> int:
        """Append a run of a command; its number stands on every line that it adds."""
        text = json.dumps(dict(parameters), default=str, sort_keys=True)
        with self._begin() as db:
            row = db.execute(sa.insert(_RUN).values(
                time_utc=_now(), command=command, parameters=text))  # fmt: skip
            return int(row.inserted_primary_key[0])

    def last_run(self, command: str) -> dict | None:
        """The newest run of a command (id, time_utc, parameters), or None."""
        asked = sa.select(_RUN).where(_RUN.c.command == command).order_by(_RUN.c.id.desc()).limit(1)
        with self._begin() as db:
            row = db.execute(asked).mappings().first()
        return {**row, "parameters": json.loads(row["parameters"])} if row else None

    def changed_since(self, command: str) -> bool:
        """Whether outcomes were appended after the newest run of a command."""
        last = self.last_run(command)
        newest = sa.select(sa.func.max(_OUTCOME.c.run))
        with self._begin() as db:
            run = db.execute(newest).scalar_one()
        return run is not None and (last is None or run > last["id"])

    # ---- outcomes

    def add_outcomes(self, run: int, outcomes: Iterable[Outcome]) -> None:
        """Append outcomes in one transaction."""
        now = _now()
        lines = [{"run": run, "time_utc": now, **vars(outcome)} for outcome in outcomes]
        if lines:
            with self._begin() as db:
                db.execute(sa.insert(_OUTCOME), lines)

    def outcomes(self, status: Status | None = None) -> Iterator[Outcome]:
        """The newest outcome of each path, by path.

        Parameters
        ----------
        status : Status, optional
            Only those that ended so.

        Yields
        ------
        Outcome
        """
        newest = sa.select(sa.func.max(_OUTCOME.c.id)).group_by(_OUTCOME.c.path)
        asked = sa.select(_OUTCOME).where(_OUTCOME.c.id.in_(newest)).order_by(_OUTCOME.c.path)
        if status is not None:
            asked = asked.where(_OUTCOME.c.status == str(status))
        with self._begin() as db:
            for row in db.execute(asked).mappings():
                values = {k: row[k] for k in row if k not in ("id", "run", "time_utc")}
                yield Outcome(**{**values, "status": Status(row["status"])})

    def attempts(self) -> int:
        """Lines of outcomes ever appended."""
        with self._begin() as db:
            return int(db.execute(sa.select(sa.func.count()).select_from(_OUTCOME)).scalar_one())

    # ---- verdicts and places: those of the newest run count

    def add_verdicts(self, run: int, verdicts: Iterable[Verdict]) -> None:
        """Append verdicts in one transaction."""
        lines = [{"run": run, **vars(verdict)} for verdict in verdicts]
        if lines:
            with self._begin() as db:
                db.execute(sa.insert(_VERDICT), lines)

    def verdicts(self, command: str = "dedupe") -> list[Verdict]:
        """The verdicts of the newest run of a command."""
        return [
            Verdict(**{**row, "kind": VerdictKind(row["kind"])})
            for row in self._of_last_run(command, _VERDICT)
        ]

    def add_places(self, run: int, places: Iterable[tuple[str, int, str]]) -> None:
        """Append (path, group, split) in one transaction; split is empty before there is one."""
        lines = [{"run": run, "path": p, "group": g, "split": s} for p, g, s in places]
        if lines:
            with self._begin() as db:
                db.execute(sa.insert(_PLACE), lines)

    def places(self, command: str) -> dict[str, tuple[int, str]]:
        """(group, split) by path, of the newest run of `dedupe` or `split`."""
        return {r["path"]: (r["group"], r["split"]) for r in self._of_last_run(command, _PLACE)}

    def _of_last_run(self, command: str, table: sa.Table) -> list[dict]:
        last = self.last_run(command)
        if last is None:
            return []
        asked = sa.select(table).where(table.c.run == last["id"]).order_by(table.c.id)
        with self._begin() as db:
            rows = db.execute(asked).mappings().all()
        return [{k: row[k] for k in row if k not in ("id", "run")} for row in rows]

    @contextmanager
    def _begin(self):
        try:
            with self._engine.begin() as db:
                yield db
        except OperationalError as error:
            raise _unopened(self.url, error) from error


def _sqlite_pragmas(connection, _record) -> None:
    """WAL: a killed process loses no line that a commit acknowledged."""
    for pragma in ("journal_mode=wal", "synchronous=normal", "busy_timeout=30000"):
        connection.execute(f"pragma {pragma}")


def _unopened(url: str, error: Exception) -> StorageError:
    line = first_line(getattr(error, "orig", error))
    return StorageError(f"the ledger {url} does not open: {line}",
                        hint="galaxycurate config show tells where db comes from")  # fmt: skip


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")
