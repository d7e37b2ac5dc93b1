"""The picture on README's first screen: `python docs/_make/screens.py demo/report.html`."""

from __future__ import annotations

import io
import shutil
import sys
from pathlib import Path

from PIL import Image
from playwright.sync_api import sync_playwright

TARGET = Path(__file__).resolve().parents[1] / "demo-report.jpg"
WIDTH, SMALLER = 1200, 900
SHEETS = 1270  # pixels of the contact sheets that are shown


def main(report: Path) -> None:
    """The report's head, and its contact sheets, one below the other."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"))
        page = browser.new_page(viewport={"width": WIDTH, "height": 1000})
        page.goto(report.resolve().as_uri())
        whole = Image.open(io.BytesIO(page.screenshot(full_page=True))).convert("RGB")
        first, sheets = (page.locator(at).bounding_box()["y"] for at in ("#funnel", "#sheets"))
        browser.close()
    head = whole.crop((0, 0, WIDTH, int(first) - 80))
    below = whole.crop((0, int(sheets) - 10, WIDTH, int(sheets) - 10 + SHEETS))
    joined = Image.new("RGB", (WIDTH, head.height + below.height), "white")
    joined.paste(head, (0, 0))
    joined.paste(below, (0, head.height))
    joined.thumbnail((SMALLER, 9999), Image.Resampling.LANCZOS)
    joined.save(TARGET, quality=80, optimize=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
