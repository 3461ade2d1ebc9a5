"""The import wizard: upload, preview, confirm, result, the files of what was refused and of reminders, the template."""

import tempfile
from collections import Counter
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select

from admin_app.display import Shown, local_time
from admin_app.changes.undo import undone_of
from admin_app.errors import Conflict, Invalid
from admin_app.exchange import import_runs, importer
from admin_app.exchange.exporter import OUTCOME_LABELS, REFUSED, WARNED, told_sheet
from admin_app.exchange.exporter import template as write_template
from admin_app.exchange.sheets import sheet_named
from admin_app.web import own_village
from admin_app.web.context import actor, display, session
from admin_app.web.downloads import workbook
from admin_app.web.ledger_pages import undo_offer, undone_said
from admin_app.web.pager import page_links
from models.account import Account
from models.base import Base, declared
from models.guardian import Guardian
from models.household import Household, HouseholdHardship
from models.import_run import ImportRow, ImportRun
from models.region import Region, spoken_name, villages_under
from models.special_group_flag import SpecialGroupFlag
from models.student import Student

pages = Blueprint("imports", __name__, url_prefix="/import")
PAGE = 50
_COLOURS = {"new": "green", "changed": "azure", "same": "secondary", "refused": "red"}
_STATES = {import_runs.CHECKED: "待确认", import_runs.CONFIRMED: "已导入", import_runs.SET_ASIDE: "已放弃"}
_STATE_COLOURS = {import_runs.CHECKED: "yellow", import_runs.CONFIRMED: "green", import_runs.SET_ASIDE: "secondary"}


_LISTS = {"refused": ("两周内有未通过行的导入", import_runs.unfinished),
          "waiting": ("两周内还没有确认的预览", import_runs.waiting), "": ("最近的导入", import_runs.recent)}


@pages.route("/<sheet>", methods=["GET", "POST"])
def upload(sheet: str) -> ResponseReturnValue:
    form, error, closed = sheet_named(sheet), None, own_village.ended()
    if request.method == "POST":
        own_village.require_in_use()
        try:
            return _check(sheet)
        except Invalid as fault:
            session().rollback()
            error = fault.message
    asked = next((name for name in _LISTS if request.args.get(name) == "1"), "")
    heading, listed = _LISTS[asked]
    runs = listed(session(), actor(), sheet)
    display().load_records(Account, {r.account_id for r in runs})
    taken_back = undone_of(session(), [r.change_id for r in runs if r.change_id])
    recent = [{"id": r.id, "filename": r.filename, "when": local_time(r.created_at),
               **_state(r, r.change_id in taken_back), "who": display().loaded(Account, r.account_id) or "",
               "counts_label": "，".join(f"{label} {r.counts[key]}" for key, label in OUTCOME_LABELS.items()),
               "settle_url": url_for("imports.settle", id=r.id) if asked == "refused" and not closed else None,
               "url": url_for("imports.preview" if r.state == import_runs.CHECKED else "imports.result", id=r.id)}
              for r in runs]
    page = render_template("import/upload.html", sheet={"title": form.title, "name": sheet}, error=error, closed=closed,
                           heading=heading, template_url=url_for("imports.template", sheet=sheet), recent=recent)
    return page, 400 if error else 200


def _state(run: ImportRun, taken_back: bool) -> dict[str, str]:
    if taken_back:
        return {"state_label": "已撤销", "colour": "secondary"}
    if run.state == import_runs.CHECKED and not import_runs.has_something(run):
        return {"state_label": "没有可写入的行", "colour": "secondary"}
    return {"state_label": _STATES[run.state], "colour": _STATE_COLOURS[run.state]}


def _check(sheet: str) -> ResponseReturnValue:
    file = request.files.get("file")
    if file is None or not file.filename:
        raise Invalid("请先选择文件（.xlsx、.xls、.et 另存的 .xlsx、.ods 或 .csv）。")
    session().rollback()  # whether the village still stands was asked where one writes: reading a list takes long
    with tempfile.TemporaryDirectory(prefix="baoxue-") as folder:
        path = Path(folder) / "upload"
        file.save(path)
        run = importer.check(session(), actor(), sheet_named(sheet), path, Path(file.filename).name)
        gone = import_runs.make_room(session(), actor(), run)
        session().commit()
    if gone:
        flash(f"您等待确认的预览合计超过 {import_runs.MOST_WAITING:,} 行，最早的 {len(gone)} 份已放弃，没有写入："
              f"{'、'.join(gone[:5])}{'等' if len(gone) > 5 else ''}。要导入请重新上传，核对后随即确认。", "warning")
    return redirect(url_for("imports.preview", id=run.id))


