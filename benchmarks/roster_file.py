"""A roster of any length in the shape of `tests/data/适龄儿童花名册.xlsx`, the same for the same seed.

    python -m benchmarks.roster_file 10000 /tmp/花名册.xlsx

Everybody in it is invented: identity numbers begin with 99, which no county has.
"""

import argparse
import random
from collections import Counter
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import xlsxwriter

from seed.divisions import read_divisions
from seed.makers import make_identity_number

ROOT = Path(__file__).parent.parent
DIVISIONS = ROOT / "tests" / "data" / "divisions_140722.csv"
TOWNSHIP = "140722400000"  # 左权县城区
SEED = 20260910
_GROUPED = ("监护人", "", "就读情况", "", "", "")
_UPPER = ("序号", "村（社区）", "户编号", "户主姓名", "户主身份证号", "儿童姓名", "性别", "民族", "身份证号码",
          "出生日期", *_GROUPED, "特殊群体", "家庭类型", "是否在校", "备注")
_LOWER = ("",) * 10 + ("姓名", "联系电话", "学校", "年级", "班级", "就读方式") + ("",) * 4
_SURNAMES = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董程曹袁邓许沈吕苏卢蒋蔡贾丁魏薛叶"
_GIVEN = "欣怡浩宇梓涵子轩俊杰雨泽思远佳琪文博晨曦一诺明轩嘉宁星志刚海峰晓东建军永红"
_SCHOOLS = ("示范小学", "城区第二小学", "育才九年制学校", "示范初级中学")
_GRADES = ("一", "二", "三", "四", "五", "六", "七", "八", "九")
_FIRST_BIRTH, _BIRTH_DAYS = date(2011, 9, 1), 3285


def villages() -> list[tuple[str, str]]:
    """Code and name of each village of the township."""
    return [(d.code, d.name) for d in read_divisions(DIVISIONS) if d.level == "村" and d.code[:9] == TOWNSHIP[:9]]


class _People:
    """Invented people, no two with the same identity number."""

    def __init__(self, rng: random.Random) -> None:
        self.rng = rng
        self._serials: Counter[tuple[date, str]] = Counter()

    def given_name(self) -> str:
        return "".join(self.rng.choices(_GIVEN, k=self.rng.choice((1, 2, 2, 2))))

    def number(self, born: date, sex: str) -> str:
        serial = self._serials[born, sex]
        self._serials[born, sex] += 1
        return make_identity_number(born, sex, serial=serial, address="990722")


def _written(rng: random.Random, born: date) -> str | date:
    """A date in one of the three styles of real lists."""
    styles = (f"{born:%Y.%m.%d}", f"{born.year}年{born.month}月{born.day}日", born)
    return rng.choice(styles)


def rows(count: int, seed: int = SEED) -> Iterator[tuple[Any, ...]]:
    """The data rows: families of one to three children, in 27 villages."""
    rng = random.Random(seed)
    people, places = _People(rng), villages()
    done = family = 0
    while done < count:
        family += 1
        code, village = rng.choice(places)
        surname, adult_born = rng.choice(_SURNAMES), date(1965, 1, 1) + timedelta(rng.randrange(9000))
        head, head_number = surname + people.given_name(), people.number(adult_born, "1")
        household = (village, f"{code}{family:04d}", head, head_number)
        hardship = rng.choice(("一般户",) * 7 + ("脱贫户", "低保户", "脱贫不稳定户"))
        phone = f"199{rng.randrange(10**8):08d}"
        for _ in range(min(rng.choice((1, 1, 2, 2, 3)), count - done)):
            done += 1
            born, sex = _FIRST_BIRTH + timedelta(rng.randrange(_BIRTH_DAYS)), rng.choice("12")
            yield (done, *household, surname + people.given_name(), "男" if sex == "1" else "女",
                   rng.choice(("汉族",) * 9 + ("回族",)), people.number(born, sex), _written(rng, born), head, phone,
                   rng.choice(_SCHOOLS), f"{rng.choice(_GRADES)}年级", f"{rng.randrange(1, 6)}班",
                   rng.choice(("走读", "走读", "住校")), rng.choice(("",) * 9 + ("留守儿童",)), hardship, "是", "")


def write(path: Path, count: int, seed: int = SEED) -> Path:
    """Write the workbook: merged title, 填报单位, a header in two rows, data, 合计 and 审核人."""
    with xlsxwriter.Workbook(path, {"constant_memory": True, "strings_to_formulas": False}) as book:
        sheet = book.add_worksheet("花名册")
        day = book.add_format({"num_format": "yyyy-mm-dd"})
        last = len(_UPPER) - 1
        sheet.merge_range(0, 0, 0, last, "左权县城区义务教育阶段适龄儿童少年花名册")
        sheet.write_row(1, 0, ["填报单位：左权县城区（盖章）"])
        sheet.write_string(1, 10, "填报时间：2026年9月10日")
        for line, captions in ((2, _UPPER), (3, _LOWER)):
            for column, caption in enumerate(captions):
                if caption:
                    sheet.write_string(line, column, caption)
        for line, row in enumerate(rows(count, seed), 4):
            for column, value in enumerate(row):
                if isinstance(value, date):
                    sheet.write_datetime(line, column, value, day)
                elif value != "":
                    sheet.write(line, column, value)
        sheet.write_row(count + 4, 0, ["合计", f"{count}人"])
        sheet.write_row(count + 6, 0, ["审核人：            填表人：            联系电话："])
    return path


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("rows", type=int)
    arguments.add_argument("path", type=Path)
    given = arguments.parse_args()
    print(write(given.path, given.rows))


if __name__ == "__main__":
    main()
