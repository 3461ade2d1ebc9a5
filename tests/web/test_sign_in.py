"""Signing in: first passwords, rules, sessions and their ends, the brake on guessing, forms' tokens,
headers, redirects and cookies."""

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from flask import Flask
from sqlalchemy import Engine, event, func, select, text, update

from admin_app import create_app
from admin_app.access.actor import Actor
from admin_app.access.permissions import Role
from admin_app.access.scope import unscoped
from admin_app.changes.ledger import recording
from admin_app.errors import Invalid
from admin_app.services import accounts, passwords, records
from admin_app.services import sign_in as service
from admin_app.services.sign_in import SlowDown
from admin_app.store import open_store
from admin_app.web.gate import HEADERS, own_path
from models.account import Account
from models.login_session import LoginSession, SignInAttempt
from models.setting import Setting
from tests.desk import PASSWORD, Page, command
from tests.web.staff import Person, by_the_machine, everything_in, hire_staff, settle, 城区, 康宁

NOW = datetime.now(UTC) + timedelta(hours=1)  # after the accounts of the tests were made
MACHINE = Actor(0, "机房", Role.SYSTEM_ADMIN, "0" * 12)
GUESS = "猜一个够长的密码 2026"
NEW = "新的密码要记得住 8866"


@pytest.fixture
def office(app: Flask, district: SimpleNamespace) -> Engine:
    """康网格 may sign in to 康宁 with PASSWORD; 新网格 has the first password of 「初次见面」."""
    engine: Engine = app.extensions["baoxue"].engine
    hire_staff(engine)
    with unscoped(engine, "accounts of the tests", writing=True) as session:
        with recording(session, MACHINE, "load"):
            for name, must_change in (("康网格", False), ("新网格", True)):
                accounts.make_account(
                    session, MACHINE, username=name, display_name=name, role="village_officer",
                    region=accounts.region_named(session, 康宁), password=PASSWORD, must_change=must_change)
    return engine


def account_of(session: Any, username: str) -> Account:
    return accounts.known_as(session, username)


def sign_in(engine: Engine, username: str = "康网格", password: str = PASSWORD, *, address: str = "10.0.0.1",
            device: str | None = None, now: datetime = NOW) -> str:
    return service.sign_in(engine, username=username, password=password, address=address, agent="试",
                           device=device, now=now)


def holds(engine: Engine, token: str, now: datetime = NOW) -> bool:
    return resumed(engine, token, now) is not None


def resumed(engine: Engine, token: str, now: datetime) -> service.SignedIn | None:
    with unscoped(engine, "who asks is not known yet") as session:
        return service.resume(session, token, now)


def as_machine(engine: Engine, act: Any, username: str = "康网格") -> None:
    with unscoped(engine, "the machine's administrator", writing=True) as session:
        with recording(session, MACHINE, "edit", kept=True):
            act(session, account_of(session, username))


def set_rule(engine: Engine, key: str, value: str) -> None:
    as_machine(engine, lambda session, _: session.execute(
        update(Setting).where(Setting.key == key).values(value=value)))


# --- the first password -----------------------------------------------------------------------------


def test_the_first_password_must_be_changed_before_anything_else(
        app: Flask, office: Engine, owner: Engine) -> None:
    person = Person(app)
    person.sign_in("新网格", PASSWORD)
    assert "请先设置自己的密码" in person.page.text
    first, before = person.browser.get_cookie("baoxue"), everything_in(owner)
    for address in ("/", "/admin/student/", "/changes/", "/sessions"):
        assert person.get(address).location.startswith("/password?next="), address
    assert person.send("/admin/household/new/", {"head_name": "甲", "register_number": "9"}).status == 302
    assert everything_in(owner) == before

    person.open("/password")
    person.press("保存新密码", current=PASSWORD, new=NEW, again=NEW)

    assert "密码已修改" in person.page.text
    assert person.get("/admin/student/").status == 200
    assert first and person.browser.get_cookie("baoxue").value != first.value
    assert not holds(office, first.value, datetime.now(UTC))


