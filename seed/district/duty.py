"""Who answers for what: posts, responsibility letters, and those who were held to account."""

from datetime import date
from typing import Any

from sqlalchemy import insert

from admin_app.access.scope import ScopedSession
from models.accountability_record import AccountabilityRecord
from models.post import Post
from models.publicity_activity import PublicityActivity
from models.responsibility_letter import ResponsibilityLetter
from seed.district.calendar import SCHOOL_YEAR, Calendar
from seed.district.families import Family, Row, Town
from seed.district.people import People
from seed.district.places import (
    COUNTY,
    DISTRICT,
    DISTRICT_VILLAGES,
    SCHOOLS,
    is_community,
    short_name,
)

DISTRICT_UNIT = "示范县城区"
_DOCUMENT = "示城发〔2025〕3号"
_TARGET = "适龄儿童少年入学率100%，无辍学"


def posts(people: People) -> list[Row]:
    """七长, and the leading groups of 城区 and of every village; a few have changed hands."""
    rows: list[Row] = []

    def post(region: str, kind: str, unit: str, position: str, holder: str = "",
             **columns: Any) -> str:
        name = holder or people.official()
        rows.append({
            "region_code": region, "kind": kind, "unit": unit, "holder": name,
            "position": position, "phone": people.phone(), "since": date(2025, 3, 1), "until": None,
            "document_number": _DOCUMENT, "note": None, **columns,
        })
        return name

    post(COUNTY, "11", "示范县人民政府", "县长")
    post(COUNTY, "12", "示范县教育科技局", "局长")
    head = post(DISTRICT, "13", DISTRICT_UNIT, "城区主要负责人")
    post(DISTRICT, "21", DISTRICT_UNIT, "城区主要负责人", head)
    for position in ("分管负责人", "武装部长"):
        post(DISTRICT, "22", DISTRICT_UNIT, position)
    for position in ("教育专干", "民政助理", "司法所长", "派出所长"):
        post(DISTRICT, "23", DISTRICT_UNIT, position)
    post(DISTRICT, "24", DISTRICT_UNIT, "综合办公室主任")
    post(DISTRICT, "25", DISTRICT_UNIT, "教育专干")
    for _code, name, _kind, _place, _grades in SCHOOLS:
        post(DISTRICT, "15", name, "校长", document_number=None)
        for _ in range(3):
            post(DISTRICT, "16", name, "班主任", document_number=None)
    for village in DISTRICT_VILLAGES:
        unit, code = short_name(village), village.code
        secretary = post(code, "21", unit, "党支部书记")
        if people.rng.random() < 0.15:
            post(code, "14", unit, "主任", since=date(2021, 12, 1), until=date(2025, 2, 28),
                 document_number="示城发〔2021〕11号", note="换届离任")
        head = post(code, "14", unit, "主任", secretary if people.rng.random() < 0.4 else "")
        post(code, "22", unit, "主任", head)
        for position in ("支委", "妇联主席"):
            post(code, "23", unit, position)
        post(code, "25", unit, "儿童主任")
        post(code, "31", unit, "包片干部")
        post(code, "17", unit, "家长代表", document_number=None)
    return rows


def liaisons(rows: list[Row]) -> dict[str, str]:
    """The liaison of each village: the person who works with the register."""
    return {row["region_code"]: row["holder"] for row in rows if row["kind"] == "25"}


def insert_posts(session: ScopedSession, rows: list[Row]) -> None:
    session.execute(insert(Post), rows)


def insert_letters(session: ScopedSession, town: Town, calendar: Calendar) -> None:
    """The letters of two school years: 城区 with each village, each village with its families."""
    rows = []
    for year in (SCHOOL_YEAR - 1, SCHOOL_YEAR):
        rows += _village_letters(town.people, calendar, year)
        for village in DISTRICT_VILLAGES:
            families = [f for f in town.families if f.village is village and f.children]
            rows += [_family_letter(town.people, calendar, year, family, n)
                     for n, family in enumerate(families, start=1)]
    session.execute(insert(ResponsibilityLetter), rows)


def _village_letters(people: People, calendar: Calendar, year: int) -> list[Row]:
    rows = []
    for n, village in enumerate(DISTRICT_VILLAGES, start=1):
        state = "unsigned" if year == SCHOOL_YEAR and n in (9, 21) else "signed"
        rows.append(_letter(people, calendar, year, state, {
            "region_code": village.code, "number": f"{year}-城区-{n:03d}", "level": "2",
            "party_a": DISTRICT_UNIT, "party_b": village.name,
        }, last_day=20))
        if n == 14:  # written again because the village's head changed
            rows.append(rows[-1] | {"number": f"{year}-城区-{n:03d}作废", "state": "void",
                                    "note": "村主任换届，重新签订"})
    return rows


