"""A batch: chosen, filled in, previewed, confirmed exactly so, taken back as one."""

from datetime import date
from urllib.parse import urlencode

import pytest
from sqlalchemy import select

from admin_app.access.permissions import Role
from admin_app.access.scope import unscoped
from admin_app.changes.ledger import recording
from models.attachment import Attachment
from models.change import ChangeRow
from models.responsibility_letter import ResponsibilityLetter
from models.student import Student
from seed import makers
from tests.conftest import actor
from tests.desk import PASSWORD, Desk

康宁, 牧童 = "990101400001", "990101400002"
LETTERS, STUDENTS = "/admin/responsibility_letter/", "/admin/student/"
JPEG = b"\xff\xd8\xff\xe0" + b"photo" * 20


@pytest.fixture
def letters(district_application, district):
    """Three letters to be signed in 康宁社区, and one that is signed already, beside 李家's."""
    engine = district_application.extensions["baoxue"].engine
    with unscoped(engine, "letters of the tests", writing=True) as session:
        with recording(session, actor("测试", Role.ADMINISTRATOR, 康宁), "seed"):
            for serial, state in enumerate(("unsigned", "unsigned", "unsigned", "signed")):
                session.add(ResponsibilityLetter(
                    region_code=康宁, number=f"信{serial}", level="village_family", school_year=2026, party_a="康宁社区",
                    party_b=f"户主{serial}", state=state, signed_on=date(2026, 9, 1) if state == "signed" else None))
    return district_application


@pytest.fixture
def officer(letters):
    return Desk(letters).sign_in("康宁网格员", PASSWORD)


def states(app, region=康宁):
    with unscoped(app.extensions["baoxue"].engine, "what lies there") as session:
        return dict(session.execute(select(ResponsibilityLetter.number, ResponsibilityLetter.state)
                                    .where(ResponsibilityLetter.region_code == region)).all())


def choose(desk, list_address, verb, *, pks=None, status=200):
    """Tick rows (or all that match) and press 办理."""
    desk.open(list_address)
    form = desk.page.form("办理")
    values = {"csrf_token": desk.token, "verb": form.choices["verb"].get(verb, verb),
              "range": "all" if pks is None else "ticked", **({"pk": pks} if pks is not None else {})}
    return desk.post(form.action, values, status)


def test_all_that_match_are_signed_the_others_are_named_and_all_of_it_is_taken_back(letters, officer):
    before = states(letters)
    choose(officer, LETTERS, "签订")
    assert "5 份责任书" in officer.page.text
    page = officer.press("下一步：预览", signed_on="20261101")
    assert "4条将办理" in page.text
    assert "1条不能办理" in page.text
    assert "当前状态是“已签订”，不能“签订”" in page.text
    assert states(letters) == before

    page = officer.press("确认签订 4 条")
    assert "成功 4 条，未办理 1 条" in page.text
    assert set(states(letters).values()) == {"signed"}
    refused = list(officer.open(page.link("下载失败明细")).workbook().active.values)
    assert ["信3" in row for row in refused].count(True) == 1

    officer.open(page.address)
    officer.press("撤销")
    assert states(letters) == before


def test_the_receipt_leads_back_to_the_list_as_it_was_filtered(letters, officer):
    choose(officer, f"{LETTERS}?state=unsigned&size=50", "签订")
    officer.press("下一步：预览", signed_on="20261101")
    receipt = officer.press("确认签订 4 条")
    assert receipt.link("回到列表").endswith("?state=unsigned&size=50")
    assert officer.open(receipt.link("回到列表")).status == 200
    for elsewhere in ("https://example.org/?", "//example.org/?x", f"{STUDENTS}?x", "javascript:alert(1)"):
        page = officer.open(f"{receipt.address.partition('?')[0]}?{urlencode({'back': elsewhere})}")
        assert page.link("回到列表") == LETTERS, elsewhere


def test_only_the_ticked_are_taken(letters, officer):
    engine = letters.extensions["baoxue"].engine
    with unscoped(engine, "which letters") as session:
        one = session.scalar(select(ResponsibilityLetter.id).where(ResponsibilityLetter.number == "信1"))
    choose(officer, LETTERS, "签订", pks=[one])
    officer.press("下一步：预览")
    officer.press("确认签订 1 条")

    signed = [number for number, state in states(letters).items() if state == "signed"]
    assert sorted(signed) == ["信1", "信3"]


def test_a_list_of_one_state_offers_its_moves_alone(letters, officer):
    def offered(address):
        return [o for o in officer.open(address).form("办理").choices["verb"] if o != "批量办理…"]

    assert {"签订", "作废"} == set(offered(LETTERS))
    assert "签订" in offered(f"{LETTERS}?state=unsigned")
    assert "签订" not in offered(f"{LETTERS}?state=signed")


