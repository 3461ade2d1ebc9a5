"""A form on paper and in Excel, declared once.

A `Column` says its captions, how its cell is read, and which code table its words come from. From a
`Sheet` come the template (with drop-down lists), the reading of an upload, and the plan of what each
row will do.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any, Self

from admin_app.access.actor import Actor
from admin_app.access.scope import ScopedSession
from admin_app.errors import Invalid
from admin_app.exchange.cells import BadCell, Noted
from admin_app.exchange.header import (
    Caption, Header, NoHeader, columns_of, data_rows, find_header, units_below,
)
from admin_app.exchange.reader import RawCell, RawRow, RawSheet, read_table
from models.identity_number import looks_truncated

BY_TAB = "工作表名"
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
    stands_for: tuple[str, ...] = ()  # columns that some lists write in this one; the form has it not
    further: bool = False  # some lists have it; the form has it not
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
    called: Mapping[str, str] = field(default_factory=dict)  # the form's captions → the list's own

    @property
    def place(self) -> str:
        """Where the row stands, as its reader finds it."""
        return place_of(self.tab, self.excel_row)

    @property
    def refused(self) -> bool:
        return any(m.level == "error" for m in self.messages)

    def error(self, column: str, text: str, stage: str = "plan") -> None:
        self.messages.append(Message(self.called.get(column, column), "error", text, stage))

    def warn(self, column: str, text: str, stage: str = "plan") -> None:
        self.messages.append(Message(self.called.get(column, column), "warning", text, stage))


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


def change(label: str, before: str | None, after: str | None) -> dict[str, str]:
    """What a preview shows of a value that would be another one."""
    return {"label": label, "before": before or "", "after": after or ""}


def hidden_change(label: str, before: object, after: object, whose: str = "") -> dict[str, str]:
    """Numbers are not shown in previews: that one is there, and that it would be another one, not which."""
    return change(label, f"{whose}（有）" if before else "", f"{whose}（{'另一个' if before else '有'}）")


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
    unit_of_tab: Callable[[ScopedSession, Actor, str], bool] | None = None  # whether a tab's name is that of a unit
    told_by: tuple[str, ...] = ()  # columns of which one tells the form's list from any other list of names

    def restore(self, values: dict[str, Any]) -> dict[str, Any]:
        """Values that went through JSON, as they were read."""
        dates = {column.name for column in self.columns if column.dated}
        return {name: date.fromisoformat(value) if name in dates and value else value
                for name, value in values.items()}

    def header_of(self, raw: RawSheet) -> Header:
        """Raises NoHeader."""
        return find_header(raw, self.wanted, required={c.name for c in self.columns if c.required})

    def called(self, captions: Sequence[str]) -> dict[str, str]:
        """What a list with these captions calls the form's columns, by any caption that the form takes for them."""
        columns = columns_of([Caption.of(text) for text in captions], self.wanted)
        own = {column: captions[columns[column.name]] for column in self.columns if column.name in columns}
        for column in self.columns:  # what one other column alone says for it: a class and its grade in one cell
            ways = [written for other, written in own.items() if column.name in other.stands_for]
            if column not in own and len(ways) == 1:
                own = {**own, column: ways[0]}
        return {said: written for column, written in own.items() for said in column.captions
                if written != said and not written.endswith(f"/{said}")}

    @property
    def listed(self) -> tuple[Column, ...]:
        """The columns of the form itself."""
        return tuple(column for column in self.columns if not (column.stands_for or column.further))

    @property
    def wanted(self) -> Mapping[str, tuple[str, ...]]:
        return {column.name: column.captions for column in self.columns}


# A list numbers its own rows; and what we said of rows comes back with them.
_SERIAL = ("序号", "编号", "No", "No.", "原工作表", "原行号", "错误原因", "提醒")


@dataclass(frozen=True, slots=True)
class Upload:
    """A file as read through a sheet."""

    captions: list[str]
    rows: list[ParsedRow]
    passed_over: list[str]  # captions that belong to no column of the sheet
    lacking: list[str]  # columns of the sheet that the list has not
    notes: list[str]  # what whoever brings the list must know of how it was read


@dataclass(frozen=True, slots=True)
class Unit:
    """What stands for the unit where a list has no column for it, and what says so."""

    name: str
    said_by: str


def read_upload(sheet: Sheet, path: Path, filename: str,
                unit_of: Callable[[str], Unit | None] = lambda _tab: None) -> Upload:
    """Read a file through a form: every tab that has its header, row by row. `unit_of` gives what stands for the unit
    of a tab, by its name, where the tab does not say it.

    Raises Invalid (unreadable, no header, required columns missing, no rows)."""
    tabs: list[_Tab] = []
    faults: dict[str, Invalid] = {}
    found = read_table(path, filename=filename)
    for raw in (raw for raw in found if not raw.hidden):
        try:
            tabs.append(_Tab.of(sheet, raw, unit_of))
        except Invalid as fault:
            faults[raw.name] = fault
    hidden = [raw.name for raw in found if raw.hidden and _is_list(sheet, raw)]
    if not tabs:
        nearest = next((f for f in faults.values() if not isinstance(f, NoHeader)), None)
        raise nearest or next(iter(faults.values()), Invalid("文件里没有可读的工作表。请检查文件。"))
    captions = {name: caption for tab in reversed(tabs) for name, caption in tab.named.items()}
    over_all = list(dict.fromkeys(name for tab in tabs for name in tab.named))
    several = len(tabs) > 1
    rows = [row for tab in tabs for row in tab.rows(sheet, over_all, several)]
    if not rows:
        raise Invalid("找到了表头，但下面没有数据。请检查是否选对了文件。")
    lacking = [column for column in sheet.listed if not any(tab.has(column) for tab in tabs)]
    return Upload(
        [captions[name] for name in over_all], rows,
        list(dict.fromkeys(c for tab in tabs for c in tab.header.unmatched if c not in _SERIAL)),
        [column.caption for column in lacking],
        [*[f"工作表“{name}”没有读取：{'没有找到表头。' if isinstance(fault, NoHeader) else fault.message}"
           for name, fault in faults.items()],
         *[f"工作表“{name}”是隐藏的，没有读取。如也要导入，请取消隐藏后重新上传。" for name in hidden],
         *[note for tab in tabs for note in tab.notes(sheet, lacking, several)]])


