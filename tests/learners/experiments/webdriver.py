"""Drive a headless Chromium through chromedriver's WebDriver interface, with the standard library.

`pytest.skip`s with what to install where one of the two is missing.
"""

import base64
import http.client
import json
import shutil
import socket
import subprocess
import tempfile
import time
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
)
INSTALL = "apt-get install chromium chromium-driver"


class Browser:
    """One session of one browser."""

    def __init__(self, port, profile):
        options = {
            "binary": shutil.which("chromium"),
            "args": [*FLAGS, f"--user-data-dir={profile}"],
        }
        wanted = {"goog:chromeOptions": options, "goog:loggingPrefs": {"browser": "ALL"}}
        self._port, self._session = port, "/session"
        session = self._call("", {"capabilities": {"alwaysMatch": wanted}})
        self._session += f"/{session['sessionId']}"

    def _call(self, path, body=None, method="POST"):
        data = None if method == "DELETE" else json.dumps(body or {})
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=60)
        with closing(connection):
            connection.request(method, self._session + path, data)
            answer = connection.getresponse()
            content = answer.read().decode()
        if answer.status != 200:
            raise RuntimeError(content)
        return json.loads(content)["value"]

    def open(self, path):
        self._call("/url", {"url": Path(path).resolve().as_uri()})

    def run(self, script, *arguments):
        """Run a function's body in the page and return its value."""
        return self._call("/execute/sync", {"script": script, "args": list(arguments)})

    def resize(self, width, height=900):
        """The page as on a screen of this many CSS pixels."""
        metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        self._develop("Emulation.setDeviceMetricsOverride", metrics)

    def prefer(self, scheme):
        """Light or dark."""
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        self._develop("Emulation.setEmulatedMedia", {"features": features})

    def press(self, key):
        """A key, to whatever has the focus; special keys by their WebDriver code points."""
        strokes = [{"type": "keyDown", "value": key}, {"type": "keyUp", "value": key}]
        self._call("/actions", {"actions": [{"type": "key", "id": "k", "actions": strokes}]})

    def log(self):
        """What the console said since it was last asked."""
        return self._call("/se/log", {"type": "browser"})

    def screenshot(self, path):
        """The whole page as a PNG."""
        shot = self._develop("Page.captureScreenshot", {"captureBeyondViewport": True})
        path.write_bytes(base64.b64decode(shot["data"]))

    def quit(self):
        self._call("", method="DELETE")

    def _develop(self, command, parameters):
        return self._call("/goog/cdp/execute", {"cmd": command, "params": parameters})


@contextmanager
def chromium():
    """A fresh headless browser, ended with its driver."""
    for program in ("chromium", "chromedriver"):
        if shutil.which(program) is None:
            pytest.skip(f"{program} is missing: {INSTALL}")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        driver = subprocess.Popen([shutil.which("chromedriver"), f"--port={port}"], **quiet)
        browser = None
        try:
            _wait_for(port)
            browser = Browser(port, profile)
            yield browser
        finally:
            if browser is not None:
                browser.quit()
            driver.terminate()
            driver.wait(timeout=20)


def _wait_for(port):
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        with socket.socket() as door:
            if door.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise TimeoutError(f"chromedriver does not listen on port {port}")
