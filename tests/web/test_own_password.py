"""Whoever finds a desk open, or has stolen a cookie, guesses the password on the page 修改密码 no longer than at the
sign-in."""

import pytest
from flask import Flask
from sqlalchemy import Engine, text

from admin_app.access.scope import unscoped
from admin_app.services import passwords
from admin_app.services import sign_in as service
from tests.desk import PASSWORD
from tests.web.staff import Person

NEW = "新的密码要记得住 8866"
WRONG = "猜一个够长的密码 2026"


def tries(person: Person, current: str) -> tuple[int, str]:
    page = person.send("/password", {"current": current, "new": NEW, "again": NEW})
    return page.status, page.text


@pytest.mark.parametrize("known", [True, False], ids=["the office's own browser", "a stolen cookie"])
def test_guessing_ones_own_password_is_braked_as_at_the_sign_in(district_application: Flask, known: bool) -> None:
    person = Person(district_application)
    if known:
        person.sign_in("康宁网格员", PASSWORD)
    else:
        person.enter("康宁网格员")
    most = service.TRIES_PER_DEVICE if known else service.TRIES_PER_NAME_AND_ADDRESS
    for _ in range(most):
        status, said = tries(person, WRONG)
        assert (status, "当前密码不对" in said) == (400, True)

    status, said = tries(person, PASSWORD)

    assert (status, "密码错误次数过多" in said) == (429, True), "the right one does not help the guesser either"
    colleague = Person(district_application).sign_in("城区主任", PASSWORD)
    assert tries(colleague, PASSWORD)[0] == 302, "the control: somebody else, at the same address"


def test_wrong_tries_at_the_sign_in_and_on_the_page_are_counted_together(
    district_application: Flask, quick_guess: None
) -> None:
    thief, guesser = Person(district_application).enter("康宁网格员"), Person(district_application)
    for _ in range(3):
        assert tries(thief, WRONG)[0] == 400
    for status in (400, 400, 429):
        assert guesser.send("/login", {"username": "康宁网格员", "password": WRONG}).status == status
    assert tries(thief, PASSWORD)[0] == 429


@pytest.fixture
def quick_guess(monkeypatch: pytest.MonkeyPatch) -> None:
    """Comparing takes its time on purpose; here the count is meant."""
    monkeypatch.setattr(passwords, "matches", lambda _digest, password: password == PASSWORD)


@pytest.mark.parametrize("store_url", ["sqlite"], indirect=True)
def test_nobody_waits_while_a_password_is_compared(
    district_application: Flask, store: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    person, written = Person(district_application).enter("康宁网格员"), []

    def matches(_digest: str, _password: str) -> bool:
        with unscoped(store.execution_options(at_once=True), "somebody else saves", writing=True) as session:
            written.append(session.execute(text("SELECT 1")).scalar())
        return False

    monkeypatch.setattr(passwords, "matches", matches)
    assert tries(person, WRONG)[0] == 400
    assert written == [1]
