"""Lists as sheets: exactly what was filtered, as the role may see it."""

from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any, cast

from sqlalchemy import Boolean, Date, Engine, select

from admin_app.access.actor import Actor
from admin_app.access.masking import GRADE_LABELS, Grade
from admin_app.access.permissions import Permission
from admin_app.access.bulk import in_parts
from admin_app.access.scope import ScopedSession
from admin_app.changes.ledger import SHORTEST_FOR_FULL, as_kept, recording
from admin_app.display import LOCAL_ZONE, Display, recurring, told_apart_by
from admin_app.errors import Invalid
from admin_app.exchange.sheet import Sheet
from admin_app.exchange.workbook import (
    Day, Frame, Wrapped, half_characters, temporary, write_table, write_template,
)
from admin_app.listing import Wanted, all_rows, values_held
from models.base import Base, Privacy, Wall, declared, names_region, pointed_at, table_of
from models.import_run import ImportRow, ImportRun
from models.kinds import SealedText
from models.school import School

_NARROWEST = 6  # half characters
_DAY_WIDTH = 12  # a narrower column shows ##### for a day
_SHORT_LABEL, _LONGEST_LABEL = 12, 24  # half characters: a longer one is looked for among the rows; and is wrapped
_WIDTHS = {Privacy.IDENTITY: 22, Privacy.PHONE: 16, Privacy.ADDRESS: 30, Privacy.CONDITION: 16}
OUTCOME_LABELS = {"new": "新增", "changed": "更新", "same": "无变化", "refused": "拒收"}


@dataclass(frozen=True)
class Export:
    """What an export holds: which list, which columns, how much of each fact, and why."""

    wanted: Wanted
    columns: tuple[str, ...]
    title: str
    grade: Grade = Grade.WORKING
    reason: str | None = None
    conditions: str = ""  # what the list was asked for, as the screen says it

    def require(self, actor: Actor) -> None:
        """Raises Refused when the role may not, Invalid when the full grade has no reason."""
        actor.require(f"{self.wanted.model.__area__}.export")
        if self.grade is Grade.FULL:
            actor.require(Permission.FAMILY_REVEAL)
            if len(as_kept(self.reason)) < SHORTEST_FOR_FULL:
                raise Invalid(f"报送用的完整导出须写明用途，至少 {SHORTEST_FOR_FULL} 个字；用途会印在表上并记入台账。",
                              "reason")

    @property
    def filename(self) -> str:
        """What the file is called: three grades are three names, so that the full one is not sent for another."""
        return f"{self.title}-{GRADE_LABELS[self.grade].partition('（')[0]}"

    def as_dict(self) -> dict[str, Any]:
        return {**vars(self), "wanted": self.wanted.as_dict()}

    @classmethod
    def from_dict(cls, said: dict[str, Any]) -> "Export":
        return cls(**{**said, "wanted": Wanted.from_dict(said["wanted"]), "columns": tuple(said["columns"]),
                      "grade": Grade(said["grade"])})


def record_export(engine: Engine, actor: Actor, export: Export, rows: int, conditions: str = "") -> None:
    """Put on record who took which columns out of the register, of how many, and why. `conditions` tell what was asked
    for, without a child's name: whoever audits the acts need not know the children."""
    columns = "、".join(declared(export.wanted.model, name).label for name in export.columns)
    asked = f"；列：{columns}" + (f"；条件：{conditions}" if conditions else "")
    what = f"{export.title}（{GRADE_LABELS[export.grade]}，{rows:,} 条{asked}）"
    with ScopedSession(engine, actor.scope, writing=True) as session:
        with recording(session, actor, "export", f"{what}：{export.reason}" if export.reason else what, kept=True):
            pass


