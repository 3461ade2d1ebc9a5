"""Turn what stands in a spreadsheet cell into a value, or say how to correct it.

Each function takes a raw cell and returns `Noted`: the value (None for a blank cell) and the notes
a person should read, or raises BadCell with a sentence that says what to do.

    noted = date_value("2015年4月4日")
    noted.value     # date(2015, 4, 4)
    noted.notes     # ()
"""

from __future__ import annotations

import math
import re
import unicodedata
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final, Generic, TypeVar

from admin_app.errors import Invalid
from admin_app.exchange.reader import RawCell
from admin_app.identity_numbers import holds_number
from models.identity_number import (
    IdentityNumber,
    IdentityNumberError,
    check,
    looks_truncated,
    normalise,
)

__all__ = ["BadCell", "Noted", "Rough", "birth_date", "chinese_name", "date_value", "identity_number"]
__all__ += ["family_number", "open_text", "phone", "says_nothing", "text", "yes_no"]

Value = TypeVar("Value")

NAME_LENGTH: Final = 50
EXCEL_DAY_ZERO: Final = date(1899, 12, 30)
EARLIEST_DATE: Final = date(1900, 1, 1)
FIRST_CLEAR_SERIAL: Final = 3000  # 1908; smaller numbers are ages, years or slips
YEARS: Final = range(1900, 2101)

TRUNCATED: Final = (
    "身份证号按数字保存，末尾几位已丢失，无法找回。请把该列设为“文本”格式后重新填写。"
)
LOST_FAMILY: Final = (
    "户编号按数字保存，末尾几位已丢失，无法找回。请把该列设为“文本”格式后重新填写，或留空。"
)
DATE_ADVICE: Final = "请写成“2015-04-04”或“2015年4月4日”。"

YES: Final = frozenset({"是", "有", "对", "y", "yes", "true", "t", "1", "√", "✓", "✔", "☑", "在校", "在读"})
NO: Final = frozenset(
    {"否", "无", "没有", "不是", "错", "n", "no", "false", "f", "0", "×", "x", "✗",
     "不在校", "离校", "辍学", "疑似辍学", "失学", "休学"}
)

NOTHING: Final = re.compile(
    r"[-‐-―−/\\]+|暂?(无|没有)(号码|证件|身份证号?|户口|电话)?|暂?[未没](上|落|入)户口?"
)
NOT_KNOWN: Final = re.compile("不详|不清楚|不知道|不明|待[补查]")
MIDDLE_DOTS: Final = re.compile(r"(?<=\w)\s*[·•・．‧∙⋅●]\s*(?=\w)")
FULL_DATE: Final = re.compile(
    r"(\d{4})\s*[-./年、。,]\s*(\d{1,2})\s*[-./月、。,]\s*(\d{1,2})\s*[日号]?"
    r"(?:[T\s]+\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?)?"
)
MONTH_ONLY: Final = re.compile(r"(\d{4})\s*[-./年、。]\s*(\d{1,2})\s*月?|((?:19|20)\d{2})(\d{2})")
YEAR_ONLY: Final = re.compile(r"((?:19|20)\d{2})\s*年?")
YEAR_LAST: Final = re.compile(r"\d{1,2}[-./]\d{1,2}[-./]\d{4}|\d{2}[-./年]\d{1,2}[-./月]\d{1,2}日?")
STANDARD_NUMBER: Final = re.compile(r"[0-9]{17}[0-9X]")
PLAIN_NAME: Final = re.compile("[\u4e00-\u9fa5]{2,4}")  # nearly every name: Han characters and nothing else
LONG_NUMBER: Final = re.compile(r"\d(?:[\s-]?\d){14,}(?:[\s-]?[\dXx])?", re.A)
IDENTITY_LENGTH: Final = 18
SCIENTIFIC: Final = re.compile(r"\d(\.\d+)?E\+\d\d")  # as Excel writes a long number, in a file of text for ever
AREA_CODE: Final = re.compile(r"(010|02\d|0[3-9]\d{2})(\d{7,8})")


class BadCell(Invalid):
    """The cell cannot be taken over; `message` says how to correct it."""


