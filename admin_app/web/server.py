"""The product's own server: waitress, set for a place that everybody can reach.

Waitress takes in all that is sent before the application sees any of it, and keeps what is long on the disk. So what
is too much is refused here, at the head of a request: for whoever has never signed in with this browser, all that is
longer than a sign-in.
"""

import select
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from flask import Flask
from itsdangerous import BadData
from waitress.channel import HTTPChannel
from waitress.parser import HTTPRequestParser
from waitress.server import BaseWSGIServer, MultiSocketServer, create_server
from waitress.utilities import RequestEntityTooLarge
from werkzeug.http import parse_cookie

from admin_app.settings import Deployment
from admin_app.web.session_pages import DEVICE_COOKIE, device_signer

THREADS = 8
MOST_CONNECTIONS = 2000
IDLE_SECONDS = 30  # a connection on which nothing goes on is closed
_FILES_OF_OUR_OWN = 500  # stores, logs, answers on their way
_MOST_WITHOUT_POLL = 400  # select() on Windows takes 512
_LONGER_PAGE = 16 << 20  # what exceeds the application's limit by no more is answered by its own page
_MOST_OF_A_STRANGER = 64 << 10


def listen(application: Flask, deployment: Deployment, host: str, port: int) -> Any:
    """A server that listens; `run()` serves. Behind a proxy that sets X-Forwarded-* these are left for `ProxyFix`;
    from anybody else they are not believed. Raises OSError."""
    server = create_server(
        application, host=host, port=port, threads=THREADS, ident=None,
        clear_untrusted_proxy_headers=not deployment.behind_proxy,
        connection_limit=_most_connections(), channel_timeout=IDLE_SECONDS, cleanup_interval=IDLE_SECONDS // 3,
        asyncore_use_poll=True, max_request_body_size=application.config["MAX_CONTENT_LENGTH"] + _LONGER_PAGE)
    channel = _channel(str(application.secret_key))
    for one in server.map.values() if isinstance(server, MultiSocketServer) else (server,):
        if isinstance(one, BaseWSGIServer):
            one.channel_class = channel
    return server


def _most_connections() -> int:
    """As many as files may be open, two for each: what it sends may be kept in a file."""
    if not hasattr(select, "poll"):
        return _MOST_WITHOUT_POLL
    import resource  # not on Windows

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 2 * MOST_CONNECTIONS + _FILES_OF_OUR_OWN
    if 0 <= soft < wanted:
        allowed = wanted if hard < 0 else min(wanted, hard)
        with suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, hard))
            soft = allowed
    return MOST_CONNECTIONS if soft < 0 else max(100, min(MOST_CONNECTIONS, (soft - _FILES_OF_OUR_OWN) // 2))


class _TooMuch(RequestEntityTooLarge):  # type: ignore[misc]  # waitress carries no types
    """Waitress's own answer, in the language of whoever reads it."""

    def to_response(self, ident: str | None = None) -> tuple[str, list[tuple[str, str]], bytes]:
        return f"{self.code} {self.reason}", [("Content-Type", "text/plain; charset=utf-8")], self.body.encode()


def _channel(secret: str) -> type[Any]:
    """Connections whose requests are looked at as they come in."""
    marks = device_signer(secret)

    def known(cookies: str) -> bool:
        with suppress(BadData, UnicodeError):
            return bool(marks.loads(parse_cookie(cookies).get(DEVICE_COOKIE, "")))
        return False

    class Channel(HTTPChannel):  # type: ignore[misc]  # waitress carries no types
        parser_class = _parser(known)

    return Channel


def _parser(known: Callable[[str], bool]) -> type[Any]:
    class Parser(HTTPRequestParser):  # type: ignore[misc]  # waitress carries no types
        """`known` tells from the cookies whether somebody has signed in with this browser."""

        trusted = False

        def received(self, data: bytes) -> int:
            consumed = super().received(data)
            if isinstance(self.error, RequestEntityTooLarge):
                self._refuse("上传的文件超过了大小上限。请压缩或拆分后再上传。")
            elif not (self.error or self.trusted) and max(
                    self.content_length, self.body_bytes_received) > _MOST_OF_A_STRANGER:
                self.trusted = known(self.headers.get("COOKIE", ""))
                if not self.trusted:
                    self._refuse("没有登录过的浏览器不能发送这么多内容。请先登录。")
            return int(consumed)

        def _refuse(self, sentence: str) -> None:
            self.error, self.completed, self.expect_continue = _TooMuch(sentence), True, False

    return Parser
