"""Blocks as a reader would run them: in this process, in the folder of a small project."""

from __future__ import annotations

import io
import os
import re
import shutil
import subprocess
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
from galaxycurate.sandbox.simulated.content import Density
from tests.docs import blocks, forms, serving
from train.cli import run as train
from train.recipe.settings import changed

SANDBOX = "http://127.0.0.1:8417"  # of the pages; the tests' own has any free port
QUICK = {"epochs": 1, "size_px": 32, "crop_px": 0, "precision": "float32", "calibration_batches": 2}
_TAUGHT = ["--epochs", "1", *(f"--set={name}={QUICK[name]}" for name in list(QUICK)[1:])]
_DETECTOR = {"tile_px": 96, "overlap_px": 48, "channels": 32, "steps": 2, "batch": 2}
BRIEF = {  # what is added to a command that begins so; the first that fits
    "python -m train cache": _TAUGHT[2:],
    "python -m train detect --train": [f"--set={name}={n}" for name, n in _DETECTOR.items()],
    "python -m train -": _TAUGHT,
    "python -m train fit": _TAUGHT,
    "python -m train folds": _TAUGHT,
    "galaxycurate report --": ["--no-shortcuts"],  # `galaxycurate report` alone looks for them
}
FEWER = {"--sample": "2", "--folds": "3", "--limit": "24"}
SHORTER = {  # in Python
    r'preset\(("[\w-]+")\)': rf"changed(preset(\1), {QUICK})",
    r"fields=4": "fields=2, density=Density(stars=60, faint=60, zoo=40)",
}
TOOLS = ("curl", "mkdir")  # what may run as it stands
LEAKS = 3  # what a check answers that found something


@dataclass
class Reader:
    """Somebody who types what a page says, where he stands."""

    url: str
    names: dict[str, object] = field(default_factory=dict)
    instead: dict[str, str] = field(default_factory=dict)  # said on the page -> meant here
    for_one: dict[str, dict[str, str]] = field(default_factory=dict)  # the same, by a word beside
    more: dict[str, list[str]] = field(default_factory=dict)  # besides BRIEF
    said: str = ""  # by the last block

    def follow(self, block: blocks.Block) -> str:
        """Do what a block says; what came of it, as text."""
        self.said = getattr(self, f"_{block.kind}")(block)
        return self.said

    def _sh(self, block: blocks.Block) -> str:
        return "".join(self.type(words) for words in blocks.commands(block.text))

    def _console(self, block: blocks.Block) -> str:
        typed = re.findall(r"(?m)^\$ (.+)$", re.sub(r"\\\n\s*", "", block.text))
        said = "".join(self.type(words) for line in typed for words in blocks.commands(line))
        shown = [line for line in block.text.splitlines() if not line.startswith("$ ")]
        _same(shown, said.splitlines(), block)
        return said

    def _python(self, block: blocks.Block) -> str:
        text, out = block.text, io.StringIO()
        for long, short in SHORTER.items():
            text = re.sub(long, short, text)
        self.names |= {"changed": changed, "Density": Density}
        with redirect_stdout(out):
            exec(compile(text, str(block), "exec"), self.names)
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
        if words[:3] == ["galaxycurate", "sandbox", "serve"] or words[0] == "pip":
            return ""  # the tests' own answers already; what pip would bring is here
        for beside in [one for name, one in self.for_one.items() if name in words]:
            words = [beside.get(word, word) for word in words]
        words = [word for said in words for word in self._meant(said)]
        words = [FEWER.get(before, word) for before, word in pairwise(["", *words])]
        into = Path(words[words.index(">") + 1]) if ">" in words else None
        words = words[: words.index(">")] if into else words
        words = words + self._more(words)
        if words[0] == "galaxycurate":
            codes = (0, LEAKS) if "--check" in words else (0,)
            serves = words[1] == "review" and not serving.ENDS & {*words}
            return serving.looked_at(words) if serves else _said(main, words[1:], codes, into)
        if words[:3] == ["python", "-m", "train"]:
            return _said(train, words[3:], (0,), into)
        if words[0] == "cd":
            os.chdir(words[1])
        elif words[0] == "export":
            os.environ.update(word.split("=", 1) for word in words[1:])
        else:
            return _program(words)
        return ""

    def _meant(self, word: str) -> list[str]:
        """As the shell reads it: home, the address, files by a pattern."""
        for said, meant in {SANDBOX: self.url, "~/": f"{Path.home()}/", **self.instead}.items():
            word = word.replace(said, meant)
        found = sorted(Path().glob(word)) if "*" in word and "=" not in word else []
        return [str(path) for path in found] or [word]

    def _more(self, words: list[str]) -> list[str]:
        """What makes a long command short."""
        said = " ".join(words) + " -" * (words == ["python", "-m", "train"])
        known = BRIEF | self.more
        return next((more for start, more in known.items() if said.startswith(start)), [])


def _program(words: list[str]) -> str:
    """One that is not ours."""
    assert words[0] in TOOLS, f"{words[0]} cannot run here: `# needs ...` says why"
    return subprocess.run(words, capture_output=True, text=True, check=True, timeout=60).stdout


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
        "GALAXYCURATE_LIMIT": FEWER["--limit"],
        "PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring",
    }
    home.mkdir(exist_ok=True)
    with pytest.MonkeyPatch.context() as patch, mock.patch.dict(os.environ):
        os.environ.update({name: str(value) for name, value in (mine | more).items()})
        patch.chdir(folder)
        yield
