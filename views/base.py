"""The adapter: the only file that touches Flask-Admin's hooks.

Flask-Admin gives addresses, blueprints and the menu; rows, forms, details, moves and permissions are
this class's, read from the models' declarations. A view is a list of names: `columns`, `filters`,
`form`, `related`. Every name is checked at start. Endpoints that Flask-Admin brings and we do not use
(inline update, mass action, deletion, its export) do not exist at all.
"""

import re
from contextlib import suppress
from typing import Any, ClassVar, cast

from flask import flash, g, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_admin import AdminIndexView, expose
from flask_admin.model import BaseModelView
from wtforms import Form

from admin_app.access.keepers import may_keep, require_keeper
from admin_app.access.permissions import Permission
from admin_app.access.scope import CODE_LENGTH
from admin_app.changes.ledger import SHORTEST_FOR_FULL, as_kept, ledger_position, record_reveal, recording
from admin_app.errors import Conflict, Invalid, NotFound
from admin_app.filters import column_of
from admin_app.services import moves as move_service
from admin_app.services import records
from admin_app.services.attachments import takes_papers
from admin_app.web import exports, form_fields, home, lists, lookups, own_village, pages
from admin_app.web.context import actor, display, session
from admin_app.web.frame import door
from admin_app.web.gate import VIEW_ENDPOINTS, own_path, require_view
from admin_app.web.list_address import onward
from admin_app.web.receipts import receipt
from models.base import Base, declared, names_region
from models.household import Household
from models.region import prefix_of

_KEPT_ENDPOINTS = {"index_view", "create_view", "edit_view", "details_view", "lookup", "move", "reveal",
                   "why", "export"}
_ACTS = {"index_view": "view", "details_view": "view", "lookup": "view", "why": "view",
         "create_view": "create", "edit_view": "edit", "reveal": "reveal", "export": "export",
         "move": "move"}
_PERMISSIONS = {permission.value: permission for permission in Permission}


class HomeView(AdminIndexView):  # type: ignore[misc]  # Flask-Admin carries no types
    """待办, the first page."""

    @expose("/")
    def index(self) -> ResponseReturnValue:
        return home.page()


