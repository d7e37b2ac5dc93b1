"""What mkdocs calls: pages that are written elsewhere come in as the site is built."""

from __future__ import annotations

import sys
from pathlib import Path

from mkdocs.structure.files import File

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

import commands  # noqa: E402
import library  # noqa: E402
import notebooks  # noqa: E402

ROOT = HERE.parents[1]
ELSEWHERE = {
    "README.md": "index.md",
    "CONTRIBUTING.md": "contributing.md",
    "CHANGELOG.md": "changes.md",
}


def on_files(files, config):
    """Add what is made from README, the commands, the library, the notebooks."""
    made = {target: _moved((ROOT / source).read_text()) for source, target in ELSEWHERE.items()}
    made["commands.md"] = commands.page()
    made |= library.pages() | notebooks.pages(ROOT / "docs" / "notebooks")
    for name, content in made.items():
        files.append(File.generated(config, name, content=content))
    return files


def on_page_markdown(markdown, **_of_page):
    """Links to notebooks lead to their pages."""
    return markdown.replace(".ipynb)", ".md)")


def _moved(text: str) -> str:
    """A page of the root as it reads one folder further down."""
    for source, target in ELSEWHERE.items():
        text = text.replace(f"]({source})", f"]({target})")
    return text.replace("](docs/", "](").replace('src="docs/', 'src="')
