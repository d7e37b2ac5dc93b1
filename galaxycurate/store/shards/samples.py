"""Samples of a WebDataset shard: the members of one image in a tar file, as bytes.

An image `images/<label>/<name>.jpg` becomes three members that follow each other,
`<label>/<name>.jpg`, `.cls` (the number of its class) and `.json` (what is known of it). The last
one's end is the sample's end: what a killed process leaves behind it is no sample.
"""

from __future__ import annotations

import json
import tarfile
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import BinaryIO, NamedTuple

BLOCK = tarfile.BLOCKSIZE
END = bytes(2 * BLOCK)
"""What closes a tar file."""

_NAME, _SIZE, _SUM = slice(0, 100), slice(124, 136), slice(148, 156)
_LAST = ".json"


class Member(NamedTuple):
    """Where an image lies in a shard: its path in the dataset, and its bytes' place [bytes]."""

    relative: str
    offset: int
    n_bytes: int
    begin: int
    end: int


def member_name(relative: str) -> str:
    """The name of an image in a shard.

    WebDataset ends the key of a sample at the first dot of the file's name, so that a dot within
    the name is written ``%2E``.

    Parameters
    ----------
    relative : str
        ``images/<label>/<name>.<ending>``.

    Returns
    -------
    str
    """
    folder, _, file = relative.removeprefix("images/").rpartition("/")
    stem, _, ending = file.rpartition(".")
    return f"{folder}/{stem.replace('.', '%2E')}.{ending}"


def relative_name(member: str) -> str:
    """The path in the dataset of a shard's member: the inverse of `member_name`."""
    return f"images/{member.replace('%2E', '.')}"


def sample(relative: str, body: bytes, number: int, about: Mapping) -> tuple[bytes, int]:
    """The members of an image, to be appended to a shard.

    Parameters
    ----------
    relative : str
    body : bytes
    number : int
        Of its class.
    about : mapping
        What is known of it, for JSON.

    Returns
    -------
    bytes
        Whole blocks.
    int
        Where the image's bytes begin in them.
    """
    name = member_name(relative)
    key = name.rpartition(".")[0]
    head = _header(name, len(body))
    described = json.dumps(about, separators=(",", ":")).encode()
    parts = [head, *_padded(body)]
    for ending, content in ((".cls", b"%d" % number), (_LAST, described)):
        parts += [_header(key + ending, len(content)), *_padded(content)]
    return b"".join(parts), len(head)


def scan(file: BinaryIO) -> Iterator[Member]:
    """The whole samples of a tar file that may end anywhere.

    Yields
    ------
    Member
    """
    length = file.seek(0, 2)
    file.seek(0)
    begin, image = 0, None
    for info in _headers(file):
        end = info.offset_data + -(-info.size // BLOCK) * BLOCK
        if end > length:
            return
        if info.name.endswith(_LAST) and image is not None:
            yield Member(relative_name(image.name), image.offset_data, image.size, begin, end)
            begin, image = end, None
        elif image is None:
            image = info


def _headers(file: BinaryIO) -> Iterator[tarfile.TarInfo]:
    try:
        with tarfile.open(fileobj=file, mode="r:") as tar:
            while (info := tar.next()) is not None:
                yield info
    except (tarfile.TarError, EOFError):  # empty, or torn
        return


def _header(name: str, size: int) -> bytes:
    """A ustar header; `tarfile` makes those of long names, in 30 times the time."""
    raw = name.encode()
    if len(raw) > 100:
        info = tarfile.TarInfo(name)
        info.size = size
        return info.tobuf(tarfile.PAX_FORMAT)
    blank, total = _blank()
    digits = b"%011o" % size
    head = bytearray(blank)
    head[: len(raw)] = raw
    head[124:135] = digits
    head[148:154] = b"%06o" % (total + sum(raw) + sum(digits))
    return bytes(head)


@lru_cache(1)
def _blank() -> tuple[bytes, int]:
    """A header without name and size, and its checksum; made by `tarfile`, so that all agree."""
    head = bytearray(tarfile.TarInfo("").tobuf(tarfile.USTAR_FORMAT))
    head[_NAME], head[_SIZE] = bytes(100), bytes(12)
    head[_SUM] = b" " * 8
    total = sum(head)
    head[_SUM] = b"000000\0 "
    return bytes(head), total


def _padded(content: bytes) -> tuple[bytes, bytes]:
    return content, bytes(-len(content) % BLOCK)
