"""Exports in three grades, at once or as a task; tasks that outlive their worker."""

import json
import os
import subprocess
import sys
import tempfile
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import openpyxl
import pytest
from sqlalchemy import func, select, update

from admin_app import tasks
from admin_app.access.permissions import Role
from admin_app.access.scope import unscoped
from admin_app.changes.ledger import recording
from admin_app.exchange import workbook
from models.account import Account
from models.change import Change
from models.student import Student
from models.task import Task
from tests.conftest import actor
from tests.desk import PASSWORD, Desk, command
from tests.web.test_batches import choose, letters, states  # noqa: F401  (a fixture)

STUDENTS = "/admin/student/"


def cells(page):
    return [[c for c in row if c is not None] for row in page.workbook().active.values]


def row_of(page, name):
    return next(row for row in cells(page) if name in row)


def text_of(page):
    return json.dumps(cells(page), ensure_ascii=False, default=str)


# --- the three grades -------------------------------------------------------------------------------


def test_the_working_grade_is_what_is_seen(officer, district):
    page = officer.download(f"{STUDENTS}export/?cols=name,birth_date,identity_number")
    assert row_of(page, "李明")[1:] == ["李明", datetime(2016, 3, 1), "990101************"]
    assert district.李明.identity_number not in text_of(page)
    assert page.filename.startswith("康宁社区学生")


def test_a_sheet_can_be_filtered_at_its_captions(officer):
    sheet = officer.download(f"{STUDENTS}export/?cols=name,birth_date").workbook().active
    last = max(row for row, (number, *_) in enumerate(sheet.values, 1) if isinstance(number, int))
    assert sheet.auto_filter.ref == f"A3:C{last}"


def test_what_is_empty_is_empty_to_excel_and_keeps_its_frame(officer):
    """A cell that holds an empty text is counted by COUNTA, and stops whoever goes to the end of a column."""
    sheet = officer.download(f"{STUDENTS}export/?cols=name,checked_on").workbook().active
    name, checked = next(row for row in sheet.iter_rows() if row[1].value == "李明")[1:]
    assert (name.data_type, checked.data_type, checked.value) == ("s", "n", None)
    assert checked.border.left.style == name.border.left.style == "thin"


def test_a_day_is_a_day_of_excel_and_filters_by_year(officer, store, district):
    with unscoped(store, "a paper from before Excel's calendar", writing=True) as session, \
            recording(session, actor("测试", Role.ADMINISTRATOR, district.城区), "试"):
        session.get_one(Student, district.李明.id).checked_on = date(1899, 12, 31)
    sheet = officer.download(f"{STUDENTS}export/?cols=name,birth_date,checked_on").workbook().active
    born, checked = next(row for row in sheet.iter_rows() if row[1].value == "李明")[2:]
    assert (born.is_date, born.number_format, born.value) == (True, "yyyy-mm-dd", datetime(2016, 3, 1))
    assert checked.value == "1899-12-31"
    assert sheet.column_dimensions["C"].width >= 12, "or it shows #####"


def test_the_masked_grade_tells_nobody_who_it_is(officer, district):
    page = officer.download(f"{STUDENTS}export/?cols=name,birth_date,identity_number,current_address", grade="masked")
    said = text_of(page)
    assert row_of(page, "李*")[2] == "2016-03"
    assert "李明" not in said
    assert "2016-03-01" not in said
    assert "脱敏" in said


def test_the_full_grade_wants_a_reason_prints_it_and_is_on_record(district_application, officer, district):
    officer.open(f"{STUDENTS}export/")
    page = officer.press("导出", status=400, grade="full")
    assert "须写明用途" in page.text
    page = officer.press("导出", grade="full", reason="报县教科局 11 月月报")
    said = text_of(page)
    assert district.李明.identity_number in said
    assert "用途：报县教科局 11 月月报" in said
    assert "导出人：康宁网格员" in said
    with unscoped(district_application.extensions["baoxue"].engine, "the ledger") as session:
        act = session.scalars(select(Change).where(Change.verb == "export").order_by(Change.id.desc())).first()
        assert (act.actor, "报县教科局 11 月月报" in act.reason, "1 条" in act.reason) == ("康宁网格员", True, True)


