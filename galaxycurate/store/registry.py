"""A team's manifests: every frozen file with its header, in the database that the team shares."""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import dataclass, fields
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from galaxycurate.errors import InputError, SettingError, StorageError, UsageError
from galaxycurate.store import formats
from galaxycurate.store.database import ID, Database, Words
from galaxycurate.store.files import replacing, sha256_of
from galaxycurate.store.manifest import Manifest

_META = sa.MetaData()
_MANIFEST = sa.Table(
    "manifest", _META,
    sa.Column("id", ID, primary_key=True),
    sa.Column("sha256", Words(64), nullable=False, unique=True),
    sa.Column("name", Words(400), nullable=False, index=True),
    sa.Column("rows", sa.BigInteger, nullable=False),
    sa.Column("labels", sa.JSON, nullable=False),
    *(
        sa.Column(name, Words, nullable=False)
        for name in ("created_utc", "release", "archive", "query", "query_sha256", "command")
    ),
    sa.Column("header", Words, nullable=False),
    sa.Column("body", sa.LargeBinary, nullable=False),
)  # fmt: skip
_SHA_DIGITS = 8  # of a sha256 at least, to name a manifest by it


@dataclass(frozen=True)
class Entry:
    """A manifest of the team: what its file is called, holds and came from.

    ``labels`` counts its rows by label.
    """

    name: str
    sha256: str
    rows: int
    labels: dict[str, int]
    created_utc: str
    release: str
    archive: str
    query: str
    query_sha256: str
    command: str


_ENTRY = [_MANIFEST.c[spec.name] for spec in fields(Entry)]


class Registry:
    """An open registry of manifests. Use it as a context manager."""

    def __init__(self, database: Database):
        self._database = database

    @classmethod
    def open(cls, url: str) -> Registry:
        """Open the registry of a database, making its table where absent.

        Parameters
        ----------
        url : str
            SQLAlchemy URL: the setting ``db``.

        Raises
        ------
        SettingError
            The URL is empty, or none.
        StorageError
            The database cannot be opened.
        """
        if not url:
            raise SettingError(
                "no database of a team is set: db is empty",
                hint="export GALAXYCURATE_DB=postgresql+psycopg://USER@HOST/DATABASE",
            )
        database = Database.open(url, what="team's database")
        database.make(_META)
        return cls(database)

    def __enter__(self) -> Registry:
        return self

    def __exit__(self, *_exc) -> None:
        self._database.close()

    def entries(self) -> list[Entry]:
        """What the team has, the oldest first; a name with several contents stands as often."""
        with self._database.begin() as db:
            rows = db.execute(sa.select(*_ENTRY).order_by(_MANIFEST.c.id)).mappings().all()
        return [Entry(**row) for row in rows]

    def push(self, manifest: Manifest) -> bool:
        """Keep the file of a manifest; the same content is kept once.

        Parameters
        ----------
        manifest : Manifest
            As it was read or written: with its path.

        Returns
        -------
        bool
            Whether it is new.
        """
        if manifest.path is None:
            raise UsageError("a manifest is kept by its file: write it first")
        body = manifest.path.read_bytes()
        if hashlib.sha256(body).hexdigest() != manifest.sha256:
            raise StorageError(f"{manifest.path} was changed meanwhile", hint="try again")
        head = manifest.header
        line = {
            "name": manifest.path.name, "sha256": manifest.sha256, "rows": len(manifest),
            "labels": dict(sorted(Counter(manifest.column("label")).items())),
            "created_utc": head.created_utc, "release": head.release, "archive": head.archive,
            "query": head.query, "query_sha256": head.query_sha256, "command": head.command,
            "header": head.to_json(), "body": body,
        }  # fmt: skip
        there = sa.select(_MANIFEST.c.id).where(_MANIFEST.c.sha256 == manifest.sha256)
        try:
            with self._database.begin() as db:
                if db.execute(there).first():
                    return False
                db.execute(sa.insert(_MANIFEST).values(line))
                return True
        except StorageError as error:
            if isinstance(error.__cause__, IntegrityError):  # a colleague was faster
                return False
            raise

    def pull(self, word: str, folder: Path) -> tuple[Entry, Path]:
        """Write the file of a manifest as it was pushed, byte by byte.

        Parameters
        ----------
        word : str
            A name (with or without ending; the newest of that name), or the beginning of a sha256.
        folder : Path

        Returns
        -------
        Entry
        Path
            The file.

        Raises
        ------
        InputError
            No manifest of the team is called so, or several begin so.
        UsageError
            Another file stands there.
        StorageError
            The bytes in the database are not those that were pushed.
        """
        entry = _find(word, self.entries())
        path = Path(folder) / Path(entry.name).name
        if path.exists():
            if sha256_of(path) == entry.sha256:
                return entry, path
            raise UsageError(
                f"{path} is another manifest",
                hint="move it away, or choose another folder: --to FOLDER",
            )
        asked = sa.select(_MANIFEST.c.header, _MANIFEST.c.body)
        with self._database.begin() as db:
            header, body = db.execute(asked.where(_MANIFEST.c.sha256 == entry.sha256)).one()
        if hashlib.sha256(body).hexdigest() != entry.sha256:
            raise StorageError(
                f"{entry.name} was damaged in {self._database.url}: its sha256 differs",
                hint="galaxycurate manifests push FILE, by who has the file",
            )
        with replacing(path) as part:
            part.write_bytes(body)
        formats.finish(path, header)
        return entry, path


def _find(word: str, entries: list[Entry]) -> Entry:
    named = [e for e in entries if word in (e.name, Path(e.name).stem)]
    if named:
        return named[-1]
    begun = [e for e in entries if len(word) >= _SHA_DIGITS and e.sha256.startswith(word)]
    if len(begun) == 1:
        return begun[0]
    found = f"{len(begun)} manifests" if begun else "no manifest"
    raise InputError(
        f"{found} of the team is called {word!r}",
        hint=f"galaxycurate manifests list; of a sha256, {_SHA_DIGITS} digits or more",
    )
