"""The change ledger on the screen: who did what, one act in full, undo and revert."""

from collections import defaultdict
from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, current_app, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import Select, exists, false, func, or_, select

from admin_app.access.permissions import Permission
from admin_app.access.scope import ScopedSession, unscoped, within
from admin_app.changes import history
from admin_app.changes.ledger import recording
from admin_app.changes.undo import Undone, changed, undo as undo_change
from admin_app.display import LOCAL_ZONE, local_time
from admin_app.errors import NotFound
from admin_app.text import OPERATION_LABELS, ORIGIN_LABELS, VERB_LABELS, role_label, verb_label
from admin_app.web.context import actor, display, plant, session
from admin_app.web.list_address import day_in
from models.account import Account
from models.base import model_of, models
from models.change import Change, ChangeRow

pages = Blueprint("ledger", __name__, url_prefix="/changes")
PAGE, LAST_PAGE = 50, 400
ARGUMENTS = frozenset({"who", "origin", "verb", "since", "until", "table", "pk"})
LOOKED_FOR = ("create", "edit", "reveal", "export", "import", "undo", "revert", "hand_over", "disable", "enable",
              "reset_password", "revoke_sessions")


@pages.get("/")
def changes() -> ResponseReturnValue:
    """Acts in scope, newest first, by person, time, origin, record."""
    number = _page()
    with _over_all() as wide:
        found = wide.scalars(acts(request.args).order_by(Change.id.desc()).offset(number * PAGE).limit(PAGE + 1)).all()
        wide.expunge_all()
    more, shown = len(found) > PAGE, found[:PAGE]
    named = records_of([c.id for c in shown])
    return render_template(
        "admin/history.html", title="变更台账",
        changes=[{**_act(c), "records": named.get(c.id, ""), "url": url_for("ledger.change", id=c.id)} for c in shown],
        filters=_filters(), pager=_pager(number, len(shown), more))


def records_of(numbers: list[int]) -> dict[int, str]:
    """What each of these acts touched: its one record by name, or how many."""
    first = select(ChangeRow.change_id, func.min(ChangeRow.id).label("row"), func.count().label("rows")).where(
        ChangeRow.change_id.in_(numbers)).group_by(ChangeRow.change_id).subquery()
    found = session().execute(select(first.c.change_id, first.c.rows, ChangeRow.table_name, ChangeRow.pk)
                              .join(ChangeRow, ChangeRow.id == first.c.row)).all()
    named = [row for row in found if row.rows == 1 and actor().may(f"{model_of(row.table_name).__area__}.view")]
    for table in {row.table_name for row in named}:
        display().load_records(model_of(table), [row.pk for row in named if row.table_name == table])
    names = {row.change_id: display().loaded(model_of(row.table_name), row.pk) for row in named}
    return {row.change_id: names.get(row.change_id) or f"{row.rows:,} 条{model_of(row.table_name).__title__}"
            f"{'等' if row.rows > 1 else ''}" for row in found}


def _over_all() -> ScopedSession:
    return unscoped(plant().engine, "an act from above stands beyond the wall of what it touched")


def how_many(said: Mapping[str, str], most: int) -> int:
    """How many acts a list of this address would have, at most one more than so many."""
    with _over_all() as wide:
        some = acts(said).with_only_columns(Change.id).limit(most + 1).subquery()
        return wide.scalar(select(func.count()).select_from(some)) or 0


