"""The ImageFolder tree: `images/<label>/<name>.jpg`, each file whole from the moment it is seen."""

from __future__ import annotations

import itertools
import os
import re
import shutil
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from galaxycurate.errors import InputError, StorageError
from galaxycurate.store.files import unwritable

_SAFE = re.compile(r"[A-Za-z0-9+][A-Za-z0-9+._-]*\Z")


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
        return f"images/{check_word(label, what='label')}/{check_word(name, what='name')}.{ending}"

    def path(self, relative: str) -> Path:
        """The absolute path of an image."""
        return self.root / relative

    def size(self, relative: str) -> int | None:
        """Bytes of an image, or None where there is none."""
        try:
            return os.stat(f"{self.root}/{relative}").st_size
        except (FileNotFoundError, NotADirectoryError):
            return None

    def write(self, relative: str, body: bytes) -> None:
        """Write an image: under a hidden name in the same file system, then renamed.

        A killed process leaves at most a file in `.part/`, which the next `clean` removes; the
        bytes are not forced to the disk one by one (after a power failure the sizes in the ledger
        tell which to fetch again).

        Raises
        ------
        StorageError
            The disk refused.
        """
        try:
            self._place(relative, lambda part: part.write_bytes(body))
        except OSError as error:
            raise unwritable(self.root / relative, error) from error

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

        def make(part: Path) -> None:
            part.unlink(missing_ok=True)
            if mode == "copy":
                shutil.copyfile(source, part)
            elif mode == "hardlink":
                os.link(source, part)
            else:
                part.symlink_to(source.resolve())

        try:
            self._place(relative, make)
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

    def _place(self, relative: str, make: Callable[[Path], object]) -> None:
        """Make a file under a hidden name, then rename it; its folders may have to be made first,
        and again when a process on another machine cleans them away.
        """
        part, final = self._part(relative), f"{self.root}/{relative}"
        for is_last in (False, False, True):
            try:
                make(part)
                os.replace(part, final)
                return
            except FileNotFoundError:
                if is_last:
                    raise
                part.parent.mkdir(parents=True, exist_ok=True)
                Path(final).parent.mkdir(parents=True, exist_ok=True)

    def _part(self, relative: str) -> Path:
        """A folder for each process, a path for each image: no two names meet."""
        return Path(f"{self.root}/.part/{os.getpid()}/{relative}")


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
