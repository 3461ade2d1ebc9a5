"""Writing Excel: one way to make a workbook that is safe to open and fit to stamp.

XlsxWriter in constant memory; no text ever becomes a formula, a link or a number; identity numbers
are text cells. The official frame: merged title, 填报单位 and 填报时间, 序号 first, footer, A4
landscape, the header repeated on every page. A table too wide to be read on one page goes on beside it,
where 序号 and the first column stand again.
"""

import errno
import re
import tempfile
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import chain, islice
from pathlib import Path
from typing import Any, Self

import xlsxwriter
from xlsxwriter.exceptions import FileCreateError, XlsxWriterException

from admin_app.display import LOCAL_ZONE

MAX_ROWS = 1_048_000
_UNWRITABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]|[\ud800-\udfff]")
_LONGEST_CELL = 32_767
_LOOKED_AT = 500  # rows
_WIDEST = 40  # half characters, of a column whose texts are not known to be longer
_LINE = 13.5  # points
_SERIAL = 6  # half characters, of 序号
_PIXELS, _PADDING = 7, 5  # of a half character on the screen that Excel measures by, and of a column beside its text
_ROOM = 1026  # pixels of A4 landscape between the margins
_SMALLEST, _READABLE = 0.6, 0.8  # of the size that is set: for one page never smaller; what pages side by side aim at
_LONGEST_FOOTER = 200  # of Excel's 255, with the page numbers
_OPTIONS: dict[str, Any] = {
    "constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False,
    "strings_to_numbers": False, "in_memory": False,
}


@dataclass(frozen=True, slots=True)
class Frame:
    """What stands around the rows of an official table."""

    title: str
    unit: str
    footer: str = "审核人：                    填表人：                    联系电话："
    mark: str = ""  # who, when and the seal's fingerprint: a line under the table and on each page
    note: str = ""  # the grade of the export, beside the title
    adds_up: bool = False  # whether the last line gives the sums of columns of numbers
    tall: bool = False  # rows as high as their sentences need: not every program that opens a file sees to it


class Day(int):
    """A day as Excel counts it, from the last of 1899: made once for each day of a column, not for each cell."""

    @classmethod
    def of(cls, value: date) -> Self:
        """Raises ValueError for a day before its calendar can be trusted: it has a 29 February 1900."""
        if value < date(1900, 3, 1):
            raise ValueError(value)
        return cls(value.toordinal() - date(1899, 12, 30).toordinal())


class Wrapped(str):
    """A text that is known to be wider than its column: the row is made as high as it needs."""


def temporary() -> Path:
    """A path for a workbook that the caller removes."""
    with tempfile.NamedTemporaryFile(prefix="baoxue-", suffix=".xlsx", delete=False) as file:
        return Path(file.name)


def writable(value: Any) -> str:
    """Text that every spreadsheet program opens: no control characters, not over the cell's limit."""
    return _UNWRITABLE.sub("", str(value))[:_LONGEST_CELL]


def half_characters(text: str) -> int:
    """How wide a text is: a Chinese character takes two."""
    return sum(2 if unicodedata.east_asian_width(c) in "WFA" else 1 for c in text)


def width_of(caption: str, longest: int) -> int:
    """A column's width in half characters."""
    return max(6, min(42, max(half_characters(caption) + 2, longest)))


def write_table(path: Path, frame: Frame, captions: Sequence[str], rows: Iterable[Sequence[Any]],
                widths: Sequence[int] | None = None) -> int:
    """Write one framed table; gives the number of rows. `rows` hold texts, numbers or days; 序号 is added.

    Raises OSError (the disk is full); what was written by then is taken away."""
    try:
        return _write_table(path, frame, captions, rows, widths)
    except (OSError, XlsxWriterException) as fault:
        path.unlink(missing_ok=True)
        if isinstance(fault, XlsxWriterException) and not isinstance(fault, FileCreateError):
            raise
        raise OSError(getattr(fault.args[0], "errno", None) or errno.ENOSPC, str(fault)) from fault


def _on_a4(sheet: Any, widths: Sequence[int] = ()) -> int | None:
    """Landscape, the captions again on every page; one page wide, or several where one would be too small to read. How
    small exactly, and where a page ends, is left to the program that prints: its letters may be wider than Excel's.
    Gives the first column that may not stand on the first page, None where all of them do."""
    sheet.set_landscape()
    sheet.set_paper(9)
    sheet.repeat_rows(2)
    begins = side_by_side(widths)
    sheet.fit_to_pages(len(begins) + 1, 0)
    if not begins:
        return None
    sheet.repeat_columns(0, 1)
    sheet.print_across()
    return begins[0]


