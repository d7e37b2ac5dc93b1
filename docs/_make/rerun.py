"""`make notebooks`: run the notebooks anew, and keep what they showed, no larger than needed."""

from __future__ import annotations

import base64
import io
import sys
import tempfile
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from PIL import Image

LARGE = 50_000  # characters
NOTEBOOKS = Path(__file__).resolve().parents[1] / "notebooks"


def main() -> None:
    """Run them one after the other in one empty folder: the second uses what the first made."""
    with tempfile.TemporaryDirectory() as folder:
        for path in sorted(NOTEBOOKS.glob("*.ipynb")):
            notebook = nbformat.read(path, as_version=4)
            NotebookClient(
                notebook, timeout=600, resources={"metadata": {"path": folder}}
            ).execute()
            for cell in notebook.cells:
                cell.metadata.pop("execution", None)
                for output in cell.get("outputs", ()):
                    _slim(output.get("data", {}))
            nbformat.write(notebook, path)
            sys.stderr.write(f"{path.name}\n")


def _slim(data: dict) -> None:
    """Pictures of the sky are a fifth as large as JPEG; drawings stay what they are."""
    if len(data.get("image/png", "")) > LARGE:
        picture = Image.open(io.BytesIO(base64.b64decode(data.pop("image/png")))).convert("RGB")
        packed = io.BytesIO()
        picture.save(packed, "JPEG", quality=90, optimize=True)
        data["image/jpeg"] = base64.b64encode(packed.getvalue()).decode()


if __name__ == "__main__":
    main()