@dataclass(frozen=True, slots=True)
class Noted(Generic[Value]):
    """A value with what a person should look at, such as a date read from a bare number."""

    value: Value
    notes: tuple[str, ...] = ()


def text(cell: RawCell, max_length: int) -> Noted[str | None]:
    """One line of text: NFC, outer spaces gone, inner runs of spaces made one.

    Text that a spreadsheet would run as a formula is kept as it is, with a note.
    """
    value = one_line(cell)
    if not value:
        return Noted(None)
    if len(value) > max_length:
        raise BadCell(f"内容有{len(value)}个字，最多{max_length}个字，请缩短。")
    return Noted(value, formula_notes(value))


def open_text(cell: RawCell, max_length: int) -> Noted[str | None]:
    """A text that many may read: a whole identity number in it is refused, as in a form (`services/records.py`)."""
    noted = text(cell, max_length)
    written = noted.value or ""
    if len(written) >= IDENTITY_LENGTH and holds_number(written):
        raise BadCell("这里有完整的身份证号。证件号只填在身份证号一列，这里请去掉或只写后四位。")
    return noted


def family_number(cell: RawCell, max_length: int) -> Noted[str | None]:
    """A 户编号. Those of the register have 16 digits, of which Excel keeps 15 in a cell of numbers: of ten families it
    would make one. A word for nothing is none: it would make a family of all that have it."""
    if says_nothing(one_line(cell)) or NOT_KNOWN.fullmatch(plain_word(one_line(cell))):
        return Noted(None)
    lost = looks_truncated(cell) if isinstance(cell, int | float) else SCIENTIFIC.fullmatch(one_line(cell).upper())
    if lost:
        raise BadCell(LOST_FAMILY)
    return open_text(cell, max_length)


def chinese_name(cell: RawCell, max_length: int = NAME_LENGTH) -> Noted[str | None]:
    """A person's name. Spaces inside a name in Han characters go (张　三); any middle dot of a
    minority name becomes ·; a formula-like text is kept and noted, never run."""
    if isinstance(cell, str) and PLAIN_NAME.fullmatch(cell):
        return Noted(cell)
    noted = text(cell, max_length)
    if noted.value is None:
        return noted
    name = MIDDLE_DOTS.sub("·", noted.value)
    solid = name.replace(" ", "")
    if all(is_han(c) or c == "·" for c in solid):
        return Noted(solid, private_use_notes(solid))
    if re.search(r"\d{6}", unicodedata.normalize("NFKC", name)) or not any(c.isalpha() for c in name):
        raise BadCell("姓名里是号码或符号，不是名字，请核对是不是填错了格。")
    notes = noted.notes
    if not notes and re.search(r"[\d?？*_]|\ufffd", name):
        notes = (f"姓名“{shown(name)}”里有数字或符号，请核对。",)
    return Noted(name, notes + private_use_notes(name))


def date_value(
    cell: RawCell, *, today: date | None = None, future_allowed: bool = False
) -> Noted[date | None]:
    """A day from 1900 until today, in any of the ways people and Excel write one."""
    noted = read_date(cell)
    if noted.value is None:
        return noted
    if noted.value < EARLIEST_DATE:
        raise BadCell(f"日期“{noted.value.isoformat()}”早于1900年，请核对后改正。")
    if not future_allowed and noted.value > (today or date.today()):
        raise BadCell(f"日期“{noted.value.isoformat()}”还没有到，请核对后改正。")
    return noted


@dataclass(frozen=True, slots=True)
class Rough:
    """A day of birth of which no more than the month is told, or the year: 2014.1 in a cell of numbers is January or
    October. `first` is the day that it is taken for where nothing tells it better, None where it cannot be taken."""

    year: int
    months: tuple[int, ...]
    first: date | None
    said: str

    def agrees_with(self, born: date) -> bool:
        return born.year == self.year and born.month in self.months


def birth_date(cell: RawCell, *, today: date | None = None) -> Noted[date | Rough | None]:
    """A day of birth, or what is told of one: the list may have an identity number that says the rest."""
    try:
        noted = date_value(cell, today=today)
    except BadCell as fault:
        if (told := roughly(cell)) is None:
            raise
        return Noted(Rough(*told, None, fault.message))
    told = roughly(cell) if noted.notes else None
    return Noted(Rough(*told, noted.value, noted.notes[0])) if told else Noted(noted.value, noted.notes)


