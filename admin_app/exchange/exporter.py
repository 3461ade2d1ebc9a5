"""Lists as sheets: exactly what was filtered, as the role may see it."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from admin_app.access.actor import Actor
from admin_app.access.scope import ScopedSession
from admin_app.display import Display, names_region, pointed_at
from admin_app.exchange.sheet import Sheet
from admin_app.exchange.workbook import Frame, temporary, write_table, write_template
from admin_app.listing import Wanted, all_of
from models.base import Base, Privacy, declared
from models.import_run import ImportRow, ImportRun

_WIDTHS = {Privacy.BIRTH: 12, Privacy.IDENTITY: 22, Privacy.PHONE: 16, Privacy.ADDRESS: 30, Privacy.CONDITION: 16}
OUTCOME_LABELS = {"new": "新增", "changed": "更新", "same": "无变化", "refused": "拒收"}


def list_sheet(session: ScopedSession, actor: Actor, wanted: Wanted, columns: Sequence[str], *,
               title: str, fingerprint: str | None) -> Path:
    """Write the list that `wanted` means; gives the file, which the caller removes."""
    actor.require(f"{wanted.model.__area__}.export")
    display, model = Display(session, actor.role), wanted.model

    def rows() -> Iterator[list[str]]:
        for records in all_of(session, wanted):
            display.prepare(model, columns, records)
            for record in records:
                yield [_cell(display, record, name) for name in columns]

    path = temporary()
    mark = f"导出人：{actor.name}　台账封存指纹：{fingerprint or '—'}"
    frame = Frame(title, display.region(actor.region_code), mark=mark)
    captions = [declared(model, name).label for name in columns]
    widths = [_width(model, name) for name in columns]
    write_table(path, frame, captions, rows(), widths)
    return path


def _cell(display: Display, record: Base, name: str) -> Any:
    """A count as a number, so that Excel can add it up; everything else as it reads on the screen."""
    value = getattr(record, name)
    counted = isinstance(value, int) and not isinstance(value, bool) and not pointed_at(type(record), name)
    return value if counted and name != "school_year" else display.of(record, name).text


def _width(model: type[Base], name: str) -> int:
    """How wide a column is printed, in half characters: by what stands in it, at least its caption."""
    field = declared(model, name)
    if names_region(model, name) or pointed_at(model, name):
        width = 24
    elif field.privacy in _WIDTHS:
        width = _WIDTHS[field.privacy]
    else:
        width = 30 if field.multiline else 10
    return max(width, 2 * len(field.label) + 2)


def refused_sheet(run: ImportRun, rows: Sequence[ImportRow], cells: Sequence[list[str]]) -> Path:
    """The refused rows in the user's own columns, with the Excel row and 错误原因."""
    path = temporary()
    captions = ["原行号", *[c or "（无列名）" for c in run.captions], "错误原因"]

    def lines() -> Iterator[list[Any]]:
        for row, own in zip(rows, cells, strict=True):
            why = "；".join(f"{m['column']}：{m['text']}" for m in row.messages if m["level"] == "error")
            yield [row.excel_row, *own, why]

    frame = Frame(f"{run.filename} 未导入的行", "", footer="改正后可直接上传本文件，只会处理这些行。")
    write_table(path, frame, captions, lines(), [8, *[14] * len(run.captions), 60])
    return path


def template(session: ScopedSession, actor: Actor, sheet: Sheet, villages: Sequence[str]) -> Path:
    """An empty form with drop-down lists of codes and villages."""
    display = Display(session, actor.role)
    choices: list[list[str]] = []
    for column in sheet.columns:
        listed = [item.label for item in display.codes(column.codes)] if column.codes else []
        choices.append(list(villages) if column.name == "village" else listed)
    path = temporary()
    write_template(path, sheet.title, [c.caption.replace("/", "") for c in sheet.columns], choices,
                   [c.required for c in sheet.columns], [c.width for c in sheet.columns])
    return path
