"""The token that every form carries, and the cookie that it is checked against (Flask-WTF).

Both come with every page and stay as they are while somebody is signed in. Reading the one and signing the other
again and again was a tenth of what a page costs.
"""

from functools import lru_cache
from typing import cast

from flask import Flask, Request, Response, session
from flask.sessions import SecureCookieSession, SecureCookieSessionInterface, SessionMixin
from flask_wtf.csrf import generate_csrf

_MOST_KEPT = 5000


class FormCookie(SecureCookieSessionInterface):
    """Flask's signed cookie. One that says nothing but the token is read once, however old: whether a person is still
    signed in is told by `LoginSession` alone."""

    def __init__(self) -> None:
        self._tokens: dict[str, str] = {}  # by cookie

    def open_session(self, app: Flask, request: Request) -> SecureCookieSession | None:
        cookie = request.cookies.get(self.get_cookie_name(app), "")
        token = self._tokens.get(cookie)
        if token is not None:
            return self.session_class({"csrf_token": token})
        said = super().open_session(app, request)
        if said is not None and said.keys() == {"csrf_token"}:
            if len(self._tokens) >= _MOST_KEPT:
                self._tokens.clear()
            self._tokens[cookie] = said["csrf_token"]
        return said

    def save_session(self, app: Flask, session: SessionMixin, response: Response) -> None:
        if session.modified:
            super().save_session(app, session, response)
        elif session.accessed:
            response.vary.add("Cookie")


def csrf_token() -> str:
    """What a form sends back, signed: it holds as long as the cookie does (`WTF_CSRF_TIME_LIMIT` is none)."""
    token = session.get("csrf_token")
    return _signed(token) if token else _sign()


@lru_cache(maxsize=_MOST_KEPT)
def _signed(_token: str) -> str:
    return _sign()


def _sign() -> str:
    return cast(str, generate_csrf())  # Flask-WTF carries no types
