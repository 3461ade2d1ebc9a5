"""The product as it is really served: who calls is seen behind a proxy, and nobody stops the service for all.

The server is a process of its own on a free port, stopped at the end.
"""

import http.client
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, suppress
from pathlib import Path
from urllib.parse import urlencode

import pytest
from sqlalchemy import select

from admin_app.access.scope import unscoped
from admin_app.store import open_store
from models.login_session import SignInAttempt
from tests.about_the_code.tree import ROOT
from tests.desk import PASSWORD

_HOST = "127.0.0.1"


class Caller:
    """A browser at an address, as a proxy tells of it."""

    def __init__(self, port: int, address: str) -> None:
        self.port, self.cookies = port, dict[str, str]()
        self.told = {"X-Forwarded-For": address, "X-Forwarded-Proto": "https", "X-Forwarded-Host": "bx.example",
                     "Referer": "https://bx.example/login"}

    def ask(self, method: str, path: str, body: str | None = None, **headers: str) -> http.client.HTTPResponse:
        kind = {"Content-Type": "application/x-www-form-urlencoded"} if body is not None else {}
        cookies = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        with closing(http.client.HTTPConnection(_HOST, self.port, timeout=10)) as connection:
            connection.request(method, path, body, {**self.told, **kind, "Cookie": cookies, **headers})
            with connection.getresponse() as answer:
                self.text = answer.read().decode()
        self.set_now = answer.headers.get_all("Set-Cookie") or []
        self.cookies |= dict(cookie.partition(";")[0].split("=", 1) for cookie in self.set_now)
        return answer

    def sign_in(self, password: str, **more: str) -> int:
        self.ask("GET", "/login")
        token = self.text.partition('name="csrf_token" value="')[2].partition('"')[0]
        return self.ask("POST", "/login", urlencode({
            "username": "gan", "password": password, "csrf_token": token, **more})).status


@pytest.fixture(scope="module", params=["1", "0"], ids=["behind a proxy", "without one"])
def served(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, int, Path]]:
    """Whether a proxy stands in front, the port, and the data folder; gan may sign in."""
    data = tmp_path_factory.mktemp("served")
    with socket.socket() as probe:
        probe.bind((_HOST, 0))
        port = probe.getsockname()[1]
    environment = {**os.environ, "BAOXUE_DATA_DIR": str(data), "BAOXUE_BEHIND_PROXY": request.param, "PYTHONUTF8": "1"}
    environment.pop("BAOXUE_DATABASE_URL", None)
    flask = [sys.executable, "-m", "flask", "--app", "admin_app"]
    for words in (["db", "upgrade"], ["account", "add", "gan", "--role", "auditor", "--region", "0", "--password", PASSWORD,
                                      "--no-change"]):
        subprocess.run([*flask, *words], env=environment, cwd=ROOT, check=True, capture_output=True)
    with (data / "log").open("wb") as log:
        server = subprocess.Popen([*flask, "serve", "--port", str(port)], env=environment, cwd=ROOT, stdout=log, stderr=log)
        try:
            for _ in range(120):
                with suppress(OSError), socket.create_connection((_HOST, port)):
                    break
                time.sleep(0.25)
            yield request.param, port, data
        finally:
            server.terminate()
            server.wait(timeout=20)


behind_a_proxy = pytest.mark.parametrize("served", ["1"], indirect=True, ids=["behind a proxy"])


def test_whoever_guesses_behind_a_proxy_slows_only_the_own_address(served: tuple[str, int, Path]) -> None:
    proxy, port, data = served
    guesser, colleague = Caller(port, "198.51.100.7"), Caller(port, "198.51.100.8")
    assert [guesser.sign_in("猜的密码") for _ in range(6)] == [400] * 5 + [429]

    status = colleague.sign_in(PASSWORD)

    assert status == (302 if proxy == "1" else 429), "without a proxy nobody is believed to call from elsewhere"
    store = open_store(f"sqlite:///{data / 'baoxue.db'}")
    with unscoped(store, "where they called from") as session:
        seen = set(session.scalars(select(SignInAttempt.address)))
    store.dispose()
    assert seen == ({"198.51.100.7", "198.51.100.8"} if proxy == "1" else {_HOST})


@behind_a_proxy
@pytest.mark.parametrize("scheme", ["https", None])
def test_behind_a_proxy_cookies_are_for_https_alone(served: tuple[str, int, Path], scheme: str | None) -> None:
    caller = Caller(served[1], "198.51.100.20")
    if scheme is None:  # a proxy that forgets to say it
        del caller.told["X-Forwarded-Proto"]
        caller.told["Referer"] = "http://bx.example/login"
    assert caller.sign_in(PASSWORD) == 302, caller.text
    own = [cookie for cookie in caller.set_now if cookie.startswith(("baoxue=", "baoxue_device="))]
    assert len(own) == 2 and all("; Secure" in cookie for cookie in own), caller.set_now
    hsts = caller.ask("GET", "/login").headers["Strict-Transport-Security"]
    assert (hsts is not None) == (scheme == "https")


@behind_a_proxy
def test_idle_connections_do_not_stop_the_service(served: tuple[str, int, Path]) -> None:
    with ExitStack() as idle:
        for _ in range(300):
            idle.enter_context(socket.create_connection((_HOST, served[1])))
        assert Caller(served[1], "198.51.100.30").ask("GET", "/healthz").status == 200


@behind_a_proxy
def test_who_never_signed_in_sends_no_more_than_a_sign_in(served: tuple[str, int, Path]) -> None:
    """Only the head is sent: the answer comes before anything is taken in."""
    stranger, known = Caller(served[1], "198.51.100.40"), Caller(served[1], "198.51.100.41")
    long = {"Content-Length": str(60 << 20), "Expect": "100-continue"}
    assert stranger.ask("POST", "/import/roster", **long).status == 413
    assert "请先登录" in stranger.text
    stranger.cookies["baoxue_device"] = "forged.mark"
    assert stranger.ask("POST", "/import/roster", **long).status == 413
    assert known.sign_in(PASSWORD) == 302
    assert known.sign_in(PASSWORD, further="x" * (1 << 20)) == 302, "a browser of the office may send a long form"

    assert known.ask("POST", "/import/roster", **{"Content-Length": str(200 << 20)}).status == 413
    assert "超过了大小上限。请压缩或拆分后再上传" in known.text, "nobody may send what no page takes"
