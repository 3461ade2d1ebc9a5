"""The invented county, its 城区 of 27 villages, a second township, hamlets and schools."""

from typing import Any

from sqlalchemy import insert

from admin_app.access.scope import ScopedSession
from models.natural_group import NaturalGroup
from models.school import School
from seed.district.people import People
from seed.divisions import Division, load_divisions, load_whole_country

PROVINCE, CITY, COUNTY = "990000000000", "990100000000", "990101000000"
TOWN, DISTRICT = "990101100000", "990101400000"
COMMUNITY_BELOW = "200"  # 001–199 居委会, 200–399 村委会

_COMMUNITIES = ("东街", "西街", "南关", "北关", "文昌", "新城", "站前", "锦绣")
_VILLAGES = ("柳湾", "石桥", "枣园", "上河", "下河", "槐树", "杏花沟", "白杨坪", "龙泉", "黄土岭",
             "双井", "马家坪", "北坡", "南庄", "青崖", "核桃洼", "梨坪", "清水", "高家湾")
_TOWN_VILLAGES = ("东川", "西岭")
_HAMLETS = ("前街", "后街", "沟口", "坪上", "河滩", "岭底", "场院", "新村")
_DIGITS = "一二三四五六"

_UPPER = (
    Division(PROVINCE, "示范省", "省"), Division(CITY, "示范市", "地市"),
    Division(COUNTY, "示范县", "县"), Division(TOWN, "城关镇", "乡镇", "122"),
    Division(DISTRICT, "城区", "乡镇", "111"),
)
DIVISIONS = (
    *_UPPER,
    *(Division(f"990101400{n:03d}", f"{name}社区居民委员会", "村", "111" if n < 6 else "112")
      for n, name in enumerate(_COMMUNITIES, start=1)),
    *(Division(f"990101400{n}", f"{name}村委会", "村", "112" if n < 204 else "220")
      for n, name in enumerate(_VILLAGES, start=200)),
    *(Division(f"990101100{n}", f"{name}村委会", "村", "220")
      for n, name in enumerate(_TOWN_VILLAGES, start=200)),
)
VILLAGES = tuple(d for d in DIVISIONS if d.level == "村")
DISTRICT_VILLAGES = tuple(d for d in VILLAGES if d.code.startswith("990101400"))

# code, name, kind, 12-digit place, grades
SCHOOLS = (
    ("2199000001", "示范县第一小学", "211", "990101400001", range(1, 7)),
    ("2199000002", "示范县第二小学", "211", "990101400005", range(1, 7)),
    ("2199000003", "示范县城区寄宿制小学", "211", "990101400200", range(1, 7)),
    ("3199000001", "示范县初级中学", "311", "990101400003", range(7, 10)),
    ("3199000002", "示范县育英九年一贯制学校", "312", "990101400006", range(1, 10)),
    ("5199000001", "示范县特殊教育学校", "514", "990101400007", range(1, 10)),
)
SPECIAL_SCHOOL = "示范县特殊教育学校"


def is_community(code: str) -> bool:
    return code[-3:] < COMMUNITY_BELOW


def short_name(division: Division) -> str:
    """'柳湾村委会' → '柳湾村', '东街社区居民委员会' → '东街社区'."""
    return division.name.removesuffix("居民委员会").removesuffix("委会")


def load_places(session: ScopedSession) -> None:
    load_whole_country(session)
    load_divisions(session, DIVISIONS)


def load_schools(session: ScopedSession) -> dict[str, int]:
    """Insert the schools; give each one's number by its name."""
    rows = [
        {"code": code, "name": name, "kind": kind, "region_code": place,
         "address": f"示范县城区{name.removeprefix('示范县')}", "closed_on": None, "note": None}
        for code, name, kind, place, _grades in SCHOOLS
    ]
    return dict(zip((str(row["name"]) for row in rows), insert_numbered(session, School, rows),
                    strict=True))


def load_groups(session: ScopedSession, people: People) -> dict[str, list[tuple[int, str]]]:
    """Insert the hamlets of every village; give their numbers and names by village."""
    rows: list[dict[str, Any]] = []
    for village in VILLAGES:
        count = people.rng.randint(3, 6)
        hamlets = people.rng.sample(_HAMLETS, count)
        rows += [
            {"region_code": village.code, "leader_name": people.official(), "note": None,
             "name": f"第{_DIGITS[n]}网格" if is_community(village.code) else
                     (f"{_DIGITS[n]}组" if n % 2 == 0 else hamlets[n])}
            for n in range(count)
        ]
    groups: dict[str, list[tuple[int, str]]] = {village.code: [] for village in VILLAGES}
    for row, number in zip(rows, insert_numbered(session, NaturalGroup, rows), strict=True):
        groups[row["region_code"]].append((number, row["name"]))
    return groups


def insert_numbered(session: ScopedSession, model: Any, rows: list[dict[str, Any]]) -> list[int]:
    """Insert rows in one statement and give their numbers in the same order."""
    if not rows:
        return []
    given = session.scalars(
        insert(model).returning(model.id, sort_by_parameter_order=True), rows
    )
    return list(given)