def test_the_ledger_says_what_was_asked_for_and_nobodys_name(district_application, district):
    desk = Desk(district_application).sign_in("城区主任", PASSWORD)
    said = text_of(desk.download(f"{STUDENTS}export/?sex=1&search=李明"))
    assert "搜索：李明" in said, "the control: the sheet says it, beside the child itself"
    with unscoped(district_application.extensions["baoxue"].engine, "the ledger") as session:
        act = session.scalars(select(Change.reason).where(Change.verb == "export").order_by(Change.id.desc())).first()
    assert "性别：男" in act
    assert "搜索：（内容不记）" in act
    assert "李" not in act


def test_a_download_leaves_no_file_behind(officer, monkeypatch, tmp_path):
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    assert officer.download(f"{STUDENTS}export/?cols=name").workbook()
    assert list(temporary.iterdir()) == []


def test_who_may_not_see_numbers_takes_none_out(district_application, district):
    inspector = Desk(district_application).sign_in("督导老林", PASSWORD)
    inspector.open(f"{STUDENTS}export/")
    assert "证件号、电话等完整" not in inspector.page.text
    page = inspector.press("导出", status=403, grade="full", reason="试一试能不能拿到")
    assert district.李明.identity_number not in page.text
    assert "李明" in text_of(inspector.download(f"{STUDENTS}export/"))


def test_the_ticked_rows_alone_or_all_that_match(district_application, district):
    desk = Desk(district_application).sign_in("城区主任", PASSWORD)
    desk.open(STUDENTS)
    chooser = desk.post(f"{STUDENTS}export/", {"csrf_token": desk.token, "range": "ticked", "pk": [district.王芳.id]})
    assert "1 条勾选的记录" in chooser.text
    said = text_of(desk.press("导出"))
    assert ("王芳" in said, "李明" in said) == (True, False)
    said = text_of(desk.download(f"{STUDENTS}export/?sex=1"))
    assert ("王芳" in said, "李明" in said) == (False, True)


def test_ticking_a_child_of_the_next_village_takes_nothing_out(officer, district):
    officer.open(STUDENTS)
    page = officer.post(f"{STUDENTS}export/", {"csrf_token": officer.token, "range": "ticked", "grade": "working",
                                               "pk": [district.王芳.id]}, status=400)
    assert "没有可以导出的记录" in page.text


# --- as a task --------------------------------------------------------------------------------------


@pytest.fixture
def big(monkeypatch):
    """Everything is too much for a page to wait for."""
    monkeypatch.setattr(tasks, "AT_ONCE", 0)


def work(application):
    """What the worker does: every task that waits."""
    plant = application.extensions["baoxue"]
    with unscoped(plant.engine, "which tasks wait") as session:
        waiting = session.scalars(select(Task.id).where(Task.state == "queued").order_by(Task.id)).all()
    for number in waiting:
        plant.run_task(number)


def only_task(application):
    with unscoped(application.extensions["baoxue"].engine, "the task") as session:
        task = session.scalars(select(Task)).one()
        session.expunge_all()
    return task


def alter(application, **values):
    with unscoped(application.extensions["baoxue"].engine, "the task", writing=True) as session:
        session.execute(update(Task).values(**values).execution_options(synchronize_session=False))
        session.commit()


def test_a_big_export_is_a_task_with_a_bell_and_a_download(district_application, officer, big):
    officer.open(f"{STUDENTS}export/")
    page = officer.press("导出")
    assert "已转为后台任务" in page.text
    assert "排队中" in page.text
    number = only_task(district_application).id
    assert officer.open(f"/tasks/{number}/state").headers["Content-Type"].startswith("application/json")

    work(district_application)
    page = officer.open("/")
    assert "1 项已完成" in page.text
    page = officer.open("/tasks/")
    assert "已导出 1 条" in page.text
    assert "李明" in text_of(officer.open(page.link("下载")))
    assert "1 项已完成" not in officer.open("/").text