@pages.get("/<sheet>/template.xlsx")
def template(sheet: str) -> ResponseReturnValue:
    villages = session().scalars(select(Region.name).where(
        *villages_under(actor().region_code)).order_by(Region.code).limit(500)).all()
    form = sheet_named(sheet)
    return workbook(write_template(session(), actor(), form, villages), f"{form.title}模板.xlsx")


@pages.get("/run/<int:id>")
def preview(id: int) -> ResponseReturnValue:
    """The rows of a run, by what becomes of them; of one that is confirmed those that are asked for."""
    run = import_runs.run_of(session(), actor(), id)
    confirmed = run.state == import_runs.CONFIRMED and "tab" in request.args
    if run.state != import_runs.CHECKED and not confirmed:
        return redirect(url_for("imports.result", id=id))
    tab = request.args.get("tab", "")
    asked = request.args.get("page", "1")
    number = max(0, int(asked) - 1) if asked.isdecimal() and len(asked) < 7 else 0
    rows, total = import_runs.rows_of(session(), run, tab, number, PAGE, warned=tab == "warned")
    tabs = [{"label": label, "count": count, "active": tab == key,
             "url": url_for("imports.preview", id=id, tab=key)}
            for key, label, count in (("", "全部", sum(run.counts[o] for o in import_runs.OUTCOMES)),
                                      *((o, OUTCOME_LABELS[o], run.counts[o]) for o in import_runs.OUTCOMES),
                                      ("warned", "有提醒", run.counts["warned"]))]
    return render_template(
        "import/preview.html", run=_run(run), counts=run.counts, tabs=tabs, rows=_rows(rows, confirmed),
        back=url_for("imports.result", id=id) if confirmed else url_for("imports.upload", sheet=run.sheet),
        confirmed=confirmed, warned_url=_sheet_url(run, "warned"),
        changed=run.changed, notes=run.notes or [], passed_over=run.passed_over, lacking=import_runs.lacking_of(run),
        fault=_common_fault(run, rows),
        pager=_pager(id, tab, number, total), digest=run.plan_digest,
        confirm_url=url_for("imports.confirm", id=id) if import_runs.has_something(run) and not confirmed else None,
        set_aside_url=None if confirmed else url_for("imports.set_aside", id=id),
        refused_url=_sheet_url(run, "refused"))


def _common_fault(run: ImportRun, rows: list[ImportRow]) -> str:
    """Of a list without one good row: the column in which most of these rows are wrong. It is the list of another
    place then, or another list."""
    if any(run.counts[outcome] for outcome in import_runs.OUTCOMES if outcome != "refused"):
        return ""
    faults = Counter(m["column"] for row in rows for m in row.messages if m["level"] == "error" and m["column"])
    return next((column for column, _ in faults.most_common(1)), "")


def _run(run: ImportRun) -> dict[str, Any]:
    return {"id": run.id, "filename": run.filename, "title": sheet_named(run.sheet).title,
            "state": _STATES[run.state], "when": local_time(run.created_at),
            "sheet_url": url_for("imports.upload", sheet=run.sheet)}


def _sheet_url(run: ImportRun, which: str) -> str | None:
    """Where whoever brought a list finds its rows again, as the list had them."""
    mine = run.account_id == actor().account_id
    return url_for("imports.refused", id=run.id, which=which) if run.counts[which] and mine else None


def _rows(rows: list[ImportRow], confirmed: bool) -> list[dict[str, Any]]:
    """The rows of a preview, each with where it would be registered, and of a new child all that would be; once it is
    registered, its own page shows that."""
    planned, read = [import_runs.planned(row) for row in rows], cache(display().reader)
    plans = [p["plan"] for p in planned if p["plan"]]
    groups = {group for plan in plans if isinstance(group := plan["household"].get("natural_group_id"), int)}
    display().prepare_values(Student, {"region_code": {plan["region"] for plan in plans}})
    display().prepare_values(Household, {"natural_group_id": groups})
    return [{"excel_row": row.excel_row, "tab": row.tab, "label": row.label, "outcome": row.outcome,
             "messages": row.messages, "outcome_label": OUTCOME_LABELS[row.outcome], "colour": _COLOURS[row.outcome],
             "changes": p["changes"], "where": _where(p["plan"]) if p["plan"] else "",
             "facts": _of_new_child(p["plan"], read) if row.outcome == "new" and not confirmed else []}
            for row, p in zip(rows, planned, strict=True)]


