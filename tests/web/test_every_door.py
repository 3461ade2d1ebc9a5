"""Every endpoint × every role × a row inside and a row outside: taken from `app.url_map`, so that an
endpoint added tomorrow is tried too.

Outside one's area there is nothing (404); what the role may not do is refused with the reason (403);
nobody signed in is sent to the sign-in page. Nothing is written by any refusal, and no answer carries a
byte of the children outside. The control: the same people do what is theirs.
"""

import io
import re
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from flask import Flask
from sqlalchemy import Engine

from admin_app import create_app
from admin_app.access.permissions import Permission, Role, permits
from admin_app.text import role_label
from admin_app.web.gate import ENDPOINTS, VIEW_ENDPOINTS, Asks
from tests.desk import Page
from tests.web.staff import (
    JPEG, STAFF, Person, Village, everything_in, hire_staff, opened, settle, 东山村, 城区, 康宁, 牧童,
)

ROLES = [*Role, None]
WITH_ID = {"details_view", "edit_view", "move", "reveal", "why"}
# What belongs to one account alone: to everybody else it does not exist, inside their area or outside.
PRIVATE = {"batches.fill_in", "batches.preview", "batches.confirm", "batches.refused", "tasks.task", "tasks.state",
           "tasks.file", "saved_views.delete"}
OWN = {  # what one does with oneself: tried in test_sign_in.py
    "session.sign_in", "session.sign_out", "session.change_password", "session.end_other_sessions"}


def by_role(role: Role | None) -> str:
    return role.value if role else "nobody"


@pytest.fixture
def villages(app: Flask, district: SimpleNamespace) -> SimpleNamespace:
    hire_staff(app.extensions["baoxue"].engine)
    return SimpleNamespace(康宁=settle(app, 康宁, district.李明), 牧童=settle(app, 牧童, district.王芳),
                           东山=settle(app, 东山村, district.赵强), school=district.school_id)


# --- which doors there are --------------------------------------------------------------------------


class Door:
    """One endpoint with one method, and how its address is written for the rows of a village."""

    def __init__(self, app: Flask, rule: Any, method: str) -> None:
        self.endpoint, self.method, self.rule = rule.endpoint, method, rule
        blueprint, _, self.act = rule.endpoint.partition(".")
        self.view = next((v for v in app.extensions["baoxue_views"] if v.endpoint == blueprint), None)
        self._to = app.url_map.bind("localhost")

    @property
    def asks(self) -> Any:
        return ENDPOINTS.get(self.endpoint) or VIEW_ENDPOINTS.get(self.endpoint)

    @property
    def names_a_row(self) -> bool:
        """Whether the address names a row that lies somewhere."""
        if self.view is not None:
            return self.act in WITH_ID and self.table in self.a_village.rows
        return bool(self.rule.arguments) and self.endpoint != "session.end_session" \
            and not self.rule.arguments <= {"sheet", "filename", "table"} and self.endpoint not in PRIVATE

    @property
    def table(self) -> str:
        assert self.view is not None
        return str(self.view.model.__tablename__)

    a_village: Village

    def address(self, village: Village) -> str:
        rows = village.rows
        if self.view is not None:
            query: dict[str, Any] = {}
            if self.act in WITH_ID:
                query["id"] = rows.get(self.table, rows["place"] if self.table == "region" else 1)
            if self.act == "move" and self.view.model.__moves__:
                query["verb"] = self.view.model.__moves__.moves[0].verb
            return str(self._to.build(self.endpoint)) + (f"?{urlencode(query)}" if query else "")
        blueprint = self.endpoint.partition(".")[0]
        row = {"imports": rows["import_run"], "ledger": village.change, "families": rows["household"],
               "accounts": rows["grant" if self.act == "end_grant" else "account"],
               "attachments": rows["attachment" if self.act in {"download", "void"} else "student"], "session": 999,
               "batches": rows["batch_run"], "tasks": rows["task"], "saved_views": rows["saved_view"]}
        known = {"id": row.get(blueprint), "place": rows["place"], "row": village.change_row, "table": "student", "sheet": "roster",
                 "filename": "app.css", "which": "refused"}
        values = {name: known[name] for name in self.rule.arguments}
        assert None not in values.values(), f"{self.endpoint}: how is its address written?"
        return str(self._to.build(self.endpoint, values))

    def may(self, role: Role) -> bool:
        return not isinstance(self.asks, Permission) or permits(role, self.asks)

    def sees(self, role: Role) -> bool:
        """Whether the role may see this ledger at all: then a row outside does not exist for it."""
        if self.view is None:
            return self.may(role)
        return permits(role, Permission(f"{self.view.model.__area__}.view"))

    def exists(self) -> bool:
        """A view may have no page for adding or changing."""
        return self.view is None or not ((self.act == "create_view" and not self.view.can_add)
                                         or (self.act == "edit_view" and not self.view.can_change))

    def __str__(self) -> str:
        return f"{self.method} {self.endpoint}"


