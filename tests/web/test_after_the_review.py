"""What a review of the code found: each with a person whom it would have hurt."""

import io
import zipfile
from collections.abc import Callable
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import Engine, func, select

from admin_app.access.permissions import Role
from admin_app.access.scope import ScopedSession, unscoped
from admin_app.changes import seal as seals
from admin_app.changes.ledger import recording
from admin_app.changes.undo import check_may_undo
from admin_app.errors import Refused
from admin_app.listing import Wanted, all_rows
from admin_app.services import exports, hand_over, records
from models.account import Account
from models.attachment import Attachment
from models.change import Change
from models.code_item import CodeItem
from models.household import Household
from models.region import Region
from models.school import School
from models.special_group_flag import SpecialGroupFlag
from models.student import Student
from seed import makers
from tests.conftest import actor
from tests.desk import PASSWORD, Desk, command
from tests.web.test_at_one_moment import POSTGRESQL, do, 城区, 康宁

JPEG = b"\xff\xd8\xff\xe0" + b"picture" * 10


def found(store: Engine, query: Any) -> Any:
    with unscoped(store, "what stands") as session:
        return session.scalar(query)


# --- whole identity numbers --------------------------------------------------------------------------


def test_a_file_is_not_called_by_a_whole_identity_number(store: Engine, district: SimpleNamespace, director: Desk) -> None:
    director.open(f"/admin/student/details/?id={district.李明.id}")
    number = district.李明.identity_number
    director.press("上传", file=(f"{number}李明户口页.jpg", JPEG))
    kept = found(store, select(Attachment.filename).order_by(Attachment.id.desc()).limit(1))
    assert number not in kept and "李明户口页.jpg" in kept and number[-4:] in kept
    assert number not in director.open(f"/admin/student/details/?id={district.李明.id}").text


def test_a_move_takes_no_whole_identity_number_where_a_form_takes_none(district: SimpleNamespace, director: Desk) -> None:
    address = f"/admin/student/move/?id={district.李明.id}&verb=study_elsewhere"
    director.open(address)
    said = {"study_place": f"太原市{district.李明.identity_number}", "evidence": ("证明.jpg", JPEG)}
    assert "里有完整的身份证号" in director.press("登记外地就读", 400, **said).text
    director.open(address)
    director.press("登记外地就读", **{**said, "study_place": "太原市小店区"})
    assert "外地就读" in director.page.text


# --- one state ---------------------------------------------------------------------------------------


@POSTGRESQL
def test_a_sheet_shows_one_state_of_the_register(
        store: Engine, district: SimpleNamespace, monkeypatch: pytest.MonkeyPatch) -> None:
    """李明 is handed over while the sheet is read: it has him once, and everybody else."""
    who = actor("城区主任", Role.ADMINISTRATOR, 城区)

    def away(session: ScopedSession, person: Any) -> None:
        to = session.scalars(select(Region).where(Region.code == "990101400003")).one()
        hand_over.hand_over(session, person, session.get_one(Household, district.李明.household_id), to)

    def read(session: ScopedSession, *_: Any, **__: Any) -> int:
        for number, part in enumerate(all_rows(session, Wanted(Student), ["name"], chunk=1)):
            rows.extend(row.name for row in part)
            if number == 0:
                do(store, away)
        return len(rows)

    rows: list[str] = []
    monkeypatch.setattr(exports, "list_sheet", read)
    exports.write(store, who, None, None)  # type: ignore[arg-type]  # the sheet itself is not written here
    assert sorted(rows) == ["李明", "王芳"]
    assert found(store, select(Student.region_code).where(Student.name == "李明")) == "990101400003", "the control"


def test_seals_of_before_stand_beside_those_of_now(store: Engine, district_application: Flask, district: SimpleNamespace,
                                                   monkeypatch: pytest.MonkeyPatch) -> None:
    """张𱍐, whose name Python's tables do not know yet: by them it was sealed, with another Python it is read."""
    keys = district_application.extensions["baoxue"].keys

    def register(name: str) -> None:
        do(store, lambda session, _: makers.household(session, 康宁, head_name=name))

    real: Callable[..., Any] = seals._digests
    register("张𱍐")
    with monkeypatch.context() as before:
        before.setattr(seals, "_digests", lambda session, first, last, say=repr: real(session, first, last, say))
        seals.seal(store, keys)
    register("李𱍐")
    seals.seal(store, keys)
    assert seals.verify(store, keys).whole and seals.verify(store, keys).unsealed == 0
    digests = [seals._row_digest(("张𱍐",), ascii), seals._row_digest(("张\U00031350",), ascii)]
    assert digests[0] == digests[1] and ascii("张𱍐").isascii(), "said in signs that every Python knows"