@pytest.mark.parametrize(("current", "new", "again", "why"), [
    ("不是这个密码", NEW, NEW, "当前密码不对"), (PASSWORD, NEW, NEW + "x", "两次输入的新密码不一样"),
    (PASSWORD, PASSWORD, PASSWORD, "不能与当前密码相同"), (PASSWORD, "短了", "短了", "密码太短"),
    (PASSWORD, "康网格的密码很长很长很长", "康网格的密码很长很长很长", "不要包含用户名"),
], ids=["wrong", "mistyped", "same", "short", "own name"])
@pytest.mark.parametrize("store_url", ["sqlite"], indirect=True)
def test_a_new_password_that_will_not_do_is_refused_with_its_reason(
        app: Flask, office: Engine, current: str, new: str, again: str, why: str) -> None:
    person = Person(app).sign_in("康网格", PASSWORD)
    page = person.send("/password", {"current": current, "new": new, "again": again})

    assert (page.status, why in page.text) == (400, True), page.text
    assert holds(office, sign_in(office))


@pytest.mark.parametrize(("plain", "policy", "why"), [
    ("十一个字的密码不够长的", "asvs", "密码太短"), ("长" * 129, "asvs", "密码太长"),
    ("password1234", "asvs", "常见密码"), ("123456789012", "asvs", "常见|连续"),
    ("aaaaaaaaaaaa", "asvs", "重复"), ("abcdefghijklmn", "asvs", "连续"),
    ("all lower case here", "djbh3", "至少三类"), ("康宁社区的春天真好看啊", "djbh3", "密码太短"),
])
def test_the_rules_refuse(plain: str, policy: str, why: str) -> None:
    assert re.search(why, passwords.fault(plain, policy) or ""), passwords.fault(plain, policy)


@pytest.mark.parametrize(("plain", "policy"), [
    ("all lower case here", "asvs"), ("城里的春天真好看啊好看", "none"), ("correct horse battery", "asvs"),
    ("Tr0ub4dor and three", "djbh3"), ("x9 ay" * 20, "asvs"), ("  two spaces first", "asvs"),
])
def test_the_rules_allow(plain: str, policy: str) -> None:
    assert passwords.fault(plain if len(plain) >= 12 else plain + "呀", policy) is None


def test_the_policy_of_the_place_decides(app: Flask, office: Engine) -> None:
    person, simple = Person(app).sign_in("康网格", PASSWORD), "all lower case here"
    set_rule(office, "password_policy", "djbh3")
    assert "至少三类" in person.send("/password", {"current": PASSWORD, "new": simple, "again": simple}).text
    set_rule(office, "password_policy", "asvs")
    assert person.send("/password", {"current": PASSWORD, "new": simple, "again": simple}).status == 302


def test_a_password_ages_only_under_the_policy_that_says_so(office: Engine) -> None:
    token, later = sign_in(office), datetime.now(UTC) + timedelta(days=91)
    as_machine(office, lambda session, account: None)

    def must_change() -> bool:
        token = sign_in(office, now=later)
        who = resumed(office, token, later)
        assert who
        return who.must_change_password

    assert token
    assert must_change() is False
    set_rule(office, "password_policy", "djbh3")
    assert must_change() is True


# --- sessions ---------------------------------------------------------------------------------------


def test_a_session_ends_when_nobody_uses_it(office: Engine) -> None:
    token = sign_in(office)
    assert holds(office, token, NOW + timedelta(minutes=29))
    assert holds(office, token, NOW + timedelta(minutes=58)), "using it keeps it"
    assert not holds(office, token, NOW + timedelta(minutes=58 + 31))


def test_a_session_ends_after_twelve_hours_however_busy(office: Engine) -> None:
    token = sign_in(office)
    for minutes in range(0, 12 * 60, 25):
        assert holds(office, token, NOW + timedelta(minutes=minutes)), minutes
    assert not holds(office, token, NOW + timedelta(hours=12, minutes=1))


def test_the_place_sets_how_long_a_session_lasts(office: Engine) -> None:
    set_rule(office, "session_idle_minutes", "5")
    token = sign_in(office)
    assert holds(office, token, NOW + timedelta(minutes=4))
    assert not holds(office, token, NOW + timedelta(minutes=10))


