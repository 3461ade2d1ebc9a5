"""The demo district, served as the README says, and Debian's chromium: whole stories in a real browser.

The server is a process of its own with its worker, on a free port, stopped at the end. Nothing may be
asked of another host, and a page that writes to the console has failed.
"""

import os
import re
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

ROOT = Path(__file__).resolve().parents[2]
PASSWORD = "baoxue-demo-2026"
CHILDREN = 2_300  # more than a page waits for: an export of all is a task
QUIET = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
         "--disable-component-update", "--disable-sync"]
expect.set_options(timeout=15_000)


def _flask(data: Path, *words: str) -> tuple[list[str], dict[str, str]]:
    environment = {**os.environ, "BAOXUE_DATA_DIR": str(data), "BAOXUE_DEMO": "1", "PYTHONUTF8": "1"}
    environment.pop("BAOXUE_DATABASE_URL", None)
    return [sys.executable, "-m", "flask", "--app", "admin_app", *words], environment


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of the demo district."""
    data, port = tmp_path_factory.mktemp("served"), _free_port()
    for words in (("db", "upgrade"), ("demo", "--password", PASSWORD, "--children", str(CHILDREN))):
        command, environment = _flask(data, *words)
        subprocess.run(command, env=environment, cwd=ROOT, check=True, capture_output=True)
    command, environment = _flask(data, "serve", "--port", str(port))
    with (data / "log").open("wb") as log:
        server = subprocess.Popen(command, env=environment, cwd=ROOT, stdout=log, stderr=log)
        try:
            address = f"http://127.0.0.1:{port}"
            for _ in range(120):
                with suppress(URLError, OSError), urlopen(f"{address}/healthz"):
                    break
                time.sleep(0.25)
            else:
                raise AssertionError((data / "log").read_text())
            yield address
        finally:
            server.terminate()
            server.wait(timeout=20)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=QUIET)
        yield opened
        opened.close()


class Screen:
    """One person's browser: its faults are collected, and looked at when it is closed."""

    def __init__(self, context: BrowserContext, served: str) -> None:
        self.context, self.served, self.faults = context, served, list[str]()
        self.page: Page = context.new_page()
        self.page.on("console", self._said)
        self.page.on("pageerror", lambda error: self.faults.append(f"script: {error}"))
        self.page.on("request", lambda request: self.faults.append(f"asks {request.url}")
                     if not request.url.startswith((served, "data:")) else None)
        self.expected = re.compile(r"$.")

    def _said(self, message: object) -> None:
        text = f"{message.type}: {message.text}"  # type: ignore[attr-defined]
        # Whoever types before the page has set its first focus makes the browser remark on it: no fault of the page.
        if "Autofocus processing was blocked" not in text and not self.expected.search(text):
            self.faults.append(text)

    def open(self, path: str) -> Page:
        self.page.goto(self.served + path)
        return self.page

    def sign_in(self, username: str) -> Page:
        self.open("/login")
        self.sign_in_here(username)
        self.page.wait_for_url(re.compile(r"/$"))
        return self.page

    def sign_in_here(self, username: str) -> None:
        """On the page that asks for it, which leads on to where it says."""
        self.page.fill("#username", username)
        self.page.fill("#password", PASSWORD)
        with next_page(self.page):
            self.page.press("#password", "Enter")

    def end_session(self) -> None:
        """As if the time were over: the next request is nobody's."""
        self.context.clear_cookies(name="baoxue")


@pytest.fixture
def screens(browser: Browser, served: str) -> Iterator[object]:
    """Makes browsers for people: `screens("chengqu")`, also of a phone's size."""
    made: list[Screen] = []

    def make(username: str = "", *, width: int = 1366, height: int = 768, **options: object) -> Screen:
        context = browser.new_context(viewport={"width": width, "height": height}, locale="zh-CN",
                                      accept_downloads=True, **options)  # type: ignore[arg-type]
        screen = Screen(context, served)
        made.append(screen)
        if username:
            screen.sign_in(username)
        return screen

    yield make
    faults = [fault for screen in made for fault in screen.faults]
    for screen in made:
        screen.context.close()
    assert faults == []


@contextmanager
def next_page(page: Page) -> Iterator[None]:
    """What is done inside leads to another page, and what comes after reads that page.

    A click returns before the browser has left: a plain read after it can still see the old page, or none.
    """
    with page.expect_navigation():
        yield


@contextmanager
def expected_fault(screen: Screen, pattern: str) -> Iterator[None]:
    """An answer that is a refusal: the browser says so on its console, a moment after the page is there."""
    screen.expected = re.compile(pattern)
    with screen.page.expect_console_message(lambda said: bool(screen.expected.search(f"{said.type}: {said.text}"))):
        yield
    screen.expected = re.compile(r"$.")