def test_a_task_and_its_file_are_nobody_elses(district_application, officer, big):
    officer.download(f"{STUDENTS}export/")
    work(district_application)
    number = only_task(district_application).id
    for name in ("城区主任", "牧童网格员"):
        other = Desk(district_application).sign_in(name, PASSWORD)
        for door in ("", "/file", "/state"):
            other.open(f"/tasks/{number}{door}", status=404)
        assert "没有任务" in other.open("/tasks/").text
    officer.open(f"/tasks/{number}/file")


def test_a_task_whose_worker_was_killed_is_taken_up_again(district_application, officer, big):
    officer.download(f"{STUDENTS}export/")
    plant, task = district_application.extensions["baoxue"], only_task(district_application)
    held = datetime.now(UTC) + timedelta(seconds=30)
    alter(district_application, state="running", attempts=1, lease_until=held)
    assert plant.sweep() == []
    plant.run_task(task.id)
    assert only_task(district_application).state == "running", "another worker holds it"

    alter(district_application, lease_until=datetime.now(UTC) - timedelta(seconds=1))
    assert plant.sweep() == [task.id]
    plant.run_task(task.id)
    done = only_task(district_application)
    assert (done.state, done.attempts) == ("done", 2)


def test_a_task_that_never_came_to_a_worker_is_carried_again(district_application, officer, big):
    officer.download(f"{STUDENTS}export/")
    plant = district_application.extensions["baoxue"]
    assert plant.sweep() == []
    alter(district_application, created_at=datetime.now(UTC) - timedelta(minutes=5))
    assert plant.sweep() == [only_task(district_application).id]


def test_a_task_that_kills_its_workers_is_given_up_with_a_sentence(district_application, officer, big):
    officer.download(f"{STUDENTS}export/")
    alter(district_application, attempts=tasks.MOST_ATTEMPTS)
    work(district_application)
    page = officer.open("/tasks/")
    assert "没有再试" in page.text


def test_whoever_lost_the_grant_gets_no_file(district_application, officer, big):
    officer.download(f"{STUDENTS}export/")
    plant = district_application.extensions["baoxue"]
    with unscoped(plant.engine, "an account is stopped", writing=True) as session:
        account = session.scalars(select(Account).where(Account.username == "康宁网格员")).one()
        with recording(session, actor("测试", "system_admin", "0" * 12), "disable"):
            account.disabled_at = datetime.now(UTC)
    work(district_application)
    task = only_task(district_application)
    assert (task.state, "授权已失效" in task.message, task.result) == ("failed", True, None)
    assert not plant.results.exists()