def doors(app: Flask, village: Village) -> Iterator[Door]:
    for rule in app.url_map.iter_rules():
        for method in sorted(rule.methods - {"HEAD", "OPTIONS"}):
            door = Door(app, rule, method)
            door.a_village = village
            if door.endpoint not in OWN:
                yield door


def knock(person: Person, door: Door, village: Village) -> SimpleNamespace:
    """What came back, not taken apart: there are many doors."""
    data = {"reason": "试一试这扇门", "csrf_token": person.good_token} if door.method == "POST" else None
    came = person.browser.open(door.address(village), method=door.method, data=data, buffered=True)
    return SimpleNamespace(status=came.status_code, headers=came.headers, bytes=came.get_data(),
                           location=came.headers.get("Location"), text=came.get_data().decode(errors="replace"))


def expected_refusal(door: Door, role: Role | None, outside: bool) -> int | None:
    """The status with which a door is closed; None where it is open."""
    if door.asks is None:
        return 404
    if door.asks is Asks.OPEN:
        return None
    if role is None:
        return 302
    if outside and door.names_a_row and door.sees(role):
        return 404
    if door.endpoint in PRIVATE:
        return 404
    if not door.may(role):
        return 403
    return None if door.exists() else 404


# --- the tests --------------------------------------------------------------------------------------


@pytest.mark.parametrize("role", ROLES, ids=by_role)
def test_nobody_gets_in_where_it_is_not_theirs(
        app: Flask, villages: SimpleNamespace, owner: Engine, role: Role | None) -> None:
    outside: Village = villages.牧童 if role is Role.VILLAGE_OFFICER else villages.东山
    person = Person(app, STAFF[role][0] if role else "")
    before, wrong, refused = everything_in(owner), [], 0
    for door in doors(app, outside):
        for village in (villages.康宁, outside):
            expected = expected_refusal(door, role, village is outside)
            if expected is None or (village is not outside and (not door.names_a_row or door.method != "GET")):
                continue
            page = knock(person, door, village)
            refused += 1
            if page.status != expected:
                wrong.append(f"{door} {village.code}: {page.status} instead of {expected}")
            elif expected == 302 and not page.location.startswith("/login"):
                wrong.append(f"{door}: sent to {page.location}")
            elif expected == 403 and (role_label(role or "") not in page.text or "不能" not in page.text):
                wrong.append(f"{door}: no reason: {page.text[:200]}")
            wrong += [f"{door}: tells {word.decode()}" for word in outside.words if word in opened(page)]
    assert wrong == []
    assert refused > 60
    assert everything_in(owner) == before


@pytest.mark.parametrize("role", list(Role), ids=by_role)
def test_everybody_gets_in_where_it_is_theirs_and_reads_nothing_of_the_next_village(
        app: Flask, villages: SimpleNamespace, owner: Engine, role: Role) -> None:
    outside: Village = villages.牧童 if role is Role.VILLAGE_OFFICER else villages.东山
    person = Person(app, STAFF[role][0])
    before, wrong, entered = everything_in(owner), [], set()
    for door in doors(app, outside):
        if door.method != "GET" or expected_refusal(door, role, False) is not None:
            continue
        if door.endpoint.startswith("imports.") and "id" in door.rule.arguments and STAFF[role][1] != 康宁:
            continue  # an import is its unit's own: 康宁's is the officer's alone
        page = knock(person, door, villages.康宁)
        entered.add(door.endpoint)
        if page.status not in _welcome(door, villages.康宁):
            wrong.append(f"{door}: {page.status} {page.text[:150]}")
        wrong += [f"{door}: tells {word.decode()}" for word in outside.words if word in opened(page)]
    assert wrong == []
    assert everything_in(owner) == before
    assert {"admin.index", "region.details_view"} <= entered
    assert ("student.details_view" in entered) == permits(role, Permission.FAMILY_VIEW)


