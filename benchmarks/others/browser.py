"""What asks the applications that are measured through their WSGI door."""

from collections.abc import Callable
from typing import Any

from flask.testing import FlaskClient


def without_jar(client: FlaskClient, *names: str) -> Callable[[str], Any]:
    """Asks with the cookies that a browser has by now, as they are: to read a jar and write it again each time is no
    work of the server, and the floor has none."""
    kept = [cookie for name in names if (cookie := client.get_cookie(name))]
    bare = client.application.test_client(use_cookies=False)
    bare.environ_base["HTTP_COOKIE"] = "; ".join(f"{cookie.key}={cookie.value}" for cookie in kept)
    return bare.get
