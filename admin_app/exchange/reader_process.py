"""The child process that opens an uploaded table. `reader.py` starts it by its path.

Everything that looks inside a file somebody uploaded happens here, under limits of memory and
time, because a hostile 5 kB workbook can abort the process that parses it (calamine #693). The
file is first walked without being loaded: what it unpacks to, whether it declares a DTD, how far
its cells reach. Only then is it parsed. Flask, the models and the rest of the product are never
imported, so starting costs some 50 ms.

The answer is JSON, one value a line: `{"sheet": …}` opens a sheet, `[row number, cell, …]` is a
row, `{"refused": sentence}` ends a refusal and `{"done": true}` a success. A sentence begins with
its predicate, since the caller puts the file's name in front. A date is `{"d": "2014-05-10"}`, a
date with a time `{"t": "2014-05-10T08:30:00"}`.
"""

from __future__ import annotations

import csv
import io
import re
import sys
import zipfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime
from functools import reduce
from typing import IO, Any, Final, NoReturn
from xml.parsers import expat

import orjson

MEGABYTE: Final = 1024 * 1024


@dataclass(frozen=True, slots=True)
class ReadLimits:
    """How much one file may ask for. The defaults fit a county's roster many times over."""

    file_bytes: int = 20 * MEGABYTE
    unpacked_bytes: int = 300 * MEGABYTE
    unpacked_ratio: int = 200  # judged past RATIO_FLOOR only: small files may pack very well
    rows: int = 100_000
    columns: int = 200
    cell_characters: int = 32_767  # Excel's own
    answer_characters: int = 200 * MEGABYTE
    memory_bytes: int = 1536 * MEGABYTE
    seconds: int = 60


RATIO_FLOOR: Final = 10 * MEGABYTE
CHUNK: Final = 256 * 1024

ZIP_MAGIC: Final = b"PK\x03\x04"
ARCHIVE_MAGICS: Final = (b"Rar!", b"7z\xbc\xaf", b"\x1f\x8b")
OLE_MAGIC: Final = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
ENCRYPTED_STREAM: Final = "EncryptedPackage".encode("utf-16-le")
ODS_TYPE: Final = b"application/vnd.oasis.opendocument.spreadsheet"

NOT_A_TABLE: Final = "不是能读的表格。请上传Excel、WPS表格（xlsx、xls、ods）或CSV文件。"
ARCHIVE: Final = "是压缩包。请先解压，再上传里面的表格文件。"
PASSWORD: Final = "设置了打开密码。请在Excel或WPS里取消密码，保存后重新上传。"
BROKEN: Final = "已损坏或没有下载完整。请用Excel或WPS打开，另存为xlsx后重新上传。"
UNSAFE: Final = "里有外部实体声明（DTD），不能读。请用Excel或WPS另存为xlsx后重新上传。"
WEB_PAGE: Final = "其实是网页，只是改了扩展名。请用Excel或WPS打开，另存为xlsx后重新上传。"
OLD_FORMAT: Final = "的格式（xlsb或XML表格）不能读。请用Excel或WPS打开，另存为xlsx后重新上传。"
NO_MEMORY: Final = "内容太多，读取时内存不够。请删去无用的行列，或拆成几个文件后重新上传。"
UNPACKED: Final = "解开后太大，为安全起见不能读。请只留要导入的表，另存为xlsx后重新上传。"

StartHandler = Callable[[str, dict[str, str]], None]  # what expat calls at an opening tag


class Refusal(Exception):
    """The file is not read; the one argument is the sentence for the user."""


def refuse(sentence: str) -> NoReturn:
    raise Refusal(sentence)


def check_reach(row: int, column: int, limits: ReadLimits) -> None:
    """Refuse a cell with content beyond the limits (`row` and `column` count from 1)."""
    if row > limits.rows:
        refuse(
            f"第{row}行还有内容，最多只能读{limits.rows}行（含隐藏的工作表）。"
            "请删去下方多余的内容，或拆成几个文件后重新上传。"
        )
    if column > limits.columns:
        refuse(
            f"第{row}行第{column}列还有内容，最多只能读{limits.columns}列（含隐藏的工作表）。"
            "请删去右侧多余的列后重新上传。"
        )


