"""Evidence: upload to a record, download through the wall. Never inline unless it is a picture."""

from urllib.parse import quote, urlencode

from flask import Blueprint, current_app, flash, redirect, request, send_file, url_for
from flask.typing import ResponseReturnValue

from admin_app.access.keepers import require_keeper
from admin_app.changes.ledger import recording
from admin_app.errors import Invalid, NotFound
from admin_app.services import attachments
from admin_app.web.context import actor, plant, session
from admin_app.web.receipts import receipt
from models.base import Base, model_of

pages = Blueprint("attachments", __name__, url_prefix="/attachments")


def _owner(table: str, id: int) -> Base:
    try:
        model = model_of(table)
    except KeyError:
        raise NotFound() from None
    if not attachments.takes_papers(model) or f"{table}.details_view" not in current_app.view_functions:
        raise NotFound()
    record = session().get(model, id)
    if record is None:
        raise NotFound()
    return record


@pages.post("/<table>/<int:id>")
def upload(table: str, id: int) -> ResponseReturnValue:
    record = _owner(table, id)
    actor().require(f"{record.__area__}.edit")
    require_keeper(session(), actor(), record)
    files = [f for f in request.files.getlist("file") if f.filename]
    if not files:
        flash("请先选择文件。", "warning")
        return _back(table, id)
    try:
        with recording(session(), actor(), "attach") as change:
            for file in files:
                attachments.attach(session(), actor(), plant().files, record, stream=file.stream,
                                   filename=file.filename or "")
        receipt(change, f"已上传 {len(files)} 个附件。")
    except Invalid as fault:
        flash(fault.message, "danger")
    return _back(table, id)


def _back(table: str, id: int) -> ResponseReturnValue:
    """The record's page, with the list that led to it."""
    led_here = urlencode([pair for pair in request.args.items() if pair[0] != "id"], safe=",")
    return redirect(url_for(f"{table}.details_view", id=id) + (f"&{led_here}" if led_here else ""))


@pages.post("/<int:id>/void")
def void(id: int) -> ResponseReturnValue:
    # Why stands in the paper's own column: it may tell of a child, and an act's reason is told to the auditor too.
    with recording(session(), actor(), "void_attachment") as change:
        owner = attachments.void(session(), actor(), id, request.form.get("reason"))
    receipt(change, "附件已作废，留存备查。")
    return _back(*owner)


@pages.get("/<int:id>")
def download(id: int) -> ResponseReturnValue:
    attachment, path = attachments.opened(session(), actor(), plant().files, id)
    inline = attachment.content_type in attachments.INLINE
    response = send_file(path, mimetype=attachment.content_type)
    response.headers["Content-Disposition"] = (
        f"{'inline' if inline else 'attachment'}; filename=attachment-{id}; "
        f"filename*=UTF-8''{quote(attachment.filename)}")
    response.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return response
