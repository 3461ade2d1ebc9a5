"""批量办理: choose in a list, fill in, look at the preview, confirm, take the receipt."""

from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select

from admin_app import tasks
from admin_app.display import local_time, told_apart_by
from admin_app.errors import Conflict, Invalid, NotFound
from admin_app.exchange.exporter import unfinished_sheet
from admin_app.services import attachments, batches
from admin_app.services.moves import ends_too
from admin_app.text import counted
from admin_app.web import form_fields
from admin_app.web.context import actor, display, plant, session, view_of
from admin_app.web.downloads import stamped, workbook
from admin_app.web.ledger_pages import undo_offer, undone_said
from admin_app.web.record_forms import paper_sent, state_shown
from admin_app.web.list_address import address, wanted_by
from admin_app.web.ticked import NO_RANGE, chosen_rows
from models.base import Base, declared
from models.batch_run import BatchRun

pages = Blueprint("batches", __name__, url_prefix="/batches")
SHOWN = 50


@pages.post("/new/<table>")
def choose(table: str) -> ResponseReturnValue:
    """Take what was ticked, or all that match, for one move."""
    view = view_of(table)
    if "range" not in request.form:
        raise Invalid(NO_RANGE)
    run = batches.choose(session(), actor(), chosen_rows(wanted_by(view)), request.form.get("verb", ""))
    session().commit()
    return redirect(url_for("batches.fill_in", id=run.id, back=address(view)))


@pages.route("/<int:id>/fill-in", methods=["GET", "POST"])
def fill_in(id: int) -> ResponseReturnValue:
    """The fields, the reason and the evidence that the move asks for, once for all."""
    run = batches.run_of(session(), actor(), id)
    model, move = batches.move_named(actor(), run.table_name, run.verb)
    columns = (*move.asks, *move.optional)
    earlier, paper = batches.given_of(run)  # whoever comes back finds what was filled in
    form = form_fields.form_class(model, columns, move, () if paper else batches.must_be_given(
        session(), model, move, run.keys))(data={**form_fields.today_in(columns), **earlier, "reason": run.reason})
    form_fields.prepare(form, model, columns, display(), actor().role, None)
    if request.method == "POST" and form.validate() and form_fields.check_codes(form, model, columns):
        try:
            values = form_fields.typed_values(form, model, columns, actor().role, editing=False)
            batches.check(session(), actor(), run, values, request.form.get("reason"), _evidence() or paper)
            session().commit()
            return redirect(url_for("batches.preview", id=id, back=request.args.get("back")))
        except Invalid as fault:
            session().rollback()
            field = form[fault.column] if fault.column in form else form["reason"]
            field.errors = [*field.errors, fault.message]
    run = batches.run_of(session(), actor(), id)
    page = render_template(
        "admin/move.html", title=f"批量{move.label}：{counted(run.counts['chosen'], run.table_name)}", form=form,
        fieldsets=[{"label": "", "fields": [*columns, "reason", *(["evidence"] if move.evidence else [])]}],
        move_label="下一步：预览", record_label=f"所选 {run.counts['chosen']:,} 条记录用同样的内容办理",
        from_state=None, to_state=state_shown(model, move.target), conflict=None, add_another=False,
        ends_too=ends_too(model, move),
        errors_summary=form_fields.faults_said(form),
        back=_back(run))
    return page, 400 if request.method == "POST" else 200


def _evidence() -> dict[str, Any] | None:
    paper = paper_sent()
    return attachments.keep(session(), actor(), plant().files, **paper) if paper else None


def _back(run: BatchRun) -> str:
    """The list that the batch was begun from: a path of that very ledger, or the ledger."""
    home = url_for(f"{run.table_name}.index_view")
    asked = request.args.get("back", "")
    return asked if asked.startswith(home + "?") and not any(ord(c) < 33 for c in asked) else home