@pytest.mark.parametrize("worker", ["the same", "another"])
@pytest.mark.parametrize("how", ["disable", "end_grant", "new_grant", "reset_password", "force_out", "expired"])
def test_sessions_end_with(office: Engine, store_url: str, how: str, worker: str) -> None:
    now = datetime.now(UTC)
    token, other = sign_in(office, now=now), sign_in(office, "新网格", now=now)
    assert holds(office, token, now) and holds(office, other, now), "both are known where they were asked for"

    def act(session: Any, account: Account) -> None:
        match how:
            case "disable":
                accounts.disable(session, MACHINE, account)
            case "end_grant":
                accounts.end_grant(session, MACHINE, account.grants[0])
            case "new_grant":
                accounts.grant_role(session, MACHINE, account=account, role="inspector",
                                    region=accounts.region_named(session, 城区))
            case "reset_password":
                accounts.reset_password(session, MACHINE, account)
            case "force_out":
                accounts.force_out(session, MACHINE, account)
            case "expired":
                account.grants[0].until = date.today() - timedelta(days=1)

    where = office if worker == "the same" else open_store(store_url)
    as_machine(where, act)
    if where is not office:
        where.dispose()

    assert not holds(office, token, now)
    assert holds(office, other, now), "the control: another's session goes on"


def test_whoever_goes_on_working_is_not_signed_out_however_short_the_idle_time_is(office: Engine) -> None:
    set_rule(office, "session_idle_minutes", "1")
    token = sign_in(office)
    assert all(holds(office, token, NOW + timedelta(seconds=20 * turn)) for turn in range(12))
    assert not holds(office, token, NOW + timedelta(seconds=20 * 11 + 67)), "the control: a pause is one"


@pytest.mark.parametrize("store_url", ["sqlite"], indirect=True)
def test_what_is_known_of_a_session_is_read_once_while_nothing_is_written_and_judged_each_time(office: Engine) -> None:
    set_rule(office, "session_idle_minutes", "1")
    token, asked = sign_in(office), []
    event.listen(office, "before_cursor_execute", lambda _c, _u, statement, *_: asked.append(statement))

    def statements(now: datetime) -> int:
        asked.clear()
        assert holds(office, token, now)
        return len(asked)

    first, again = statements(NOW), statements(NOW + timedelta(seconds=5))
    assert first > again == 0
    assert not holds(office, token, NOW + timedelta(seconds=61)), "its hour has come, though nothing was written"
    as_machine(office, lambda _session, account: setattr(account, "display_name", "康大网格"))
    assert statements(NOW + timedelta(seconds=30)) > 0
    assert resumed(office, token, NOW).name == "康大网格"  # type: ignore[union-attr]


def test_one_sees_ones_own_sessions_and_ends_them(app: Flask, office: Engine) -> None:
    desk, phone = Person(app).sign_in("康网格", PASSWORD), Person(app).sign_in("康网格", PASSWORD)
    stranger = Person(app).sign_in("新网格", PASSWORD)
    page = desk.open("/sessions")
    assert len(page.table("设备")) == 2
    theirs = service.own_sessions(office, _id(office, "新网格"))[0].id
    refused = desk.send(f"/sessions/{theirs}/end")
    assert (refused.status, "不是您的" in refused.text) == (400, True)
    assert stranger.get("/password").status == 200

    own = {s.id for s in service.own_sessions(office, _id(office, "康网格"))}
    assert desk.send(f"/sessions/{min(own)}/end").status == 302  # this very browser's: the older one
    assert desk.get("/").location.startswith("/login")
    assert phone.get("/").status == 200

    third = Person(app).sign_in("康网格", PASSWORD)
    assert phone.send("/sessions/end-others").status == 302
    assert (phone.get("/").status, third.get("/").status, stranger.get("/password").status) == (200, 302, 200)


def _id(engine: Engine, username: str) -> int:
    with unscoped(engine, "a number of an account") as session:
        return account_of(session, username).id


def test_signing_out_ends_the_session_not_only_the_cookie(app: Flask, office: Engine) -> None:
    person = Person(app).sign_in("康网格", PASSWORD)
    token = person.browser.get_cookie("baoxue").value
    page = person.send("/logout")
    assert (page.location, page.headers["Clear-Site-Data"]) == ("/login?ended=left", '"cache"')
    assert "已退出登录" in person.get(page.location).text
    person.browser.set_cookie("baoxue", token)
    assert person.get("/").location.startswith("/login")


@pytest.mark.parametrize("store_url", ["sqlite"], indirect=True)
def test_whose_session_has_ended_is_told_so_and_a_stranger_is_not(app: Flask, office: Engine) -> None:
    person = Person(app).sign_in("康网格", PASSWORD)
    with by_the_machine(office, "all sessions end") as session:
        account_of(session, "康网格").sessions_from = datetime.now(UTC) + timedelta(seconds=1)
    page = person.get("/admin/student/")
    assert page.location == "/login?next=/admin/student/&ended=page"
    assert "请重新登录，登录后回到刚才的页面" in person.get(page.location).text
    nobody = Person(app)
    assert "登录已结束" not in nobody.get(nobody.get("/admin/student/").location).text


