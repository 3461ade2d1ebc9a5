"""A form on paper and in Excel, declared once.

A `Column` says its captions, how its cell is read, and which code table its words come from. From a
`Sheet` come the template (with drop-down lists), the reading of an upload, and the plan of what each
row will do.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any

from admin_app.access.actor import Actor
from admin_app.access.scope import ScopedSession
from admin_app.errors import Invalid
from admin_app.exchange.cells import BadCell, Noted
from admin_app.exchange.header import Header, NoHeader, data_rows, find_header
from admin_app.exchange.reader import RawCell, RawRow, RawSheet, read_table
from models.identity_number import looks_truncated

Parse = Callable[[RawCell], Noted[Any]]


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a form. `captions` are accepted ones, the official one first; 'group/leaf' for a
    header in two rows."""

    name: str
    captions: tuple[str, ...]
    parse: Parse
    required: bool = False
    lenient: bool = False  # a cell that cannot be read is left out with a warning, the row stands
    codes: str | None = None
    dated: bool = False
    of_unit: bool = False  # a list without this column may say it once, as its 填报单位
    width: int = 12

    @property
    def caption(self) -> str:
        return self.captions[0]


@dataclass(frozen=True, slots=True)
class Message:
    """What is said about one cell or row: level is error, warning or note."""

    column: str
    level: str
    text: str
    stage: str = "plan"  # "read": about the cell itself; "plan": set against the register

    def as_dict(self) -> dict[str, str]:
        return {"column": self.column, "level": self.level, "text": self.text, "stage": self.stage}


@dataclass(slots=True)
class ParsedRow:
    """One row as read: the user's own cells, the values, and what is wrong."""

    excel_row: int
    cells: list[str]
    values: dict[str, Any]
    messages: list[Message] = field(default_factory=list)
    tab: str | None = None  # of a list that goes over several

    @property
    def place(self) -> str:
        """Where the row stands, as its reader finds it."""
        return place_of(self.tab, self.excel_row)

    @property
    def refused(self) -> bool:
        return any(m.level == "error" for m in self.messages)

    def error(self, column: str, text: str, stage: str = "plan") -> None:
        self.messages.append(Message(column, "error", text, stage))

    def warn(self, column: str, text: str, stage: str = "plan") -> None:
        self.messages.append(Message(column, "warning", text, stage))


def place_of(tab: str | None, excel_row: int) -> str:
    return f"“{tab}”第 {excel_row} 行" if tab else f"第 {excel_row} 行"


@dataclass(slots=True)
class PlannedRow:
    """What one row will do: new, changed (before → after), same, or refused."""

    parsed: ParsedRow
    outcome: str
    label: str
    changes: list[dict[str, str]] = field(default_factory=list)
    plan: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Sheet:
    """One form. `plan` sets the rows against what stands; `apply` writes the plans of one run and
    gives how many records it touched."""

    name: str
    title: str
    columns: tuple[Column, ...]
    area: str  # whose edit permission it asks for
    plan: Callable[[ScopedSession, Actor, list[ParsedRow]], list[PlannedRow]]
    apply: Callable[[ScopedSession, Actor, list[dict[str, Any]]], None]
    label: str = "name"  # the column that names a row

    def restore(self, values: dict[str, Any]) -> dict[str, Any]:
        """Values that went through JSON, as they were read."""
        dates = {column.name for column in self.columns if column.dated}
        return {name: date.fromisoformat(value) if name in dates and value else value
                for name, value in values.items()}

    @property
    def wanted(self) -> Mapping[str, tuple[str, ...]]:
        return {column.name: column.captions for column in self.columns}


# A list numbers its own rows; and what was refused comes back with what we said of it.
_SERIAL = ("序号", "编号", "No", "No.", "原工作表", "原行号", "错误原因")


@dataclass(frozen=True, slots=True)
class Upload:
    """A file as read through a sheet."""

    captions: list[str]
    rows: list[ParsedRow]
    passed_over: list[str]  # captions that belong to no column of the sheet
    lacking: list[str]  # columns of the sheet that the list has not
    notes: list[str]  # what whoever brings the list must know of how it was read


