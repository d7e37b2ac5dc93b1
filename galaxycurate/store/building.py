"""Folders that appear whole or not at all, and locks that die with their holder."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TextIO

from galaxycurate.errors import StorageError
from galaxycurate.store.files import unwritable

TRIES, PAUSE_S = 5, 0.02  # somebody who only looks whether a lock is free holds it for a moment


@contextmanager
def building(folder: Path, what: str) -> Iterator[Path]:
    """Build a folder beside its place, and let it take that place when it is whole.

    Whoever dies leaves nothing under the final name, or the old folder; what is left of the
    unfinished one goes when the next one is built, or by `clear`.

    Parameters
    ----------
    folder : Path
        The final name. One that is there is replaced.
    what : str
        For the message where another process is at it: "an export to out/".

    Yields
    ------
    Path
        The empty folder to fill.

    Raises
    ------
    StorageError
        The disk refused, or another process is at it.
    """
    folder = Path(folder)
    new, old = _states(folder)
    with held(_lock_of(folder), what):
        try:
            _clear(folder)
            new.mkdir(parents=True)
            yield new
            if folder.exists():
                folder.rename(old)
            new.rename(folder)
        except OSError as error:
            raise unwritable(folder, error) from error
        finally:
            _clear(folder)


def _states(folder: Path) -> tuple[Path, Path]:
    """What is built, and what it takes the place of."""
    return folder.with_name(f".{folder.name}.new"), folder.with_name(f".{folder.name}.old")


def _lock_of(folder: Path) -> Path:
    return folder.with_name(f".{folder.name}.lock")


def _clear(folder: Path) -> None:
    """Take away what is unfinished; the lock must be held."""
    if (older := standing(folder)) != folder:
        older.rename(folder)
    for left in _states(folder):
        shutil.rmtree(left, ignore_errors=True)


def standing(folder: Path) -> Path:
    """Where the last whole folder lies: beside its place if a kill came between the two renames.

    Parameters
    ----------
    folder : Path
        The final name.

    Returns
    -------
    Path
    """
    _new, old = _states(folder)
    return old if old.exists() and not folder.exists() else folder


def abandoned(parent: Path) -> dict[Path, int]:
    """Folders whose building was killed, and the bytes of no use that it left; touches nothing.

    Parameters
    ----------
    parent : Path
        Where they were to be.

    Returns
    -------
    dict of Path to int
        By final name; those that a living process builds are absent.
    """
    found: dict[Path, int] = {}
    for lock in sorted(Path(parent).glob(".?*.lock")):
        folder = lock.with_name(lock.name[1:].removesuffix(".lock"))
        if any(left.is_dir() for left in _states(folder)) and _is_free(lock):
            waste = (left for left in _states(folder) if left != standing(folder))
            files = (path for left in waste for path in left.rglob("*"))
            found[folder] = sum(path.lstat().st_size for path in files)
    return found


def clear(folder: Path) -> None:
    """Take away what a killed process left of a folder that it built.

    Parameters
    ----------
    folder : Path
        The final name: an older folder that stood there is put back.

    Raises
    ------
    StorageError
        A living process builds it, or the disk refused.
    """
    with held(_lock_of(folder), f"building {folder}/"):
        try:
            _clear(Path(folder))
        except OSError as error:
            raise unwritable(folder, error) from error


def _is_free(lock: Path) -> bool:
    """Whether nobody holds a lock; where there are none, nobody can tell."""
    try:
        import fcntl

        with lock.open("r+") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (ImportError, OSError):
        return False
    return True


@contextmanager
def held(path: Path, what: str) -> Iterator[None]:
    """Hold a lock for as long as the block runs; whoever dies lets it go.

    Parameters
    ----------
    path : Path
        A file that holds the number of the process which has the lock; it is removed afterwards.
    what : str
        For the message: "a download into dataset/".

    Raises
    ------
    StorageError
        Another process holds it; nothing was touched.
    """
    try:
        import fcntl
    except ImportError:  # Windows has no such locks
        yield
        return
    path = Path(path)
    was_there = path.parent.exists()
    file = _locked(path, what, fcntl)
    try:
        yield
    finally:
        path.unlink(missing_ok=True)
        file.close()
        if not was_there:
            with suppress(OSError):  # something was made in it
                path.parent.rmdir()


def _locked(path: Path, what: str, fcntl):
    """The open file with its lock; one that its last holder removed meanwhile is made again."""
    tries = 0
    while True:
        file = _opened(path)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            tries += 1
            if tries == TRIES:
                raise _under_way(file, what) from None
            file.close()
            time.sleep(PAUSE_S)
            continue
        with suppress(FileNotFoundError):
            if os.path.samestat(os.fstat(file.fileno()), path.stat()):
                file.truncate(0)
                file.write(str(os.getpid()))
                file.flush()
                return file
        file.close()


def _opened(path: Path) -> TextIO:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        return path.open("a+")
    except OSError as error:
        raise unwritable(path, error) from error


def _under_way(file: TextIO, what: str) -> StorageError:
    """Another process has it; the file, which names that one, is closed."""
    with file:
        file.seek(0)
        holder = file.read().strip() or "another one"
    return StorageError(
        f"{what} is under way already (process {holder})",
        hint="wait until it has ended, or end it: it loses nothing",
    )