# A row or cell that does not say in the usual way where it stands, or stands beyond ZZ99999. The
# search proves most sheets harmless eight times faster than a walk through all their cells.
UNUSUAL_PLACE: Final = re.compile(
    rb"<(?:c|row|[^\s<>/:]+:(?:c|row))(?=[\s/>])" rb'(?! r="[A-Z]{0,2}[0-9]{1,5}"[\s/>])'
)


def guard_package(content: bytes, limits: ReadLimits) -> None:
    """Refuse a zip container that is not a workbook, or would be dangerous to parse."""
    budget = min(limits.unpacked_bytes, max(RATIO_FLOOR, limits.unpacked_ratio * len(content)))
    try:
        package = zipfile.ZipFile(io.BytesIO(content))
        members = package.infolist()
        if len({member.filename for member in members}) != len(members):
            refuse(BROKEN)
        if any(member.flag_bits & 1 for member in members):
            refuse(PASSWORD)
        kind = package_kind(package)
        for member in members:
            member.file_size = budget + 2  # the directory may lie: read to the true end
            with package.open(member) as stream:
                unpacked = stream.read(budget + 1)
            budget -= len(unpacked)
            if budget < 0:
                refuse(UNPACKED)
            guard_member(kind, unpacked, limits)
    except (Refusal, MemoryError):
        raise
    except Exception as error:  # zipfile, zlib and expat raise a dozen kinds on damaged data
        raise Refusal(BROKEN) from error


def package_kind(package: zipfile.ZipFile) -> str:
    """'xlsx' or 'ods'. What could be taken for both is refused, so that nothing is guarded as the
    one and parsed as the other."""
    names = [name.lower() for name in package.namelist()]
    if "xl/workbook.bin" in names:
        refuse(OLD_FORMAT)
    is_xlsx = any(name.startswith("xl/") for name in names)
    is_ods = "mimetype" in names and package.open("mimetype").read(99).startswith(ODS_TYPE)
    if is_xlsx and "mimetype" in names:
        refuse(BROKEN)
    if is_ods and b"encryption-data" in package.open("META-INF/manifest.xml").read(MEGABYTE):
        refuse(PASSWORD)
    if not is_xlsx and not is_ods:
        is_office = any(name.startswith(("word/", "ppt/")) for name in names)
        refuse(NOT_A_TABLE if is_office else ARCHIVE)
    return "xlsx" if is_xlsx else "ods"


def guard_member(kind: str, content: bytes, limits: ReadLimits) -> None:
    """Refuse a DTD, and a cell beyond the limits.

    All XML is looked at, whatever its name or root element, because a workbook may point at any
    name and its parser does not ask for the root. Where a sheet is proven harmless, parsing stops
    at the root: a DTD can stand nowhere else.
    """
    opening = content[:CHUNK].lstrip(b"\xef\xbb\xbf\x00 \t\r\n")
    if not opening.startswith((b"<", b"\xff\xfe", b"\xfe\xff")):
        return
    walker: StartHandler | None = None
    if kind == "ods":
        walker = document_walker(limits)
    elif not stands_as_usual(content):
        walker = sheet_walker(limits)
    parser = expat.ParserCreate()
    in_prolog = True

    def at_doctype(*_: object) -> None:
        refuse(UNSAFE)

    def at_root(name: str, attributes: dict[str, str]) -> None:
        nonlocal in_prolog
        in_prolog = False
        parser.StartElementHandler = walker

    parser.StartDoctypeDeclHandler = at_doctype
    parser.StartElementHandler = at_root
    for start in range(0, len(content), CHUNK):
        if in_prolog or walker is not None:
            parser.Parse(content[start : start + CHUNK], False)


def stands_as_usual(content: bytes) -> bool:
    """Tell whether every cell of a sheet in UTF-8 stands, and says so, within ZZ99999."""
    opening = content[:200].lower()
    in_other_encoding = b"encoding=" in opening and b'encoding="utf-8"' not in opening
    is_plain = b"\x00" not in opening and not in_other_encoding
    return is_plain and UNUSUAL_PLACE.search(content) is None