def test_every_sign_in_makes_a_new_token_which_the_database_does_not_hold(
        app: Flask, office: Engine, owner: Engine) -> None:
    person = Person(app)
    person.browser.set_cookie("baoxue", "a-token-that-somebody-planted")
    person.sign_in("康网格", PASSWORD)
    first = person.browser.get_cookie("baoxue").value
    again = Person(app).sign_in("康网格", PASSWORD).browser.get_cookie("baoxue").value

    assert len({first, again, "a-token-that-somebody-planted"}) == 3
    assert min(len(first), len(again)) >= 43  # 256 bits
    with owner.connect() as connection:
        lying = repr(connection.execute(text("SELECT * FROM login_session")).all())
        tries = repr(connection.execute(text("SELECT * FROM sign_in_attempt")).all())
    assert first not in lying and again not in lying
    assert "康网格" not in tries and PASSWORD not in tries
    assert len(service.own_sessions(office, _id(office, "康网格"))) == 2


# --- guessing ---------------------------------------------------------------------------------------


def guess(engine: Engine, times: int, **how: Any) -> None:
    for _ in range(times):
        with pytest.raises(Invalid):
            sign_in(engine, password=GUESS, **how)


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """A guess is wrong without the work of argon2: there are many of them."""
    monkeypatch.setattr(passwords, "matches", lambda stored, plain: plain == PASSWORD and stored.startswith("$argon2"))


def test_guessing_is_stopped_for_all_workers_and_after_a_restart(
        office: Engine, store_url: str, quick: None) -> None:
    guess(office, 3)
    second_worker = open_store(store_url)
    guess(second_worker, 2)
    for engine in (office, second_worker):
        with pytest.raises(SlowDown, match="请 15 分钟后再试"):
            sign_in(engine)  # also with the right password
    second_worker.dispose()
    restarted = open_store(store_url)
    with pytest.raises(SlowDown):
        sign_in(restarted)

    assert sign_in(restarted, now=NOW + service.WINDOW + timedelta(seconds=1))
    assert sign_in(restarted, address="10.0.0.2"), "the control: another machine of the office"
    restarted.dispose()


def test_whoever_is_given_a_new_password_may_use_it_at_once(app: Flask, office: Engine) -> None:
    for _ in range(5):
        with pytest.raises(Invalid):
            sign_in(office, password=GUESS, now=datetime.now(UTC))
    with pytest.raises(service.SlowDown):
        sign_in(office, now=datetime.now(UTC))
    with unscoped(office, "the administrator helps", writing=True) as session, recording(session, MACHINE, "reset_password"):
        fresh = accounts.reset_password(session, MACHINE, accounts.known_as(session, "康网格"))
    assert sign_in(office, password=fresh, now=datetime.now(UTC))


def test_a_new_password_is_for_whoever_types_a_capital_too(app: Flask, office: Engine) -> None:
    """A phone begins with one: 张三 tries as Zhangsan, and so is counted, and so is let in again."""
    with unscoped(office, "an account", writing=True) as session, recording(session, MACHINE, "load"):
        accounts.make_account(session, MACHINE, username="zhangsan", display_name="张三", role="village_officer",
                              region=accounts.region_named(session, 康宁), password=PASSWORD)
    for _ in range(5):
        with pytest.raises(Invalid):
            sign_in(office, "Zhangsan", GUESS, now=datetime.now(UTC))
    with pytest.raises(service.SlowDown):
        sign_in(office, "Zhangsan", now=datetime.now(UTC))
    fresh: list[str] = []
    as_machine(office, lambda session, account: fresh.append(accounts.reset_password(session, MACHINE, account)), "zhangsan")
    assert sign_in(office, "Zhangsan", fresh[0], now=datetime.now(UTC))


def test_a_command_knows_an_account_as_the_sign_in_does(app: Flask, office: Engine, tmp_path: Path) -> None:
    with unscoped(office, "an account", writing=True) as session, recording(session, MACHINE, "load"):
        accounts.make_account(session, MACHINE, username="zhangsan", display_name="张三", role="village_officer",
                              region=accounts.region_named(session, 康宁), password=PASSWORD)
    for number, written in enumerate(("zhangsan", "ZhangSan", "ｚｈａｎｇｓａｎ")):
        assert "已导出" in command(app, "export", "student", "--as", written, "--out", tmp_path / f"{number}.xlsx")
    assert "没有可用的账号“zhang”" in command(
        app, "export", "student", "--as", "zhang", "--out", tmp_path / "no.xlsx", exit_code=1)