def side_by_side(widths: Sequence[int]) -> list[int]:
    """The columns (序号 is 0) with which further pages begin at the earliest; none where one page is wide enough."""
    wide = [width * _PIXELS + _PADDING for width in (_SERIAL, *widths)]
    again, rest = sum(wide[:2]), wide[2:]
    room = int(_ROOM / _READABLE) - again
    if _SMALLEST * sum(wide) <= _ROOM or len(rest) < 2 or room < again:
        return []  # beside a name that takes half of a page nothing is won
    pages = -(-sum(rest) // room)
    most = max(sum(rest) / pages, *rest)
    while len(begins := _filled(rest, most)) >= pages and most < sum(rest):
        most *= 1.02
    return [column + 2 for column in begins]


def _filled(columns: Sequence[int], most: float) -> list[int]:
    """With which columns a new page begins when none holds more than so much."""
    begins, taken = [], 0
    for number, width in enumerate(columns):
        if taken and taken + width > most:
            begins.append(number)
            taken = 0
        taken += width
    return begins


def _write_table(path: Path, frame: Frame, captions: Sequence[str], rows: Iterable[Sequence[Any]],
                 widths: Sequence[int] | None) -> int:
    with xlsxwriter.Workbook(str(path), _OPTIONS) as book:
        sheet = book.add_worksheet("名单")
        formats = _formats(book)
        rows = iter(rows)
        first = list(islice(rows, _LOOKED_AT))  # columns are set before the rows: the first tell how wide they are
        widths_set = _set_widths(sheet, captions, first, widths)
        _head(sheet, frame, captions, widths_set, formats)
        count, sums = _body(sheet, chain(first, rows), widths_set, formats, tall=frame.tall)
        if count:
            sheet.autofilter(2, 0, count + 2, len(captions))
        if frame.footer:
            for number, said in enumerate(["合计", f"{count} 条", *[None] * (len(captions) - 1)]):
                if frame.adds_up and number in sums:
                    sheet.write_number(count + 3, number, sums[number], formats["number"])
                elif said:
                    sheet.write_string(count + 3, number, said, formats["cell"])
                else:
                    sheet.write_blank(count + 3, number, None, formats["cell"])
            sheet.write_string(count + 5, 0, frame.footer, formats["plain"])
        if frame.mark:
            sheet.write_string(count + 6, 0, frame.mark, formats["mark"])
    return count


def _set_widths(sheet: Any, captions: Sequence[str], first: Sequence[Sequence[Any]],
                widths: Sequence[int] | None) -> list[int]:
    """The width of each column, by its caption and the first rows, in half characters."""
    found = []
    sheet.set_column(0, 0, _SERIAL)
    for number, (caption, *column) in enumerate(zip(captions, *first, strict=True), start=1):
        least = widths[number - 1] if widths else width_of(caption, 12)
        longest = max((half_characters(value) + 2 for value in column if type(value) is str), default=0)
        found.append(max(least, min(longest, _WIDEST)))
        sheet.set_column(number, number, found[-1])
    return found


def _head(sheet: Any, frame: Frame, captions: Sequence[str], widths: Sequence[int], formats: dict[str, Any]) -> None:
    """Title, 填报单位 and 填报时间, captions; on every page of the paper."""
    second = _on_a4(sheet, widths)
    last = second - 1 if second else len(captions)  # the title is not cut in two
    sheet.set_margins(0.5, 0.5, 0.6, 0.6)
    sheet.set_footer(f"&L&8{frame.mark.replace('&', '&&')[:_LONGEST_FOOTER]}&R第 &P 页，共 &N 页")
    sheet.set_row(0, 32)
    _banner(sheet, 0, last, writable(frame.title), formats["title"])
    now = datetime.now(LOCAL_ZONE)
    banner = f"填报单位：{frame.unit}（盖章）　　　　填报时间：{now.year}年{now.month}月{now.day}日"
    said = writable(f"{banner}　　　　{frame.note}" if frame.note else banner)
    room = max(40, sum(widths[:last]) + _SERIAL)
    lines = -(-int(half_characters(said) * 1.15) // room)  # its letters are a little larger
    if lines > 1:
        sheet.set_row(1, lines * _LINE * 1.15 + 3)
    _banner(sheet, 1, last, said, formats["line"])
    sheet.freeze_panes(3, 2)
    _heads_room(sheet, captions, widths)
    for number, caption in enumerate(["序号", *captions]):
        sheet.write_string(2, number, writable(caption), formats["head"])


def _body(sheet: Any, rows: Iterable[Sequence[Any]], widths: Sequence[int], formats: dict[str, Any], *,
          tall: bool) -> tuple[int, dict[int, float]]:
    """The rows, each as high as its texts need where they are `tall`, or as what is known to wrap. Gives how many, and
    the sums of the columns that hold numbers."""
    sums: dict[int, float] = {}
    count, cell, serial, plain, day = 0, *(formats[name] for name in ("cell", "serial", "number", "day"))
    for count, row in enumerate(rows, start=1):
        line = count + 2
        if tall and (high := _lines(row, widths)) > 1:
            sheet.set_row(line, high * _LINE + 3)
        sheet.write_number(line, 0, count, serial)
        for number, value in enumerate(row, start=1):
            if type(value) is str and value:
                sheet.write_string(line, number, value if value.isprintable() else writable(value), cell)
            elif type(value) is Day:
                sheet.write_number(line, number, value, day)
            elif isinstance(value, int | float) and not isinstance(value, bool):
                sheet.write_number(line, number, value, plain)
                sums[number] = sums.get(number, 0) + value
            elif type(value) is Wrapped:
                sheet.set_row(line, _lines([v if type(v) is Wrapped else "" for v in row], widths) * _LINE + 3)
                sheet.write_string(line, number, writable(value), cell)
            elif value is None or value == "":
                sheet.write_blank(line, number, None, cell)  # Excel counts a cell that holds an empty text
            else:
                sheet.write_string(line, number, writable(value), cell)
    return count, sums


def _heads_room(sheet: Any, captions: Sequence[str], widths: Sequence[int]) -> None:
    """The row of captions is as high as the longest of them needs."""
    if (high := _lines(captions, widths)) > 1:
        sheet.set_row(2, high * _LINE + 3)


def _lines(row: Sequence[Any], widths: Sequence[int]) -> int:
    """How many lines the longest text of a row takes in its column."""
    return max(-(-half_characters(str(value)) // max(1, width - 1)) for value, width in zip(row, widths, strict=True))


def _banner(sheet: Any, row: int, last: int, text: str, style: Any) -> None:
    if last > 0:
        sheet.merge_range(row, 0, row, last, "", style)
    sheet.write_string(row, 0, text, style)


def _formats(book: Any) -> dict[str, Any]:
    font = {"font_name": "宋体", "font_size": 10}
    box = {**font, "border": 1, "valign": "vcenter", "text_wrap": True}
    return {
        "title": book.add_format({"font_name": "黑体", "font_size": 16, "bold": True, "align": "center",
                                  "valign": "vcenter"}),
        "line": book.add_format({**font, "font_size": 11, "text_wrap": True, "valign": "vcenter"}),
        "head": book.add_format({**box, "bold": True, "align": "center", "bg_color": "#EDF2F9"}),
        "cell": book.add_format({**box, "num_format": "@"}),
        "number": book.add_format(box),
        "day": book.add_format({**box, "num_format": "yyyy-mm-dd", "align": "center"}),
        "serial": book.add_format({**box, "align": "center"}),
        "plain": book.add_format(font),
        "mark": book.add_format({**font, "font_size": 8, "font_color": "#808080"}),
    }


def write_template(path: Path, title: str, captions: Sequence[str], choices: Sequence[Sequence[str]],
                   required: Sequence[bool], widths: Sequence[int], rows: Sequence[Sequence[str]] = ()) -> None:
    """A form to fill in: text cells, so that no digit is lost, and drop-down lists of the code tables on a hidden
    sheet. `rows` are lines that stand in it already."""
    options = {**_OPTIONS, "constant_memory": False}
    with xlsxwriter.Workbook(str(path), options) as book:
        sheet, lists = book.add_worksheet("名单"), book.add_worksheet("代码")
        lists.hide()
        formats = _formats(book)
        text = book.add_format({"num_format": "@"})
        needed = book.add_format({"font_name": "宋体", "font_size": 10, "bold": True, "border": 1,
                                  "align": "center", "valign": "vcenter", "text_wrap": True,
                                  "bg_color": "#FFF3CD"})
        sheet.merge_range(0, 0, 0, len(captions) - 1, "", formats["title"])
        sheet.write_string(0, 0, title, formats["title"])
        sheet.merge_range(1, 0, 1, len(captions) - 1, "", formats["line"])
        sheet.write_string(
            1, 0, "填报单位：　　　　（盖章）　　填报时间：　　（黄色为必填；整表已设为文本格式）", formats["line"])
        sheet.set_row(0, 32)
        _on_a4(sheet)
        _heads_room(sheet, captions, widths)
        sheet.freeze_panes(3, 0)
        for number, caption in enumerate(captions):
            sheet.set_column(number, number, widths[number], text)
            sheet.write_string(2, number, caption, needed if required[number] else formats["head"])
            for line, row in enumerate(rows, 3):
                sheet.write_string(line, number, row[number], text)
            for line, choice in enumerate(choices[number]):
                lists.write_string(line, number, choice)
            if choices[number]:
                column = xlsxwriter.utility.xl_col_to_name(number)
                sheet.data_validation(3, number, 5000, number, {
                    "validate": "list", "source": f"=代码!${column}$1:${column}${len(choices[number])}",
                    "error_type": "warning", "error_title": "不在列表中",
                    "error_message": "请从下拉列表中选择；确有其他情况可继续。"})
