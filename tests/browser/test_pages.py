"""The pages in a real browser: nothing red, and nothing asked of anybody outside this machine."""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect, sync_playwright

from orchestration.settings import REPOSITORY, Settings
from tests.dashboards.test_deliveries_page import publish_deliveries

_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--no-first-run",
]


@pytest.fixture
def address(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.setenv("TOLLHOUSE_DATA", str(settings.data))
    publish_deliveries(settings)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "streamlit", "run", "dashboards/app.py"]
    with subprocess.Popen(
        [*command, "--server.port", str(port)], cwd=REPOSITORY, stdout=subprocess.PIPE, text=True
    ) as server:
        try:
            assert server.stdout is not None
            for line in server.stdout:
                if "URL" in line:
                    break
            yield f"http://127.0.0.1:{port}"
        finally:
            server.kill()


@pytest.fixture
def page() -> Iterator[Page]:
    chromium = shutil.which("chromium")
    assert chromium, "the browser tests need Debian's chromium: apt-get install chromium"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=_FLAGS)
        yield browser.new_page(viewport={"width": 1440, "height": 900})
        browser.close()


def test_the_page_opens_without_errors_and_without_the_outside(page: Page, address: str) -> None:
    outside: list[str] = []
    errors: list[str] = []
    page.on("request", lambda asked: outside.append(asked.url))
    page.on("console", lambda said: errors.append(said.text) if said.type == "error" else None)
    page.goto(address)
    expect(page.get_by_role("heading", level=1)).to_have_text(
        "3 files delivered, 1 not taken, 1 record quarantined", timeout=60_000
    )
    expect(page.get_by_test_id("stMetric")).to_have_count(5)
    expect(page.get_by_test_id("stVegaLiteChart")).to_be_visible(timeout=60_000)
    local = (address, address.replace("http", "ws"), "data:", "blob:")
    assert [url for url in outside if not url.startswith(local)] == []
    assert errors == []