def test_a_name_that_is_changed_is_kept_as_the_sign_in_looks_for_it(app: Flask, office: Engine) -> None:
    """An input method left it full-width: whoever got it could not sign in, and another could be given the same."""
    def rename(account: Account, name: str) -> None:
        with unscoped(office, "the machine's administrator", writing=True) as session, recording(session, MACHINE, "edit"):
            records.edit(session, MACHINE, session.get_one(Account, account.id), {"username": name}, reason="写错了")

    with unscoped(office, "two accounts") as session:
        first, second = account_of(session, "康网格"), account_of(session, "新网格")
    rename(first, "ｋａｎｇ")
    assert sign_in(office, "kang")
    with pytest.raises(Invalid, match="用户名“Kang”已被使用"):
        rename(second, "Ｋａｎｇ")


def test_whoever_signs_in_wipes_out_no_guess_and_what_is_half_a_year_old_is_forgotten(office: Engine, quick: None) -> None:
    def tries() -> list[datetime]:
        with unscoped(office, "the tries") as session:
            return [one.at for one in session.scalars(select(SignInAttempt).order_by(SignInAttempt.at))]

    old = NOW - timedelta(days=181)
    guess(office, 1, now=old)
    guess(office, service.TRIES_PER_NAME_AND_ADDRESS)
    assert tries() == [old, *[NOW] * 5]
    assert sign_in(office, "新网格", address="10.0.0.2")

    assert tries() == [NOW] * 6
    with pytest.raises(SlowDown):
        sign_in(office)