def test_nothing_is_filled_in_for_records_that_cannot_be_moved(letters, officer):
    before = states(letters)
    engine = letters.extensions["baoxue"].engine
    with unscoped(engine, "which letters") as session:
        signed = session.scalar(select(ResponsibilityLetter.id).where(ResponsibilityLetter.number == "信3"))
        unsigned = session.scalar(select(ResponsibilityLetter.id).where(ResponsibilityLetter.number == "信0"))
    choose(officer, LETTERS, "签订", pks=[signed], status=400)
    assert "所选 1 条记录的状态都不能“签订”" in officer.page.text
    choose(officer, LETTERS, "签订", pks=[signed, unsigned])
    assert "2 份责任书" in officer.page.text
    assert states(letters) == before


def test_a_preview_says_whose_letter_and_never_how_a_name_is_found(letters, officer):
    choose(officer, LETTERS, "签订")
    assert "信0 · 户主0" in officer.press("下一步：预览").text
    choose(officer, STUDENTS, "登记核查")
    page = officer.press("下一步：预览", checked_on="20261101").text
    assert "李明" in page
    assert "liming" not in page


def test_children_are_checked_by_the_dozen_and_stay_in_their_state(letters, officer):
    def checked():
        with unscoped(letters.extensions["baoxue"].engine, "who was checked") as session:
            return dict(session.execute(select(Student.name, Student.checked_on).where(Student.region_code == 康宁)).all())

    def standing():
        with unscoped(letters.extensions["baoxue"].engine, "their states") as session:
            return session.execute(select(Student.name, Student.schooling_state).order_by(Student.id)).all()

    before, stood = checked(), standing()
    assert set(before.values()) == {None}
    choose(officer, STUDENTS, "登记核查")
    page = officer.press("下一步：预览")  # the day is today, unless another is typed
    shown = page.table("所在")
    assert {row["现在的状态"] for row in shown} == {"在校就读"}
    assert {row["最近核查日期"] for row in shown} == {f"（空） →改为 {date.today()}"}
    page = officer.press(f"确认登记核查 {len(before)} 条")
    assert set(checked().values()) == {date.today()}
    assert standing() == stood
    officer.open(page.address)
    officer.press("撤销")
    assert checked() == before


def test_a_check_that_is_no_news_is_not_counted_as_done(letters, officer, district):
    days = {"李明": date(2026, 11, 3)}
    with unscoped(letters.extensions["baoxue"].engine, "checked by hand", writing=True) as session:
        with recording(session, actor("测试", Role.ADMINISTRATOR, 康宁), "seed"):
            session.get(Student, district.李明.id).checked_on = days["李明"]
    choose(officer, STUDENTS, "登记核查")
    page = officer.press("下一步：预览", checked_on="20261103")
    assert "已经是这样登记的，不用再“登记核查”" in page.text
    officer.open(page.link("改填写内容"))
    page = officer.press("下一步：预览", checked_on="20261001")
    assert "已有更晚的“最近核查日期”（2026-11-03）" in page.text
    officer.open(page.link("改填写内容"))
    assert officer.page.form("下一步").fields["checked_on"] == "2026-10-01", "what was filled in is still there"
    page = officer.press("下一步：预览", checked_on="20261104")
    assert {row["最近核查日期"] for row in page.table("所在")} == {"2026-11-03 →改为 2026-11-04"}


def test_two_children_of_one_name_are_told_apart_on_the_preview_and_in_the_sheet(letters, officer, district):
    with unscoped(letters.extensions["baoxue"].engine, "another 李明", writing=True) as session:
        with recording(session, actor("测试", Role.ADMINISTRATOR, 康宁), "seed"):
            home = makers.household(session, 康宁, head_name="李四", register_number="9902-7")
            other = makers.student(session, home, "李明", schooling_state="unknown", birth_date=date(2014, 5, 6),
                                   class_name="七班").id
    choose(officer, STUDENTS, "登记核查", pks=[district.李明.id, other])
    page = officer.press("下一步：预览", checked_on="20261104")
    assert ("1条将办理" in page.text, "1条不能办理" in page.text) == (True, True)
    assert "李明 · 2016-03-01" in page.text
    assert "李明 · 2014-05-06" in page.text
    officer.press("确认登记核查 1 条")
    refused = list(officer.open(officer.page.link("下载失败明细")).workbook().active.values)
    captions = next(row for row in refused if "未办理原因" in row)
    row = dict(zip(captions, next(row for row in refused if "李明" in row), strict=True))
    assert (row["出生日期"], row["就学状态"]) == ("2014-05-06", "待核查")
    assert "登记核查" in row["未办理原因"]