def _welcome(door: Door, village: Village) -> set[int]:
    if door.act == "move":
        # The first verb may not lead out of the state the row is in; a ledger without states has no verb.
        return {200, 403} if door.view is not None and door.view.model.__moves__ else {404}
    if door.act == "reveal":
        return {200, 404}  # there may be nothing that is masked
    if door.endpoint in {"code_item.create_view", "code_item.edit_view", "setting.edit_view"}:
        return {403}  # of all units, and an administrator sits in each of two
    if door.endpoint in {"imports.preview", "imports.result"}:
        return {200, 302}  # each leads to the other, by the state of the import
    return {200}


def test_the_controls_have_something_to_find(app: Flask, villages: SimpleNamespace) -> None:
    for name, village in (("康干部", villages.康宁), ("周主任", villages.牧童)):
        person = Person(app, name)
        said = opened(person.get("/admin/student/")) + opened(person.send("/admin/household/export/", {"grade": "working"}))
        said += opened(person.get("/changes/")) if name == "周主任" else b""
        said += opened(person.get(f"/admin/household/details/?id={village.rows['household']}"))
        found = [word.decode() for word in village.words if word in said]
        assert len(found) >= 2, found


def test_every_endpoint_has_its_place_on_the_map(app: Flask) -> None:
    there = {rule.endpoint for rule in app.url_map.iter_rules()}
    on_the_map = set(ENDPOINTS) | set(VIEW_ENDPOINTS)
    closed_by_no_act = {f"{view.endpoint}.{act}" for view in app.extensions["baoxue_views"]
                        for act in ("move", "reveal", "export", "create_view") if view._permission(
                            {"create_view": "create"}.get(act, act)) is None}

    assert on_the_map - there == set()
    assert there - on_the_map == closed_by_no_act | {"admin.static"}


def test_an_endpoint_that_the_map_does_not_name_is_closed(app: Flask, villages: SimpleNamespace) -> None:
    """The same for everybody: signed in as the administrator, or as nobody."""
    person = Person(app, "周主任")
    for address in ("/static/admin/../app.css", "/static/admin/admin/js/actions.js", "/admin/setting/export/",
                    "/admin/grant/move/?id=1&verb=end"):
        assert person.get(address).status == 404, address
    assert Person(app).get("/static/admin/admin/js/actions.js").status == 404
    assert person.get("/static/app.css").status == 200


@pytest.mark.parametrize("store_url", ["sqlite"], indirect=True)
def test_an_endpoint_added_tomorrow_is_closed_until_it_is_named(
        app: Flask, villages: SimpleNamespace, monkeypatch: pytest.MonkeyPatch) -> None:
    plant = app.extensions["baoxue"]
    tomorrow = create_app(plant.deployment)
    tomorrow.add_url_rule("/tomorrow", "tomorrow", lambda: "来自明天", methods=["GET", "POST"])
    person, nobody = Person(tomorrow, "周主任"), Person(tomorrow)

    for page in (person.get("/tomorrow"), person.send("/tomorrow"), nobody.get("/tomorrow")):
        assert page.status == 404
        assert "明天" not in page.text

    monkeypatch.setitem(ENDPOINTS, "tomorrow", Asks.SIGNED_IN)
    assert person.get("/tomorrow").text == "来自明天"
    assert nobody.get("/tomorrow").status == 302
    tomorrow.extensions["baoxue"].engine.dispose()


# --- forged addresses -------------------------------------------------------------------------------

NONSENSE = ("", "1,2", "0", "-1", "01x", "9" * 30, "9" * 19, "٣", "²", "1e3", "1 OR 1=1", "null")


def test_an_address_that_means_nothing_finds_nothing(app: Flask, villages: SimpleNamespace) -> None:
    person, wrong = Person(app, "周主任"), []
    inside = villages.康宁.rows["student"]
    for act in ("details", "edit", "why", "move", "reveal"):
        for id in (*NONSENSE, f"{inside},{villages.东山.rows['student']}"):
            page = person.get(f"/admin/student/{act}/?id={quote(id)}&verb=enrol")
            if page.status != 404:
                wrong.append((act, id, page.status))
    assert wrong == []
    assert person.get(f"/admin/student/details/?id={inside}").status == 200