def test_a_stranger_does_not_lock_out_the_browser_of_the_office(office: Engine, quick: None) -> None:
    """Not with all the guesses that there are, from all addresses."""
    for machine in range(service.TRIES_PER_NAME // service.TRIES_PER_NAME_AND_ADDRESS):
        guess(office, service.TRIES_PER_NAME_AND_ADDRESS, address=f"203.0.113.{machine}")
    with pytest.raises(SlowDown):
        sign_in(office, address="203.0.113.200")

    assert sign_in(office, device="mark of the office's browser")
    assert sign_in(office, address="203.0.113.201", now=NOW + service.WINDOW + timedelta(seconds=1))


def test_the_marked_browser_has_a_brake_of_its_own(office: Engine, quick: None) -> None:
    guess(office, service.TRIES_PER_DEVICE, device="mark")
    with pytest.raises(SlowDown):
        sign_in(office, device="mark")
    assert sign_in(office, device="another mark")


def test_one_address_does_not_go_through_all_the_names(office: Engine, quick: None) -> None:
    for number in range(service.TRIES_PER_ADDRESS // service.TRIES_PER_NAME_AND_ADDRESS):
        guess(office, service.TRIES_PER_NAME_AND_ADDRESS, username=f"某{number}")
    with pytest.raises(SlowDown):
        sign_in(office)
    assert sign_in(office, address="10.0.0.9")


def test_the_browser_carries_its_mark_only_for_accounts_it_signed_in_to(
        app: Flask, office: Engine, quick: None) -> None:
    """Through the web: the stranger's guesses, then the office's own browser and a forged mark."""
    known = Person(app).sign_in("康网格", PASSWORD)
    known.send("/logout")
    stranger = Person(app)
    answers = [stranger.send("/login", {"username": "康网格", "password": GUESS}).status for _ in range(6)]
    assert answers == [400] * 5 + [429]
    stranger.browser.set_cookie("baoxue_device", "eyJ4IjoieSJ9.forged")
    assert stranger.send("/login", {"username": "康网格", "password": PASSWORD}).status == 429
    mark = known.browser.get_cookie("baoxue_device").value
    assert known.send("/login", {"username": "康网格", "password": PASSWORD}).status == 302
    other = Person(app)
    other.browser.set_cookie("baoxue_device", mark)
    for _ in range(5):
        other.send("/login", {"username": "新网格", "password": GUESS})
    assert other.page.status in {400, 429}
    assert other.send("/login", {"username": "新网格", "password": PASSWORD}).status == 429, "no mark for this one"


def test_an_unknown_name_and_a_wrong_password_are_told_in_the_same_words(
        app: Flask, office: Engine) -> None:
    as_machine(office, lambda session, account: accounts.disable(session, MACHINE, account), "新网格")

    def answer(name: str, password: str = GUESS) -> str:
        page = Person(app).send("/login", {"username": name, "password": password})
        assert page.status == 400
        return re.search(r"[^ ]*密码不对[^ ]*|该账号[^ ]*", page.text)[0]

    assert answer("没有这个人") == answer("康网格") == answer("新网格") == answer("", "")
    assert "停用" in answer("新网格", PASSWORD), "only who knows the password learns more"


def test_whoever_looks_after_the_machine_sees_whose_password_is_being_guessed(app: Flask, office: Engine) -> None:
    watching, keeper = Person(app, "机房小吴"), Person(app, "周主任")
    with unscoped(office, "its number") as session:
        page = f"/admin/account/details/?id={account_of(session, '康网格').id}"
    assert "近一天没有" in watching.open("/").text
    assert keeper.open(page).facts["最近登录"] == "从未登录"
    Person(app).sign_in("康网格", PASSWORD)
    for guess in range(5):
        Person(app).send("/login", {"username": "康网格", "password": f"{GUESS}{guess}"})
    Person(app).send("/login", {"username": GUESS, "password": "康网格"})

    told = watching.open("/").text
    assert "近一天 6 次，来自 1 个地址" in told
    assert "现在须等待的账号：康网格。" in told and GUESS not in told
    assert "须等待的账号" not in keeper.open("/").text, "the machine is not the director's business"
    facts = keeper.open(page).facts
    assert facts["最近登录"].endswith("来自 127.0.0.1") and facts["现在登录"] == "1 处"
    assert facts["近一天输错密码"].startswith("5 次")

    keeper.press("重置密码", reason="本人忘记密码，当面核对")
    assert "须等待的账号" not in watching.open("/").text, "whoever got a new password may use it"


# --- the token of forms -----------------------------------------------------------------------------


def test_no_post_is_taken_without_the_token_of_its_form(
        app: Flask, office: Engine, owner: Engine, district: SimpleNamespace) -> None:
    village = settle(app, 康宁, district.李明)
    person, other, wrong = Person(app, "周主任"), Person(app, "康干部"), []
    before, to = everything_in(owner), app.url_map.bind("localhost")
    known = {"id": 1, "row": 1, "place": 1, "table": "student", "sheet": "roster", "filename": "x"}
    thorough = {"session.sign_out", "student.edit_view", "ledger.undo"}
    posts = [r for r in app.url_map.iter_rules() if "POST" in r.methods]
    for rule in posts:
        address = to.build(rule.endpoint, {n: known[n] for n in rule.arguments}) + f"?id={village.rows['student']}"
        for token in (None, "", "x", other.good_token)[:4 if rule.endpoint in thorough else 1]:
            data = {} if token is None else {"csrf_token": token}
            page = Page(person.browser.post(address, data=data, buffered=True))
            if rule.endpoint == "session.sign_in" and page.location == "/":
                continue  # whoever is signed in goes on, and nothing was taken
            if page.status != 400 or "安全校验" not in page.text:
                wrong.append((rule.endpoint, token, page.status))
            if token is None and rule.endpoint in thorough:
                header = Page(person.browser.post(address, data="{}", content_type="application/json", buffered=True))
                wrong += [(rule.endpoint, "json", header.status)] if header.status != 400 else []
    assert wrong == []
    assert len(posts) > 40
    assert everything_in(owner) == before
    assert person.get("/").status == 200, "also the sign-out was not taken"
    assert person.send("/logout").status == 302


def test_a_form_sent_after_everything_was_forgotten_leads_to_the_sign_in_page(app: Flask, office: Engine) -> None:
    person = Person(app, "周主任")
    form = person.get("/admin/household/new/").form("保存").fields
    fresh = Page(app.test_client().post("/admin/household/new/", data={**form, "head_name": "温大山"}, buffered=True))
    assert (fresh.status, str(fresh.location).startswith("/login?")) == (302, True)
    assert Page(app.test_client().post("/login", data={"username": "周主任"}, buffered=True)).status == 400, "no loop"


def test_a_token_does_not_outlive_the_change_of_the_person(app: Flask, office: Engine) -> None:
    person = Person(app)
    old = person.open("/login") and person.token
    person.press("登录", username="康网格", password=PASSWORD)
    assert person.send("/sessions/end-others", token=old).status == 400
    assert person.send("/sessions/end-others").status == 302


# --- headers, redirects, cookies --------------------------------------------------------------------


@pytest.fixture
def answers(app: Flask, office: Engine, district: SimpleNamespace,
            monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, Page]]:
    village = settle(app, 康宁, district.李明)
    person, nobody, guesser = Person(app, "康干部"), Person(app), Person(app)

    def broken() -> str:
        raise ZeroDivisionError("一加一")

    monkeypatch.setitem(app.view_functions, "session.own_sessions", broken)
    monkeypatch.setitem(app.config, "MAX_FORM_MEMORY_SIZE", 5000)
    for _ in range(5):
        guesser.send("/login", {"username": "周主任", "password": GUESS})
    yield {
        "200": person.get("/admin/student/"), "302": nobody.get("/"), "400": person.send("/admin/student/new/"),
        "400 token": Page(person.browser.post("/logout", buffered=True)), "403": person.get("/admin/account/"),
        "404": person.get("/nowhere"), "404 row": person.get("/admin/student/details/?id=77"),
        "405": person.get("/logout"), "413": person.send("/login", {"username": "x" * 9000}, content_type="multipart/form-data"),
        "429": guesser.send("/login", {"username": "周主任", "password": GUESS}), "500": person.get("/sessions"),
        "sign-in": nobody.get("/login"), "static": nobody.get("/static/app.css"), "health": nobody.get("/healthz"),
        "json": person.get("/admin/student/lookup/?q=x"), "file": person.get(f"/attachments/{village.rows['attachment']}"),
        "sheet": person.get("/admin/student/export/"), "json error": person.get(
            "/nowhere", headers={"Accept": "application/json"}),
    }


@pytest.mark.parametrize("store_url", ["sqlite"], indirect=True)
def test_every_kind_of_answer_carries_the_security_headers(answers: dict[str, Page]) -> None:
    wrong = []
    for kind, page in answers.items():
        if kind[:3].isdecimal() and page.status != int(kind[:3]):
            wrong.append((kind, page.status))
        for name, value in HEADERS.items():
            if page.headers.get(name) != value and not (kind == "file" and name == "Content-Security-Policy"):
                wrong.append((kind, name, page.headers.get(name)))
        if kind != "static" and page.headers.get("Cache-Control") != "no-store":
            wrong.append((kind, "Cache-Control", page.headers.get("Cache-Control")))
        if b"Traceback" in page.bytes or "一加一".encode() in page.bytes or b"SELECT" in page.bytes:
            wrong.append((kind, "tells of the inside", ""))
    assert wrong == []
    assert answers["file"].headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert "unsafe" not in HEADERS["Content-Security-Policy"]


EVIL = ("//evil.example", "\\\\evil.example", "/\\evil.example", "\\/evil.example", "http:evil.example", "https:/evil.example",
        "http://evil.example/", "javascript:alert(1)", "%2F%2Fevil.example", "///evil.example", "/\t/evil.example",
        "/ /evil.example", "\t//evil.example", "http://[bad", "//[bad", "/\\[bad", "evil.example", "data:text/html,x",
        "http://localhost.evil.example", "//localhost@evil.example", "/\n/evil.example")


@pytest.mark.parametrize("target", EVIL)
def test_another_site_is_no_place_to_be_sent_to(target: str) -> None:
    assert own_path(target) == "/"


def test_a_path_of_ones_own_is() -> None:
    for target in ("/admin/student/?search=%2F%2Fevil.example&page=2", "/", "/changes/12", "/%2F%2Fevil.example"):
        assert own_path(target) == target


@pytest.mark.parametrize("store_url", ["sqlite"], indirect=True)
def test_whoever_is_signed_out_in_a_form_comes_back_to_its_record(app: Flask, office: Engine, quick: None) -> None:
    form = "/admin/student/edit/?id=7&at=3&search=%E6%9D%8E"
    page = Person(app).send("/admin/student/edit/?id=7", headers={"Referer": f"http://localhost{form}"})
    assert parse_qs(urlsplit(page.location).query) == {"next": [form], "ended": ["form"]}
    numbered = "/admin/student/?search=99010120160303005X"
    page = Person(app).send("/logout", headers={"Referer": f"http://localhost{numbered}"})
    assert "2016" not in page.location, "never with a whole number"


@pytest.mark.parametrize("store_url", ["sqlite"], indirect=True)
def test_nobody_is_sent_to_another_site(app: Flask, office: Engine, quick: None) -> None:
    for target in EVIL:
        person = Person(app)
        page = person.send("/login", {"username": "康网格", "password": PASSWORD, "next": target})
        assert (page.status, page.location) == (302, "/"), target
        page = person.get("/admin/student/new/", query_string={"url": target})
        assert page.status == 200 and "evil" not in " ".join(href for _, href in page.links), target
        nobody = Person(app)
        page = nobody.send("/logout", headers={"Referer": target.strip().replace("\n", "")})
        assert (page.status, page.location) == (302, "/login?next=/&ended=form"), target
    page = Person(app).send("/login", {"username": "康网格", "password": PASSWORD, "next": "/changes/"})
    assert page.location == "/changes/"


def cookies(page: Page) -> dict[str, str]:
    return {c.partition("=")[0]: c for c in page.headers.getlist("Set-Cookie")}


@pytest.mark.parametrize("store_url", ["sqlite"], indirect=True)
def test_cookies_are_for_this_site_and_no_script(app: Flask, office: Engine) -> None:
    person = Person(app)
    set_now = cookies(person.get("/login")) | cookies(
        person.send("/login", {"username": "康网格", "password": PASSWORD}))
    assert set(set_now) == {"baoxue", "baoxue_device", "baoxue_form"}
    for name, cookie in set_now.items():
        assert "HttpOnly" in cookie and "SameSite=Lax" in cookie and "Path=/" in cookie, name
        assert "Domain=" not in cookie, name


@pytest.mark.parametrize("store_url", ["sqlite"], indirect=True)
def test_behind_a_proxy_cookies_are_only_for_https(app: Flask, office: Engine) -> None:
    from dataclasses import replace

    plant = app.extensions["baoxue"]
    behind = create_app(replace(plant.deployment, behind_proxy=True, trusted_hosts=("bx.example",)))
    to = {"base_url": "http://bx.example", "headers": {
        "X-Forwarded-Proto": "https", "X-Forwarded-For": "198.51.100.7", "X-Forwarded-Host": "bx.example"}}
    person = Person(behind)
    token = person.get("/login", **to).forms[-1].fields["csrf_token"]
    assert "max-age=31536000" in person.page.headers["Strict-Transport-Security"]
    person.browser.set_cookie("baoxue_form", cookies(person.page)["baoxue_form"].split("=", 1)[1].split(";")[0],
                              domain="bx.example")
    to["headers"]["Referer"] = "https://bx.example/login"
    page = person.send("/login", {"username": "康网格", "password": PASSWORD}, token=token, **to)
    assert page.status == 302, page.text
    assert {name: "Secure" in cookie for name, cookie in cookies(page).items()}["baoxue"] is True
    assert all("Secure" in cookie for cookie in cookies(page).values())
    with unscoped(office, "where they came from") as session:
        assert session.scalars(select(LoginSession).order_by(LoginSession.id.desc())).first().address == "198.51.100.7"
    assert person.get("/login", base_url="http://evil.example").status == 400
    behind.extensions["baoxue"].engine.dispose()

    direct = Person(app).get("/login", headers={"X-Forwarded-Proto": "https", "X-Forwarded-For": "1.2.3.4"})
    assert "Strict-Transport-Security" not in direct.headers
    assert not any("Secure" in cookie for cookie in cookies(direct).values())


@pytest.mark.parametrize("store_url", ["sqlite"], indirect=True)
def test_a_page_is_not_held_up_by_the_note_that_its_session_was_used(office: Engine) -> None:
    token = sign_in(office, now=NOW - timedelta(minutes=5))

    def noted() -> datetime:
        with unscoped(office, "when it was used") as session:
            return session.scalars(select(LoginSession.seen_at)).one()

    before = noted()
    with unscoped(office, "somebody imports a big list", writing=True) as importing:
        importing.execute(select(func.count()).select_from(Account))
        assert holds(office, token), "the page comes all the same"
        assert noted() == before
        importing.rollback()
    assert holds(office, token)
    assert noted() == NOW, "the next page notes it"


def test_only_a_sent_form_signs_in(app: Flask, office: Engine) -> None:
    client = app.test_client()
    answer = client.head("/login", data={"username": "康网格", "password": PASSWORD})

    assert answer.status_code == 200
    assert client.get_cookie("baoxue") is None
    with unscoped(office, "nobody tried") as session:
        assert session.scalars(select(SignInAttempt).order_by(SignInAttempt.at)).all() == []