def read_upload(sheet: Sheet, path: Path, filename: str, own_unit: str | None = None) -> Upload:
    """Read a file through a form: every tab that has its header, row by row. `own_unit` is what stands for the unit
    where a list does not say it: the one village of whoever brings it.

    Raises Invalid (unreadable, no header, required columns missing, no rows)."""
    found: list[tuple[RawSheet, Header]] = []
    faults: dict[str, Invalid] = {}
    for raw in read_table(path, filename=filename):
        try:
            found.append((raw, _header(sheet, raw, own_unit)))
        except Invalid as fault:
            faults[raw.name] = fault
    if not found:
        nearest = next((f for f in faults.values() if not isinstance(f, NoHeader)), None)
        raise nearest or next(iter(faults.values()), Invalid("文件里没有可读的工作表。请检查文件。"))
    notes = [f"工作表“{name}”没有读取：{'没有找到表头。' if isinstance(fault, NoHeader) else fault.message}"
             for name, fault in faults.items()]
    captions, rows = _over_tabs(found), list[ParsedRow]()
    for raw, header in found:
        said = header.unit or own_unit
        if said and any(_unit_says(column, header) for column in sheet.columns):
            unit = f"填报单位“{header.unit}”" if header.unit else "您所在的村（社区）"
            notes.append(f"{f'工作表“{raw.name}”' if len(found) > 1 else '名单'}没有“村（社区）”一列，按{unit}登记。")
        readers = [(column, header.columns.get(column.name), said if _unit_says(column, header) else None,
                    _Once(column.parse)) for column in sheet.columns]
        order = captions.of[raw.name] if len(found) > 1 else None
        for row in data_rows(raw, header):
            parsed = _parse(readers, len(header.captions), row)
            if order is not None:
                parsed.tab, parsed.cells = raw.name, [parsed.cells[at] if at is not None else "" for at in order]
            rows.append(parsed)
    if not rows:
        raise Invalid("找到了表头，但下面没有数据。请检查是否选对了文件。")
    return Upload(captions.all, rows, list(dict.fromkeys(
        c for _, header in found for c in header.unmatched if c not in _SERIAL)), [
        column.caption for column in sheet.columns
        if any(column.name not in header.columns and not _unit_says(column, header) for _, header in found)], notes)


def _header(sheet: Sheet, raw: RawSheet, own_unit: str | None) -> Header:
    """The header of a tab. Raises NoHeader, Invalid (required columns are missing)."""
    header = find_header(raw, sheet.wanted, required={c.name for c in sheet.columns if c.required})
    known = {c.name for c in sheet.columns if c.of_unit and (header.unit or own_unit)}
    if missing := "、".join(_caption(sheet, name) for name in header.missing if name not in known):
        raise Invalid(f"名单中缺少这些列：{missing}。请补上后重新上传，或下载模板对照。")
    return header


def _unit_says(column: Column, header: Header) -> bool:
    return column.of_unit and column.name not in header.columns


@dataclass(frozen=True, slots=True)
class _Captions:
    """The captions of all tabs, and for each tab where its cells stand among them."""

    all: list[str]
    of: dict[str, list[int | None]]


def _over_tabs(found: Sequence[tuple[RawSheet, Header]]) -> _Captions:
    """One row of captions over all tabs. The same caption stands once, however often one tab has it."""
    named = {raw.name: [(caption, header.captions[:at].count(caption)) for at, caption in enumerate(header.captions)]
             for raw, header in found}
    every = list(dict.fromkeys(one for names in named.values() for one in names))
    places = {tab: {name: at for at, name in enumerate(names)} for tab, names in named.items()}
    return _Captions([caption for caption, _ in every],
                     {tab: [place.get(name) for name in every] for tab, place in places.items()})


def _caption(sheet: Sheet, name: str) -> str:
    return next(c.caption for c in sheet.columns if c.name == name)


class _Once(dict[str | None, Noted[Any] | BadCell]):
    """What each text of a column reads as, read once: villages, schools and words of code tables come back
    in every row. Only texts and blanks are kept, because 1, 1.0 and True are equal and read differently."""

    def __init__(self, parse: Parse) -> None:
        self.parse = parse

    def __missing__(self, cell: str | None) -> Noted[Any] | BadCell:
        found = self[cell] = self.read(cell)
        return found

    def read(self, cell: RawCell) -> Noted[Any] | BadCell:
        try:
            return self.parse(cell)
        except BadCell as fault:
            return fault


Reader = tuple[Column, int | None, str | None, _Once]


def _parse(readers: Sequence[Reader], width: int, row: RawRow) -> ParsedRow:
    cells = [*row.cells[:width], *(None,) * (width - len(row.cells))]
    parsed = ParsedRow(row.number, [c if type(c) is str else as_written(c) for c in cells], {})
    for column, place, said, known in readers:
        cell = said if place is None else cells[place]
        noted = known[cell] if cell is None or type(cell) is str else known.read(cell)
        if isinstance(noted, BadCell):
            if column.lenient:
                parsed.warn(column.caption, noted.message + "（这一项没有保存，其余照常导入）", "read")
            else:
                parsed.error(column.caption, noted.message, "read")
            parsed.values[column.name] = None
            continue
        parsed.values[column.name] = noted.value
        for note in noted.notes:
            parsed.warn(column.caption, note, "read")
        if column.required and noted.value in (None, ""):
            parsed.error(column.caption, f"没有填写“{column.caption}”。请补上后重新导入这一行。", "read")
    return parsed


def as_written(cell: RawCell) -> str:
    """A cell as text for giving back to the user."""
    if isinstance(cell, str):
        return cell
    if cell is None:
        return ""
    if isinstance(cell, datetime):
        return cell.date().isoformat() if cell.time() == datetime.min.time() else cell.isoformat(" ")
    if isinstance(cell, date):
        return cell.isoformat()
    if isinstance(cell, int | float) and not isinstance(cell, bool) and looks_truncated(cell):
        return f"{cell:.14E}"  # as Excel shows it: digits that nobody typed would be taken for a number
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return str(cell)