def list_sheet(session: ScopedSession, actor: Actor, export: Export, path: Path, *, fingerprint: str | None = None,
               progress: Callable[[int], None] = lambda _done: None) -> int:
    """Write a list to a framed sheet, row by row: the memory it takes does not grow with the rows; gives
    how many. Raises Refused, Invalid."""
    export.require(actor)
    display, model = Display(session, actor.role), export.wanted.model
    readers = [_reader(display, model, name, export.grade) for name in export.columns]

    def rows() -> Iterator[Sequence[Any]]:
        done = 0
        for part in all_rows(session, export.wanted, export.columns):
            values = dict(zip(part[0]._fields, zip(*part, strict=True), strict=True))  # column by column
            display.prepare_values(model, {name: values[name] for name in export.columns})
            # A column as a whole: one by one, between rows that are written, reading takes half as long again.
            yield from zip(*[list(map(read, values[name])) for read, name in zip(readers, export.columns, strict=True)],
                           strict=True)
            done += len(part)
            progress(done)

    mark = _mark(actor, fingerprint)
    if export.grade is Grade.FULL:
        mark = f"含完整个人信息，仅限报送，不得外传　用途：{export.reason}　{mark}"
    frame = Frame(export.title, display.region(actor.region_code), mark=mark,
                  adds_up=model.__wall__ is not Wall.REFERENCE,
                  note="　".join((f"条件：{export.conditions}" if export.conditions else "全部",
                                 GRADE_LABELS[export.grade])))
    captions = [declared(model, name).label for name in export.columns]
    held = values_held(session, export.wanted, [name for name in export.columns if max(
        (half_characters(tag.text) for tag in display.tags(model, name).values()), default=0) > _SHORT_LABEL])
    return write_table(path, frame, captions, rows(),
                       [_width(display, model, name, held.get(name)) for name in export.columns])


def _mark(actor: Actor, fingerprint: str | None) -> str:
    """Who took a sheet out, and the seal of the ledger that it can be held against."""
    now = datetime.now(LOCAL_ZONE)
    return f"导出人：{actor.name}　时间：{now:%Y-%m-%d %H:%M}　台账封存指纹：{fingerprint or '—'}"


def _reader(display: Display, model: type[Base], name: str, grade: Grade) -> Callable[[Any], Any]:
    """How a cell is written: a count as a number, so that Excel can add it up; a day as a day, so that it filters by
    year and month; everything else as it reads on the screen. What comes again and again (villages, schools, dates) is
    read once."""
    kind = table_of(model).c[name].type
    counted = not isinstance(kind, SealedText | Boolean) and kind.python_type is int and not pointed_at(model, name)
    if counted and name != "school_year":
        return lambda value: value
    read = display.texts(model, name, grade)
    return _Cells(read, bool(display.tags(model, name))).__getitem__ if recurring(model, name) else read


class _Cells(dict[Any, str | Day]):
    """The cells of a column that has few values: what is known is found without a call. A day that is masked, or that
    is before Excel's first, is a text; a label that is longer than its column is wide says so."""

    def __init__(self, read: Callable[[Any], str], labels: bool) -> None:
        super().__init__()
        self._read, self._labels = read, labels

    def __missing__(self, value: Any) -> str | Day:
        text = self._read(value)
        cell: str | Day = text
        if type(value) is date and text == value.isoformat():
            with suppress(ValueError):
                cell = Day.of(value)
        elif self._labels and half_characters(text) > _LONGEST_LABEL:
            cell = Wrapped(text)
        self[value] = cell
        return cell


def _width(display: Display, model: type[Base], name: str, held: Collection[Any] | None = None) -> int:
    """How wide a column is at least, in half characters: by what stands in it, and its caption. Of codes with a long
    label those alone count that the rows hold (`held`); the longest are wrapped. The first rows widen it."""
    field, tags = declared(model, name), display.tags(model, name)
    if tags:
        shown = [half_characters(tag.text) for code, tag in tags.items() if held is None or code in held]
        width = min(max(shown, default=0), _LONGEST_LABEL) + 2
    elif names_region(model, name) or pointed_at(model, name) is School:
        width = 24
    elif isinstance(table_of(model).c[name].type, Date):
        width = _DAY_WIDTH
    elif field.privacy in _WIDTHS:
        width = _WIDTHS[field.privacy]
    else:
        width = 30 if field.multiline else 10
    return max(width, half_characters(field.label) + 2)


