"""The ImageFolder tree: `images/<label>/<name>.jpg`, each file whole from the moment it is seen."""

from __future__ import annotations

import itertools
import os
import re
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass
from pathlib import Path
from threading import get_ident

from galaxycurate.errors import InputError, StorageError
from galaxycurate.store.building import held
from galaxycurate.store.files import unwritable

_MARKS = {b"\xff\xd8\xff": "jpg", b"\x89PNG": "png", b"SIMPLE  =": "fits", b"BZh": "bz2",
          b"{": "json"}  # fmt: skip
_SAFE = re.compile(r"[A-Za-z0-9+][A-Za-z0-9+._-]*\Z")

LOCK = ".download.lock"
"""In the dataset, for as long as somebody downloads into it or checks what was downloaded."""


def alone_with(dataset: Path) -> AbstractContextManager[None]:
    """Keep others from downloading into a dataset, or from checking it, while the block runs.

    Raises
    ------
    StorageError
        Somebody is at it; nothing was touched.
    """
    return held(Path(dataset) / LOCK, f"a download into {dataset}/, or a check of it,")


def check_word(word: str, *, what: str) -> str:
    """A label or name that is safe as a file name everywhere.

    Raises
    ------
    InputError
        It holds a slash, a blank, or starts with a dot.
    """
    if _SAFE.match(word):
        return word
    raise InputError(
        f"{what} {word!r} cannot be a file name",
        hint="use letters, digits, '+', '-', '_' and '.', starting with a letter or digit",
    )


