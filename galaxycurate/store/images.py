"""The ImageFolder tree: `images/<label>/<name>.jpg`, each file whole from the moment it is seen."""

from __future__ import annotations

import os
import re
import shutil
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
    """The folder of a dataset: `images/`, with a hidden place for files in the making."""

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
            return os.stat(self.root / relative).st_size
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
        final = self.root / relative
        part = self._part(relative)
        try:
            try:
                part.write_bytes(body)
                os.replace(part, final)
            except FileNotFoundError:
                part.parent.mkdir(parents=True, exist_ok=True)
                final.parent.mkdir(parents=True, exist_ok=True)
                part.write_bytes(body)
                os.replace(part, final)
        except OSError as error:
            raise unwritable(final, error) from error

    def adopt(self, source: Path, relative: str, mode: str) -> None:
        """Take an existing image into the tree.

        Parameters
        ----------
        source : Path
        relative : str
            Where it goes.
        mode : {'copy', 'hardlink', 'reference'}
            A copy, a second name for the same bytes, or a symbolic link.
        """
        part = self._part(relative)
        final = self.root / relative
        try:
            part.parent.mkdir(parents=True, exist_ok=True)
            final.parent.mkdir(parents=True, exist_ok=True)
            part.unlink(missing_ok=True)
            if mode == "copy":
                shutil.copyfile(source, part)
            elif mode == "hardlink":
                os.link(source, part)
            else:
                part.symlink_to(source.resolve())
            os.replace(part, final)
        except OSError as error:
            if mode == "hardlink":
                raise StorageError(
                    f"cannot hardlink {source} to {final}: {error.strerror}",
                    hint="use --mode copy, or --mode reference across file systems",
                ) from error
            raise unwritable(final, error) from error

    def _part(self, relative: str) -> Path:
        return self.root / ".part" / f"{os.getpid()}-{relative.replace('/', '_')}"

    def clean(self) -> None:
        """Remove what a killed process left in the making."""
        shutil.rmtree(self.root / ".part", ignore_errors=True)
