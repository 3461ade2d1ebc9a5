"""Workbooks as downloads."""

from datetime import datetime
from io import BytesIO
from pathlib import Path
from urllib.parse import quote

from flask import Response, send_file

from admin_app.display import LOCAL_ZONE

_SHEET = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def stamped(title: str) -> str:
    """城区学生-脱敏-20261124-1030.xlsx: two exports of a day are two files."""
    return f"{title}-{datetime.now(LOCAL_ZONE):%Y%m%d-%H%M}.xlsx"


def workbook(path: Path, filename: str, *, keep: bool = False) -> Response:
    """A workbook under a Chinese name that every browser keeps (RFC 6266). Unless it is kept, its file is gone
    before the answer is out: a server hands a file over by itself, and then calls nobody when it is done."""
    response = send_file(path if keep else BytesIO(path.read_bytes()), mimetype=_SHEET)
    if not keep:
        path.unlink()
    response.headers["Content-Disposition"] = (
        f"attachment; filename={stamped('baoxue')}; filename*=UTF-8''{quote(filename)}")
    return response
