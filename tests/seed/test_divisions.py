"""Loading divisions: a real county's file, newer files, and files that will not do."""

from collections import Counter
from pathlib import Path

import pytest
from sqlalchemy import Engine, select

from admin_app.access.actor import Actor
from admin_app.access.scope import ScopedSession
from admin_app.changes.ledger import recording
from admin_app.errors import Invalid
from models.change import ChangeRow
from models.region import Region
from seed.divisions import (
    Counts,
    Division,
    load_divisions,
    load_whole_country,
    parent_of,
    read_divisions,
)

COUNTY_FILE = Path(__file__).parent.parent / "data" / "divisions_140722.csv"
HEADER = "区划代码,名称,级别\n"
SMALL = HEADER + ("990101000000,示范县,县\n990101400000,城区,乡镇\n"
                  "990101400001,东街社区居民委员会,村\n990101400200,柳湾村委会,村\n")


def written(folder: Path, content: str | bytes, encoding: str = "utf-8") -> Path:
    path = folder / "divisions.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode(encoding))
    return path


def load(engine: Engine, actor: Actor, divisions: list[Division]) -> Counts:
    with (ScopedSession(engine, actor.scope, writing=True) as session,
          recording(session, actor, "load")):
        return load_divisions(session, divisions)


def refusal(path: Path) -> str:
    with pytest.raises(Invalid) as refused:
        read_divisions(path)
    return refused.value.message


# --- the real county ------------------------------------------------------------------------------


def test_the_county_file_is_read_whole() -> None:
    divisions = read_divisions(COUNTY_FILE)

    assert Counter(d.level for d in divisions) == {
        "省": 1, "地市": 1, "县": 1, "乡镇": 9, "村": 168
    }
    assert sum(d.code.startswith("140722400") and d.level == "村" for d in divisions) == 27


def test_the_county_is_loaded_once_with_its_parents(engine: Engine, 系统管理员: Actor) -> None:
    divisions = read_divisions(COUNTY_FILE)

    assert load(engine, 系统管理员, divisions) == Counts(180, 0, 0)
    assert load(engine, 系统管理员, divisions) == Counts(0, 0, 180)

    with ScopedSession(engine, 系统管理员.scope) as session:
        parents = dict(session.execute(select(Region.code, Region.parent_code)).all())
        recorded = session.scalars(select(ChangeRow.operation)).all()
    assert len(parents) == 180
    assert parents["140722400218"] == "140722400000"
    assert parents["140722400000"] == "140722000000"
    assert parents["140722000000"] == "140700000000"
    assert parents["140000000000"] is None
    assert recorded == ["insert"] * 180


def test_a_newer_file_corrects_names_adds_villages_and_reports_what_it_lacks(
    engine: Engine, 系统管理员: Actor, tmp_path: Path
) -> None:
    load(engine, 系统管理员, read_divisions(written(tmp_path, SMALL)))
    newer = SMALL.replace("柳湾村委会", "柳树湾村委会").replace(
        "990101400001,东街社区居民委员会,村\n", "990101400002,西街社区居民委员会,村\n")

    counts = load(engine, 系统管理员, read_divisions(written(tmp_path, newer)))

    assert counts == Counts(new=1, changed=1, same=2, absent=("990101400001",))
    with ScopedSession(engine, 系统管理员.scope) as session:
        regions = {region.code: region for region in session.scalars(select(Region))}
    assert regions["990101400200"].name == "柳树湾村委会"
    assert regions["990101400001"].valid_until is None


@pytest.mark.parametrize("store_url", ["sqlite"], indirect=True)
def test_a_file_of_one_township_reports_nothing_of_its_neighbours(
    engine: Engine, 系统管理员: Actor, tmp_path: Path
) -> None:
    load(engine, 系统管理员, read_divisions(COUNTY_FILE))
    one = HEADER + "140722400000,城区,乡镇\n140722400001,康宁社区居民委员会,村\n"

    counts = load(engine, 系统管理员, read_divisions(written(tmp_path, one)))

    assert (counts.new, counts.changed, counts.same) == (0, 0, 2)
    assert len(counts.absent) == 26
    assert all(code.startswith("140722400") for code in counts.absent)


@pytest.mark.parametrize("store_url", ["sqlite"], indirect=True)
def test_a_township_without_its_county_is_refused(
    engine: Engine, 系统管理员: Actor, tmp_path: Path
) -> None:
    divisions = read_divisions(written(tmp_path, HEADER + "990101400000,城区,乡镇\n"))

    with pytest.raises(Invalid, match="上级 990101000000 还没有装载"):
        load(engine, 系统管理员, divisions)


