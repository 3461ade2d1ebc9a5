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
from admin_app.exchange.header import NoHeader, data_rows, find_header
from admin_app.exchange.reader import RawCell, RawRow, read_table
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

    @property
    def refused(self) -> bool:
        return any(m.level == "error" for m in self.messages)

    def error(self, column: str, text: str, stage: str = "plan") -> None:
        self.messages.append(Message(column, "error", text, stage))

    def warn(self, column: str, text: str, stage: str = "plan") -> None:
        self.messages.append(Message(column, "warning", text, stage))


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


_SERIAL = ("序号", "编号", "No", "No.")  # a list numbers its own rows


@dataclass(frozen=True, slots=True)
class Upload:
    """A file as read through a sheet."""

    captions: list[str]
    rows: list[ParsedRow]
    passed_over: list[str]  # captions that belong to no column of the sheet
    lacking: list[str]  # columns of the sheet that the list has not


def read_upload(sheet: Sheet, path: Path, filename: str) -> Upload:
    """Read a file through a form: finds the header in the first sheet that has one, reads every row.

    Raises Invalid (unreadable, no header, required columns missing, no rows)."""
    required = {c.name for c in sheet.columns if c.required}
    fault: NoHeader | None = None
    for raw in read_table(path, filename=filename):
        try:
            header = find_header(raw, sheet.wanted, required=required)
        except NoHeader as why:
            fault = fault or why
            continue
        if header.missing:
            names = "、".join(_caption(sheet, name) for name in header.missing)
            raise Invalid(f"名单中缺少这些列：{names}。请补上后重新上传，或下载模板对照。")
        readers = [(column, header.columns.get(column.name), _Once(column.parse)) for column in sheet.columns]
        rows = [_parse(readers, len(header.captions), row) for row in data_rows(raw, header)]
        if not rows:
            raise Invalid("找到了表头，但下面没有数据。请检查是否选对了文件。")
        lacking = [column.caption for column in sheet.columns if column.name not in header.columns]
        return Upload(list(header.captions), rows, [c for c in header.unmatched if c not in _SERIAL], lacking)
    raise fault or Invalid("文件里没有可读的工作表。请检查文件。")


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


Reader = tuple[Column, int | None, _Once]


def _parse(readers: Sequence[Reader], width: int, row: RawRow) -> ParsedRow:
    cells = [*row.cells[:width], *(None,) * (width - len(row.cells))]
    parsed = ParsedRow(row.number, [c if type(c) is str else as_written(c) for c in cells], {})
    for column, place, known in readers:
        cell = None if place is None else cells[place]
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
