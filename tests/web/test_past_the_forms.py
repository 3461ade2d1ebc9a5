"""What is sent by address or with a field that no form has is answered with a sentence, never with an error."""

import io
from types import SimpleNamespace
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import Engine, select

from admin_app.access.scope import unscoped
from models.account import Account, Grant
from models.attachment import Attachment
from models.code_item import CodeItem
from models.region import Region
from models.school import School
from tests.web.staff import JPEG, Person, everything_in, hire_staff, 城区

OUTSIDE = "990101100000"


@pytest.fixture
def staff(app: Flask, district: SimpleNamespace) -> Engine:
    engine: Engine = app.extensions["baoxue"].engine
    hire_staff(engine)
    return engine


def first(engine: Engine, column: Any, *conditions: Any) -> Any:
    with unscoped(engine, "what stands") as session:
        return session.scalars(select(column).where(*conditions).order_by(column.desc())).first()


@pytest.mark.parametrize(("ledger", "place", "model"), [("region", "code", Region), ("school", "region_code", School)])
def test_an_empty_form_for_elsewhere_is_refused_with_a_sentence(
        app: Flask, staff: Engine, owner: Engine, ledger: str, place: str, model: Any) -> None:
    director, before = Person(app, "周主任"), everything_in(owner)
    code = OUTSIDE if ledger == "school" else "990102400999"
    page = director.send(f"/admin/{ledger}/new/", {place: code})
    assert page.status in (400, 403), page.text
    assert "管辖范围" in page.text
    assert everything_in(owner) == before

    good = {"region": {"code": "990101400099", "name": "新村村委会", "level": "村"},
            "school": {"region_code": 城区, "name": "新办小学", "kind": "211"}}[ledger]
    page = director.send(f"/admin/{ledger}/new/", good)
    assert page.status == 302, page.text
    assert first(staff, model.name, model.name == good["name"]), "the control"


def test_a_paper_that_no_form_asks_for_is_let_go_of(app: Flask, staff: Engine, district: SimpleNamespace) -> None:
    director, officer = Person(app, "周主任"), Person(app, "康干部")
    page = director.send("/admin/code_item/new/", {
        "code_table": "special_group", "code": "zz", "label": "试用类别", "position": "9",
        "evidence": (io.BytesIO(JPEG), "证明.jpg")})
    assert page.status == 302, page.text
    assert first(staff, CodeItem.id, CodeItem.label == "试用类别")
    before = first(staff, Attachment.id)

    form = officer.get(f"/admin/special_group_flag/new/?student_id={district.李明.id}").form("保存").fields
    page = officer.send(f"/admin/special_group_flag/new/?student_id={district.李明.id}", {
        **form, "kind": "72", "evidence": (io.BytesIO(JPEG), "证明.jpg")})
    assert page.status == 302, page.text
    paper = first(staff, Attachment.id)
    assert paper != before and first(staff, Attachment.owner_table, Attachment.id == paper) == "special_group_flag", "the control"


def test_no_paper_is_hung_on_rights(app: Flask, staff: Engine, owner: Engine, district: SimpleNamespace) -> None:
    director, before = Person(app, "周主任"), everything_in(owner)
    officer = first(staff, Account.id, Account.username == "康干部")
    grant = first(staff, Grant.id, Grant.account_id == officer)
    for table, key in (("account", officer), ("grant", grant)):
        assert director.send(f"/attachments/{table}/{key}", {"file": (io.BytesIO(JPEG), "证明.jpg")}).status == 404, table
    assert everything_in(owner) == before
    page = director.send(f"/attachments/student/{district.李明.id}", {"file": (io.BytesIO(JPEG), "证明.jpg")})
    assert page.status == 302, "the control"


@pytest.mark.parametrize("ledger", ["region", "village", "school", "household"])
def test_a_very_long_word_is_looked_up_like_any_other(app: Flask, staff: Engine, ledger: str) -> None:
    director = Person(app, "周主任")
    page = director.get(f"/admin/{ledger}/lookup/?q={'康' * 50_001}")
    assert (page.status, page.bytes.strip()) == (200, b"[]")
    assert b"990101400001" in director.get("/admin/village/lookup/?q=康宁").bytes, "the control"


def test_what_cannot_be_seen_is_not_kept_in_a_note(app: Flask, staff: Engine, owner: Engine, district: SimpleNamespace) -> None:
    officer, before = Person(app, "康干部"), everything_in(owner)
    form = officer.open(f"/admin/student/edit/?id={district.李明.id}").form("保存")
    refused = officer.send(officer.page.address, {**form.fields, "note": "家访\x02过"})
    assert (refused.status, "看不见的控制字符" in refused.text) == (400, True)
    assert everything_in(owner) == before
    assert officer.send(f"/admin/student/edit/?id={district.李明.id}", {**form.fields, "note": "家访\n过"}).status == 302


def test_a_number_that_was_searched_for_is_not_kept_in_a_view(
        app: Flask, staff: Engine, owner: Engine, district: SimpleNamespace) -> None:
    officer, number = Person(app, "康干部"), district.李明.identity_number
    officer.send("/views/student", {"name": "李家的", "query": f"search={number}&size=50"})
    kept = repr(everything_in(owner)["saved_view"])
    assert "李家的" in kept and "size=50" in kept, "the control"
    assert number not in kept