def sheet_walker(limits: ReadLimits) -> StartHandler:
    """Follow the cells of an xlsx sheet. Only cells with content count: a format that runs down
    to row 1048576 is common in honest files and costs nothing."""
    row = column = 0
    columns: dict[str, int] = {}

    def start(name: str, attributes: dict[str, str]) -> None:
        nonlocal row, column
        if ":" in name:
            name = name.rpartition(":")[2]
        if name == "c":
            reference = attributes.get("r")
            if reference is None:
                column += 1
                return
            letters = reference.rstrip("0123456789")
            column = columns.get(letters) or columns.setdefault(letters, column_number(letters))
            row = int(reference[len(letters) :])
        elif name in {"v", "is"}:
            if row > limits.rows or column > limits.columns:
                check_reach(row, column, limits)
        elif name == "row":
            row = int(attributes["r"]) if "r" in attributes else row + 1
            column = 0

    return start


def column_number(letters: str) -> int:
    """'A' → 1, 'XFD' → 16384."""
    return reduce(lambda number, letter: number * 26 + ord(letter) - 64, letters.upper(), 0)


def document_walker(limits: ReadLimits) -> StartHandler:
    """Follow the cells of an ods document, in which rows and cells may be repeated by a number."""
    row = column = 0

    def repeated(attributes: Mapping[str, str], what: str) -> int:
        values = (v for k, v in attributes.items() if k.rpartition(":")[2] == what)
        return int(next(values, "1"))

    def start(name: str, attributes: dict[str, str]) -> None:
        nonlocal row, column
        name = name.rpartition(":")[2]
        if name == "table":
            row = 0
        elif name == "table-row":
            row += repeated(attributes, "number-rows-repeated")
            column = 0
        elif name in ("table-cell", "covered-table-cell"):
            column += repeated(attributes, "number-columns-repeated")
            if any(key.endswith("value-type") for key in attributes):
                check_reach(row, column, limits)
        elif name == "p" and column:
            check_reach(row, column, limits)

    return start


def answers(content: bytes, limits: ReadLimits) -> Iterator[object]:
    """Yield what the file holds: the opening of each sheet, then its rows."""
    if content.startswith(ARCHIVE_MAGICS):
        refuse(ARCHIVE)
    if content.startswith(OLE_MAGIC) and ENCRYPTED_STREAM in content:
        refuse(PASSWORD)
    if content.startswith((ZIP_MAGIC, OLE_MAGIC)):
        if content.startswith(ZIP_MAGIC):
            guard_package(content, limits)
        yield from workbook_answers(content, limits)
    else:
        yield {"sheet": "", "merged": [], "hidden": False}
        yield from numbered(text_rows(decode(content), limits), limits)


def workbook_answers(content: bytes, limits: ReadLimits) -> Iterator[object]:
    import python_calamine as calamine

    try:
        workbook = calamine.CalamineWorkbook.from_filelike(io.BytesIO(content))
    except calamine.PasswordError as error:
        raise Refusal(PASSWORD) from error
    for index, about in enumerate(workbook.sheets_metadata):
        if about.typ != calamine.SheetTypeEnum.WorkSheet:
            continue
        sheet = workbook.get_sheet_by_index(index)
        if not sheet.start or not sheet.end:
            continue  # nothing was ever written on it
        check_reach(sheet.end[0] + 1, sheet.end[1] + 1, limits)
        # Only a merge down one column carries data (a household beside its children).
        merged = [
            [left, top + 1, bottom + 1]
            for (top, left), (bottom, right) in sheet.merged_cell_ranges or ()
            if left == right and bottom > top and left < limits.columns
        ]
        yield {"sheet": about.name, "merged": merged, "hidden": about.visible != calamine.SheetVisibleEnum.Visible}
        # iter_rows keeps the empty rows above the data but drops the empty columns before it.
        margin = [""] * sheet.start[1]
        rows = (margin + row for row in sheet.iter_rows()) if margin else sheet.iter_rows()
        yield from numbered(rows, limits)