# --- code tables, divisions, names -------------------------------------------------------------------


def test_a_new_code_is_not_taken_away_under_a_record_that_has_it(store: Engine, district: SimpleNamespace) -> None:
    country = replace(actor("全国管理员", Role.ADMINISTRATOR, "0" * 12), account_id=1)

    def act(verb: str, do_it: Callable[[ScopedSession], object]) -> int:
        with ScopedSession(store, country.scope, writing=True) as session, recording(session, country, verb) as change:
            do_it(session)
            return change.id

    said = {"code_table": "special_group", "code": "199", "label": "试点群体", "position": 99}
    made = act("code_item:create", lambda session: records.create(session, country, CodeItem, said))
    act("flag", lambda session: records.create(
        session, country, SpecialGroupFlag, {"student_id": district.李明.id, "kind": "199"}))
    with ScopedSession(store, country.scope) as session, pytest.raises(Refused, match="新增的代码项不撤销"):
        check_may_undo(session, country, session.get_one(Change, made))
    assert found(store, select(func.count()).where(CodeItem.code == "199")) == 1


@pytest.mark.parametrize("code", ["990101400０９９", "990101400٠٩٩"])
def test_a_division_has_digits_that_its_list_finds(store: Engine, district: SimpleNamespace, director: Desk, code: str) -> None:
    director.open("/admin/region/new/")
    director.press("保存", 400, code=code, name="新村", level="村")
    assert found(store, select(func.count()).where(Region.name == "新村")) == 0
    director.press("保存", code="990101400099", name="新村", level="村")
    assert found(store, select(func.count()).where(Region.name == "新村")) == 1, "the control"


def test_a_school_is_found_by_its_name_as_it_is_written(store: Engine, district: SimpleNamespace, director: Desk) -> None:
    with unscoped(store, "a school", writing=True) as session, recording(session, actor("测", Role.ADMINISTRATOR, 城区), "试"):
        session.add(School(name="示范第一小学（东校区）", kind="211", region_code=城区))
    for search in ("示范第一小学（东校区）", "（东校区）", "东校区"):
        assert [row["学校名称"] for row in director.open(f"/admin/school/?search={search}").table("学校名称")] == [
            "示范第一小学（东校区）"], search
    assert not director.open("/admin/school/?search=（西校区）").table("学校名称")


def test_names_of_accounts_that_differ_by_their_capitals_are_one(
        store: Engine, district: SimpleNamespace, director: Desk) -> None:
    for other in ("Zhang1", "ｚｈａｎｇ1"):
        director.open("/accounts/load")
        listing = f"用户名,姓名,角色,区划\nzhang1,张三,村干部,康宁社区\n{other},李四,村干部,牧童社区\n".encode()
        assert "重复（不分大小写和全角半角）" in director.press("上传并建立", 400, file=("名单.csv", listing)).text
    assert found(store, select(func.count()).where(func.lower(Account.username) == "zhang1")) == 0


def test_an_account_named_in_other_capitals_signs_in(district_application: Flask, director: Desk) -> None:
    director.open("/accounts/load")
    director.press("上传并建立", file=("名单.csv", "用户名,姓名,角色,区划\nЖанна,张三,村干部,康宁社区\n".encode()))
    first = director.page.table("初始密码")[0]["初始密码"]
    Desk(district_application).sign_in("Жанна", first, new_password=f"{PASSWORD}再来")


# --- what is refused is not stored -------------------------------------------------------------------


def test_the_paper_of_a_refused_move_is_not_stored(district_application: Flask, district: SimpleNamespace, director: Desk) -> None:
    def stored() -> int:
        folder = district_application.extensions["baoxue"].deployment.data_dir / "attachments"
        return sum(path.is_file() for path in folder.rglob("*"))

    before, address = stored(), f"/admin/student/move/?id={district.李明.id}&verb=study_elsewhere"
    director.open(address)
    director.press("登记外地就读", 400, study_place="太" * 5000, evidence=("证明.jpg", JPEG))
    assert stored() == before
    director.open(address)
    director.press("登记外地就读", study_place="太原市", evidence=("证明.jpg", JPEG))
    assert stored() == before + 1, "the control"


def test_a_backup_does_not_touch_what_lies_beside_it(district_application: Flask, district: Any, tmp_path: Any) -> None:
    beside = tmp_path / "备份.partial"
    beside.write_text("somebody's own")
    command(district_application, "backup", tmp_path / "备份.zip")
    assert beside.read_text() == "somebody's own" and zipfile.is_zipfile(io.BytesIO((tmp_path / "备份.zip").read_bytes()))
    assert sorted(path.name for path in tmp_path.glob("备份*")) == ["备份.partial", "备份.zip"]
