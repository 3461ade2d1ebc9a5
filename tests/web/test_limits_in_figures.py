"""What a browser is told and where a guesser is stopped, in words and figures of its own: compared with the very
constants that it comes from, whatever is set there would do."""

from collections.abc import Iterator
from dataclasses import replace
from itertools import count
from types import SimpleNamespace

import pytest
from flask import Flask
from sqlalchemy import Engine

from admin_app.errors import Invalid
from admin_app.services import passwords
from admin_app.services import sign_in as service
from admin_app.services.sign_in import SlowDown
from tests.desk import PASSWORD
from tests.web.staff import Person

GUESS = "猜一个够长的密码 2026"


@pytest.mark.parametrize("store_url", ["sqlite"], indirect=True)
def test_a_browser_is_told_to_run_and_to_show_nothing_of_others(district_application: Flask) -> None:
    said = Person(district_application).get("/login").headers
    rules = dict(rule.split(" ", 1) for rule in said["Content-Security-Policy"].split("; "))
    assert rules == {
        "default-src": "'self'", "script-src": "'self'", "style-src": "'self'", "img-src": "'self' data:",
        "object-src": "'none'", "base-uri": "'none'", "form-action": "'self'", "frame-ancestors": "'none'"}
    assert (said["X-Content-Type-Options"], said["X-Frame-Options"]) == ("nosniff", "DENY")
    assert said["Referrer-Policy"] == "same-origin", "what is searched for stands in addresses"
    assert (said["Cross-Origin-Opener-Policy"], said["Cross-Origin-Resource-Policy"]) == ("same-origin", "same-origin")
    assert said["Permissions-Policy"] == "camera=(), microphone=(), geolocation=()"


@pytest.mark.parametrize("store_url", ["sqlite"], indirect=True)
def test_a_browser_keeps_a_session_for_a_day_and_its_mark_for_a_year(district_application: Flask) -> None:
    person = Person(district_application)
    page = person.send("/login", {"username": "康宁网格员", "password": PASSWORD})
    kept = {cookie.partition("=")[0]: cookie.partition("Max-Age=")[2].partition(";")[0]
            for cookie in page.headers.getlist("Set-Cookie")}
    assert (kept["baoxue"], kept["baoxue_device"]) == ("86400", str(365 * 86400))


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Comparing takes its time on purpose; here the count is meant."""
    monkeypatch.setattr(passwords, "matches", lambda _stored, plain: plain == PASSWORD)


def _names() -> Iterator[dict[str, str]]:
    return ({"username": f"某{number}"} for number in count())


def _machines() -> Iterator[dict[str, str]]:
    return ({"address": f"203.0.113.{number}"} for number in count())


@pytest.mark.parametrize(("most", "others", "how"), [
    (5, None, {}), (10, None, {"device": "the office's own"}), (50, _machines, {}), (100, _names, {}),
], ids=["one name at one address", "a browser of the office", "one name from everywhere", "one address, all names"])
@pytest.mark.parametrize("store_url", ["sqlite"], indirect=True)
def test_so_many_wrong_passwords_and_no_more(
        store: Engine, district: SimpleNamespace, quick: None, most: int, others: object, how: dict[str, str]) -> None:
    """The last but one still leaves a try; whoever mistypes is not sent away before."""
    def sign_in(password: str, **where: str | None) -> str:
        return service.sign_in(store, **{"username": "康宁网格员", "password": password, "address": "10.0.0.1",
                                         "agent": "试", "device": None, **how, **where})

    elsewhere = others() if callable(others) else iter(dict, None)
    for _ in range(most - 1):
        with pytest.raises(Invalid):
            sign_in(GUESS, **next(elsewhere))
    assert sign_in(PASSWORD), "the control: there is a try left"
    with pytest.raises(Invalid):
        sign_in(GUESS, **next(elsewhere))
    with pytest.raises(SlowDown):
        sign_in(PASSWORD)


@pytest.mark.parametrize("store_url", ["sqlite"], indirect=True)
def test_the_demos_passwords_stand_on_no_real_sign_in_page(district_application: Flask) -> None:
    """A folder that once held the demo has their list yet."""
    plant = district_application.extensions["baoxue"]
    plant.deployment.data_dir.mkdir(parents=True, exist_ok=True)
    (plant.deployment.data_dir / "demo-accounts.txt").write_text("chengqu\t示范密码\t区划管理员\t城区\n", "utf-8")
    assert b"chengqu" not in Person(district_application).get("/login").bytes
    district_application.extensions["baoxue"] = replace(plant, deployment=replace(plant.deployment, demo=True))
    assert b"chengqu" in Person(district_application).get("/login").bytes, "the control"
