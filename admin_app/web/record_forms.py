"""The forms of one record: a new one, a change with what somebody else has made of the record since, a move."""

import re
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from markupsafe import Markup
from wtforms import Form

from admin_app.access.keepers import require_keeper
from admin_app.access.permissions import Permission
from admin_app.access.scope import CODE_LENGTH
from admin_app.changes import history
from admin_app.changes.ledger import ledger_position, recording
from admin_app.display import local_time
from admin_app.errors import Conflict, Invalid, NotFound
from admin_app.services import attachments as attachment_service
from admin_app.services import moves as move_service
from admin_app.services import records
from admin_app.web import form_fields, own_village
from admin_app.web.context import actor, display, plant, session
from admin_app.web.gate import own_path
from admin_app.web.list_address import onward
from admin_app.web.pages import history_of, last_word
from admin_app.web.receipts import receipt
from models.base import Base, declared, names_region, table_of
from models.household import Household
from models.kinds import unsealed
from models.moves import Move
from models.region import prefix_of

if TYPE_CHECKING:
    from views.base import RegisterView


# --- a new record ---


def new(view: "RegisterView") -> ResponseReturnValue:
    """The form of a new record. Raises NotFound, Refused."""
    if not view.can_add:
        raise NotFound("没有这个页面。")
    own_village.require_in_use()
    if view.model.__region__ is None:
        require_keeper(session(), actor(), view.model())  # before anything is typed
    form: Any = view.new_form()()
    begun_at = own_path(request.args["url"]) if request.args.get("url") else ""
    if request.method != "POST":
        _begin(view, form)
    view.prepare(form, None)
    if request.method == "POST" and _valid(view, form, None):
        try:
            return _add(view, form, begun_at)
        except Invalid as fault:
            _blame(form, fault)
    return _page(view, form, f"新增{view.model.__title__}", None, None, begun_at or view.get_url(".index_view"))


def _begin(view: "RegisterView", form: Any) -> None:
    """Fills in what the address of a new record's form says, and where it lies."""
    for name in view.form_columns_of():
        if request.args.get(name):
            with suppress(ValueError):  # an address that says nothing of use fills nothing in
                form[name].process_formdata([request.args[name]])
        elif names_region(view.model, name) and (place := _place_of(form)):
            form[name].process_data(place)


def _place_of(form: Form) -> str | None:
    """Where a new record lies: in the one village of its officer, or where the family is that it is begun from."""
    if len(prefix_of(actor().region_code)) == CODE_LENGTH:
        return actor().region_code
    key = request.args.get("household_id", "") if "household_id" in form else ""
    family = session().get(Household, int(key)) if key.isdecimal() and len(key) <= 18 else None
    return family.region_code if family else None


def _add(view: "RegisterView", form: Any, begun_at: str) -> ResponseReturnValue:
    values = form_fields.typed_values(form, view.model, view.form_columns_of(), actor().role, editing=False)
    values |= {name: form[name].data for name in view.asked_at_first}
    with recording(session(), actor(), f"{view.model.__tablename__}:create") as change:
        record = view.make(values)
        keep_evidence(record)
        key, label = record.id, display().label_of(record)
    receipt(change, f"已新增“{label}”。")
    if "_add_another" not in request.form:
        return redirect(begun_at or view.get_url(".details_view", id=key))
    # The next one is nearly always of the same family, or of the same child.
    same = {n: values[n] for n in ("household_id", "student_id") if values.get(n)}
    return redirect(view.get_url(".create_view", **same, url=begun_at or None))


# --- a change ---


def edit(view: "RegisterView", record: Base) -> ResponseReturnValue:
    """The form of a record that stands. Raises NotFound, Refused."""
    if not view.can_change:
        raise NotFound("没有这个页面。")
    columns, conflict = view.changeable_columns(), None
    require_keeper(session(), actor(), record)  # before anything is typed
    position = ledger_position(session(), view.model.__tablename__, record.id)
    session().refresh(record)  # what is shown is not older than its version
    start = form_fields.start_values(view.model, columns, record, actor().role)
    form: Any = view.form_of(record)(data={**start, "as_of": str(position)})
    view.prepare(form, record)
    if request.method == "POST" and _valid(view, form, record):
        values = form_fields.typed_values(form, view.model, columns, actor().role, editing=True)
        as_of = int(form.as_of.data) if re.fullmatch(r"[0-9]{1,18}", str(form.as_of.data)) else 0
        try:
            return _change(view, record, form, values, as_of)
        except Invalid as fault:
            _blame(form, fault)
        except Conflict:
            record = view.get_one(request.args.get("id"))
            conflict = _conflict(view.model, record, values, as_of)
            _take_theirs(form, conflict, record, position)
    back = onward(view, ".details_view", id=request.args["id"])
    return _page(view, form, f"修改{view.model.__title__}", view.get_one(request.args["id"]), conflict, back)


