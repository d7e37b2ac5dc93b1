"""Output files that appear whole or not at all, and folders that one process holds."""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from galaxycurate.errors import StorageError

try:
    import fcntl
except ImportError:  # Windows has no such locks
    fcntl = None  # type: ignore[assignment]

LOCK = ".lock"
_LOCKLESS = (errno.ENOSYS, errno.ENOTSUP, errno.ENOLCK)  # some network disks have none either
_ROOM = "free some space, or choose another folder with --out"


@contextmanager
def replacing(path: Path):
    """Write under a hidden temporary name beside the file, then rename it into place.

    The house's `galaxycurate.store.files` does the same; train stands beside the house and
    imports none of its rooms.

    Raises
    ------
    StorageError
        The folder cannot be written.
    """
    path = Path(path)
    part = path.with_name(f".{path.stem}.{os.getpid()}.part{path.suffix}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield part
        os.replace(part, path)
    except OSError as error:
        raise StorageError(f"cannot write {path}: {error.strerror or error}", hint=_ROOM) from error
    finally:
        with suppress(OSError):  # it would hide what really happened
            part.unlink(missing_ok=True)


@contextmanager
def locked(path: Path, *, wait: bool = True) -> Iterator[bool]:
    """Hold a lock file, which is removed at the end; a kill lets the lock go.

    Parameters
    ----------
    path : Path
    wait : bool
        Until another process lets it go.

    Yields
    ------
    bool
        Whether it is held; never False where `wait`.

    Raises
    ------
    OSError
        The file cannot be made.
    """
    file = path.open("a")
    while (held := _flock(file, wait=wait)) and not _names(path, file):
        file.close()  # who held it has removed it meanwhile
        file = path.open("a")
    try:
        yield held
    finally:
        if held:
            with suppress(OSError):
                path.unlink(missing_ok=True)
        file.close()


@contextmanager
def alone_in(folder: Path) -> Iterator[None]:
    """Hold an output folder, so that no other process trains there; made if it is not there.

    What a killed process left half written in it is removed.

    Raises
    ------
    StorageError
        Another process holds it, or it cannot be written.
    """
    folder = Path(folder)
    there = folder.is_dir()
    try:
        with ExitStack() as stack:
            _hold(stack, folder)
            yield
    finally:
        if not there:
            with suppress(OSError):  # a folder in which nothing was written is not left behind
                folder.rmdir()


def _hold(stack: ExitStack, folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        held = stack.enter_context(locked(folder / LOCK, wait=False))
    except OSError as error:
        is_file = isinstance(error, FileExistsError | NotADirectoryError)
        why = "a file is there" if is_file else error.strerror or error
        hint = "choose another folder with --out" if is_file else _ROOM
        raise StorageError(f"cannot write to {folder}: {why}", hint=hint) from error
    if not held:
        raise StorageError(
            f"another process trains in {folder}",
            hint="wait until it is done, or choose another folder with --out",
        )
    for old in folder.glob(".*.[0-9]*.part*"):  # as `replacing` calls them
        old.unlink(missing_ok=True)


def named_file(path: Path):
    """A CSV file to write names of files into; bytes that are no UTF-8 become ``\\udcff``."""
    return path.open("w", newline="", encoding="utf-8", errors="backslashreplace")


def write_text(path: Path, text: str) -> None:
    """Write a text file whole or not at all."""
    with replacing(path) as part:
        part.write_text(text, encoding="utf-8", errors="backslashreplace")


def write_json(path: Path, value: object) -> None:
    """Write a JSON file whole or not at all."""
    write_text(path, json.dumps(value, indent=1, allow_nan=False) + "\n")


def read_json(path: Path) -> dict:
    """A JSON file's object, or an empty one where the file is absent or unreadable."""
    try:
        content = json.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


def _flock(file, *, wait: bool) -> bool:
    """Whether the lock is held; where there are no locks, it is taken for held."""
    if fcntl is None:
        return True
    try:
        fcntl.flock(file, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
    except BlockingIOError:
        return False
    except OSError as error:
        if error.errno not in _LOCKLESS:
            raise
    return True


def _names(path: Path, file) -> bool:
    """Whether a path still names an open file."""
    try:
        return os.path.samestat(path.stat(), os.fstat(file.fileno()))
    except FileNotFoundError:
        return False