def _is_list(sheet: Sheet, raw: RawSheet) -> bool:
    with suppress(Invalid):
        return bool(sheet.header_of(raw))
    return False


_Name = tuple[str, int]


@dataclass(frozen=True, slots=True)
class _Tab:
    """One tab of a file, read through a form."""

    raw: RawSheet
    header: Header
    given: dict[Column, Unit]  # columns that it has not, and what its unit says for them
    joined: frozenset[str]  # columns that it writes as another one

    @classmethod
    def of(cls, sheet: Sheet, raw: RawSheet, unit_of: Callable[[str], Unit | None]) -> Self:
        """Raises NoHeader, Invalid (required columns are missing). A unit stands for a column only where the list has
        one of those that tell it from any other list of names."""
        header = sheet.header_of(raw)
        open_ = [] if header.columns.keys().isdisjoint(sheet.told_by) else [
            c for c in sheet.columns if c.of_unit and c.name not in header.columns]
        unit = Unit(header.unit, f"填报单位“{header.unit}”") if header.unit else unit_of(raw.name) if open_ else None
        given = {c: unit for c in open_ if unit is not None}
        known = {column.name for column in given}
        if missing := "、".join(_caption(sheet, name) for name in header.missing if name not in known):
            raise Invalid(f"名单中缺少这些列：{missing}。请补上后重新上传，或下载模板对照。")
        if given and len(units := list(dict.fromkeys(units_below(raw, header)))) > 1:
            raise Invalid(f"同一张表里有几个填报单位（{'、'.join(units)}），分不清哪些行是哪个村的。"
                          f"请加一列“{next(iter(given)).caption}”，或每个村一张工作表。")
        return cls(raw, header, given, frozenset(
            name for c in sheet.columns if c.name in header.columns for name in c.stands_for))

    def has(self, column: Column) -> bool:
        return column in self.given or column.name in self.header.columns or column.name in self.joined

    @property
    def named(self) -> dict[_Name, str]:
        """What its cells are called, with their captions: a field is one, whatever each tab writes above it; of other
        captions that stand there twice, each is its own. What its unit says stands behind them."""
        fields = {at: name for name, at in self.header.columns.items()}
        captions = self.header.captions
        own = {(fields.get(at, caption), -1 if at in fields else captions[:at].count(caption)): caption
               for at, caption in enumerate(captions)}
        return own | {(column.name, -1): column.caption for column in self.given}

    def rows(self, sheet: Sheet, over_all: Sequence[_Name], several: bool) -> Iterator[ParsedRow]:
        """Its rows, with their cells under the captions of all tabs; of several with the name of this one."""
        said = {column: unit.name for column, unit in self.given.items()}
        readers = [(c, self.header.columns.get(c.name), said.get(c), _Once(c.parse)) for c in sheet.columns]
        called = sheet.called(self.header.captions)
        places = {name: at for at, name in enumerate(self.named)}
        order = [places.get(name) for name in over_all]
        straight = order == list(range(len(self.header.captions)))
        for row in data_rows(self.raw, self.header):
            parsed = _parse(readers, called, len(self.header.captions), row)
            parsed.tab = self.raw.name if several else None
            if not straight:
                cells = [*parsed.cells, *said.values()]
                parsed.cells = [cells[at] if at is not None else "" for at in order]
            yield parsed

    def notes(self, sheet: Sheet, lacking: Sequence[Column], several: bool) -> Iterator[str]:
        own = f"工作表“{self.raw.name}”"
        where = own if several else "名单"
        yield from (f"{own if unit.said_by == BY_TAB else where}没有“{column.caption}”一列，按{unit.said_by}登记。"
                    for column, unit in self.given.items())
        if alone := [c.caption for c in sheet.listed if c not in lacking and not self.has(c)]:
            yield f"{where}没有这些列：{'、'.join(alone)}。"


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


def _parse(readers: Sequence[Reader], called: Mapping[str, str], width: int, row: RawRow) -> ParsedRow:
    cells = [*row.cells[:width], *(None,) * (width - len(row.cells))]
    parsed = ParsedRow(row.number, [c if type(c) is str else as_written(c) for c in cells], {}, called=called)
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
            written = called.get(column.caption, column.caption)
            parsed.error(column.caption, f"没有填写“{written}”。请补上后重新导入这一行。", "read")
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
