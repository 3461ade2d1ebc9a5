"""The adapter: the only file that touches Flask-Admin's hooks.

Flask-Admin gives addresses, blueprints and the menu; rows, forms, details, moves and permissions are
this class's, read from the models' declarations. A view is a list of names: `columns`, `filters`,
`form`, `related`. Every name is checked at start. Endpoints that Flask-Admin brings and we do not use
(inline update, mass action, deletion, its export) do not exist at all.
"""

from typing import Any, ClassVar, cast

from flask import g, request, url_for
from flask.typing import ResponseReturnValue
from flask_admin import AdminIndexView, expose
from flask_admin.model import BaseModelView
from wtforms import Form

from admin_app.access.keepers import may_keep
from admin_app.access.permissions import Permission
from admin_app.errors import NotFound
from admin_app.filters import column_of
from admin_app.services import records
from admin_app.services.attachments import takes_papers
from admin_app.web import exports, form_fields, home, lists, lookups, own_village, pages, record_forms
from admin_app.web.context import actor, session
from admin_app.web.frame import door
from admin_app.web.gate import VIEW_ENDPOINTS, require_view
from models.base import Base, declared

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
        return record_forms.new(self)

    @expose("/edit/", methods=("GET", "POST"))
    def edit_view(self) -> ResponseReturnValue:
        return record_forms.edit(self, self.get_one(request.args.get("id")))

    @expose("/move/", methods=("GET", "POST"))
    def move(self) -> ResponseReturnValue:
        return record_forms.move(self, self.get_one(request.args.get("id")))

    @expose("/reveal/", methods=("GET", "POST"))
    def reveal(self) -> ResponseReturnValue:
        return pages.reveal(self, self.get_one(request.args.get("id")))

    # --- what a ledger may have of its own ---

    def make(self, values: dict[str, Any]) -> Base:
        """Add the record. A view whose ledger has a verb of its own for this overrides it."""
        return cast(Base, records.create(session(), actor(), self.model, values))

    def new_form(self) -> type[Form]:
        """The form of a new record."""
        return cast(type[Form], self._create_form_class)

    def form_of(self, record: Base) -> type[Form]:
        """The form of a standing record. A view whose records differ in kind overrides it."""
        return cast(type[Form], self._edit_form_class)

    def change(self, record: Base, values: dict[str, Any], as_of: int, why: str) -> None:
        """Change the record. A view whose ledger has a verb of its own for this overrides it."""
        records.edit(session(), actor(), record, values, as_of=as_of, reason=why)

    def prepare(self, form: Any, record: Base | None) -> None:
        """Make a form ready to be shown or read. A view whose fields ask for more overrides it."""
        record_forms.prepare(self, form, record)