class RegisterView(BaseModelView):  # type: ignore[misc]  # Flask-Admin carries no types
    """One ledger on the screen."""

    model: type[Base]
    category_name: ClassVar[str] = ""
    columns: ClassVar[tuple[str, ...]] = ()
    filters: ClassVar[tuple[str, ...]] = ()
    search: ClassVar[tuple[str, ...]] = ()  # columns that a name part may begin in, or `table.column`
    fieldsets: ClassVar[tuple[tuple[str, tuple[str, ...]], ...]] = ()
    related: ClassVar[tuple[tuple[str, tuple[str, ...]], ...]] = ()  # (table, columns) shown below
    list_buttons: ClassVar[tuple[tuple[str, str, str], ...]] = ()  # beside 新增: label, endpoint, icon
    import_sheet: ClassVar[str | None] = None
    endpoint_name: ClassVar[str | None] = None  # the table's name, unless a second view shows it
    title: ClassVar[str | None] = None
    asked_at_first: ClassVar[dict[str, Any]] = {}  # fields of a new record's form that are no columns of it, by name
    # By group, one of the form's or one of its own: what the page shows there and the form does not ask for.
    shown_beside: ClassVar[dict[str, tuple[str, ...]]] = {}
    fixed: ClassVar[dict[str, str]] = {}  # what every row of this view has
    own_area_only: ClassVar[bool] = False  # a public table, shown only as far as one's own area
    can_add: ClassVar[bool] = True
    can_change: ClassVar[bool] = True
    settled: ClassVar[frozenset[str]] = frozenset()  # columns of the form that stay as they were first written

    def __init__(self, model: type[Base]) -> None:
        self.model = model
        self.check_names()
        self.heading = self.title or model.__title__
        endpoint = self.endpoint_name or model.__tablename__
        for name, act in _ACTS.items():
            if permission := self._permission(act):
                VIEW_ENDPOINTS[f"{endpoint}.{name}"] = permission
        super().__init__(model, name=self.heading, category=self.category_name or None,
                         endpoint=endpoint, url=f"/admin/{endpoint}")

    @classmethod
    def form_columns_of(cls) -> tuple[str, ...]:
        return tuple(name for _, names in cls.fieldsets for name in names)

    @classmethod
    def changeable_columns(cls) -> tuple[str, ...]:
        return tuple(name for name in cls.form_columns_of() if name not in cls.settled)

    def columns_for(self, record: Base | None) -> tuple[str, ...]:
        """The columns of the form: of a new record, or of one that stands."""
        return self.form_columns_of() if record is None else self.changeable_columns()

    def check_names(self) -> None:
        """Every name in a view is a column with a declaration. Raises KeyError at start."""
        beside = [name for names in self.shown_beside.values() for name in names]
        for name in (*self.columns, *self.form_columns_of(), *beside, *self.model.__told_apart__):
            declared(self.model, name)
        for name in (*self.filters, *self.search):
            column_of(self.model, name)
        generated = [n for n in self.form_columns_of() if declared(self.model, n).generated]
        if generated:
            raise KeyError(f"{self.model.__tablename__}: {generated} are not typed by people")

    def _permission(self, act: str) -> Permission | None:
        """The permission of an act, None where the area has no such act: then it is closed."""
        return _PERMISSIONS.get(f"{self.model.__area__}.{act}")

    def create_blueprint(self, admin: Any) -> Any:
        self._urls = [entry for entry in self._urls if entry[1] in _KEPT_ENDPOINTS]
        return super().create_blueprint(admin)

    # --- what Flask-Admin wants to know ---

    def scaffold_list_columns(self) -> list[str]:
        return list(self.columns)

    def scaffold_sortable_columns(self) -> dict[str, str]:
        return {}

    def scaffold_form(self) -> type[Form]:
        return form_fields.form_class(self.model, self.form_columns_of())

    def get_create_form(self) -> type[Form]:
        form, further = self.get_form(), dict(self.asked_at_first)
        if takes_papers(self.model):
            further["evidence"] = form_fields.evidence_field()
        return type(f"New{form.__name__}", (form,), further) if further else form

    def get_edit_form(self) -> type[Form]:
        return form_fields.edit_form_class(self.model, self.changeable_columns())

    def get_pk_value(self, model: Base) -> int:
        return model.id

    def get_one(self, id: Any) -> Base:
        """The record in scope. Raises NotFound: outside one's area there is none."""
        text = str(id or "")
        if not text.isdecimal() or len(text) > 18:
            raise NotFound()
        found = session().get(self.model, int(text))
        if found is None:
            raise NotFound()
        return found

    def is_accessible(self) -> bool:
        return self.may("view")

    def may(self, act: str) -> bool:
        permission = self._permission(act)
        return permission is not None and actor().may(permission)

    def may_add(self) -> bool:
        return self.can_add and self.may("create") and not own_village.ended() and \
            may_keep(session(), actor(), self.model)

    def _handle_view(self, name: str, **kwargs: Any) -> None:
        """Closed until `_ACTS` names it. Whoever may see the ledger learns of a record outside only that
        it does not exist; whoever may not see the ledger learns nothing else."""
        permission = self._permission(_ACTS.get(name, ""))
        if permission is None:
            raise NotFound("没有这个页面。")
        if request.args.get("id") is not None and self.may("view"):
            g.asked_for = self.get_one(request.args["id"])  # held: what nobody holds, a session asks for again
        require_view(permission)

    def get_url(self, endpoint: str, **kwargs: Any) -> str:
        """The address of an endpoint; a leading dot means this view's, whatever page is asked for."""
        whole = f"{self.endpoint}{endpoint}" if endpoint.startswith(".") else endpoint
        return url_for(whole, **kwargs) if kwargs else door(whole)

    def badge(self, record: Base) -> dict[str, str] | None:
        """The state beside the name of a record that has no moves, where it has one to tell."""
        return None

    def further_facts(self, record: Base) -> list[dict[str, Any]]:
        """Groups of facts (`label`, `items`) that no column holds."""
        return []

    def further_buttons(self, record: Base) -> list[dict[str, str]]:
        """Buttons of this ledger alone, beside 修改."""
        return []

    # --- pages ---

    @expose("/")
    def index_view(self) -> ResponseReturnValue:
        return lists.page(self)

    @expose("/export/", methods=("GET", "POST"))
    def export(self) -> ResponseReturnValue:
        return exports.page(self)

    @expose("/lookup/")
    def lookup(self) -> ResponseReturnValue:
        return lookups.lookup(self)

    @expose("/details/")
    def details_view(self) -> ResponseReturnValue:
        return pages.details(self, self.get_one(request.args.get("id")))

    @expose("/why/")
    def why(self) -> ResponseReturnValue:
        return pages.why(self.get_one(request.args.get("id")))

    @expose("/new/", methods=("GET", "POST"))
    def create_view(self) -> ResponseReturnValue:
        if not self.can_add:
            raise NotFound("没有这个页面。")
        own_village.require_in_use()
        if self.model.__region__ is None:
            require_keeper(session(), actor(), self.model())  # before anything is typed
        form = self._create_form_class()
        columns, begun_at = self.form_columns_of(), own_path(request.args["url"]) if request.args.get("url") else ""
        if request.method != "POST":
            for name in columns:
                if request.args.get(name):
                    with suppress(ValueError):  # an address that says nothing of use fills nothing in
                        form[name].process_formdata([request.args[name]])
                elif names_region(self.model, name) and (place := self._place_of(form)):
                    form[name].process_data(place)
        self._prepare(form, None)
        if request.method == "POST" and self._valid(form, None):
            values = form_fields.typed_values(form, self.model, columns, actor().role, editing=False)
            values |= {name: form[name].data for name in self.asked_at_first}
            try:
                with recording(session(), actor(), f"{self.model.__tablename__}:create") as change:
                    record = self.make(values)
                    pages.keep_evidence(record)
                    key, label = record.id, display().label_of(record)
                receipt(change, f"已新增“{label}”。")
                if "_add_another" not in request.form:
                    return redirect(begun_at or self.get_url(".details_view", id=key))
                # The next one is nearly always of the same family, or of the same child.
                same = {n: values[n] for n in ("household_id", "student_id") if values.get(n)}
                return redirect(self.get_url(".create_view", **same, url=begun_at or None))
            except Invalid as fault:
                self._blame(form, fault)
        back = begun_at or self.get_url(".index_view")
        return pages.form(self, form, f"新增{self.model.__title__}", None, None, back)

    def _place_of(self, form: Form) -> str | None:
        """Where a new record lies: in the one village of its officer, or where the family is that it is begun from."""
        if len(prefix_of(actor().region_code)) == CODE_LENGTH:
            return actor().region_code
        key = request.args.get("household_id", "") if "household_id" in form else ""
        family = session().get(Household, int(key)) if key.isdecimal() and len(key) <= 18 else None
        return family.region_code if family else None

    def make(self, values: dict[str, Any]) -> Base:
        """Add the record. A view whose ledger has a verb of its own for this overrides it."""
        return cast(Base, records.create(session(), actor(), self.model, values))

    def form_of(self, record: Base) -> type[Form]:
        """The form of a standing record. A view whose records differ in kind overrides it."""
        return cast(type[Form], self._edit_form_class)

    def change(self, record: Base, values: dict[str, Any], as_of: int, why: str) -> None:
        """Change the record. A view whose ledger has a verb of its own for this overrides it."""
        records.edit(session(), actor(), record, values, as_of=as_of, reason=why)

    @expose("/edit/", methods=("GET", "POST"))
    def edit_view(self) -> ResponseReturnValue:
        if not self.can_change:
            raise NotFound("没有这个页面。")
        record, columns, conflict = self.get_one(request.args.get("id")), self.changeable_columns(), None
        require_keeper(session(), actor(), record)  # before anything is typed
        position = ledger_position(session(), self.model.__tablename__, record.id)
        session().refresh(record)  # what is shown is not older than its version
        start = form_fields.start_values(self.model, columns, record, actor().role)
        form: Any = self.form_of(record)(data={**start, "as_of": str(position)})
        self._prepare(form, record)
        if request.method == "POST" and self._valid(form, record):
            values = form_fields.typed_values(form, self.model, columns, actor().role, editing=True)
            as_of = int(form.as_of.data) if re.fullmatch(r"[0-9]{1,18}", str(form.as_of.data)) else 0
            try:
                why = (form.reason.data or "").strip()
                with recording(session(), actor(), f"{self.model.__tablename__}:edit", why) as change:
                    self.change(record, values, as_of, why)
                receipt(change, "已保存。")
                return redirect(onward(self, ".details_view", id=request.args["id"]))
            except Invalid as fault:
                self._blame(form, fault)
            except Conflict:
                record = self.get_one(request.args.get("id"))
                conflict = pages.conflict(self.model, record, values, as_of)
                pages.take_theirs(form, conflict, record, position)
        back = onward(self, ".details_view", id=request.args["id"])
        return pages.form(self, form, f"修改{self.model.__title__}", self.get_one(request.args["id"]), conflict, back)

    @expose("/move/", methods=("GET", "POST"))
    def move(self) -> ResponseReturnValue:
        record = self.get_one(request.args.get("id"))
        table = self.model.__moves__
        move = table.by_verb.get(request.args.get("verb", "")) if table else None
        if move is None:
            raise NotFound("没有这项操作。")
        actor().require(move_service.permission(self.model, move))
        move_service.require_open(record, move)
        return pages.move(self, record, move)

    @expose("/reveal/", methods=("GET", "POST"))
    def reveal(self) -> ResponseReturnValue:
        record = self.get_one(request.args.get("id"))
        columns = pages.revealable(record, actor().role)
        if not columns:
            raise NotFound("这条记录没有被遮盖的信息。")
        reason = as_kept(request.form.get("reason"))
        if request.method == "POST" and len(reason) >= SHORTEST_FOR_FULL:
            with recording(session(), actor(), "reveal", reason, kept=True) as change:
                record_reveal(session(), change, record, columns)
            pages.remember_reveal(record)
            return redirect(onward(self, ".details_view", id=request.args["id"]))
        error = None if request.method != "POST" else \
            f"请写明查看的原因，至少 {SHORTEST_FOR_FULL} 个字；它会记入变更台账。"
        return pages.reveal(self, record, columns, error)

    def _prepare(self, form: Any, record: Base | None) -> None:
        form_fields.prepare(form, self.model, self.columns_for(record), display(), actor().role, record)
        if record is None and "evidence" in form:
            form_fields.offer_evidence(form, actor())
        if record is None and "household_id" in form and "region_code" not in form \
                and len(prefix_of(actor().region_code)) < CODE_LENGTH:
            form["household_id"].flags.required = True  # what else would say in which village the record lies

    def _valid(self, form: Any, record: Base | None) -> bool:
        """Whether the form can be read. If not, what the records' checks say of the rest is said with it."""
        columns, right = self.columns_for(record), form.validate()
        if form_fields.check_codes(form, self.model, columns) and right:
            return True
        readable = tuple(name for name in columns if not form[name].errors)
        values = form_fields.typed_values(form, self.model, readable, actor().role, editing=record is not None)
        for fault in records.faults_of(session(), actor(), self.model, values, record):
            if fault.column in readable:
                self._blame(form, fault)
        return False

    def _blame(self, form: Any, fault: Invalid) -> None:
        """Put each sentence beside the field that it is about, or above the form."""
        for one in (fault, *fault.further):
            if one.column and one.column in form:
                form[one.column].errors = [*form[one.column].errors, pages.said(one)]
            else:
                flash(one.message, "danger")

