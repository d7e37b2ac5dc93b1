"""The fenced blocks and the words in code style of README and the pages, each with its place."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import zip_longest
from pathlib import Path

from markdown_it import MarkdownIt
from markdown_it.token import Token

ROOT = Path(__file__).resolve().parents[2]
NEEDS = re.compile(r"\A# needs (.+)\n")
SHORT = re.compile(r"(?:[a-z]+/)*[\w.-]+\.(?:py|sql|md|toml|yml)")


@dataclass(frozen=True)
class Block:
    """A fenced block: where it stands, what it is, what it holds."""

    page: str
    line: int
    kind: str
    title: str
    text: str

    @property
    def needs(self) -> str:
        """Why it cannot run here, as its first line tells the reader; empty: it runs."""
        found = NEEDS.match(self.text)
        return found[1] if found else ""

    def __str__(self):
        return f"{self.page}:{self.line}"


@lru_cache
def pages() -> tuple[Path, ...]:
    """Every page that a person wrote."""
    return (ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md")))


@lru_cache
def tokens(path: Path) -> list[Token]:
    return MarkdownIt("commonmark").enable("table").parse(path.read_text())


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT)) if path.is_relative_to(ROOT) else path.name


def of(path: Path) -> list[Block]:
    """The fenced blocks of a page, from above."""
    found = []
    for token in tokens(path):
        if token.type == "fence":
            kind, _, more = token.info.partition(" ")
            title = re.search(r'title="([^"]+)"', more)
            place = (name_of(path), (token.map or [0])[0] + 1)
            found.append(Block(*place, kind, title[1] if title else "", token.content))
    return found


def indented(path: Path) -> list[int]:
    """Lines where a block is indented, not fenced."""
    return [(t.map or [0])[0] + 1 for t in tokens(path) if t.type == "code_block"]


def spans(path: Path) -> Iterator[tuple[int, str]]:
    """What stands in code style within sentences: line, words."""
    for token in tokens(path):
        for child in token.children or ():
            if child.type == "code_inline":
                yield (token.map or [0])[0] + 1, child.content


def pictures(path: Path) -> Iterator[tuple[int, str]]:
    """The pictures of a page: line, what they are said to show, and the caption below."""
    texts = [token for token in tokens(path) if token.type == "inline"]
    for token, after in zip_longest(texts, texts[1:]):
        below = after.content if after and after.content.startswith("*") else ""
        for child in token.children or ():
            if child.type == "image":
                yield (token.map or [0])[0] + 1, f"{child.content} {below}"


def commands(text: str) -> Iterator[list[str]]:
    """The words of each command of a shell block, one after the other."""
    for line in re.sub(r"\\\n\s*", "", text).splitlines():
        reader = shlex.shlex(line, posix=True, punctuation_chars="&|;")
        reader.whitespace_split, reader.commenters = True, "#"
        words: list[str] = []
        for word in reader:
            if word in ("&&", ";", "&", "|"):
                yield words
                words = []
            else:
                words.append(word)
        if words:
            yield words
