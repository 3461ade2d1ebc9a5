"""Nobody waits for another's list to be checked, what is confirmed is what was previewed all the same, and previews
that nobody confirms do not stay for ever."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from flask import Flask

from admin_app.access.scope import unscoped
from admin_app.exchange import import_runs, importer
from admin_app.exchange.sheets.roster import ROSTER
from admin_app.web import import_pages
from seed.makers import make_identity_number
from tests.desk import PASSWORD, Desk, roster
from tests.exchange.test_import_bad_input import confirm_good_list, 孙乐, 孙悦

Look = Callable[[str], list[tuple[Any, ...]]]
LATER = {**孙悦, "年级": "五年级"}


@pytest.fixture
def meanwhile(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[], Any]], None]:
    """While the rows of the next list are set against the register, this happens too."""

    def plan_during(act: Callable[[], Any]) -> None:
        todo = [act]

        def plan(*given: Any) -> Any:
            planned = ROSTER.plan(*given)
            with ThreadPoolExecutor(1) as somebody:
                while todo:
                    somebody.submit(todo.pop()).result()
            return planned

        for module in (importer, import_pages):
            monkeypatch.setattr(module, "sheet_named", lambda _name: replace(ROSTER, plan=plan))

    return plan_during


def officer_saves(application: Flask, grade: str, look: Look) -> Callable[[], Any]:
    """康宁's officer signs in and puts 孙悦 into a grade."""
    [(pupil,)] = look("SELECT id FROM student WHERE name = '孙悦'")

    def act() -> None:
        officer = Desk(application).sign_in("康宁网格员", PASSWORD)
        officer.open(f"/admin/student/edit/?id={pupil}")
        officer.press("保存", grade=grade)

    return act


def test_others_sign_in_and_save_while_a_list_is_checked_and_the_list_sees_that_they_did(
    主任: Desk, district_application: Flask, what_lies_there: Look, meanwhile: Any
) -> None:
    confirm_good_list(主任)
    meanwhile(officer_saves(district_application, "三年级", what_lies_there))

    主任.upload(roster(LATER), "名单.xlsx")
    assert "年级 原值 四年级 → 改为 五年级" in 主任.page.text, "what stood when it was checked"
    again = 主任.press("确认导入")

    assert "数据已被别人修改。已按最新数据重新核对" in again.text
    assert "年级 原值 三年级 → 改为 五年级" in again.text
    assert what_lies_there("SELECT grade FROM student WHERE name = '孙悦'") == [("g3",)]
    assert "成功 1 条" in 主任.press("确认导入").text


def test_others_save_while_a_preview_is_looked_at_anew_and_that_is_seen_too(
    主任: Desk, district_application: Flask, what_lies_there: Look, meanwhile: Any
) -> None:
    confirm_good_list(主任)
    主任.upload(roster(LATER), "名单.xlsx")
    officer = Desk(district_application).sign_in("康宁网格员", PASSWORD)
    officer.open("/admin/household/new/")
    officer.press("保存", head_name="曾大山")  # the preview is of an older state; its own rows still hold
    meanwhile(officer_saves(district_application, "三年级", what_lies_there))

    again = 主任.press("确认导入")

    assert "年级 原值 三年级 → 改为 五年级" in again.text
    assert what_lies_there("SELECT grade FROM student WHERE name = '孙悦'") == [("g3",)]
    assert "成功 1 条" in 主任.press("确认导入").text


def test_what_others_saved_beside_a_list_does_not_hold_it_up(
    主任: Desk, district_application: Flask, what_lies_there: Look, meanwhile: Any
) -> None:
    confirm_good_list(主任)
    meanwhile(officer_saves(district_application, "三年级", what_lies_there))
    主任.upload(roster({**孙乐, "户编号": "0008"}), "名单.xlsx")
    assert "成功 1 条" in 主任.press("确认导入").text


def test_one_persons_previews_that_wait_hold_no_more_rows_than_one_list_may(
    主任: Desk, 网格员: Desk, what_lies_there: Look, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(import_runs, "MOST_WAITING", 3)
    网格员.upload(roster(孙悦, 孙乐), "康宁.xlsx")
    主任.upload(roster(孙悦, 孙乐), "一.xlsx")
    主任.upload(roster(孙悦), "二.xlsx")
    assert "已放弃" not in 主任.page.text, "three rows wait, as many as may"

    主任.upload(roster(孙悦, 孙乐), "三.xlsx")

    assert "合计超过 3 行，最早的 1 份已放弃，没有写入：一.xlsx。要导入请重新上传" in 主任.page.text
    states = dict(what_lies_there("SELECT filename, state FROM import_run"))
    assert states == {"康宁.xlsx": "checked", "一.xlsx": "set_aside", "二.xlsx": "checked", "三.xlsx": "checked"}
    assert "成功 2 条" in 主任.press("确认导入").text


def test_rows_of_previews_that_nobody_confirms_go_and_the_run_stays_with_its_counts(
    主任: Desk, district_application: Flask, what_lies_there: Look
) -> None:
    plant = district_application.extensions["baoxue"]

    def rows_of(filename: str) -> int:
        return what_lies_there("SELECT count(*) FROM import_row JOIN import_run ON import_run.id = run_id "
                               f"WHERE filename = '{filename}'")[0][0]

    wrong = {**孙悦, "村（社区）": "别县村", "身份证号码": make_identity_number(datetime(2015, 9, 2), "2", serial=8)}
    主任.upload(roster(孙悦), "已导入.xlsx")
    主任.press("确认导入")
    主任.upload(roster(wrong), "放弃的.xlsx")
    [(put_away,)] = what_lies_there("SELECT id FROM import_run WHERE filename = '放弃的.xlsx'")
    主任.press("放弃")
    主任.upload(roster({**孙乐, "户编号": "0008"}), "等着的.xlsx")
    waiting = 主任.page.address

    plant.sweep()
    assert [rows_of(f"{name}.xlsx") for name in ("已导入", "放弃的", "等着的")] == [1, 0, 1]
    主任.open(f"/import/run/{put_away}/refused.xlsx", 404)
    assert "它的明细已不再保存。要导入请重新上传" in 主任.page.text

    import_runs.forget(plant.engine, datetime.now(UTC) + timedelta(days=13))
    assert rows_of("等着的.xlsx") == 1, "two weeks are not over"
    with unscoped(plant.engine, "somebody writes", writing=True) as busy:
        busy.connection()
        import_runs.forget(plant.engine.execution_options(at_once=True), datetime.now(UTC) + timedelta(days=15))
        busy.rollback()
    import_runs.forget(plant.engine, datetime.now(UTC) + timedelta(days=15))
    assert [rows_of(f"{name}.xlsx") for name in ("已导入", "放弃的", "等着的")] == [1, 0, 0]
    assert "两周没有确认，没有写入任何内容。要导入请重新上传" in 主任.open(waiting).text
    [(state, counts)] = what_lies_there("SELECT state, counts FROM import_run WHERE filename = '等着的.xlsx'")
    assert state == "set_aside" and '"new": 1' in str(counts).replace("'", '"')