def acts(said: Mapping[str, str]) -> Select[Any]:
    """The acts that fit the arguments of this page's address: made in scope, or from above on something in scope. To
    be asked over all rows, for the wall of an act is its actor's. What cannot be read fits nothing."""
    scope = session().scope
    ours = exists().where(ChangeRow.change_id == Change.id, within(ChangeRow, scope))
    query = select(Change).where(or_(within(Change, scope), ours))
    if who := said.get("who", "").strip():
        named = select(Account.id).where(Account.username == who)
        query = query.where(or_(Change.actor.contains(who, autoescape=True), Change.account_id.in_(named)))
    if verb := said.get("verb", "").strip():
        query = query.where(or_(Change.verb == verb, Change.verb.endswith(f":{verb}", autoescape=True)))
    if origin := said.get("origin", "").strip():
        query = query.where(Change.origin == origin)
    for name, side in (("since", 0), ("until", 1)):
        if text := said.get(name, "").strip():
            day = day_in(text)
            moment = datetime.combine(day or date.min, time.min, LOCAL_ZONE) + timedelta(days=side)
            query = query.where(false() if day is None else Change.at < moment if side else Change.at >= moment)
    table, pk = said.get("table", "").strip(), said.get("pk", "").strip()
    touched = [ChangeRow.table_name == table] if table else []
    if pk:
        touched.append(ChangeRow.pk == int(pk) if pk.isdecimal() and len(pk) < 18 else false())
    if touched:
        query = query.where(exists().where(ChangeRow.change_id == Change.id, within(ChangeRow, scope), *touched))
    return query


def _page() -> int:
    asked = request.args.get("page", "1")
    return min(int(asked[:6]), LAST_PAGE) - 1 if asked.isdecimal() and int(asked[:6]) > 0 else 0


def _filters() -> list[dict[str, Any]]:
    value = request.args.get
    origins = list(ORIGIN_LABELS.items())
    return [
        {"name": "who", "label": "操作人", "kind": "text", "options": [], "value": value("who", "")},
        {"name": "table", "label": "台账", "kind": "options", "value": value("table", ""), "options": [
            (m.__tablename__, m.__title__) for m in models() if m.__recorded__]},
        {"name": "verb", "label": "办理", "kind": "options", "value": value("verb", ""), "options": [
            (verb, VERB_LABELS[verb]) for verb in LOOKED_FOR]},
        {"name": "pk", "label": "记录编号", "kind": "text", "options": [], "value": value("pk", "")},
        {"name": "origin", "label": "方式", "kind": "options", "options": origins, "value": value("origin", "")},
        {"name": "since", "label": "从", "kind": "date", "options": [], "value": value("since", "")},
        {"name": "until", "label": "到", "kind": "date", "options": [], "value": value("until", "")},
    ]


def _pager(number: int, shown: int, more: bool) -> dict[str, Any]:
    arguments = {k: v for k, v in request.args.items() if k in ARGUMENTS}

    def to(page: int) -> str:
        return f"{request.path}?{urlencode({**arguments, 'page': page})}"

    return {"page": number + 1, "pages": None, "total_label": "", "first": number * PAGE + 1 if shown else 0,
            "last": number * PAGE + shown if shown else 0, "prev_url": to(number) if number else None,
            "next_url": to(number + 2) if more else None, "links": []}


def _act(change: Change) -> dict[str, Any]:
    return {"id": change.id, "when": local_time(change.at), "who": change.actor, "role": role_label(change.role),
            "verb": verb_label(change.verb), "origin": ORIGIN_LABELS.get(change.origin, change.origin),
            "reason": change.reason or "", "address": change.address or "", "request_id": change.request_id,
            "region": display().region(change.region_code)}


@pages.get("/<int:id>")
def change(id: int, result: Undone | None = None) -> ResponseReturnValue:
    """One act in full: every record it touched, before and after; and what an undo left."""
    found = changed(session(), id)
    number = _page()
    rows = session().scalars(select(ChangeRow).where(ChangeRow.change_id == id).order_by(ChangeRow.id)
                             .offset(number * PAGE).limit(PAGE + 1)).all()
    entries = history.entries(session(), actor().role, rows[:PAGE])
    _load_labels(entries)
    undone_by = session().scalar(select(Change.id).where(Change.undoes_id == id).limit(1))
    lines = [_line(e) for e in entries]
    if undone_by:
        lines = [{**line, "revert_url": None} for line in lines]
    may_undo = actor().may(Permission.LEDGER_UNDO) and not undone_by and any(r.operation != "reveal" for r in rows)
    return render_template(
        "admin/change.html", title=f"变更 {id}：{verb_label(found.verb)}", change=_facts(found),
        back=url_for("ledger.changes"),
        rows=lines, pager={**_pager(number, len(entries), len(rows) > PAGE), "id": id},
        undo_url=url_for("ledger.undo", id=id) if may_undo else None,
        undone_by={"url": url_for("ledger.change", id=undone_by)} if undone_by else None,
        result=_result(result) if result else None)


