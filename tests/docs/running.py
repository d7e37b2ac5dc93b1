"""Blocks as a reader would run them: in this process, in the folder of a small project."""

from __future__ import annotations

import io
import os
import re
import shutil
import signal
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from unittest import mock

import pytest
import sqlglot

from galaxycurate.cli.main import main
from tests.docs import blocks, forms
from train.cli import run as train

SANDBOX = "http://127.0.0.1:8417"  # of the pages; the tests' own has any free port
BRIEF = {
    "fit": ["--epochs", "1"],
    "folds": ["--epochs", "1", "--set", "size_px=32"],
    "report --": ["--no-shortcuts"],  # `galaxycurate report` alone looks for them
}
FEWER = {"--sample": "2", "--folds": "3"}
TOOLS = ("curl", "mkdir")  # what may run as it stands
LEAKS = 3  # what a check answers that found something


@contextmanager
def sandbox(sky: Path) -> Iterator[str]:
    """A server with this sky, in a process of its own; its address."""
    words = ["sandbox", "serve", "--sky", str(sky), "--port", "0", "--queries-per-minute", "0"]
    server = subprocess.Popen(
        [sys.executable, "-m", "galaxycurate", *words], stdout=subprocess.PIPE, text=True
    )
    try:
        yield server.stdout.readline().strip()
    finally:
        server.send_signal(signal.SIGTERM)
        assert server.wait(30) == 0


@dataclass
class Reader:
    """Somebody who types what a page says, where he stands."""

    url: str
    names: dict[str, object] = field(default_factory=dict)

    def follow(self, block: blocks.Block) -> str:
        """Do what a block says; what came of it, as text."""
        return getattr(self, f"_{block.kind}")(block)

    def _sh(self, block: blocks.Block) -> str:
        return "".join(self.type(words) for words in blocks.commands(block.text))

    def _console(self, block: blocks.Block) -> str:
        typed = re.findall(r"(?m)^\$ (.+)$", re.sub(r"\\\n\s*", "", block.text))
        said = "".join(self.type(words) for line in typed for words in blocks.commands(line))
        shown = [line for line in block.text.splitlines() if not line.startswith("$ ")]
        _same(shown, said.splitlines(), block)
        return said

    def _python(self, block: blocks.Block) -> str:
        out = io.StringIO()
        with redirect_stdout(out):
            exec(compile(block.text, str(block), "exec"), self.names)
        return out.getvalue()

    def _toml(self, block: blocks.Block) -> str:
        tomllib.loads(block.text)
        if block.title:
            Path(block.title).write_text(block.text)
        return ""

    def _sql(self, block: blocks.Block) -> str:
        return sqlglot.parse_one(block.text, read="tsql").sql()

    def type(self, words: list[str]) -> str:
        """One command; it must do what it should. What it said, and in a file what it answered."""
        forms.check(words)
        if words[:3] == ["galaxycurate", "sandbox", "serve"]:
            return ""  # the tests' own answers already
        words = [word for said in words for word in self._meant(said)]
        words = [FEWER.get(before, word) for before, word in pairwise(["", *words])]
        into = Path(words[words.index(">") + 1]) if ">" in words else None
        words = words[: words.index(">")] if into else words
        if words[0] == "galaxycurate":
            codes = (0, LEAKS) if "--check" in words else (0,)
            return _said(main, words[1:] + BRIEF.get(" ".join(words[1:])[:9], []), codes, into)
        if words[:3] == ["python", "-m", "train"]:
            return _said(train, self._briefly(words[3:]), (0,), into)
        if words[0] == "cd":
            os.chdir(words[1])
        elif words[0] == "export":
            os.environ.update(word.split("=", 1) for word in words[1:])
        else:
            assert words[0] in TOOLS, f"{words[0]} cannot run here: `# needs ...` says why"
            subprocess.run(words, capture_output=True, check=True, timeout=60)
        return ""

    def _meant(self, word: str) -> list[str]:
        """As the shell reads it: home, the address, files by a pattern."""
        word = word.replace(SANDBOX, self.url).replace("~/", f"{Path.home()}/")
        found = sorted(Path().glob(word)) if "*" in word and "=" not in word else []
        return [str(path) for path in found] or [word]

    def _briefly(self, words: list[str]) -> list[str]:
        """A training of one epoch stands for a long one."""
        verb = words[0] if words and not words[0].startswith("-") else "fit"
        return [*words, *BRIEF.get(verb, [])]


def _said(command, words: list[str], codes: tuple[int, ...], into: Path | None) -> str:
    both = io.StringIO()
    answer = _Answer(both)
    with redirect_stdout(answer), redirect_stderr(both):
        code = command(words)
    assert code in codes, f"{' '.join(words)} ended with {code}:\n{both.getvalue()}"
    if into:
        into.write_text(answer.getvalue())
    return both.getvalue()


class _Answer(io.StringIO):
    """Standard output, which a terminal shows among all that was said."""

    def __init__(self, terminal: io.StringIO):
        super().__init__()
        self.terminal = terminal

    def write(self, text: str) -> int:
        self.terminal.write(text)
        return super().write(text)


def _same(shown: list[str], said: list[str], block: blocks.Block) -> None:
    """Each line that a page shows came, in this order, whatever its numbers; `...` is anything."""
    told = (_plain(line) for line in said)  # each search begins where the last one ended
    for line in shown:
        if line.strip() not in ("", "..."):
            form = ".*".join(re.escape(part) for part in _plain(line).split("..."))
            came = any(re.fullmatch(form, one) for one in told)
            assert came, "\n".join((f"{block} shows what did not come: {line}", *said))


def _plain(line: str) -> str:
    return " ".join(re.sub(r"[\d][\d.,:]*", "#", line).split())


def copied(project: Path, to: Path) -> Path:
    """The project in another folder; pictures and networks, which nobody changes, are shared."""

    def lay(source: str, target: str) -> None:
        still = source.endswith((".jpg", ".png", ".pth", ".fits", ".npy"))
        (os.link if still else shutil.copy2)(source, target)

    return Path(shutil.copytree(project, to, copy_function=lay, symlinks=True))


@contextmanager
def standing_in(folder: Path, url: str) -> Iterator[None]:
    """In a folder, as a user of no other: whatever a page sets is forgotten, no page asks SDSS."""
    home, cache = folder.parent / "home", Path.home() / ".cache"
    mine = {"HOME": home, "XDG_STATE_HOME": home / "state", "XDG_CONFIG_HOME": home / "config",
            "XDG_CACHE_HOME": os.environ.get("XDG_CACHE_HOME", cache)}  # fmt: skip
    more = {
        "GALAXYCURATE_SERVER": url,
        "GALAXYCURATE_LIMIT": 24,
        "PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring",
    }
    home.mkdir(exist_ok=True)
    with pytest.MonkeyPatch.context() as patch, mock.patch.dict(os.environ):
        os.environ.update({name: str(value) for name, value in (mine | more).items()})
        patch.chdir(folder)
        yield