def test_two_ids_in_one_address_do_not_let_the_second_through(app: Flask, villages: SimpleNamespace) -> None:
    person = Person(app, "康干部")
    mine, theirs = villages.康宁.rows["student"], villages.牧童.rows["student"]

    page = person.get(f"/admin/student/details/?id={mine}&id={theirs}")

    assert (page.status, "李明" in page.text, "王芳" in page.text) == (200, True, False)
    assert person.get(f"/admin/student/details/?id={theirs}&id={mine}").status == 404


def test_numbers_in_paths_that_no_store_holds_find_nothing(app: Flask, villages: SimpleNamespace) -> None:
    person, wrong = Person(app, "周主任"), []
    for number in ("0", "9" * 18, "9" * 19, "9" * 30):
        for method, address in (
            ("GET", "/changes/{}"), ("POST", "/changes/{}/undo"), ("POST", f"/changes/{villages.康宁.change}/rows/{{}}/revert"),
            ("GET", "/attachments/{}"), ("POST", "/attachments/student/{}"), ("POST", "/accounts/{}/disable"),
            ("POST", "/accounts/grants/{}/end"), ("GET", "/families/{}/hand-over"), ("GET", "/families/villages/{}/hand-over"), ("GET", "/import/run/{}"),
        ):
            to = address.format(number)
            page = person.get(to) if method == "GET" else person.send(to)
            if page.status != 404:
                wrong.append((method, to, page.status))
    assert wrong == []


def test_arguments_of_a_list_that_mean_nothing_are_passed_over(
        app: Flask, villages: SimpleNamespace) -> None:
    person, wrong = Person(app, "康干部"), []
    for query in ("page=-1", "page=0", "page=" + "9" * 30, "page=²", "size=99999999", "sort=password_hash",
                  "sort=identity_index", "desc=2", "region=1407", "household_id=" + "9" * 30,
                  "household_id=x", "search=%25", "search=_",
                  "search=" + "字" * 5000, "endpoint=x", "_method=POST", "export_type=x", "self=1", "school_id=²"):
        for place in ("", "export/"):
            page = person.get(f"/admin/student/{place}?{query}")
            if page.status != 200:
                wrong.append((place, query, page.status))
    for query in ("page=²", "page=" + "9" * 30, "pk=" + "9" * 30, "pk=²", "since=x"):
        page = person.get(f"/changes/?{query}")
        if page.status != 200:
            wrong.append(("changes", query, page.status))
    for query in ("tab=x", "page=²", "page=" + "9" * 30):
        page = person.get(f"/import/run/{villages.康宁.rows['import_run']}?{query}")
        if page.status != 200:
            wrong.append(("import", query, page.status))
    assert wrong == []


def test_a_nul_is_refused_before_anything_reads_it(app: Flask, villages: SimpleNamespace) -> None:
    """PostgreSQL stores none: it would be an error of the system, not of the person."""
    person, id = Person(app, "康干部"), villages.康宁.rows["student"]
    for address in ("/admin/student/?search=%00", f"/admin/student/details/?id={id}%00", "/changes/?table=%00&who=x",
                    "/admin/student/?schooling_state=enrolled&schooling_state=%00"):
        assert (person.get(address).status, "无法保存的字符" in person.page.text) == (400, True), address
    assert Person(app).send("/login", {"username": "康\0", "password": "x"}).status == 400
    assert person.get(f"/admin/student/details/?id={id}").status == 200


# --- oracles ----------------------------------------------------------------------------------------


