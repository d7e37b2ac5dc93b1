"""Files that appear whole or not at all."""

from __future__ import annotations

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
    """Find out before long work whether its result could be written.

    Raises
    ------
    StorageError
        The folder cannot be made or written.
    """
    probe = Path(folder) / ".probe"
    with replacing(probe) as part:
        part.touch()
    probe.unlink()


def unwritable(path: Path, error: OSError) -> StorageError:
    """The error for a path that the disk refused."""
    return StorageError(
        f"cannot write {path}: {error.strerror or error}",
        hint="free some space, or choose a folder you may write to",
    )


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
