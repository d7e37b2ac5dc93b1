"""Files that appear whole or not at all."""

from __future__ import annotations

import errno
import hashlib
import os
from contextlib import contextmanager
from pathlib import Path

from galaxycurate.errors import InputError, StorageError


@contextmanager
def replacing(path: Path):
    """Write a file under a temporary name beside it, then rename it into place.

    Parameters
    ----------
    path : Path
        The final name. Its folder is made.

    Yields
    ------
    Path
        The temporary name: hidden, with the same ending, gone when the block fails.

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
        raise unwritable(path, error) from error
    finally:
        part.unlink(missing_ok=True) if path.parent.is_dir() else None


def check_writable(folder: Path) -> None:
    """Find out before long work whether its result could be written; touches nothing.

    Raises
    ------
    StorageError
        The folder cannot be made or written.
    """
    place = Path(folder).absolute()
    while not (place.exists() or place.is_symlink()):
        place = place.parent
    if not place.is_dir():
        raise unwritable(Path(folder), NotADirectoryError(errno.ENOTDIR, "a file is in the way"))
    if not os.access(place, os.W_OK | os.X_OK):
        raise unwritable(Path(folder), PermissionError(errno.EACCES, "permission denied"))


def check_parent(path: Path) -> None:
    """Refuse to put something into a folder that is not there: its name may be misspelled.

    Raises
    ------
    InputError
        There is no such folder.
    """
    parent = Path(path).parent
    if not (parent.exists() or parent.is_symlink()):
        raise InputError(f"there is no folder {parent} for {path}", hint=f"mkdir -p {parent}")


def check_page(path: Path, *, option: str = "--page", begins: bytes = b"<!doctype html") -> None:
    """Refuse a page that could not be written, or would take the place of something else.

    It touches nothing, and comes before the work that the page is to show.

    Parameters
    ----------
    path : Path
        The HTML file that is wanted.
    option : str
        By which it was named.
    begins : bytes
        How such a file begins, in lower case; ``galaxycurate`` stands soon after.

    Raises
    ------
    InputError
        It is a folder, or its folder is none; or a file is there that galaxycurate did not write
        as such a page.
    StorageError
        Its folder cannot be written.
    """
    path = Path(path)
    if path.is_dir():
        raise InputError(
            f"the page {path} is a folder", hint=f"name a file: {option} {path / 'page.html'}"
        )
    check_parent(path)
    try:
        check_writable(path.parent)
    except StorageError as error:
        if path.parent.is_dir():
            raise
        raise InputError(str(error), hint=error.hint) from error
    if path.exists() and not _is_made(path, begins):
        name = "FILE.svg" if begins == b"<svg" else "FILE.html"
        raise InputError(
            f"{path} is there, and it is no page that galaxycurate made",
            hint=f"give another name: {option} {name}, or move it away",
        )


def _is_made(path: Path, begins: bytes) -> bool:
    try:
        with path.open("rb") as file:
            head = file.read(1 << 16).lower()
    except OSError:
        return False
    return head.startswith(begins) and b"galaxycurate" in head


FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def disk_full(place: str) -> StorageError:
    """The error for a disk, a quota or a file that has reached its end."""
    return StorageError(
        f"the disk is full: {place} cannot be written",
        hint="make room and run the same command again; what is there is whole",
    )


def unwritable(path: Path, error: OSError) -> StorageError:
    """The error for a path that the disk refused."""
    if error.errno in FULL:
        return disk_full(str(path))
    hint = {
        errno.EEXIST: "a file is in the way of a folder: move it, or choose another folder",
        errno.ENOTDIR: "a file is in the way of a folder: move it, or choose another folder",
        errno.ENOENT: "something was removed meanwhile: run the command again",
    }.get(error.errno or 0, "choose a folder that you may write to")
    return StorageError(f"cannot write {path}: {error.strerror or error}", hint=hint)


def sha256_of(path: Path) -> str:
    """The sha256 of a file's bytes.

    Parameters
    ----------
    path : Path

    Returns
    -------
    str
        64 hexadecimal digits.
    """
    with Path(path).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def existing(path: Path, *, what: str = "file") -> Path:
    """The path, when it is there.

    Raises
    ------
    InputError
        Nothing is there; the hint names near misses in the same folder.
    """
    path = Path(path)
    if path.exists():
        return path
    raise InputError(f"no such {what}: {path}", hint=_near_misses(path))


def _near_misses(path: Path) -> str:
    import difflib

    parent = path.parent
    if not parent.is_dir():
        return f"the folder {parent} does not exist either; give the path from {Path.cwd()}"
    near = difflib.get_close_matches(path.name, [p.name for p in parent.iterdir()], n=3, cutoff=0.6)
    if near:
        return "did you mean " + " or ".join(str(parent / name) for name in near) + "?"
    return f"look with: ls {parent}"