def test_no_filter_sort_or_search_tells_of_a_child_outside(
        app: Flask, villages: SimpleNamespace, district: SimpleNamespace) -> None:
    """A question about 王芳 is answered as one about a child that does not exist."""
    person, away = Person(app, "康干部"), villages.牧童
    wang = district.王芳
    asked = [
        ("student/", {"search": "王芳"}, {"search": "孙某"}),
        ("student/", {"search": "wangfang"}, {"search": "sunmou"}),
        ("student/", {"search": wang.identity_number}, {"search": "990101201603099999"}),
        ("student/", {"search": wang.identity_number[-6:]}, {"search": "999999"}),
        ("student/", {"household_id": wang.household_id}, {"household_id": 987654}),
        ("student/", {"region": 牧童}, {"region": "990101400009"}),
        ("household/", {"search": "王建国"}, {"search": "孙某某"}),
        ("guardian/", {"search": "王建国"}, {"search": "孙某某"}),
        ("special_group_flag/", {"search": "王芳"}, {"search": "孙某"}),
        ("responsibility_letter/", {"search": "王建国"}, {"search": "孙某某"}),
        ("post/", {"search": f"其{牧童}"}, {"search": "其990101400009"}),
    ]
    for path, of_wang, of_nobody in asked:
        for place in ("", "lookup/", "export/"):
            ask = {"q": v for v in of_wang.values()} if place == "lookup/" else of_wang
            control = {"q": v for v in of_nobody.values()} if place == "lookup/" else of_nobody
            one = person.get(f"/admin/{path}{place}?{urlencode(ask)}")
            other = person.get(f"/admin/{path}{place}?{urlencode(control)}")
            assert one.status == other.status == 200
            if place == "":
                count = [re.search(r"共 ([\d,]+\+?) 条", p.text) for p in (one, other)]
                assert count[0] and count[1] and count[0][1] == count[1][1], (path, ask)
            if place == "lookup/":
                assert one.bytes == other.bytes, (path, ask)
            said = opened(one)
            typed = {str(v).encode() for v in ask.values()}
            told = [w for w in away.words if w in said and not any(w in t or t in w for t in typed)]
            assert told == [], (path, place, ask)


def test_what_is_asked_about_a_child_inside_is_answered(
        app: Flask, villages: SimpleNamespace, district: SimpleNamespace) -> None:
    """The control of the oracles."""
    person, li = Person(app, "康干部"), district.李明
    for word in ("李明", "liming", "lm", li.identity_number, li.identity_number[-6:]):
        found = person.get(f"/admin/student/?{urlencode({'search': word})}")
        assert "共 1 条" in found.text, word
        assert person.get(f"/admin/student/lookup/?{urlencode({'q': word})}").bytes.count(b'"id"') == 1, word
    assert "共 1 条" in person.get(f"/admin/student/?household_id={li.household_id}").text


@pytest.mark.parametrize("name", ["督导员"])
def test_the_inspector_does_not_search_by_identity_number(
        app: Flask, villages: SimpleNamespace, district: SimpleNamespace, name: str) -> None:
    """The number is masked for them, so it is no key either."""
    person, li = Person(app, name), district.李明
    for word in (li.identity_number, li.identity_number[-6:]):
        assert "共 0 条" in person.get(f"/admin/student/?{urlencode({'search': word})}").text
        assert person.get(f"/admin/student/lookup/?{urlencode({'q': word})}").bytes.strip() == b"[]"
    assert "共 1 条" in person.get(f"/admin/student/?{urlencode({'search': '李明'})}").text


def test_the_inspector_does_not_sort_by_a_masked_birth_date(
        app: Flask, villages: SimpleNamespace, district: SimpleNamespace) -> None:
    """The day is masked: the order of the days would tell it."""
    person = Person(app, "督导员")
    up, down = (person.get(f"/admin/student/?sort=birth_date&desc={n}").table("姓名") for n in (0, 1))
    assert [row["姓名"] for row in up] == [row["姓名"] for row in down]
    officer = Person(app, "周主任")
    up, down = (officer.get(f"/admin/student/?sort=birth_date&desc={n}").table("姓名") for n in (0, 1))
    assert [row["姓名"] for row in up] == [row["姓名"] for row in reversed(down)]


# --- forged forms -----------------------------------------------------------------------------------


def form_of(person: Person, address: str) -> dict[str, str]:
    page = person.get(address)
    assert page.status == 200, page.text
    return {k: v for k, v in page.form("保存").fields.items() if not k.startswith("_")}


