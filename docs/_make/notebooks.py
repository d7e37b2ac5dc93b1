"""Notebooks as pages: their cells, and what running them showed."""

from __future__ import annotations

import base64
import hashlib
import json
from pathlib import Path


def pages(folder: Path) -> dict[str, str | bytes]:
    """Markdown of each notebook and the pictures in it, by path."""
    made: dict[str, str | bytes] = {}
    for path in sorted(folder.glob("*.ipynb")):
        parts: list[str] = []
        for cell in json.loads(path.read_text())["cells"]:
            source = "".join(cell["source"])
            parts.append(source if cell["cell_type"] == "markdown" else f"```python\n{source}\n```")
            parts += [_shown(output, made) for output in cell.get("outputs", ())]
        parts.insert(1, f"*This page is the notebook `docs/notebooks/{path.name}` as it ran.*")
        made[f"notebooks/{path.stem}.md"] = "\n\n".join(parts)
    return made


def _shown(output: dict, made: dict[str, str | bytes]) -> str:
    if "text" in output:
        return _text("".join(output["text"]))
    data = output.get("data", {})
    for form in {"image/png", "image/jpeg"} & data.keys():
        picture = base64.b64decode(data[form])
        name = f"{hashlib.sha256(picture).hexdigest()[:12]}.{form.removeprefix('image/')}"
        made[f"notebooks/{name}"] = picture
        return f"![{''.join(data.get('text/plain', ['figure']))}]({name})"
    if "text/html" in data:
        return "".join(data["text/html"])
    return _text("".join(data.get("text/plain", ())))


def _text(text: str) -> str:
    return f"```text\n{text.rstrip()}\n```" if text.strip() else ""