@pages.get("/<int:id>")
def preview(id: int) -> ResponseReturnValue:
    """Before → after of the first records, the refused with their reasons; after the confirmation the 回执."""
    run = batches.run_of(session(), actor(), id)
    if run.state == batches.CHOSEN:
        return redirect(url_for("batches.fill_in", id=id, back=request.args.get("back")))
    if run.task_id and run.state != batches.CONFIRMED:
        task = tasks.task_of(plant().engine, actor(), run.task_id)
        if task.state in (tasks.QUEUED, tasks.RUNNING):
            return redirect(url_for("tasks.task", id=run.task_id))
    model, move = batches.move_named(actor(), run.table_name, run.verb)
    values, evidence = batches.given_of(run)
    change = run.change_id
    return render_template(
        "admin/batch.html", title=f"批量{move.label}", done=run.state == batches.CONFIRMED, counts=run.counts,
        model_title=model.__title__, move_label=move.label, digest=run.digest, reasons=batches.reasons_of(run),
        given=[{"label": declared(model, n).label, "text": display().value(model, n, v).text, "masked": False}
               for n, v in values.items()] + _papers(run, evidence),
        lines=_lines(run, model, values), captions=[declared(model, name).label for name in values],
        refused=_refused(run, model), shown=SHOWN,
        confirm_url=url_for("batches.confirm", id=id, back=request.args.get("back")),
        again_url=url_for("batches.fill_in", id=id, back=request.args.get("back")),
        refused_url=url_for("batches.refused", id=id) if run.refused else None, back=_back(run),
        change_url=url_for("ledger.change", id=change) if change else None,
        undo=undo_offer(change), undone=undone_said(change),
        when=local_time(run.confirmed_at) if run.confirmed_at else "", as_task=run.counts["fit"] > tasks.AT_ONCE,
        to_state=state_shown(model, move.target))


def _papers(run: BatchRun, evidence: dict[str, Any] | None) -> list[dict[str, Any]]:
    said = [("原因", run.reason), ("佐证", evidence["filename"] if evidence else None)]
    return [{"label": label, "text": text, "masked": False} for label, text in said if text]


def _lines(run: BatchRun, model: type[Base], values: dict[str, Any]) -> list[dict[str, Any]]:
    """The first records that are moved: who, where, from which state, and what each of the values replaces."""
    fit = [key for key in run.keys if str(key) not in run.refused][:SHOWN]
    records = _records(model, fit)
    display().prepare(model, list(values), list(records.values()))
    return [{**_line(records[key], model), "values": [
        {"label": declared(model, name).label, "old": display().of(records[key], name).text,
         "new": display().value(model, name, value).text} for name, value in values.items()]}
        for key in fit if key in records]


def _records(model: type[Base], keys: list[int]) -> dict[int, Any]:
    """These records by number, ready to be shown by name, place and state."""
    every: Any = model
    assert model.__moves__ is not None
    records = {r.id: r for r in session().scalars(select(every).where(every.id.in_(keys)))}
    display().prepare(model, ["region_code", model.__moves__.column, *told_apart_by(model)], list(records.values()))
    display().prepare_labels(model, list(records.values()))
    return records


def _line(record: Any, model: type[Base]) -> dict[str, Any]:
    assert model.__moves__ is not None
    state = display().of(record, model.__moves__.column)
    called = [display().label_of(record), *display().told_apart(record)]
    return {"label": " · ".join(called), "place": display().of(record, "region_code").text,
            "state": {"text": state.text, "colour": state.colour},
            "url": url_for(f"{model.__tablename__}.details_view", id=record.id)}


def _refused(run: BatchRun, model: type[Base]) -> list[dict[str, Any]]:
    first = [int(key) for key in list(run.refused)[:SHOWN]]
    records = _records(model, first)
    return [{**(_line(records[key], model) if key in records else
                {"label": f"{model.__title__} {key}", "place": "", "state": None, "url": None}),
             "why": run.refused[str(key)]} for key in first]


@pages.post("/<int:id>/confirm")
def confirm(id: int) -> ResponseReturnValue:
    run = batches.run_of(session(), actor(), id)
    digest, fit = request.form.get("digest", ""), run.counts.get("fit", 0)
    if fit <= tasks.AT_ONCE:
        batches.confirm(session(), actor(), id, digest)
        return redirect(url_for("batches.preview", id=id, back=request.args.get("back")))
    if run.state != batches.CHECKED or run.digest != digest:
        raise Conflict("您确认的不是最新的预览，或已经确认过了。请返回查看。")
    _, move = batches.move_named(actor(), run.table_name, run.verb)
    session().rollback()  # one writer at a time: the task is written down first
    number = tasks.enqueue(plant().engine, actor(), kind="batch", title=f"批量{move.label}", total=fit,
                           arguments={"batch": id, "digest": digest})
    batches.run_of(session(), actor(), id).task_id = number
    session().commit()
    plant().queue.put(number)
    return redirect(url_for("tasks.task", id=number))


@pages.get("/<int:id>/refused")
def refused(id: int) -> ResponseReturnValue:
    """失败明细: the records that were left as they are, with the reason of each."""
    run = batches.run_of(session(), actor(), id)
    if not run.refused:
        raise NotFound("这次批量办理没有未办理的记录。")
    model, move = batches.move_named(actor(), run.table_name, run.verb)
    path = unfinished_sheet(session(), actor(), model, f"批量{move.label}未办理的记录",
                            {int(k): why for k, why in run.refused.items()})
    return workbook(path, stamped(f"批量{move.label}未办理的记录"))