def test_no_forged_field_moves_a_child_out_or_points_outside(
        app: Flask, villages: SimpleNamespace, owner: Engine, district: SimpleNamespace) -> None:
    """Fields that the form does not have are not looked at; those that it has must point inside."""
    person, li, wang = Person(app, "康干部"), district.李明, district.王芳
    address = f"/admin/student/edit/?id={li.id}"
    form = form_of(person, address)
    before = everything_in(owner)
    refused = person.send(address, {**form, "household_id": str(wang.household_id)})
    assert refused.status == 400
    assert "不存在，或不在您的管辖范围内" in refused.text
    for values in ({"household_id": "9" * 30}, {"household_id": "x"}, {"sex": "x9"}, {"grade": "x"}):
        assert person.send(address, {**form, **values}).status == 400, values
    assert everything_in(owner) == before

    forged = {"region_code": 牧童, "id": str(wang.id), "schooling_state": "graduated", "identity_index": "0",
              "name_pinyin": "x", "identity_tail": "0"}
    saved = person.send(address, {**form, **forged, "class_name": "三班"})

    assert saved.status == 302
    student = next(row for row in everything_in(owner)["student"] if row[0] == li.id)
    changed = set(student) - set(next(row for row in before["student"] if row[0] == li.id))
    assert changed == {"三班"}
    assert [r for r in everything_in(owner)["student"] if r[0] != li.id] == [
        r for r in before["student"] if r[0] != li.id]


def test_nothing_new_is_made_in_or_for_the_next_village(
        app: Flask, villages: SimpleNamespace, owner: Engine, district: SimpleNamespace) -> None:
    person, wang = Person(app, "康干部"), district.王芳
    posts: list[tuple[str, dict[str, Any]]] = [
        ("household", {"region_code": 牧童, "head_name": "新户", "register_number": "88"}),
        ("student", {"household_id": wang.household_id, "name": "新生", "birth_date": "20160301"}),
        ("guardian", {"student_id": wang.id, "name": "新人"}),
        ("special_group_flag", {"student_id": wang.id, "kind": "left_behind"}),
        ("household_hardship", {"household_id": wang.household_id, "kind": "1"}),
        ("responsibility_letter", {"region_code": 牧童, "number": "x", "level": "village_family", "school_year": "2026",
                                   "party_a": "甲", "party_b": "乙"}),
        ("responsibility_letter", {"household_id": wang.household_id, "number": "x", "level": "village_family",
                                   "school_year": "2026", "party_a": "甲", "party_b": "乙"}),
        ("post", {"region_code": 牧童, "kind": "1", "unit": "甲", "holder": "乙"}),
        ("natural_group", {"region_code": 牧童, "name": "新组"}),
    ]
    before = everything_in(owner)
    for table, values in posts:
        form = form_of(person, f"/admin/{table}/new/")
        page = person.send(f"/admin/{table}/new/", {**form, **values})
        assert page.status in {400, 404}, (table, page.status, page.text[:300])
        assert not [w for w in villages.牧童.words if w in opened(page)]
    assert everything_in(owner) == before
    for table, values in posts[:1]:
        form = form_of(person, f"/admin/{table}/new/")
        assert person.send(f"/admin/{table}/new/", {**form, **values, "region_code": 康宁}).status == 302
    assert len(everything_in(owner)["household"]) == len(before["household"]) + 1


def test_a_new_form_that_is_filled_from_the_address_takes_nothing_from_outside(
        app: Flask, villages: SimpleNamespace) -> None:
    person, away = Person(app, "康干部"), villages.牧童
    for table, key in (("student", "household_id"), ("guardian", "student_id"), ("responsibility_letter", "household_id")):
        page = person.get(f"/admin/{table}/new/?{key}={away.rows[key.removesuffix('_id')]}")
        assert page.status == 200
        assert not [w.decode() for w in away.words if w in opened(page)], table
    assert "李建国" in person.get(f"/admin/student/new/?household_id={villages.康宁.rows['household']}").bytes.decode()


def test_an_account_is_not_written_around_its_form(
        app: Flask, villages: SimpleNamespace, owner: Engine) -> None:
    """密码摘要, 登录有效起点 and 停用 are no fields; a region outside is none to give."""
    person, account = Person(app, "周主任"), villages.康宁.rows["account"]
    address = f"/admin/account/edit/?id={account}"
    form = form_of(person, address)
    before = everything_in(owner)["account"]
    forged = {"password_hash": "x", "must_change_password": "0", "sessions_from": "2020-01-01", "disabled_at": "",
              "password_changed_at": "2030-01-01"}
    person.send(address, {**form, **forged, "reason": "试一试"})
    assert everything_in(owner)["account"] == before

    assert person.send(address, {**form, "region_code": 东山村, "reason": "试一试"}).status in {400, 404}
    assert everything_in(owner)["account"] == before
    assert person.send(address, {**form, "note": "已核对", "reason": "分工调整"}).status == 302
    assert everything_in(owner)["account"] != before