def roughly(cell: RawCell) -> tuple[int, tuple[int, ...]] | None:
    """The year, and the months of it that a cell may mean which tells no day; None for any other cell."""
    written = unicodedata.normalize("NFKC", one_line(cell))
    if year := YEAR_ONLY.fullmatch(written):
        return int(year[1]), tuple(range(1, 13))
    if not (month := MONTH_ONLY.fullmatch(written)):
        return None
    number = month[2] or month[4]
    months = (1, 10) if isinstance(cell, float) and number == "1" else (int(number),)  # its zero is gone
    return int(month[1] or month[3]), months


def phone(cell: RawCell) -> Noted[str | None]:
    """A mobile number of 11 digits, or a landline with its area code as 0354-8612345."""
    written = unicodedata.normalize("NFKC", one_line(cell))
    if not written or says_nothing(written):
        return Noted(None)
    written = written.removesuffix(".0")  # a number that went through a program as one with decimals
    if "*" in written:
        raise BadCell("电话号码有星号，请填写完整的号码。")
    digits = re.sub(r"[\s\-‐‑–—−()+]", "", written)
    if not digits.isascii() or not digits.isdigit():
        raise BadCell("电话里有数字以外的内容，一格只填一个号码，请改正。")
    for prefix in ("0086", "86"):
        if len(digits) == 11 + len(prefix) and digits.startswith(prefix + "1"):
            digits = digits.removeprefix(prefix)
    if re.fullmatch(r"1[3-9]\d{9}", digits):
        return Noted(digits)
    if landline := AREA_CODE.fullmatch(digits):
        return Noted(f"{landline[1]}-{landline[2]}")
    if len(digits) in (7, 8) and digits[0] in "2345678":
        raise BadCell("座机号码没有区号，请补上，如“0354-8612345”。")
    if len(digits) < 11:
        raise BadCell(f"电话号码只有{len(digits)}位，手机号应为11位，座机请带区号，请补全。")
    if len(digits) > 11:
        raise BadCell(f"电话号码有{len(digits)}位，手机号应为11位，一格只填一个号码，请改正。")
    raise BadCell("不是手机号码（手机号以13至19开头），请核对后改正。")


def yes_no(cell: RawCell) -> Noted[bool | None]:
    """是 or 否, and the other ways of ticking them."""
    if isinstance(cell, bool):
        return Noted(cell)
    written = unicodedata.normalize("NFKC", one_line(cell)).lower()
    if not written:
        return Noted(None)
    if written in YES:
        return Noted(True)
    if written in NO:
        return Noted(False)
    raise BadCell(f"“{shown(written)}”看不出是或否，请填“是”或“否”。")


def identity_number(cell: RawCell, *, today: date | None = None) -> Noted[IdentityNumber | None]:
    """An identity number that passed every check; full-width digits and spaces are put right."""
    # Nearly every number is written the standard way: then only its tail can have been lost.
    standard = isinstance(cell, str) and STANDARD_NUMBER.fullmatch(cell) is not None
    if (not standard or str(cell).endswith("000")) and looks_truncated(cell):
        raise BadCell(TRUNCATED)
    written = one_line(cell)
    if not standard and (not normalise(written) or says_nothing(written)):
        return Noted(None)
    try:
        found = check(written, today=today)
    except IdentityNumberError as error:
        raise BadCell(error.message) from error
    if found.number == written.upper():
        return Noted(found)
    return Noted(found, ("身份证号里的全角字符、空格等已改为标准写法。",))


def says_nothing(written: str) -> bool:
    """Whether a cell says that there is nothing to write in it: 无, 未上户, or a stroke."""
    return NOTHING.fullmatch(plain_word(written)) is not None


def plain_word(text: str) -> str:
    """A name or code as it is compared: half-width, without spaces."""
    return "".join(unicodedata.normalize("NFKC", text).split())