def test_the_whole_country_is_added_once(engine: Engine, 系统管理员: Actor) -> None:
    for missing in (True, False):
        with (ScopedSession(engine, 系统管理员.scope, writing=True) as session,
              recording(session, 系统管理员, "load")):
            assert load_whole_country(session) is missing


def test_the_parent_is_the_next_division_above() -> None:
    assert parent_of("140722400218") == "140722400000"
    assert parent_of("441900003000") == "441900000000"  # a prefecture without counties
    assert parent_of("140000000000") is None


# --- files as people write them -------------------------------------------------------------------


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_encodings(tmp_path: Path, encoding: str) -> None:
    divisions = read_divisions(written(tmp_path, SMALL, encoding))

    assert [d.name for d in divisions] == ["示范县", "城区", "东街社区居民委员会", "柳湾村委会"]


def test_order_of_columns_spaces_full_width_digits_and_words_of_level(tmp_path: Path) -> None:
    content = (" 级别 , 名 称,备注,区划代码\n\n县级, 示范县 ,,９９０１０１０００００0\n"
               "街道,城区（示范）,x,'990101400000\n社区,东街社区居民委员会,,9901 0140 0001\n")

    divisions = read_divisions(written(tmp_path, content))

    assert [(d.code, d.name, d.level, d.line) for d in divisions] == [
        ("990101000000", "示范县", "县", 3), ("990101400000", "城区（示范）", "乡镇", 4),
        ("990101400001", "东街社区居民委员会", "村", 5),
    ]


def test_codes_of_seventeen_digits_carry_the_settlement(tmp_path: Path) -> None:
    content = ("统计用区划代码\t名称\t级别\t城乡分类\n99010140000000111\t城区\t乡镇\t\n"
               "99010140000100112\t东街社区居民委员会\t村\t\n990101400200\t柳湾村委会\t村\t村庄\n")

    divisions = read_divisions(written(tmp_path, content))

    assert [(d.code, d.settlement) for d in divisions] == [
        ("990101400000", "111"), ("990101400001", "112"), ("990101400200", "220"),
    ]


# --- files that will not do -----------------------------------------------------------------------


@pytest.mark.parametrize(("content", "sentence"), [
    ("", "是空的"), ("\n\n , \n", "是空的"), (HEADER, "只有表头"),
    ("代号,名称,级别\n990101000000,示范县,县\n", "第 1 行的表头里没有“区划代码”"),
    ("区划代码,名称,名称,级别\n", "“名称”重复"),
    (b"PK\x03\x04\x14\x00", "不是 CSV 文本"), (b"\x89PNG\r\n\x00\x00", "不是 CSV 文本"),
    (b"\xff\xff\xff\xff\xfe", "编码无法识别"),
    (HEADER + '"' + "x" * 200_000, "不是正确的 CSV"),
])
def test_a_file_that_is_none(tmp_path: Path, content: str | bytes, sentence: str) -> None:
    assert sentence in refusal(written(tmp_path, content))


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    assert "打不开" in refusal(tmp_path / "missing.csv")


@pytest.mark.parametrize(("line", "sentence"), [
    ("99010140001,东街社区,村", "第 6 行：区划代码“99010140001”不是 12 位"),
    ("9.90101E+11,东街社区,村", "第 6 行：区划代码“9.90101E+11”被 Excel 改成了科学计数"),
    ("990101400001,东街社区,村", "第 6 行：区划代码 990101400001 与第 4 行重复"),
    ("990101400003,西街社区,乡镇",
     "第 6 行：西街社区的代码 990101400003 是村级的代码，与级别“乡镇”不符"),
    ("990101500001,西街社区,村", "第 6 行：西街社区（990101500001）的上级 990101500000 不在文件中"),
    ("990101400003,,村", "第 6 行：没有填写名称"),
    ("990101400003,西街社区,", "第 6 行：没有填写级别"),
    ("990101400003,西街社区,组", "第 6 行：级别“组”不认识"),
    ("990101400003", "第 6 行：没有填写名称"),
    ("000000000000,全国,省", "第 6 行：区划代码不能全是 0"),
    ("99010140000300999,西街社区,村", "第 6 行：城乡分类“999”不认识"),
    (f"990101400003,{'长' * 61},村", "第 6 行：名称超过 60 个字"),
])
def test_a_line_that_is_wrong_is_named(tmp_path: Path, line: str, sentence: str) -> None:
    message = refusal(written(tmp_path, SMALL + line + "\n"))

    assert sentence in message
    assert "没有装载任何区划" in message


def test_all_faults_are_named_in_order_but_no_more_than_twenty(tmp_path: Path) -> None:
    message = refusal(written(tmp_path, SMALL + "bad,,x\n" * 10))

    assert "有 30 处错误" in message
    assert message.count("第 ") == 20
    assert "只列出前 20 处" in message
    assert message.index("第 6 行") < message.index("第 11 行")