def test_a_file_is_attached_only_to_a_record_inside(
        app: Flask, villages: SimpleNamespace, owner: Engine) -> None:
    person, before = Person(app, "康干部"), everything_in(owner)

    def attach(table: str, id: int) -> Page:
        return person.send(f"/attachments/{table}/{id}", {"file": (io.BytesIO(JPEG), "照片.jpg")})

    for table in ("student", "household", "guardian", "post"):
        assert attach(table, villages.牧童.rows[table]).status == 404, table
    for table in ("region", "setting", "code_item", "change", "change_row", "login_session", "nothing", "sqlite_master",
                  "import_run"):
        assert attach(table, 1).status == 404, table
    assert attach("attachment", villages.康宁.rows["attachment"]).status == 404
    assert everything_in(owner) == before

    assert attach("student", villages.康宁.rows["student"]).status == 302
    assert len(everything_in(owner)["attachment"]) == len(before["attachment"]) + 1


def test_a_family_is_handed_over_only_within_ones_own_area(
        app: Flask, villages: SimpleNamespace, owner: Engine) -> None:
    person, home = Person(app, "周主任"), villages.康宁.rows["household"]
    before = everything_in(owner)
    for code in (东山村, 城区, "0" * 12, "", "x"):
        assert person.send(f"/families/{home}/hand-over", {"region_code": code, "reason": "举家迁入"}).status == 400, code
    assert everything_in(owner) == before

    assert person.send(f"/families/{home}/hand-over", {"region_code": 牧童, "reason": "举家迁入"}).status == 302
    assert Person(app, "康干部").get(f"/admin/household/details/?id={home}").status == 404


def test_nobody_reads_an_import_of_another_unit(
        app: Flask, villages: SimpleNamespace, owner: Engine) -> None:
    """Also not the one above: the list is the unit's own."""
    before = everything_in(owner)
    for name, run in (("康干部", villages.牧童), ("周主任", villages.康宁), ("周主任", villages.东山)):
        person = Person(app, name)
        number = run.rows["import_run"]
        for place in ("", "/result", "/refused.xlsx"):
            assert person.get(f"/import/run/{number}{place}").status == 404
        for verb in ("confirm", "set-aside"):
            assert person.send(f"/import/run/{number}/{verb}", {"digest": "d"}).status == 404
    assert everything_in(owner) == before
    assert Person(app, "康干部").get(f"/import/run/{villages.康宁.rows['import_run']}/refused.xlsx").status == 200


def test_a_place_outside_is_read_by_all_and_kept_by_its_own(
        app: Flask, villages: SimpleNamespace, owner: Engine) -> None:
    person, before, rows = Person(app, "周主任"), everything_in(owner), "/admin/region/?size=100"

    def offered(page: str, number: int) -> bool:
        return any(re.match(rf"/admin/region/edit/\?id={number}\b", href) for _, href in person.get(page).links)

    ids = {row[1]: row[0] for row in before["region"]} | {row[0]: row[1] for row in before["region"]}
    codes = {value: key for key, value in ids.items() if isinstance(value, int)}
    for code in (东山村, "990101000000"):
        number = next(n for n, c in codes.items() if c == code)
        for refused in (person.get(f"/admin/region/edit/?id={number}"),
                        person.send(f"/admin/region/edit/?id={number}", {"name": "改名"})):
            assert (refused.status, "不在您的管辖范围内" in refused.text) == (403, True)
        assert (offered(f"/admin/region/details/?id={number}", number), offered(rows, number)) == (False, False)
    assert everything_in(owner) == before
    number = next(n for n, c in codes.items() if c == 康宁)
    assert (offered(f"/admin/region/details/?id={number}", number), offered(rows, number)) == (True, True)
    form = person.get(f"/admin/region/edit/?id={number}").form("保存").fields
    assert person.send(f"/admin/region/edit/?id={number}", {**form, "name": "康宁新社区"}).status == 302
