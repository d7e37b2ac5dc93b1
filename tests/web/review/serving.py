"""A review's server in a thread, and a headless Chromium to look at it."""

import asyncio
import os
import shutil
import threading
from contextlib import contextmanager

import pytest
from aiohttp import web

from galaxycurate.web.review.guard import LOOPBACK
from galaxycurate.web.review.server import ReviewServer

SHOWN = "#review[data-view]"


@contextmanager
def serving(session, port=0):
    """The address of a review for as long as the block runs."""
    server, loop, began = ReviewServer(session), asyncio.new_event_loop(), threading.Event()
    where = []

    async def start():
        runner = web.AppRunner(server.app(), access_log=None, shutdown_timeout=0.5)
        await runner.setup()
        site = web.TCPSite(runner, LOOPBACK, port)
        await site.start()
        where.append(runner.addresses[0][1])
        began.set()
        return runner

    def run():
        asyncio.set_event_loop(loop)
        where.append(loop.run_until_complete(start()))
        loop.run_forever()
        loop.run_until_complete(where[1].cleanup())

    thread = threading.Thread(target=run)
    thread.start()
    assert began.wait(10)
    try:
        yield f"http://{LOOPBACK}:{where[0]}/{server.token}/"
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
        server.close()


@contextmanager
def chromium():
    """Debian's Chromium, driven by Playwright; skipped where either is absent."""
    playwright = pytest.importorskip("playwright.sync_api")
    program = shutil.which("chromium") or shutil.which("chromium-browser")
    if not program:
        if os.environ.get("GALAXYCURATE_TEST_BROWSER") == "required":
            pytest.fail("no Chromium is installed, and GALAXYCURATE_TEST_BROWSER=required")
        pytest.skip("no Chromium is installed")
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(
            executable_path=program, args=["--no-sandbox", "--disable-gpu"]
        )
        try:
            yield browser
        finally:
            browser.close()


class Watched:
    """A page of which nothing goes wrong unseen: errors of scripts, refusals by its policy."""

    def __init__(self, browser, **how):
        self.context = browser.new_context(**{"viewport": {"width": 1280, "height": 720}, **how})
        self.context.set_default_timeout(10_000)
        self.page = self.context.new_page()
        self.wrong = []
        self.page.on("pageerror", lambda error: self.wrong.append(str(error)))
        self.page.on("dialog", lambda dialog: (self.wrong.append(dialog.message), dialog.accept()))
        self.page.on("console", lambda said: self._told(said))

    def _told(self, said):
        if said.type == "error" and "status of 4" not in said.text and "ERR_" not in said.text:
            self.wrong.append(said.text)

    def open(self, url):
        """Go to a review, and wait for what it shows first."""
        self.page.goto(url)
        self.page.wait_for_selector(SHOWN)
        return self

    def press(self, *keys):
        for key in keys:
            self.page.keyboard.press(key)
        return self

    def at(self, place):
        """Wait until the picture at a place is on the screen."""
        self.page.wait_for_selector(f'#review[data-place="{place}"]')
        return self

    def saved(self):
        """Wait until the server has everything."""
        self.page.wait_for_selector(".saved:has-text('all saved')")
        return self

    def grid(self):
        """Wait until all pictures of the grid are there, or known not to come."""
        self.page.wait_for_selector(".grid[aria-busy=false]")
        return self

    def download(self, file):
        """What a click on the download gives, as a file."""
        with self.page.expect_download() as download:
            self.page.click(".download:visible")
        download.value.save_as(file)
        return download.value.suggested_filename

    def text(self, selector):
        return self.page.inner_text(selector)