def numbered(rows: Iterable[Sequence[Any]], limits: ReadLimits) -> Iterator[list[object]]:
    """Number the rows as Excel does, drop blanks at the end of a row and of the sheet."""
    blank = 0
    for number, row in enumerate(rows, 1):
        cells = [None if cell == "" else cell for cell in row]
        while cells and cells[-1] is None:
            cells.pop()
        if not cells:
            blank += 1
            continue
        check_reach(number, len(cells), limits)
        for empty in range(number - blank, number):
            yield [empty]
        blank = 0
        yield [number, *cells]


def decode(content: bytes) -> str:
    """Turn the bytes of a text file into text, or refuse what is no table in plain text.

    Of the encodings that fit the last is taken: nearly anything can be read as GB18030.
    """
    text = "\x00"
    has_utf16_mark = content.startswith((b"\xff\xfe", b"\xfe\xff"))  # Excel's "Unicode 文本"
    for encoding in ("utf-16",) if has_utf16_mark else ("gb18030", "utf-8-sig"):
        with suppress(UnicodeDecodeError):
            text = content.decode(encoding).rstrip("\x1a")
    strange = len(re.findall(r"[\x00-\x08\x0e-\x1f\x7f]", text))
    if "\x00" in text or strange * 200 > len(text) or text.startswith("%PDF"):
        refuse(NOT_A_TABLE)
    opening = text[:2000].lstrip().lower()
    if re.match(r"<(?:!doctype html|html|head|meta|table|style)|mime-version:", opening):
        refuse(WEB_PAGE)
    if opening.startswith("<?xml"):
        refuse(OLD_FORMAT)
    return text


def text_rows(text: str, limits: ReadLimits) -> Iterator[list[str]]:
    csv.field_size_limit(limits.cell_characters)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator_of(text), strict=True)
    try:
        yield from ([text_cell(cell) for cell in row] for row in reader)
    except csv.Error as error:
        advice = "后面的内容分不开。请改正引号，或用Excel另存为xlsx后重新上传。"
        raise Refusal(f"第{reader.line_num}行附近的引号没有配对，{advice}") from error


def separator_of(text: str) -> str:
    """The separator that cuts the most of the first lines into equally many columns."""
    sample = text[: 64 * 1024].splitlines()[:200]

    def fit(separator: str) -> int:
        widths = [line.count(separator) for line in sample if line.strip()]
        return max((widths.count(width) * width for width in set(widths)), default=0)

    return max(",\t;", key=fit)


def text_cell(cell: str) -> str:
    """Undo the two tricks by which exporters keep Excel from eating digits: 1234⇥ and ="1234"."""
    cell = cell.strip("\t")
    return cell[2:-1] if re.fullmatch(r'="[^"]*"', cell) else cell


def limit_this_process(limits: ReadLimits) -> None:
    if sys.platform == "win32":
        return  # the caller's time limit still holds
    import resource

    for what, most in (
        (resource.RLIMIT_AS, limits.memory_bytes),
        (resource.RLIMIT_CPU, limits.seconds),
        (resource.RLIMIT_CORE, 0),
    ):
        with suppress(ValueError, OSError):  # macOS has no RLIMIT_AS; a lower one may hold
            resource.setrlimit(what, (most, most))


def as_json(value: object) -> object:
    if isinstance(value, datetime):
        return {"t": value.isoformat()}
    if isinstance(value, date):
        return {"d": value.isoformat()}
    return str(value)  # a time of day, a length of time


def encode(value: object) -> bytes:
    options = orjson.OPT_APPEND_NEWLINE | orjson.OPT_PASSTHROUGH_DATETIME
    return orjson.dumps(value, default=as_json, option=options)


def answer(path: str, limits: ReadLimits, out: IO[bytes]) -> None:
    written = 0
    try:
        with open(path, "rb") as file:
            content = file.read(limits.file_bytes + 1)
        for value in answers(content, limits):
            line = encode(value)
            written += len(line)
            if written > limits.answer_characters:
                refuse(UNPACKED)
            out.write(line)
        out.write(encode({"done": True}))
    except (Refusal, MemoryError) as error:
        sentence = str(error) if isinstance(error, Refusal) else NO_MEMORY
        out.write(encode({"refused": sentence}))


if __name__ == "__main__":
    file_limits = ReadLimits(**orjson.loads(sys.argv[2]))
    limit_this_process(file_limits)
    answer(sys.argv[1], file_limits, sys.stdout.buffer)