def _of_new_child(plan: dict[str, Any], read: Callable[..., Callable[[Any], Shown]]) -> list[dict[str, str]]:
    """What would be registered of a new child, as its own pages will show it."""
    said: list[tuple[type[Base], str, Any]] = [
        *((Student, name, value) for name, value in plan["student"].items() if name != "school_id"),
        *((Guardian, name, guardian[name]) for guardian in plan.get("guardians", ())
          for name in ("name", "relation", "phone")),
        (Household, "phone", plan["household"].get("phone")),
        *((HouseholdHardship, "kind", kind) for kind in plan.get("hardships", ())),
        *((SpecialGroupFlag, "kind", kind) for kind in plan["flags"])]
    school = plan.get("new_school") or display().schools().get(plan["student"]["school_id"] or 0, "")
    whose: dict[type[Base], str] = {Guardian: "监护人", Household: "户的"}
    group = plan["household"].get("natural_group_id")  # its number, or the name of a new one
    found = [{"label": whose.get(model, "") + declared(model, name).label, "text": read(model, name)(value).text}
             for model, name, value in said if value]
    called = read(Household, "natural_group_id")(group).text if isinstance(group, int) else group
    named = {"自然村（组）": called, "学校": school}
    return [*found, *({"label": label, "text": text} for label, text in named.items() if text)]


def _where(plan: dict[str, Any]) -> str:
    """东街社区 · 王大山户."""
    head = plan["household"].get("head_name") or ""
    new = "" if plan["household"]["id"] else "（新户）"
    return " · ".join(filter(None, (spoken_name(display().region(plan["region"])), head and f"{head}户{new}")))


def _pager(id: int, tab: str, number: int, total: int) -> dict[str, Any]:
    pages_ = max(1, -(-total // PAGE))

    def to(page: int) -> str:
        return url_for("imports.preview", id=id, tab=tab, page=page)

    return {"page": number + 1, "pages": pages_, "total_label": f"共 {total:,} 行", "first": number * PAGE + 1,
            "last": min(total, (number + 1) * PAGE), "prev_url": to(number) if number else None,
            "next_url": to(number + 2) if number + 1 < pages_ else None,
            "links": page_links(number, pages_, to)}


@pages.post("/run/<int:id>/confirm")
def confirm(id: int) -> ResponseReturnValue:
    try:
        importer.confirm(session(), actor(), id, request.form.get("digest", ""))
    except Conflict as fault:
        session().rollback()
        flash(fault.message, "warning")
        return redirect(url_for("imports.preview", id=id))
    return redirect(url_for("imports.result", id=id))


@pages.post("/run/<int:id>/set-aside")
def set_aside(id: int) -> ResponseReturnValue:
    run = import_runs.run_of(session(), actor(), id)
    import_runs.set_aside(session(), actor(), id)
    flash("已放弃这次导入，没有写入任何内容。", "info")
    return redirect(url_for("imports.upload", sheet=run.sheet))


@pages.post("/run/<int:id>/settle")
def settle(id: int) -> ResponseReturnValue:
    run = import_runs.run_of(session(), actor(), id)
    import_runs.settle(session(), actor(), id)
    flash(f"“{run.filename}”中未通过的行已标为处理完毕，待办不再提醒。", "success")
    return redirect(url_for("imports.upload", sheet=run.sheet, refused=1))


@pages.get("/run/<int:id>/result")
def result(id: int) -> ResponseReturnValue:
    run = import_runs.run_of(session(), actor(), id)
    if run.state == import_runs.CHECKED:
        return redirect(url_for("imports.preview", id=id))
    if run.state == import_runs.SET_ASIDE:
        flash(f"“{run.filename}”的预览已放弃，或两周没有确认，没有写入任何内容。要导入请重新上传。", "info")
        return redirect(url_for("imports.upload", sheet=run.sheet))
    change = url_for("ledger.change", id=run.change_id) if run.change_id else None
    return render_template(
        "import/result.html", run=_run(run), counts=run.counts, undo=undo_offer(run.change_id), change_url=change,
        undone=undone_said(run.change_id),
        refused_url=_sheet_url(run, "refused"), warned_url=_sheet_url(run, "warned"),
        parts=[{"label": label, "count": run.counts[key], "colour": colour,
                "url": url_for("imports.preview", id=id, tab=key)} for key, label, colour in (
                    *((o, OUTCOME_LABELS[o], _COLOURS[o]) for o in import_runs.OUTCOMES),
                    *((("warned", "有提醒", "yellow"),) if run.counts["warned"] else ()))],
        list_url=url_for("student.index_view"))


@pages.get("/run/<int:id>/<any(refused, warned):which>.xlsx")
def refused(id: int, which: str) -> ResponseReturnValue:
    """The rows that were refused, or those that went in with a reminder, as a sheet."""
    run = import_runs.run_of(session(), actor(), id)
    rows, cells = import_runs.rows_told(session(), actor(), run, refused=which == "refused")
    about = REFUSED if which == "refused" else WARNED
    return workbook(told_sheet(session(), actor(), run, rows, cells, about),
                    f"{Path(run.filename).stem}-{about[1]}.xlsx")
