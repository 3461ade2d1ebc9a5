"""Read an uploaded table into rows, without trusting it.

    for sheet in read_table(path, filename="花名册.xlsx"):
        for row in sheet.rows:
            row.number      # as Excel shows it, from 1
            row.cell(3)     # str, int, float, bool, date, datetime or None

xlsx, xls and ods workbooks and CSV text are told apart by their content, never by their name. The
file is opened in a child process (`reader_process.py`), so that no file can bring down the one
that serves people. A formula gives its last result; a text that looks like a formula stays text;
an error value such as #N/A is None. Empty sheets are left out, hidden ones are marked.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any, Final, NamedTuple, TypeAlias

import orjson

from admin_app.errors import Invalid
from admin_app.exchange import reader_process
from admin_app.exchange.reader_process import ReadLimits

__all__ = ["MergedDown", "RawCell", "RawRow", "RawSheet", "ReadLimits", "UnreadableFile"]
__all__ += ["read_table"]

RawCell: TypeAlias = str | int | float | bool | date | datetime | None

EMPTY: Final = "里没有内容。请填写后重新上传。"
DEFAULT_LIMITS: Final = ReadLimits()
TOO_SLOW: Final = "读取时间过长，已停止。请删去无用的行列和图片，或拆成几个文件后重新上传。"


class UnreadableFile(Invalid):
    """The file cannot be read; `message` names it and says what to do."""


class RawRow(NamedTuple):
    """One row as it stands in the file. Blank cells at its end are not kept."""

    number: int
    cells: tuple[RawCell, ...]

    def cell(self, column: int) -> RawCell:
        """The cell in a column counted from 0; None past the end."""
        return self.cells[column] if column < len(self.cells) else None


class MergedDown(NamedTuple):
    """Cells of one column (from 0) merged over the rows `first` to `last`."""

    column: int
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class RawSheet:
    """One sheet. Blank rows are kept down to the last one that holds anything."""

    name: str
    rows: tuple[RawRow, ...]
    merged: tuple[MergedDown, ...] = ()
    hidden: bool = False


def read_table(path: Path, *, filename: str, limits: ReadLimits = DEFAULT_LIMITS) -> list[RawSheet]:
    """Read every sheet of the file at `path`, the hidden ones too: at least one is none of these.

    `filename` is what the user called it and is used in sentences only. Raises UnreadableFile.
    """
    size = path.stat().st_size
    if size == 0:
        raise unreadable(filename, "是空文件。请确认文件已保存，再重新上传。")
    if size > limits.file_bytes:
        most = limits.file_bytes // reader_process.MEGABYTE
        raise unreadable(
            filename, f"超过{most}MB，太大了。请删去图片等无用的内容，或拆成几个文件后重新上传。"
        )
    sheets = sheets_in(answer_of_child(path, filename, limits), filename)
    if all(sheet.hidden for sheet in sheets):
        raise unreadable(filename, EMPTY)
    return sheets


def unreadable(filename: str, predicate: str) -> UnreadableFile:
    shown = "".join(c for c in filename if c.isprintable())[:80]
    return UnreadableFile(f"文件“{shown}”{predicate}")


def answer_of_child(path: Path, filename: str, limits: ReadLimits) -> bytes:
    """Run the reading process and return what it wrote."""
    command = [sys.executable, "-P", reader_process.__file__, str(path.resolve())]
    # The child needs none of the product's secrets, and starts by path so that the package, and
    # Flask with it, is not imported.
    environment = {k: v for k, v in os.environ.items() if not k.startswith("BAOXUE_")}
    try:
        child = subprocess.run(
            [*command, json.dumps(asdict(limits))],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=limits.seconds,
            env=environment,
            creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise unreadable(filename, TOO_SLOW) from error
    if child.returncode != 0:
        if b"memory allocation" in child.stderr or b"MemoryError" in child.stderr:
            raise unreadable(filename, reader_process.NO_MEMORY)
        if is_time_up(child.returncode):
            raise unreadable(filename, TOO_SLOW)
        raise unreadable(filename, reader_process.BROKEN)
    return child.stdout


def is_time_up(returncode: int) -> bool:
    """A process past its CPU limit is ended by SIGXCPU or SIGKILL."""
    if sys.platform == "win32":
        return False
    import signal

    return returncode in (-signal.SIGXCPU, -signal.SIGKILL)


def sheets_in(answer: bytes, filename: str) -> list[RawSheet]:
    """Turn the lines of the child into sheets, or raise the refusal it wrote."""
    sheets: list[RawSheet] = []
    rows: list[RawRow] = []
    opening: Mapping[str, Any] | None = None
    for line in answer.splitlines():
        value = orjson.loads(line)
        if isinstance(value, list):
            rows.append(RawRow(value[0], tuple([from_json(c) if type(c) is dict else c for c in value[1:]])))
            continue
        if "refused" in value:
            raise unreadable(filename, value["refused"])
        if opening is not None and rows:
            merged = tuple(MergedDown(*each) for each in opening["merged"])
            sheets.append(RawSheet(opening["sheet"], tuple(rows), merged, opening["hidden"]))
        if "done" in value:
            return sheets
        rows, opening = [], value
    raise unreadable(filename, reader_process.BROKEN)


def from_json(cell: dict[str, str]) -> date:
    return date.fromisoformat(cell["d"]) if "d" in cell else datetime.fromisoformat(cell["t"])