@dataclass(frozen=True)
class ImageTree:
    """The folder of a dataset: `images/`, `set_aside/`, and a hidden place for the unfinished."""

    root: Path

    def relative(self, label: str, name: str, ending: str = "jpg") -> str:
        """The path of a cutout in the dataset, as the ledger keeps it."""
        if not _SAFE.match(label) or not _SAFE.match(name):
            check_word(label, what="label")
            check_word(name, what="name")
        return f"images/{label}/{name}.{ending}"

    def path(self, relative: str) -> Path:
        """The absolute path of an image."""
        return self.root / relative

    def size(self, relative: str) -> int | None:
        """Bytes of an image, or None where there is none."""
        try:
            return os.stat(f"{self.root}/{relative}").st_size
        except (FileNotFoundError, NotADirectoryError):
            return None

    def paths(self) -> Iterator[str]:
        """Every file under `images/`, as the ledger would call it."""
        pending = ["images"]
        while pending:
            folder = pending.pop()
            with suppress(FileNotFoundError), os.scandir(f"{self.root}/{folder}") as entries:
                for entry in entries:
                    inner = f"{folder}/{entry.name}"
                    if entry.is_dir():
                        pending.append(inner)
                    else:
                        yield inner

    def read(self, relative: str) -> bytes:
        """The bytes of an image.

        Raises
        ------
        InputError
            There is none.
        """
        try:
            with open(f"{self.root}/{relative}", "rb") as file:  # noqa: PTH123  (a million times)
                return file.read()
        except FileNotFoundError:
            raise InputError(f"{self.root} has no image {relative}") from None

    def write(self, relative: str, body: bytes, about: Mapping | None = None) -> None:
        """Write an image: under a hidden name in the same file system, then renamed.

        A killed process leaves at most a file in `.part/`, which the next `clean` removes; the
        bytes are not forced to the disk one by one (after a power failure the sizes in the ledger
        tell which to fetch again). ``about`` is for layouts that keep what is known of an image.

        Raises
        ------
        StorageError
            The disk refused.
        """
        try:
            self._place(relative, "new", lambda part: _write(part, body))
        except OSError as error:
            raise unwritable(self.root / relative, error) from error

    def quarantine(self, reason: str, label: str, name: str, body: bytes) -> None:
        """Keep what came instead of a picture: `rejected/<reason>/<label>/<name>.<ending>`."""
        place = f"rejected/{reason.replace(' ', '-')}/{label}/{name}.{_ending(body)}"
        self.write(place, body)

    def adopt(self, source: Path, relative: str, mode: str) -> None:
        """Take an existing image into the tree; one that lies in its place already stays as it is.

        Parameters
        ----------
        source : Path
        relative : str
            Where it goes.
        mode : {'copy', 'hardlink', 'reference'}
            A copy, a second name for the same bytes, or a symbolic link.
        """
        final = self.root / relative
        if final.exists() and final.samefile(source):
            return

        def make(path: str) -> None:
            part = Path(path)
            part.unlink(missing_ok=True)
            if mode == "copy":
                shutil.copyfile(source, part)
            elif mode == "hardlink":
                os.link(source, part)
            else:
                part.symlink_to(source.resolve())

        try:
            self._place(relative, mode, make)
        except OSError as error:
            if mode == "hardlink":
                raise StorageError(
                    f"cannot hardlink {source} to {final}: {error.strerror}",
                    hint="use --mode copy, or --mode reference across file systems",
                ) from error
            raise unwritable(final, error) from error

    def set_aside(self, relative: str) -> None:
        """Move an image, if there is one, from `images/` to the same place under `set_aside/`.

        What lies there already stays; the newcomer gets a number.

        Raises
        ------
        StorageError
            The disk refused.
        """
        image = self.root / relative
        if not os.path.lexists(image):
            return
        target = self.root / "set_aside" / Path(relative).relative_to("images")
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            image.rename(_free(target))
        except OSError as error:
            raise unwritable(target, error) from error

    def clean(self) -> None:
        """Remove what killed processes left in the making; the living keep theirs."""
        with suppress(FileNotFoundError):
            for left in (self.root / ".part").iterdir():
                if not _lives(left.name):
                    shutil.rmtree(left, ignore_errors=True)

    def finish(self) -> None:
        """Remove this process's place for the unfinished, when all is done."""
        shutil.rmtree(self.root / ".part" / str(os.getpid()), ignore_errors=True)
        with suppress(OSError):  # others may be at work
            (self.root / ".part").rmdir()

    def _place(self, relative: str, kind: str, make: Callable[[str], object]) -> None:
        """Make a file under a hidden name, then rename it; its folders may have to be made first,
        and again when a process on another machine cleans them away.

        The name is the thread's, and another one for each kind: what is written never goes through
        a hard link that was left there.
        """
        part = f"{self.root}/.part/{os.getpid()}/{get_ident()}-{kind}"
        final = f"{self.root}/{relative}"
        for is_last in (False, False, True):
            try:
                make(part)
                os.replace(part, final)
                return
            except FileNotFoundError:
                if is_last:
                    raise
                Path(part).parent.mkdir(parents=True, exist_ok=True)
                Path(final).parent.mkdir(parents=True, exist_ok=True)


def _write(path: str, body: bytes) -> None:
    """The plain system calls: an eighth of what a Path and a buffered file cost."""
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o666)
    try:
        rest = memoryview(body)
        while rest:
            rest = rest[os.write(file, rest) :]
    finally:
        os.close(file)


def _ending(body: bytes) -> str:
    """What a body looks like: its own ending for a person to open it."""
    for mark, ending in _MARKS.items():
        if body.startswith(mark):
            return ending
    return "html" if body.lstrip()[:1] == b"<" else "txt" if body[:200].isascii() else "bin"


def _free(path: Path) -> Path:
    """The path itself, or the first with a number that nothing bears."""
    numbered = (path.with_stem(f"{path.stem}-{n}") for n in itertools.count(2))
    return next(p for p in itertools.chain([path], numbered) if not os.path.lexists(p))


def _lives(pid: str) -> bool:
    """Whether a process of this number runs on this machine."""
    try:
        os.kill(int(pid), 0)  # 0 is no signal: only the number is checked
    except PermissionError:
        return True
    except (ProcessLookupError, ValueError, OverflowError):
        return False
    return True