def test_what_no_chosen_record_has_is_asked_for_beside_its_field(letters, officer, district):
    choose(officer, STUDENTS, "转送教上门")
    engine = letters.extensions["baoxue"].engine
    with unscoped(engine, "a child without school and photo", writing=True) as session:
        with recording(session, actor("测试", Role.ADMINISTRATOR, 康宁), "seed"):
            home = makers.household(session, 康宁, head_name="赵大海", register_number="9902-1")
            child = makers.student(session, home, "赵小海", schooling_state="enrolled", school_id=None).id
    choose(officer, STUDENTS, "转送教上门", pks=[child])
    page = officer.press("下一步：预览", status=400)
    assert "须有佐证" in page.text
    assert "请填写“学校”" in page.text
    page = officer.press("下一步：预览", school_id=str(district.school_id), evidence=("评估.jpg", JPEG))
    assert "1条将办理" in page.text
    officer.open(page.link("改填写内容"))
    assert "评估.jpg" in officer.press("下一步：预览").text, "nor is the paper to be uploaded again"


def test_a_range_that_is_none_is_not_taken_for_all(letters, officer):
    officer.open(STUDENTS)
    form = officer.page.form("办理")
    for how in ({"range": "xx"}, {}):
        page = officer.post(form.action, {"csrf_token": officer.token, "verb": "check", **how}, status=400)
        assert "没有选定办理范围" in page.text


def test_whoever_confirms_too_late_is_led_to_the_preview_that_holds(letters, officer):
    begun_at = f"{LETTERS}?state=unsigned"
    choose(officer, begun_at, "签订")
    form = officer.press("下一步：预览").form("确认签订")
    officer.post(form.action, form.fields)
    page = officer.post(form.action, form.fields, status=409)
    assert "回执" in officer.open(page.link("查看预览或回执")).text
    assert officer.page.link("返回") == begun_at, "and from there to the list that it was begun from"


def test_nothing_of_the_next_village_is_taken_whatever_is_ticked(letters, officer, district):
    choose(officer, LETTERS, "签订", pks=[district.王芳.letter_id], status=400)
    assert "没有选中任何记录" in officer.page.text
    assert set(states(letters, 牧童).values()) == {"unsigned"}


def test_a_move_that_the_role_may_not_make_is_not_offered_and_is_refused(letters, officer):
    officer.open(STUDENTS)
    assert "确认辍学" not in officer.page.form("办理").choices["verb"]
    page = choose(officer, STUDENTS, "confirm_dropout", status=403)
    assert "不能核定" in page.text
    assert "确认辍学" in Desk(letters).sign_in("城区主任", PASSWORD).open(STUDENTS).form("办理").choices["verb"]


def test_a_batch_over_rows_that_changed_meanwhile_shows_a_new_preview(letters, officer):
    choose(officer, LETTERS, "签订")
    preview = officer.press("下一步：预览").address
    colleague = Desk(letters).sign_in("城区主任", PASSWORD)
    choose(colleague, f"{LETTERS}?search=信0", "签订")
    colleague.press("下一步：预览")
    colleague.press("确认签订 1 条")

    page = officer.press("确认签订 4 条", status=409)
    assert "已按最新数据重新核对" in page.text
    page = officer.open(preview)
    assert "3条将办理" in page.text
    officer.press("确认签订 3 条")
    assert set(states(letters).values()) == {"signed"}


def test_a_second_confirmation_writes_nothing_more(letters, officer):
    choose(officer, LETTERS, "签订")
    preview = officer.press("下一步：预览")
    form = preview.form("确认签订")
    officer.post(form.action, form.fields)
    with unscoped(letters.extensions["baoxue"].engine, "the ledger") as session:
        before = session.query(ChangeRow).count()

    page = officer.post(form.action, form.fields, status=409)
    assert "没有重复办理" in page.text
    with unscoped(letters.extensions["baoxue"].engine, "the ledger") as session:
        assert session.query(ChangeRow).count() == before


def test_a_batch_that_was_confirmed_is_not_filled_in_again(letters, officer):
    choose(officer, LETTERS, "签订")
    fill_in, form = officer.page.address, officer.page.form("下一步")
    officer.press("下一步：预览", signed_on="20261101")
    receipt = officer.press("确认签订 4 条").address
    page = officer.post(fill_in, {**form.fields, "signed_on": "2026-11-02"}, status=409)
    assert "没有重复办理" in page.text
    assert "成功 4 条" in officer.open(receipt).text, "it is a receipt still"