def _change(view: "RegisterView", record: Base, form: Any, values: dict[str, Any], as_of: int) -> ResponseReturnValue:
    why = (form.reason.data or "").strip()
    with recording(session(), actor(), f"{view.model.__tablename__}:edit", why) as change:
        view.change(record, values, as_of, why)
    receipt(change, "已保存。")
    return redirect(onward(view, ".details_view", id=request.args["id"]))


def _conflict(model: type[Base], record: Base, values: dict[str, Any], as_of: int) -> list[dict[str, Any]]:
    """原值/对方/我的: what stood when the form was opened, what somebody made of it since, what was
    typed. Only where the three are not one; who did it stands where something was changed."""
    beside = [c.name for c in table_of(model).columns if c.name not in values and not c.primary_key
              and c.info["field"].recorded and not c.info["field"].internal]
    original = history.value_at(session(), model, record, as_of, [*values, *beside])
    # What the form has no field for was not touched by it: a move that was made meanwhile is told all the same.
    values = {**values, **{name: original[name] for name in beside}}
    hand = history.last_hand(session(), record.__tablename__, record.id)
    who = "您自己（在另一个窗口）" if hand and hand.account_id == actor().account_id else hand.actor if hand else ""
    lines = []
    for name, mine in values.items():
        theirs = getattr(record, name)
        changed = not _same(original[name], theirs)
        if changed or not _same(original[name], mine):
            show = display().value
            lines.append({
                "name": name, "label": declared(model, name).label, "mine_changed": not _same(original[name], mine),
                "original": show(model, name, original[name]).text, "mine": show(model, name, mine).text,
                "theirs": show(model, name, theirs).text if changed else None,
                "who": who if changed else "", "when": local_time(hand.at) if hand and changed else ""})
    return lines


def _same(one: Any, other: Any) -> bool:
    """Whether two values say the same: an empty text says nothing, while 否 and 0 do."""
    first, second = (None if value == "" else unsealed(value) for value in (one, other))
    return bool(first == second)


def _take_theirs(form: Any, lines: list[dict[str, Any]], record: Base, position: int) -> None:
    """The form goes on from the present state: what I did not touch is now theirs, what I typed stays."""
    for line in lines:
        name = line["name"]
        if name in form and not line["mine_changed"] and not form_fields.hidden_from(type(record), name, actor().role):
            form[name].process_data(unsealed(getattr(record, name)))
    form.as_of.process_data(str(position))


# --- what both have ---


def prepare(view: "RegisterView", form: Any, record: Base | None) -> None:
    """Make a form ready to be shown or read."""
    form_fields.prepare(form, view.model, view.columns_for(record), display(), actor().role, record)
    if record is None and "evidence" in form:
        form_fields.offer_evidence(form, actor())
    if record is None and "household_id" in form and "region_code" not in form \
            and len(prefix_of(actor().region_code)) < CODE_LENGTH:
        form["household_id"].flags.required = True  # what else would say in which village the record lies


def _valid(view: "RegisterView", form: Any, record: Base | None) -> bool:
    """Whether the form can be read. If not, what the records' checks say of the rest is said with it."""
    columns, right = view.columns_for(record), form.validate()
    if form_fields.check_codes(form, view.model, columns) and right:
        return True
    readable = tuple(name for name in columns if not form[name].errors)
    values = form_fields.typed_values(form, view.model, readable, actor().role, editing=record is not None)
    for fault in records.faults_of(session(), actor(), view.model, values, record):
        if fault.column in readable:
            _blame(form, fault)
    return False


def _blame(form: Any, fault: Invalid) -> None:
    """Put each sentence beside the field that it is about, or above the form."""
    for one in (fault, *fault.further):
        if one.column and one.column in form:
            form[one.column].errors = [*form[one.column].errors, _said(one)]
        else:
            flash(one.message, "danger")


def _said(fault: Invalid) -> str | Markup:
    """What is wrong, and the way to the record that stands in the way; a new window, so that nothing typed is lost."""
    if fault.standing is None:
        return fault.message
    table, key = fault.standing
    link = Markup('{} <a href="{}" target="_blank" rel="noopener">打开这条记录</a>')
    return link.format(fault.message, url_for(f"{table}.details_view", id=key))


