"""Find the header of a table under its title, and the rows of data above its footer.

The official forms carry a merged title, a line with 填报单位 and 填报时间, a header in one row or
two, a 合计 row and a last line with 审核人 and 填表人. Captions are compared by their letters and
digits only: spaces, line breaks, brackets, asterisks and colons make no difference, and a remark
in brackets such as （必填） may be missing.

A caption under a merged one is written `监护人/联系电话`. It also fits a single caption 监护人联系电话.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import islice
from typing import Final, Self

from admin_app.errors import Invalid
from admin_app.exchange.reader import RawCell, RawRow, RawSheet

__all__ = ["Caption", "Header", "NoHeader", "columns_of", "data_rows", "find_header", "units_below"]

ROWS_SEARCHED: Final = 30
LONGEST_CAPTION: Final = 200  # what is longer is cut, so that no pattern runs long on it
FEWEST_FIELDS: Final = 2  # a lone caption may as well be a word in a title

# A caption under one of these belongs to that person, never to the child of the row.
PERSONS: Final = (
    "监护人",
    "家长",
    "父亲",
    "母亲",
    "户主",
    "联系人",
    "负责人",
    "帮扶",
    "班主任",
    "包保",
)

SERIAL: Final = ("序号", "编号", "序")
LONGEST_NAME: Final = 3  # characters that a person's name may have and end like a total's
TOTALS: Final = ("合计", "总计", "小计", "共计")
FOOTER = re.compile(
    r"(单位)?(审核|复核|填表|制表|填报|经办|负责|报送|校对)人(签[字名])?(?=[^\w]|$)"
    r"|(单位)?(负责人|领导|校长|校领导)签[字名]"
    r"|(填报|填表|制表|报送)(单位|时间|日期)(?=[^\w]|$)"
    r"|第\s*\d+\s*页"
    r"|\(?(单位)?盖章\)?"
)
NOTES = re.compile(r"(备注|说明|填[表报写]说明|附注|注意事项|注)\s*\d*\s*([:.、]|$)")
UNIT = re.compile(r"(?:填报|填表|报送)单位\s*(?:\((?:盖章|公章)\))?\s*:\s*(.*)")
REPORTED = re.compile(r"(?:填报|填表|报送|制表)(?:时间|日期)\s*:\s*(.*)")
NEXT_LABEL = re.compile(r"\s*(?:填报|填表|报送|制表)(?:单位|时间|日期|人)|\s{2,}单位\s*:")


class NoHeader(Invalid):
    """No row of the sheet carries the captions; `message` names those that were expected."""


@dataclass(frozen=True, slots=True)
class Header:
    """Where the fields of a sheet are. Columns count from 0, rows from 1 as Excel shows them."""

    columns: Mapping[str, int]
    captions: tuple[str, ...]  # every column as the user wrote it, '' where there is none
    unmatched: tuple[str, ...]  # captions that belong to no field
    missing: tuple[str, ...]  # required fields without a column
    first_row: int
    last_row: int
    unit: str | None = None  # 填报单位
    reported_on: str | None = None  # 填报时间, as written

    @property
    def first_data_row(self) -> int:
        return self.last_row + 1

    def cell(self, row: RawRow, field: str) -> RawCell:
        """The cell of a field; None if the sheet has no such column."""
        return row.cell(self.columns[field]) if field in self.columns else None


@dataclass(frozen=True, slots=True)
class Caption:
    group: str
    leaf: str

    @property
    def text(self) -> str:
        return f"{self.group}/{self.leaf}" if self.group and self.leaf else self.group or self.leaf

    @classmethod
    def of(cls, text: str) -> Self:
        group, _, leaf = text.rpartition("/")
        return cls(group, leaf)


def find_header(
    sheet: RawSheet,
    wanted: Mapping[str, Sequence[str]],
    *,
    required: Collection[str] | None = None,
) -> Header:
    """Find the row or two that carry most of the captions in `wanted`.

    `wanted` maps a field to its captions, the official one first. `required` says which fields
    count as missing; all of them unless given. Raises NoHeader.
    """
    best: Header | None = None
    rows = sheet.rows[:ROWS_SEARCHED]
    for index, row in enumerate(rows):
        one = match(row, None, wanted)
        best = one if best is None or is_better(one, best) else best
        if index + 1 < len(rows) and not all(map(is_blank, rows[index + 1].cells)):
            two = match(row, rows[index + 1], wanted)
            best = two if is_better(two, best) else best
    if best is None or len(best.columns) < min(FEWEST_FIELDS, len(wanted)):
        expected = "、".join(captions[0] for captions in wanted.values())
        where = f"工作表“{sheet.name}”" if sheet.name else "文件"
        raise NoHeader(
            f"{where}的前{ROWS_SEARCHED}行里没有找到表头。请下载模板对照，"
            f"表头应有这些列：{expected}。"
        )
    above = [row for row in rows if row.number < best.first_row]
    fields = wanted if required is None else [field for field in wanted if field in required]
    return replace(
        best,
        missing=tuple(field for field in fields if field not in best.columns),
        unit=labelled(UNIT, above),
        reported_on=labelled(REPORTED, above),
    )


def data_rows(sheet: RawSheet, header: Header) -> Iterator[RawRow]:
    """Yield the rows of data below the header, with merged cells filled downwards.

    Left out: blank rows, rows with a serial number only, 合计 rows, footers and notes, and a title
    or header that is repeated further down.
    """
    above = {keys(row) for row in sheet.rows if row.number <= header.last_row}
    serials = {c for c, caption in enumerate(header.captions) if key(caption) in SERIAL}
    in_notes = False
    for row in filled(sheet, header.first_data_row):
        opening = next((cell for cell in row.cells if not is_blank(cell)), None)
        filled_in = (c for i, c in enumerate(row.cells) if i not in serials and not is_blank(c))
        texts = list(islice(filled_in, 3))
        if not texts or is_total([opening, *texts]):
            continue
        if isinstance(opening, str):  # a number in front belongs to a row of data
            text = plain(opening)
            in_notes = in_notes or NOTES.match(text) is not None
            if in_notes and (len(texts) == 1 or NOTES.match(text)):
                continue
            if FOOTER.match(text) or keys(row) in above:
                continue
        yield row


def filled(sheet: RawSheet, first_data_row: int) -> Iterator[RawRow]:
    """Yield the rows of data with each cell merged down a column repeated in the rows it covers."""
    starts: dict[int, list[tuple[int, int]]] = {}
    for column, first, last in sheet.merged:
        if first >= first_data_row:
            starts.setdefault(first, []).append((column, last))
    carried: dict[int, tuple[RawCell, int]] = {}
    for row in sheet.rows[first_data_row - 1 :]:
        for column, last in starts.get(row.number, ()):
            carried[column] = (row.cell(column), last)
        if not carried or all(map(is_blank, row.cells)):
            yield row
            continue
        carried = {c: (value, last) for c, (value, last) in carried.items() if last >= row.number}
        cells = list(row.cells) + [None] * (max(carried, default=-1) + 1 - len(row.cells))
        for column, (value, _) in carried.items():
            cells[column] = value if cells[column] is None else cells[column]
        yield RawRow(row.number, tuple(cells))


def is_total(opening: Sequence[RawCell]) -> bool:
    """A 合计 row opens with the word, or ends its first cell with it, or has it alone in one of its first cells."""
    likely = [cell for cell in opening if isinstance(cell, str) and "计" in cell]
    if not likely:
        return False
    return key(likely[0]) in TOTALS or (
        likely[0] is opening[0] and (key(likely[0]).startswith(TOTALS)
                                     or (key(likely[0]).endswith(TOTALS) and len(key(likely[0])) > LONGEST_NAME))
    )


def is_better(new: Header, old: Header) -> bool:
    """More fields win. On a tie, a header of two rows wins over its own upper row, and a single
    row over the same row with a title above it."""
    if len(new.columns) != len(old.columns):
        return len(new.columns) > len(old.columns)
    if new.first_row == old.first_row:
        return new.last_row > old.last_row
    return new.first_row == old.last_row == new.last_row


def match(upper: RawRow, lower: RawRow | None, wanted: Mapping[str, Sequence[str]]) -> Header:
    """Read one row, or two as groups and leaves, as a header and give each field its column."""
    captions = captions_of(upper, lower)
    columns = columns_of(captions, wanted)
    used = set(columns.values())
    texts = [caption.text for caption in captions]
    return Header(
        columns=columns,
        captions=tuple(texts),
        unmatched=tuple(text for c, text in enumerate(texts) if text and c not in used),
        missing=(),
        first_row=upper.number,
        last_row=(lower or upper).number,
    )


def columns_of(captions: Sequence[Caption], wanted: Mapping[str, Sequence[str]]) -> dict[str, int]:
    """The column of each field that these captions have."""
    columns: dict[str, int] = {}
    for reading in (whole_key, loose_key, leaf_key):
        found: dict[str, int] = {}
        for column, caption in enumerate(captions):
            if column not in columns.values() and (text := reading(caption)):
                found.setdefault(text, column)
        for field, accepted in wanted.items():
            if field in columns:
                continue
            for text in map(key, accepted):
                if text in found and found[text] not in columns.values():
                    columns[field] = found[text]
                    break
    return columns


def captions_of(upper: RawRow, lower: RawRow | None) -> list[Caption]:
    """A caption of the upper row reaches right over blanks as long as there is a leaf below."""
    if lower is None:
        return [Caption("", as_written(cell)) for cell in upper.cells]
    captions: list[Caption] = []
    group = ""
    for column in range(max(len(upper.cells), len(lower.cells))):
        own, leaf = as_written(upper.cell(column)), as_written(lower.cell(column))
        group = own or (group if leaf else "")
        captions.append(Caption(group, leaf))
        if not leaf:
            group = ""
    return captions


def whole_key(caption: Caption) -> str:
    return key(caption.text)


def loose_key(caption: Caption) -> str:
    """The caption without a last remark in brackets."""
    return key(re.sub(r"[(（\[【][^(（\[【]*[)）\]】]\W*$", "", caption.text))


def leaf_key(caption: Caption) -> str:
    """The leaf alone, unless its group is a person: 监护人/姓名 must not pass for 姓名."""
    if not caption.group or any(person in caption.group for person in PERSONS):
        return ""
    return key(caption.leaf)


def is_blank(cell: RawCell) -> bool:
    return cell is None or (isinstance(cell, str) and not cell.strip())


def as_written(cell: RawCell) -> str:
    """The text of a cell on one line, as far as a caption can reach."""
    if cell is None:
        return ""
    if isinstance(cell, float) and cell.is_integer():
        cell = int(cell)
    return " ".join(str(cell).split())[:LONGEST_CAPTION]


def plain(cell: RawCell) -> str:
    """The text of a cell on one line, in half-width characters."""
    return as_written(unicodedata.normalize("NFKC", as_written(cell)))


@lru_cache(maxsize=1024)
def key(text: str) -> str:
    """What captions are compared by: letters and digits."""
    return "".join(c for c in unicodedata.normalize("NFKC", text).lower() if c.isalnum())


def keys(row: RawRow) -> tuple[str, ...]:
    texts = [key(plain(cell)) for cell in row.cells]
    while texts and not texts[-1]:
        texts.pop()
    return tuple(texts)


def units_below(sheet: RawSheet, header: Header) -> Iterator[str]:
    """The unit that a sheet names above its header, and those that it names again further down."""
    if header.unit:
        yield header.unit
    for row in sheet.rows[header.last_row:]:
        if unit := labelled(UNIT, [row]):
            yield unit


def labelled(label: re.Pattern[str], rows: Sequence[RawRow]) -> str | None:
    """What follows a label such as 填报单位： in its own cell, or else in the next filled one."""
    for row in rows:
        for column, cell in enumerate(row.cells):
            text = cell[:LONGEST_CAPTION] if isinstance(cell, str) else ""
            text = unicodedata.normalize("NFKC", text)
            if found := label.search(text):
                value = NEXT_LABEL.split(found[1])[0]
                if not value.strip():
                    rest = (c for c in row.cells[column + 1 :] if plain(c))
                    following = next(rest, None)
                    is_label = isinstance(following, str) and NEXT_LABEL.match(plain(following))
                    value = "" if is_label else plain(following)
                value = re.sub(r"\((?:盖章|公章|签章)\)", "", value).strip()
                return value or None
    return None