def _family_letter(people: People, calendar: Calendar, year: int, family: Family, n: int) -> Row:
    shares = (97, 1, 2) if year < SCHOOL_YEAR else (76, 22, 2)
    state = people.rng.choices(("signed", "unsigned", "void"), shares)[0]
    village = family.village
    return _letter(people, calendar, year, state, {
        "region_code": village.code, "number": f"{year}-{village.code[-3:]}-{n:04d}", "level": "3",
        "household_id": family.number, "party_a": village.name,
        "party_b": family.row["head_name"],
    }, last_day=30)


def _letter(people: People, calendar: Calendar, year: int, state: str, columns: Row,
            last_day: int) -> Row:
    signed = people.day(date(year, 9, 1), calendar.passed(date(year, 9, last_day)))
    return {
        "school_year": year, "household_id": None, "school_id": None, "state": state,
        "signed_on": None if state == "unsigned" else signed,
        "valid_until": date(year + 1, 8, 31), "target": _TARGET,
        "note": "填写有误，作废" if state == "void" else None, **columns,
    }


# state, subject kind, situation, form, facts, days since the decision, days until rectification
_RECORDS = (
    ("proposed", "1", "2", None, "秋季学期开学摸排表逾期半个月未报", None, None),
    ("proposed", "2", "21", None, "接到疑似辍学线索后一周未入户核查", None, None),
    ("proposed", "1", "3", None, "一名疑似辍学学生劝返工作三周无进展", None, None),
    ("decided", "1", "2", "12", "入户核查记录不全，抽查五户中两户未走访", 40, -12),
    ("decided", "2", "24", "23", "走访记录照片重复使用，与实际日期不符", 55, -25),
    ("decided", "1", "1", "13", "未成立村级控辍保学领导小组", 15, 20),
    ("decided", "2", "22", "21", "未按要求与两户签订责任书", 9, 30),
    ("rectified", "1", "2", "12", "特殊群体台账与民政口径不一致，未核对", 70, -5),
    ("rectified", "2", "21", "22", "送教上门记录未及时收集", 62, -2),
    ("closed", "1", "3", "12", "上学期末仍有一名学生未返校，未上报", 160, -110),
    ("closed", "2", "2", "21", "漏报一户外出家庭适龄儿童", 175, -130),
    ("closed", "1", "24", "13", "零报告与学校考勤不符", 210, -160),
    ("withdrawn", "2", "22", None, "反映未开展宣传月活动，经核实已开展", None, None),
)


def insert_accountability(session: ScopedSession, people: People, calendar: Calendar,
                          liaison: dict[str, str]) -> None:
    """A dozen records in every state; two decided ones are past the day of rectification."""
    villages = people.rng.sample(DISTRICT_VILLAGES, len(_RECORDS))
    rows = []
    for n, (record, village) in enumerate(zip(_RECORDS, villages, strict=True), start=1):
        state, subject_kind, situation, form, facts, decided, due = record
        unit = short_name(village)
        rectified = state in ("rectified", "closed")
        who = "社区" if is_community(village.code) else "村"
        rows.append({
            "region_code": village.code, "subject_kind": subject_kind, "situation": situation,
            "subject": unit if subject_kind == "1" else f"{unit}{liaison[village.code]}",
            "facts": f"{who}：{facts}。", "form": form, "state": state,
            "decided_by": DISTRICT_UNIT if decided else None,
            "document_number": f"示城责〔2026〕{n}号" if decided else None,
            "decided_on": calendar.ago(decided) if decided else None,
            "rectify_by": calendar.ahead(due) if due else None,
            "rectified_on": calendar.ahead(due - 4) if due and rectified else None,
            "recheck": "经复核，问题已整改到位。" if state == "closed" else None,
            "note": "经核实不属实，撤销" if state == "withdrawn" else None,
        })
    session.execute(insert(AccountabilityRecord), rows)


# topic, form, the most people it reaches, whether papers are handed out
_ACTIVITIES = (
    ("义务教育法入户宣讲", "1", 90, True),
    ("“一个都不能少”标语上墙", "2", 400, False),
    ("开学季大喇叭广播", "3", 900, False),
    ("控辍保学政策图文推送", "4", 600, False),
    ("家长会：依法送子女入学", "5", 120, True),
    ("集市发放致家长的一封信", "6", 300, True),
)


def insert_activities(session: ScopedSession, people: People, calendar: Calendar,
                      liaison: dict[str, str]) -> None:
    """Publicity of this term: two to four activities in each village, led by its liaison."""
    rows = []
    for village in DISTRICT_VILLAGES:
        for topic, form, most, papers in people.rng.sample(_ACTIVITIES, people.rng.randint(2, 4)):
            reached = people.rng.randint(most // 3, most)
            rows.append({
                "region_code": village.code, "topic": topic, "form": form, "reached": reached,
                "held_on": people.day(calendar.term_start, calendar.today),
                "handed_out": reached - people.rng.randint(0, reached // 5) if papers else None,
                "person_in_charge": liaison[village.code], "note": None,
            })
    session.execute(insert(PublicityActivity), sorted(rows, key=lambda row: str(row["held_on"])))
