"""Hostile text in every field of every ledger, and nonsense in every argument: never an error of the system,
never run, never half-saved."""

import io
import unicodedata
from datetime import date
from types import SimpleNamespace
from urllib.parse import quote

import openpyxl
import pytest
from flask import Flask
from sqlalchemy import Boolean, Date, Integer, select

from admin_app.access.scope import unscoped
from models.base import BigKey, declared, table_of
from models.code_item import CodeItem
from models.kinds import SealedText
from tests.web.staff import Person, hire_staff, settle, 城区, 康宁, 牧童

HOSTILE = {
    "script": "<script>alert(1)</script>", "attribute": "\"' onmouseover=alert(1) x=", "formula": "=cmd|'/c calc'!A1",
    "template": "{{7770007*7}}{% raw %}", "sql": "'; DROP TABLE student; --", "four bytes": "𠮷𡈽😀", "right to left": "名\u202e字",
    "joined": "字\u200d\ufeff名", "percent": "%s %d %(x)s \\u0000 \\", "ten thousand": "长" * 10_000,
}


@pytest.fixture
def villages(app: Flask, district: SimpleNamespace) -> SimpleNamespace:
    hire_staff(app.extensions["baoxue"].engine)
    return SimpleNamespace(康宁=settle(app, 康宁, district.李明), 牧童=settle(app, 牧童, district.王芳))


def typed(session, view, rows, text):
    """What a form of this ledger is sent: the hostile text wherever text may be typed."""
    values = {}
    for name in view.form_columns_of():
        column, field = table_of(view.model).c[name], declared(view.model, name)
        if name == "region_code":
            values[name] = 康宁 if view.model.__wall__.value != "reference" else 城区
        elif name.endswith("_id"):
            values[name] = rows.get(name.removesuffix("_id"), "")
        elif field.codes:
            values[name] = session.scalars(select(CodeItem.code).where(CodeItem.code_table == field.codes)).first() or ""
        elif isinstance(column.type, Date):
            values[name] = date(2026, 9, 1).isoformat()
        elif isinstance(column.type, Boolean):
            values[name] = "1"
        elif isinstance(column.type, Integer | type(BigKey)):
            values[name] = "2026"
        else:
            values[name] = "" if isinstance(column.type, SealedText) else text
    return values


@pytest.mark.parametrize("text", list(HOSTILE.values()), ids=list(HOSTILE))
def test_whatever_is_typed_is_saved_as_text_or_refused_with_a_sentence(app, villages, text):
    person, saved = Person(app, "周主任"), []
    engine = app.extensions["baoxue"].engine
    for view in app.extensions["baoxue_views"]:
        if not view.can_add or view.endpoint in {"account", "grant", "region"}:
            continue
        with unscoped(engine, "the codes") as session:
            values = typed(session, view, villages.康宁.rows, text)
        page = person.send(f"/admin/{view.endpoint}/new/", values)
        assert page.status in (302, 400), (view.endpoint, page.status, page.text[:300])
        assert b"<script>alert(1)" not in page.bytes
        if page.status == 400:
            assert "需要改正" in page.text or "请" in page.text, (view.endpoint, page.text[:300])
            continue
        saved.append(view.endpoint)
        details = person.get(page.location)
        for address in (page.location, page.location.replace("details", "edit"), f"/admin/{view.endpoint}/"):
            shown = person.get(address)
            assert shown.status == 200, (address, shown.status)
            assert b"<script>alert(1)" not in shown.bytes, address
        assert "54390049" not in details.text or text != HOSTILE["template"]
    if len(text) < 2000:
        assert len(saved) > 3, saved