def test_a_batch_is_nobody_elses(letters, officer):
    choose(officer, LETTERS, "签订")
    preview = officer.press("下一步：预览").address.partition("?")[0]
    officer.open(preview)
    for name in ("城区主任", "牧童网格员"):
        Desk(letters).sign_in(name, PASSWORD).open(preview, status=404)


def test_what_the_move_asks_for_is_asked_for_once_and_who_lacks_it_is_named(letters, officer, district):
    choose(officer, STUDENTS, "转送教上门")
    page = officer.press("下一步：预览")
    assert "1条将办理" in page.text, "李明 has a photo already"

    page = officer.open(page.address.replace("?", "/fill-in?", 1))
    page = officer.press("下一步：预览", school_id=str(district.school_id), evidence=("评估.jpg", JPEG))
    assert "评估.jpg" in page.text
    officer.press("确认转送教上门 1 条")
    with unscoped(letters.extensions["baoxue"].engine, "what lies there") as session:
        assert session.get(Student, district.李明.id).schooling_state == "home_taught"
    files = officer.open(f"{STUDENTS}details/?id={district.李明.id}").text
    assert "评估.jpg" in files


def test_the_paper_of_one_record_proves_nothing_of_another(letters, officer, district):
    """李明 has a photo; 赵小海 has none, and a letter that bears his number has one."""
    with unscoped(letters.extensions["baoxue"].engine, "a child without a photo", writing=True) as session:
        with recording(session, actor("测试", Role.ADMINISTRATOR, 康宁), "seed"):
            home = makers.household(session, 康宁, head_name="赵大海", register_number="9902-1")
            child = makers.student(session, home, "赵小海", schooling_state="enrolled", school_id=district.school_id).id
            session.add(Attachment(region_code=康宁, owner_table="responsibility_letter", owner_id=child, sha256="9" * 64,
                                   filename="责任书.jpg", content_type="image/jpeg", size=1))
    choose(officer, STUDENTS, "转送教上门", pks=[district.李明.id, child])
    page = officer.press("下一步：预览", school_id=str(district.school_id))
    assert ("1条将办理" in page.text, "1条不能办理" in page.text, "“转送教上门”须有佐证" in page.text) == (True,) * 3
    officer.press("确认转送教上门 1 条")

    def state(key):
        with unscoped(letters.extensions["baoxue"].engine, "what lies there") as session:
            return session.get(Student, key).schooling_state

    assert (state(district.李明.id), state(child)) == ("home_taught", "enrolled")
    officer.open(f"{STUDENTS}move/?id={child}&verb=teach_at_home")
    assert "须有佐证" in officer.press("转送教上门", status=400).text
    officer.press("转送教上门", evidence=("评估.jpg", JPEG))
    assert state(child) == "home_taught", "the control"


def test_evidence_that_is_no_evidence_is_refused_beside_its_field_and_nothing_is_lost(letters, officer, district):
    choose(officer, STUDENTS, "转送教上门")
    page = officer.press("下一步：预览", status=400, school_id=str(district.school_id), evidence=("病历.jpg", b"<script>"))
    assert "不接受这种文件" in page.text
    assert page.form("下一步").fields["school_id"] == str(district.school_id)


def test_ten_thousand_children_are_no_more_questions_than_ten(letters, district):
    """Set by set: the number of statements does not follow the number of records."""
    from sqlalchemy import event

    engine, counts = letters.extensions["baoxue"].engine, []
    desk = Desk(letters).sign_in("康宁网格员", PASSWORD)
    for many in (3, 60):
        with unscoped(engine, "more letters", writing=True) as session:
            with recording(session, actor("测试", Role.ADMINISTRATOR, 康宁), "seed"):
                home = makers.household(session, 康宁)
                session.add_all(ResponsibilityLetter(
                    region_code=康宁, number=f"批{many}-{i}", level="village_family", school_year=date.today().year, party_a="甲",
                    party_b="乙", state="unsigned", household_id=home.id) for i in range(many))
        choose(desk, f"{LETTERS}?search=批{many}-", "签订")
        desk.press("下一步：预览")
        form = desk.page.form("确认签订")
        asked: list[str] = []

        def note(_connection, _cursor, statement, *_rest, asked=asked) -> None:
            asked.append(statement)

        event.listen(engine, "before_cursor_execute", note)
        desk.post(form.action, form.fields)
        event.remove(engine, "before_cursor_execute", note)
        assert f"成功 {many} 条" in desk.page.text
        counts.append(len(asked))
    assert counts[1] <= counts[0]