def test_a_full_disk_is_said_and_leaves_no_half_file(district_application, officer, big, monkeypatch):
    officer.download(f"{STUDENTS}export/")

    def full(path, *_args):
        path.write_bytes(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(workbook, "_write_table", full)
    work(district_application)
    plant = district_application.extensions["baoxue"]
    assert "磁盘已满" in officer.open("/tasks/").text
    assert list(plant.results.glob("*")) == []
    monkeypatch.undo()


def test_a_full_disk_at_once_is_a_page_in_chinese(district_application, officer, monkeypatch):
    def full(path, *_args):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(workbook, "_write_table", full)
    officer.open(f"{STUDENTS}export/")
    page = officer.press("导出", status=507)
    assert "磁盘" in page.text


def test_files_are_private_and_go_after_their_days(district_application, officer, big):
    officer.download(f"{STUDENTS}export/")
    work(district_application)
    plant = district_application.extensions["baoxue"]
    file = next(plant.results.glob("*.xlsx"))
    if os.name != "nt":
        assert (file.stat().st_mode & 0o777, file.parent.stat().st_mode & 0o777) == (0o600, 0o700)
    assert tasks.forget(plant.engine, plant.results) == 0
    alter(district_application, finished_at=datetime.now(UTC) - timedelta(days=8))
    assert tasks.forget(plant.engine, plant.results) == 1
    assert "已过期" in officer.open("/tasks/").text
    officer.open(f"/tasks/{only_task(district_application).id}/file", status=404)


def test_the_file_of_another_worker_is_left_that_is_written_just_now(district_application, officer, big):
    """Two workers, on two machines: the one does an export while the other looks for what is old."""
    class Results(type(Path())):
        def glob(self, pattern):
            work(district_application)
            return super().glob(pattern)

    officer.download(f"{STUDENTS}export/")
    plant = district_application.extensions["baoxue"]
    plant.results.mkdir(exist_ok=True)
    assert tasks.forget(plant.engine, Results(plant.results)) == 0
    task = only_task(district_application)
    assert task.state == tasks.DONE and (plant.results / task.result["path"]).is_file()


def test_a_big_batch_is_a_task_and_begun_twice_is_done_once(letters, big):  # noqa: F811
    desk = Desk(letters).sign_in("康宁网格员", PASSWORD)
    choose(desk, "/admin/responsibility_letter/", "签订")
    desk.press("下一步：预览")
    page = desk.press("确认签订 4 条")
    assert "排队中" in page.text
    work(letters)
    assert set(states(letters).values()) == {"signed"}
    alter(letters, state="running", lease_until=datetime.now(UTC) - timedelta(seconds=1), finished_at=None)
    letters.extensions["baoxue"].run_task(only_task(letters).id)
    page = desk.open("/tasks/")
    assert "成功 4 条，未办理 1 条" in page.text
    page = desk.open(page.link("回执"))
    desk.press("撤销")
    assert sorted(states(letters).values()).count("unsigned") == 4


def test_the_command_writes_the_list_that_an_address_asks_for(district_application, district, tmp_path):
    def rows(query, exit_code=0, name="康宁网格员"):
        out = tmp_path / f"{abs(hash((query, name)))}.xlsx"
        said = command(district_application, "export", "student", "--as", name, "--out", out, "--query", query,
                       exit_code=exit_code)
        return said if exit_code else [row for row in openpyxl.load_workbook(out).active.values if isinstance(row[0], int)]

    assert [row[1] for row in rows("")] == ["李明"]
    assert [row[1] for row in rows("search=王", name="城区主任")] == ["王芳"]
    assert rows("search=王") == [], "of one's own area alone"
    assert [len(row) for row in rows("cols=name,birth_date")] == [3]
    assert "条件“birth_date_from=明天”读不懂" in rows("birth_date_from=明天", exit_code=1)


def test_the_ledger_counts_what_the_command_took_and_a_long_list_is_whole(
        district_application, district, store, tmp_path, monkeypatch):
    monkeypatch.setattr("admin_app.listing.COUNT_CAP", 1)
    said = command(district_application, "export", "student", "--as", "城区主任", "--out", tmp_path / "学生.xlsx",
                   "--query", "sort=name")
    with unscoped(store, "the ledger") as session:
        told = session.scalars(select(Change.reason).where(Change.verb == "export")).one()
        children = session.scalar(select(func.count()).select_from(Student).where(
            Student.region_code.startswith("990101400"), Student.schooling_state != "void"))
    assert children > 1 and f"已导出 {children} 条" in said, "too long to be put in order, as on the page; never cut"
    assert f"，{children} 条；" in told


def test_a_worker_ends_with_the_service_however_that_ended(tmp_path):
    """Also where a process keeps its parent's number for good, as on Windows. Whoever works writes to where we read:
    that ends when the last of them has ended."""
    begin = "import os, sys, time; os.getppid = lambda: 1; from admin_app import task_queue; "
    worker = tmp_path / "worker"
    worker.write_text(f"#!{sys.executable}\n{begin}task_queue.end_with_parent(); print('at work', flush=True); time.sleep(60)")
    worker.chmod(0o700)
    service = f"{begin}sys.executable = {str(worker)!r}\nwith task_queue.worker_beside(): time.sleep(60)"
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    with subprocess.Popen([sys.executable, "-c", service], env=environment, stdout=subprocess.PIPE, text=True) as running:
        try:
            assert running.stdout.readline() == "at work\n", "the control: until then it works"
        finally:
            running.kill()
        assert running.communicate(timeout=10) == ("", None)