@pytest.mark.parametrize("text", list(HOSTILE.values()), ids=list(HOSTILE))
def test_whatever_is_typed_stays_text_in_a_workbook(app, villages, text):
    person = Person(app, "周主任")
    sent = person.send("/admin/student/new/", {
        "household_id": villages.康宁.rows["household"], "name": text[:50], "identity_kind": "Z", "birth_date": "20160101",
        "sex": "1", "current_address": text[:200], "note": text[:500]})
    if sent.status == 400:
        return  # a control mark is refused where it is typed: the test above
    page = person.send("/admin/student/export/?cols=name,current_address,note", {"grade": "working"})
    sheet = openpyxl.load_workbook(io.BytesIO(page.bytes)).active
    cells = [cell for row in sheet.iter_rows() for cell in row if cell.value is not None]
    assert [c.coordinate for c in cells if c.data_type == "f" or c.hyperlink] == []
    seen = "".join(c for c in text if unicodedata.category(c) != "Cf")  # what turns or joins, and nobody sees, is gone
    assert any(isinstance(c.value, str) and c.value.strip() and c.value in seen for c in cells if c.row > 3)


def test_nonsense_in_the_addresses_of_the_desk_is_never_an_error_of_the_system(app, villages):
    person, wrong = Person(app, "周主任"), []
    nonsense = ("-1", "0", "1,2", "²", "9" * 30, "x", "", "%25", "%E5%AD%97" * 200)
    for value in nonsense:
        for address in (f"/admin/student/?at={value}", f"/admin/student/?cols={value}", f"/admin/student/?col={value}&col=x",
                        f"/admin/student/?checked_on_before={value}", f"/admin/student/export/?grade={value}&cols={value}",
                        f"/admin/student/details/?id={villages.康宁.rows['student']}&at={value}&sort={value}",
                        f"/import/roster?refused={value}", f"/batches/{value}", f"/tasks/{value}", f"/tasks/{value}/state"):
            page = person.get(address)
            if page.status >= 500:
                wrong.append((address, page.status))
        for address, sent in (
            ("/admin/student/export/", {"grade": value}), ("/admin/student/export/", {"range": "ticked", "pk": value}),
            ("/admin/student/export/", {"grade": "full", "reason": value}), ("/batches/new/student", {"verb": value}),
            ("/batches/new/student", {"verb": "enrol", "range": "ticked", "pk": [value, value]}),
            (f"/batches/new/{value or 'x'}", {"verb": "enrol"}), (f"/views/{value or 'x'}", {"name": "甲", "query": value}),
            ("/views/student", {"name": value, "query": value, "role": value}), (f"/views/{value or 'x'}/delete", {}),
        ):
            page = person.send(address, sent)
            if page.status >= 500:
                wrong.append((address, sent, page.status))
    assert wrong == []


def test_a_form_that_is_filled_in_from_its_address_takes_nonsense_for_nothing(app, villages):
    person, asked = Person(app, "周主任"), 0
    for view in app.extensions["baoxue_views"]:
        for name in view.form_columns_of() if view.can_add else ():
            for value in ("abc", "1,2", "-1", "9" * 20, "😀", "'"):
                page = person.get(f"/admin/{view.endpoint}/new/?{name}={quote(value)}")
                assert page.status in (200, 403, 404), (view.endpoint, name, value, page.status)
                asked += page.status == 200
    assert asked > 100
    home = villages.康宁.rows["household"]
    assert person.get(f"/admin/student/new/?household_id={home}").form("保存").fields["household_id"] == str(home)


def test_a_batch_of_every_move_of_every_ledger_says_a_sentence(app, villages):
    """Every verb over every row with nothing filled in: refused in words or previewed, never an error."""
    person, tried, unfit = Person(app, "周主任"), 0, 0
    for view in app.extensions["baoxue_views"]:
        for move in view.model.__moves__.moves if view.model.__moves__ else ():
            page = person.send(f"/batches/new/{view.endpoint}", {"verb": move.verb, "range": "all"})
            assert page.status in (302, 400, 403), (view.endpoint, move.verb, page.text[:200])
            if page.status == 400:
                assert f"的状态都不能“{move.label}”" in page.text, (view.endpoint, move.verb, page.text[:200])
                unfit += 1
            if page.status == 302:
                form = person.get(page.location)
                assert (form.status, move.label in form.text) == (200, True)
                tried += 1
                assert person.send(page.location, {}).status in (302, 400)
    assert (tried + unfit > 25, tried > 8) == (True, True), (tried, unfit)