def one_line(cell: RawCell) -> str:
    """The text of a cell on one line; '' for a blank one. Refuses control characters."""
    if cell is None:
        return ""
    if isinstance(cell, str):
        if cell.isprintable() and " " not in cell and unicodedata.is_normalized("NFC", cell):
            return cell  # nearly every text: nothing below would change it
    elif isinstance(cell, bool):
        return "是" if cell else "否"
    elif isinstance(cell, float):
        if not math.isfinite(cell):
            raise BadCell("这一格是出错的数字，请重新填写。")
        cell = int(cell) if cell.is_integer() else cell
    if isinstance(cell, datetime) and cell.time() == datetime.min.time():
        cell = cell.date()
    line = " ".join(unicodedata.normalize("NFC", str(cell)).split())
    if line.isprintable():  # true of nearly every cell: none of the characters looked for below
        return line
    line = "".join(c for c in line if unicodedata.category(c) != "Cf").strip()
    if any(unicodedata.category(c) in ("Cc", "Cs") for c in line):
        raise BadCell("内容里有看不见的控制字符，请删去这一格后重新输入。")
    return line


def read_date(cell: RawCell) -> Noted[date | None]:
    if isinstance(cell, datetime):
        return Noted(cell.date())
    if isinstance(cell, date):
        return Noted(cell)
    written = unicodedata.normalize("NFKC", one_line(cell))
    if not written:
        return Noted(None)
    if isinstance(cell, float) and not cell.is_integer():
        if math.floor(cell) in YEARS:  # 2014.1 may be January or October
            raise BadCell(f"日期“{shown(written)}”存成了小数，看不出是几月几日，{DATE_ADVICE}")
        return from_serial(math.floor(cell))
    if re.fullmatch(r"\d{8}", written):
        return Noted(day(written[:4], written[4:6], written[6:], written))
    if re.fullmatch(r"\d{4,5}", written):
        return from_serial(int(written))
    if full := FULL_DATE.fullmatch(written):
        return Noted(day(full[1], full[2], full[3], written))
    if month := MONTH_ONLY.fullmatch(written):
        first = day(month[1] or month[3], month[2] or month[4], "1", written)
        return Noted(first, (f"“{shown(written)}”只写到月，暂按当月1日登记，请核对。",))
    if YEAR_LAST.fullmatch(written):
        raise BadCell(f"日期“{shown(written)}”看不出哪个是年、月、日，{DATE_ADVICE}")
    raise BadCell(f"“{shown(written)}”不是能认出的日期，{DATE_ADVICE}")


def from_serial(number: int) -> Noted[date | None]:
    """A day that Excel shows as a bare number because the cell has lost its date format."""
    if number in YEARS:
        raise BadCell(f"“{number}”只有年份，{DATE_ADVICE}")
    if not FIRST_CLEAR_SERIAL <= number <= 99_999:
        raise BadCell(f"“{number}”不是能认出的日期，{DATE_ADVICE}")
    found = EXCEL_DAY_ZERO + timedelta(days=number)
    return Noted(found, (f"数字{number}已按Excel日期读作{found.isoformat()}，请核对。",))


def day(year: str, month: str, day_of_month: str, written: str) -> date:
    try:
        return date(int(year), int(month), int(day_of_month))
    except ValueError as error:
        raise BadCell(f"日期“{shown(written)}”并不存在，请核对后改正。") from error


def formula_notes(value: str) -> tuple[str, ...]:
    if len(value) > 1 and value[0] in "=+-@" and not re.fullmatch(r"[+-]?[\d.,]+%?", value):
        return (f"内容以“{value[0]}”开头，像是公式，已按文字保存，没有运行，请核对。",)
    return ()


def private_use_notes(value: str) -> tuple[str, ...]:
    if any(unicodedata.category(c) == "Co" for c in value):
        return ("姓名里有自造字，在别的电脑上可能显示不出来，请改用标准字。",)
    return ()


def is_han(character: str) -> bool:
    if character == "〇" or unicodedata.category(character) == "Co":
        return True
    return unicodedata.name(character, "").startswith("CJK ")


def shown(value: str) -> str:
    """A cell as a message repeats it: cut short, and without a number that may be somebody's."""
    value = LONG_NUMBER.sub("（一串号码）", value)
    return value if len(value) <= 20 else value[:20] + "…"
