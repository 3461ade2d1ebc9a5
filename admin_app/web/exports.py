"""Exporting a list: what is seen, what is ticked, or all that match, in one of three grades."""

from pathlib import Path
from typing import TYPE_CHECKING

from flask import current_app, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from admin_app import tasks
from admin_app.access.actor import Actor
from admin_app.access.masking import GRADE_LABELS, Grade
from admin_app.access.permissions import Permission
from admin_app.changes.ledger import SHORTEST_FOR_FULL, as_kept
from admin_app.errors import Invalid
from admin_app.exchange.exporter import Export, record_export
from admin_app.exchange.workbook import MAX_ROWS, temporary
from admin_app.listing import Wanted, as_shown, in_order_of_divisions, whole_count
from admin_app.services import exports
from admin_app.web.context import actor, display, plant, session, work_as
from admin_app.web.downloads import stamped, workbook
from admin_app.web.list_address import address, chosen_columns, wanted_by
from admin_app.web.list_frame import said_of
from admin_app.web.ticked import chosen_rows

if TYPE_CHECKING:
    from views.base import RegisterView


def page(view: "RegisterView") -> ResponseReturnValue:
    """Choose the grade; then the file, or a task that makes it."""
    wanted = chosen_rows(wanted_by(view))
    columns = chosen_columns(view)
    title = f"{display().region(wanted.region or actor().region_code)}{view.heading}"
    count, error = whole_count(session(), wanted), None
    wanted = as_shown(wanted, count)
    if request.method == "POST" and "grade" in request.form:
        try:
            reason = as_kept(request.form.get("reason")) or None
            grade = _grade()
            return _give(*_export(view, wanted, title, grade, reason), count)
        except Invalid as fault:
            error = fault.message
    return render_template(
        "admin/export.html", title=f"导出：{title}", count=count, error=error,
        columns=[view.model.__table__.c[c].info["field"].label for c in columns],
        grades=[{"value": g.value, "label": GRADE_LABELS[g], "hint": _HINTS[g]} for g in Grade if _may(g)],
        grade=request.form.get("grade", Grade.WORKING.value), reason=request.form.get("reason", ""),
        full_offered=_may(Grade.FULL), shortest=SHORTEST_FOR_FULL,
        as_task=count > tasks.AT_ONCE, keys=wanted.keys, back=address(view), url=address(view, ".export", page=None),
    ), 400 if error else 200


_HINTS = {
    Grade.MASKED: "孩子和家人的姓名、证件号、电话、出生日期、住址都遮盖，可转给别的单位。",
    Grade.WORKING: "与您在屏幕上看到的一样。",
    Grade.FULL: "证件号、电话等完整，供盖章上报；须写明用途，会印在表上并记入变更台账。",
}


def _may(grade: Grade) -> bool:
    return grade is not Grade.FULL or actor().may(Permission.FAMILY_REVEAL)


def _grade() -> Grade:
    try:
        return Grade(request.form["grade"])
    except ValueError:
        raise Invalid("请选择导出的级别。", "grade") from None


def _export(view: "RegisterView", wanted: Wanted, title: str, grade: Grade, reason: str | None) -> tuple[Export, str]:
    """The export of a list, and what its line in the ledger says was asked for."""
    if grade is Grade.MASKED:
        wanted = in_order_of_divisions(wanted)  # an order by name or birth would tell what is masked
    what = Export(wanted, tuple(chosen_columns(view)), title, grade, reason,
                  said_of(view, wanted, discreet=grade is Grade.MASKED))
    return what, said_of(view, wanted, discreet=True)


def by_command(view: "RegisterView", who: Actor, query: str, grade: Grade, reason: str | None) -> tuple[Path, int]:
    """Write the list that an address asks for, as its page would show it to `who`; gives the file, which the caller
    moves away, and how many rows. Raises Refused, Invalid."""
    with current_app.test_request_context(f"/admin/{view.endpoint}/?{query}"):
        work_as(who)
        wanted = wanted_by(view)
        if wanted.unread:
            raise Invalid(f"条件“{wanted.unread[0][0]}={wanted.unread[0][1]}”读不懂，或您的身份不能按它筛选。请改正。")
        title = f"{display().region(wanted.region or who.region_code)}{view.heading}"
        count = whole_count(session(), wanted)
        what, conditions = _export(view, as_shown(wanted, count), title, grade, reason)
        what.require(who)
        record_export(plant().engine, who, what, count, conditions)
        path = temporary()
        return path, exports.write(plant().engine, who, what, path)


def _give(what: Export, conditions: str, count: int) -> ResponseReturnValue:
    what.require(actor())
    if not count:
        raise Invalid("没有可以导出的记录。请返回列表调整条件。")
    if count > MAX_ROWS:
        raise Invalid(f"一张表最多 {MAX_ROWS:,} 行，现有 {count:,} 条。请按区划或其他条件分几次导出。")
    session().rollback()  # a page that posts holds the one writer's place: the ledger's line needs it
    record_export(plant().engine, actor(), what, count, conditions)
    if count > tasks.AT_ONCE:
        number = tasks.enqueue(plant().engine, actor(), kind="export", title=f"导出：{what.title}", total=count,
                               arguments={"export": what.as_dict(), "total": count})
        plant().queue.put(number)
        flash("数据较多，已转为后台任务。可以先做别的，完成后右上角的铃铛会提示。", "info")
        return redirect(url_for("tasks.task", id=number))
    path = temporary()
    exports.write(plant().engine, actor(), what, path)
    return workbook(path, stamped(what.filename))