def _facts(change: Change) -> list[dict[str, Any]]:
    act = _act(change)
    account = session().get(Account, change.account_id) if change.account_id else None
    pairs = [("时间", act["when"]), ("操作", act["verb"]), ("操作人", f"{act['who']}（{act['role']}）"),
             ("账号", account.username if account else ""),
             ("操作人区划", act["region"]), ("方式", act["origin"]), ("来源地址", act["address"]),
             ("请求编号", act["request_id"]), ("原因", act["reason"])]
    if change.undoes_id:
        pairs.append(("撤销的变更", f"变更 {change.undoes_id}"))
    return [{"label": label, "text": text, "masked": False} for label, text in pairs]


def _load_labels(entries: list[history.Entry]) -> None:
    """The names of all records of a page, one query for each table."""
    keys: dict[str, list[int]] = defaultdict(list)
    for entry in entries:
        if actor().may(f"{model_of(entry.row.table_name).__area__}.view"):
            keys[entry.row.table_name].append(entry.row.pk)
    for table, numbers in keys.items():
        display().load_records(model_of(table), numbers)


def _line(entry: history.Entry) -> dict[str, Any]:
    model = model_of(entry.row.table_name)
    name = display().loaded(model, entry.row.pk)
    shown = name is not None and f"{entry.row.table_name}.details_view" in current_app.view_functions
    return {"record_label": f"{model.__title__}：{name}" if name else f"{model.__title__} {entry.row.pk}",
            "url": url_for(f"{entry.row.table_name}.details_view", id=entry.row.pk) if shown else None,
            "operation": OPERATION_LABELS.get(entry.row.operation, entry.row.operation),
            "changes": entry.values,
            "revert_url": url_for("ledger.revert", id=entry.change.id, row=entry.row.id)
            if actor().may(Permission.LEDGER_UNDO) and entry.row.operation == "update" else None}


def _named(table: str, key: int) -> str:
    name = display().loaded(model_of(table), key)
    return f"{model_of(table).__title__}：{name}" if name else f"{model_of(table).__title__} {key}"


def _result(undone: Undone) -> dict[str, Any]:
    for table in {k.table for k in undone.kept}:
        if actor().may(f"{model_of(table).__area__}.view"):
            display().load_records(model_of(table), [k.pk for k in undone.kept if k.table == table])
    kept = [{"label": _named(k.table, k.pk), "who": k.who or "", "why": k.why,
             "when": local_time(k.when) if k.when else "",
             "url": url_for(f"{k.table}.details_view", id=k.pk)} for k in undone.kept]
    return {"restored": undone.restored, "kept": kept}


@pages.post("/<int:id>/undo")
def undo(id: int) -> ResponseReturnValue:
    return _undo(id, "undo", None)


@pages.post("/<int:id>/rows/<int:row>/revert")
def revert(id: int, row: int) -> ResponseReturnValue:
    """Put one record back to what it was before this act."""
    if session().scalar(select(ChangeRow.id).where(ChangeRow.id == row, ChangeRow.change_id == id)) is None:
        raise NotFound()
    return _undo(id, "revert", [row])


def _undo(id: int, verb: str, rows: list[int] | None) -> ResponseReturnValue:
    changed(session(), id)
    with recording(session(), actor(), verb, request.form.get("reason"),
                   undoes_id=id if rows is None else None) as undoing:
        outcome = undo_change(session(), actor(), id, undoing, rows)
    if outcome.kept:
        return change(id, outcome)  # what it left stands on this page alone
    if outcome.restored:
        flash(f"撤销完成：恢复 {outcome.restored} 条。", "success")
    else:
        flash("没有可以恢复的内容：记录已经是变更前的样子。", "info")
    return redirect(url_for("ledger.change", id=id))