REFUSED, WARNED = ("error", "未导入的行", "错误原因"), ("warning", "有提醒的行", "提醒")


def told_sheet(session: ScopedSession, actor: Actor, run: ImportRun, rows: Sequence[ImportRow],
               cells: Sequence[list[str]], about: tuple[str, str, str]) -> Path:
    """The rows of an import that were refused, or that went in with a reminder, in the user's own columns, with the
    Excel row and what was said; the caller removes the file. A 序号 of their own gives way to the table's; a column is
    as narrow as what stands in it lets it be, so that the paper can be read."""
    level, title, caption = about
    path = temporary()
    kept = [at for at, caption in enumerate(run.captions) if (caption or "").strip() != "序号"]
    tabs = any(row.tab for row in rows)
    where, wide = (["原工作表", "原行号"], [_DAY_WIDTH, 8]) if tabs else (["原行号"], [8])
    captions = [*where, *[run.captions[at] or "（无列名）" for at in kept], caption]

    def lines() -> Iterator[list[Any]]:
        for row, own in zip(rows, cells, strict=True):
            said = "；".join(f"{m['column']}：{m['text'].rstrip('。')}" for m in row.messages if m["level"] == level)
            yield [*([row.tab] if tabs else []), row.excel_row, *[own[at] for at in kept], f"{said}。"]

    unit = Display(session, actor.role).region(actor.region_code)
    frame = Frame(f"{run.filename} {title}", unit, footer="改正后可直接上传本文件，只会处理这些行。", tall=True)
    write_table(path, frame, captions, lines(), [*wide, *[_NARROWEST] * len(kept), 40])
    return path


def acts_sheet(session: ScopedSession, actor: Actor, acts: Sequence[Sequence[Any]], captions: Sequence[str], *,
               conditions: str, fingerprint: str | None) -> Path:
    """Acts of the change ledger as evidence: no value of a record stands in it. The caller removes the file."""
    path = temporary()
    frame = Frame("变更台账", Display(session, actor.role).region(actor.region_code), mark=_mark(actor, fingerprint),
                  note=f"条件：{conditions}" if conditions else "全部", tall=True, footer="")
    write_table(path, frame, captions, acts)
    return path


def unfinished_sheet(session: ScopedSession, actor: Actor, model: type[Base], title: str,
                     why: dict[int, str]) -> Path:
    """Records that a batch left as they are, each with the reason; the caller removes the file. No more of each than
    tells which it is: this sheet is no export (decision 0015)."""
    display, every, path = Display(session, actor.role), cast(Any, model), temporary()
    columns = [*told_apart_by(model), *filter(None, ("region_code", model.__moves__.column if model.__moves__ else ""))]

    def lines() -> Iterator[list[Any]]:
        for keys in in_parts(why):
            records = {r.id: r for r in session.scalars(select(every).where(every.id.in_(keys)))}
            display.prepare(model, columns, list(records.values()))
            display.prepare_labels(model, list(records.values()))
            for key in keys:
                record = records.get(key)
                yield [display.label_of(record) if record else "（已不在管辖范围内）",
                       *[display.of(record, c).text if record else "" for c in columns], why[key]]

    frame = Frame(title, display.region(actor.region_code), footer="", tall=True)
    captions = [model.__title__, *[declared(model, c).label for c in columns], "未办理原因"]
    write_table(path, frame, captions, lines(), [14, *[_width(display, model, name) for name in columns], 60])
    return path


def template(session: ScopedSession, actor: Actor, sheet: Sheet, villages: Sequence[str]) -> Path:
    """An empty form with drop-down lists of codes and villages."""
    display = Display(session, actor.role)
    choices: list[list[str]] = []
    for column in sheet.listed:
        listed = [item.label for item in display.codes(column.codes, date.today())] if column.codes else []
        choices.append(list(villages) if column.name == "village" else listed)
    path = temporary()
    write_template(path, sheet.title, [c.caption.replace("/", "") for c in sheet.listed], choices,
                   [c.required for c in sheet.listed], [c.width for c in sheet.listed])
    return path