def _page(view: "RegisterView", form: Any, title: str, record: Base | None,
         conflict: list[dict[str, Any]] | None, back: str) -> ResponseReturnValue:
    groups = [(label, tuple(name for name in names if name in form)) for label, names in view.fieldsets]
    if record is None and view.asked_at_first:
        groups.append(("授权", tuple(view.asked_at_first)))
    groups += [(label, (name,)) for label, name in (("附件", "evidence"), ("", "reason")) if name in form]
    page = render_template(
        "admin/form.html", title=title, form=form, record=record, conflict=conflict,
        fieldsets=[{"label": label, "fields": list(names)} for label, names in groups],
        errors_summary=form_fields.faults_said(form), back=back, add_another=record is None)
    return page, 409 if conflict else 400 if request.method == "POST" else 200


# --- papers ---


def paper_sent() -> dict[str, Any] | None:
    """The paper that came with a form, as its stream and its filename."""
    upload = request.files.get("evidence")
    return {"stream": upload.stream, "filename": upload.filename} if upload and upload.filename else None


def keep_evidence(record: Base) -> None:
    """Attach the paper that came with a form, where one came and the ledger takes any. Raises Invalid, Refused."""
    if attachment_service.takes_papers(type(record)) and (paper := paper_sent()):
        attachment_service.attach(session(), actor(), plant().files, record, **paper)


# --- moves ---


def move(view: "RegisterView", record: Base) -> ResponseReturnValue:
    """The page of one verb: the fields, the reason and the evidence that it asks for. Raises NotFound, Refused."""
    model, table = type(record), type(record).__moves__
    move = table.by_verb.get(request.args.get("verb", "")) if table else None
    if table is None or move is None:
        raise NotFound("没有这项操作。")
    actor().require(move_service.permission(model, move))
    move_service.require_open(record, move)
    columns = (*move.asks, *move.optional)
    today = form_fields.today_in(tuple(n for n in columns if getattr(record, n) is None or not move.target))
    start = {**form_fields.start_values(model, columns, record, actor().role), **today}
    proof = ("evidence",) if move.evidence and not move_service.with_evidence(session(), model, [record.id]) else ()
    form = form_fields.form_class(model, columns, move, (*move.asks, *proof))(data=start)
    form_fields.prepare(form, model, columns, display(), actor().role, record)
    if request.method == "POST" and form.validate() and form_fields.check_codes(form, model, columns):
        try:
            return _make_move(view, record, move, form_fields.typed_values(
                form, model, columns, actor().role, editing=False))
        except Invalid as fault:
            session().rollback()
            record = view.get_one(request.args.get("id"))
            if fault.column in form:
                form[fault.column].errors = [*form[fault.column].errors, fault.message]
            else:
                flash(fault.message, "danger")
    told = history_of(record, None, []) if actor().may(Permission.LEDGER_VIEW) else []
    page = render_template(
        "admin/move.html", title=f"{move.label}：{display().label_of(record)}", form=form,
        last_word=last_word(told, table.column), ends_too=move_service.ends_too(model, move),
        fieldsets=[{"label": "", "fields": [*columns, "reason", "evidence"]}], move_label=move.label,
        record_label=display().label_of(record), from_state=state_shown(model, getattr(record, table.column)),
        to_state=state_shown(model, move.target), conflict=None,
        errors_summary=form_fields.faults_said(form),
        back=onward(view, ".details_view", id=record.id))
    return page, 400 if request.method == "POST" else 200


def state_shown(model: type[Base], code: str) -> dict[str, str] | None:
    """A state as its tag; None for the target of a move that leaves the state as it is."""
    assert model.__moves__ is not None
    if not code:
        return None
    state = model.__moves__.state(code)
    return {"text": state.label, "colour": state.colour}


def _make_move(view: "RegisterView", record: Base, move: Move, values: dict[str, Any]) -> ResponseReturnValue:
    reason = request.form.get("reason", "").strip() or None
    key, label = record.id, display().label_of(record)
    with recording(session(), actor(), f"{record.__tablename__}:{move.verb}", reason) as change:
        move_service.make_move(session(), actor(), record, move.verb, values=values, reason=reason,
                               new_evidence=1 if paper_sent() else 0)
        keep_evidence(record)  # last: the paper of what is refused is not stored
    receipt(change, f"“{label}”已{move.label}。")
    return redirect(onward(view, ".details_view", id=key))
