"""Forms from declarations: one WTForms field for each kind of column.

A field knows its column only through `models.base.Field`; the form gives back a dict of values for
`services.records`. Sealed values are never sent to the browser unless the role sees them in full: an
empty box then means "as it was", and a lone "-" clears it.
"""

import re
from datetime import date
from typing import Any

from flask import url_for
from flask_wtf import FlaskForm
from sqlalchemy import Boolean, Date, Integer
from wtforms import Field as FormField
from wtforms import FileField, Form, HiddenField, SelectField, StringField, TextAreaField
from wtforms.validators import InputRequired, Length, Optional, StopValidation

from admin_app.access.actor import Actor
from admin_app.access.masking import Sight, masked, sight
from admin_app.access.permissions import Permission, Role, permits
from admin_app.access.scope import CODE_LENGTH
from admin_app.changes.ledger import LONGEST_REASON, LONGEST_TEXT
from admin_app.display import Display
from admin_app.exchange.cells import BadCell, date_value
from admin_app.listing import found_by
from admin_app.services import records
from admin_app.services.attachments import accepted
from admin_app.settings import Rule
from admin_app.web.context import actor, added_at, searched_by, session
from models.base import BigKey, Base, Field, Privacy, declared, names_region, pointed_at, table_of
from models.kinds import SealedText, unsealed
from models.moves import Move
from models.region import Region, prefix_of

CLEAR = "-"
REQUIRED = "请填写“{}”。"
# What a telephone puts under the thumb. A number of an identity has letters, and no word that a phone could mend.
_KEYBOARDS = {
    Privacy.PHONE: {"inputmode": "tel", "autocomplete": "off"},
    Privacy.IDENTITY: {"inputmode": "text", "autocomplete": "off", "autocapitalize": "characters",
                       "autocorrect": "off", "spellcheck": "false"},
}


class DateField(StringField):
    """A date typed as people type it: 2026-09-01, 20260901, 2026.9.1, 2026年9月1日."""

    data: Any

    def process_formdata(self, valuelist: list[Any]) -> None:
        text = (valuelist[0] or "").strip() if valuelist else ""
        self.data = None
        if not text:
            return
        self.typed = text
        try:
            # Whether a day may lie ahead is its column's matter (`services/records.py`).
            self.data = date_value(text, future_allowed=True).value
        except BadCell as fault:
            raise ValueError(str(fault)) from fault

    def _value(self) -> str:
        if isinstance(self.data, date):
            return self.data.isoformat()
        return getattr(self, "typed", "") or ""


_SCHOOL_YEAR = re.compile(r"((?:19|20)\d\d)\s*(?:[-–—~～至]\s*((?:19|20)\d\d)\s*)?(?:学年度?)?", re.A)


class NumberField(StringField):
    """A whole number."""

    data: Any

    def process_formdata(self, valuelist: list[Any]) -> None:
        text = (valuelist[0] or "").strip() if valuelist else ""
        self.data = None
        if not text:
            return
        self.typed = text
        if not (text.isdecimal() and len(text) < 15):
            raise ValueError("请填写不小于 0 的整数，只写数字，不要带单位或小数。")
        self.data = int(text)

    def _value(self) -> str:
        return str(self.data) if self.data is not None else getattr(self, "typed", "")


class SchoolYearField(NumberField):
    """A school year by the year in which it begins, also as it is shown: 2026-2027学年."""

    def process_formdata(self, valuelist: list[Any]) -> None:
        said = _SCHOOL_YEAR.fullmatch((valuelist[0] or "").strip()) if valuelist else None
        whole = said is not None and (said[2] is None or int(said[2]) == int(said[1]) + 1)
        super().process_formdata([said[1]] if said is not None and whole else valuelist)


class LookupField(StringField):
    """A related record, found by typing. The hidden value is its key; what is shown is its label."""

    data: Any
    lookup_url: str = ""
    found_by: str = ""  # what may be typed
    added_at: str | None = None  # the form for one that is not there yet, and what it is called
    adds: str = ""
    shown_label: str = ""
    not_chosen: str = ""
    settled = False  # there is nothing to choose: it is said, not asked
    number = True

    def process_formdata(self, valuelist: list[Any]) -> None:
        text = (valuelist[0] or "").strip() if valuelist else ""
        self.data = None
        if not text:
            return
        if not text.isdecimal() or len(text) > 18:
            raise ValueError("请从提示的列表中选择一项。")
        self.data = int(text) if self.number else text

    def process(self, formdata: Any, *args: Any, **kwargs: Any) -> None:
        """What was typed and not chosen is never lost in silence: it stays there, with what to do."""
        super().process(formdata, *args, **kwargs)
        typed = str(formdata.get(f"{self.name}-shown", "")).strip() if formdata else ""
        if typed and self.data is None and not self.process_errors:
            self.not_chosen = typed

    def pre_validate(self, form: Any) -> None:
        if self.not_chosen:  # before the validators: an optional field would forget it
            raise StopValidation(f"没有选中“{self.label.text}”。请在提示的列表中选择一项，或清空这一格。")

    def _value(self) -> str:
        return "" if self.data is None else str(self.data)


class RegionField(LookupField):
    """A village or other division, found by typing its name or code."""

    number = False


class YesNoField(SelectField):
    def __init__(self, **kwargs: Any) -> None:
        super().__init__(choices=[("", "—"), ("1", "是"), ("0", "否")], coerce=str, **kwargs)

    def process_data(self, value: Any) -> None:
        self.data = {True: "1", False: "0"}.get(value, "")


def edit_form_class(model: type[Base], columns: tuple[str, ...]) -> type[FlaskForm]:
    """The form of a standing record: its columns, and why they are changed."""
    asked = [declared(model, name).label for name in columns if declared(model, name).privacy in records.IDENTIFYING]
    must = model.__explained__
    hint = f"改“{'”“'.join(asked)}”须写明，其余可不填；" if asked else "" if must else "可不填；"
    length = Length(max=LONGEST_REASON, message=f"最多 {LONGEST_REASON} 个字。")
    why = StringField("修改原因", [InputRequired("请写明修改的原因。"), length] if must else [length],
                      description=f"{hint}会记入变更台账，不要写孩子的姓名和证件号码")
    return type(f"Edit{model.__name__}", (form_class(model, columns),), {"reason": why})


def rule_form(form: type[Form], rule: Rule) -> type[Form]:
    """The form of one rule of the place: under its own name, with its advice, and its values to choose from."""
    needed = [InputRequired(REQUIRED.format(rule.label))]
    value: FormField
    if rule.choices:
        value = SelectField(rule.label, needed, choices=[*rule.choices.items()], validate_choice=False,
                            description=rule.advice)
    else:
        value = StringField(rule.label, needed, render_kw={"inputmode": "numeric"},
                            description=f"{rule.advice or '整数'}（1 至 {rule.most}）")
    return type(f"{rule.key}_form", (form,), {"value": value})


def form_class(model: type[Base], columns: tuple[str, ...], move: Move | None = None,
               asked: tuple[str, ...] = ()) -> type[FlaskForm]:
    """The form of these columns, in this order; for a move also why, and
    proof. `asked` are those that a move cannot do without, `evidence` among them. Raises KeyError for a name that is
    no column, TypeError for a column that no field fits."""
    fields: dict[str, Any] = {name: _field(model, name, must=move is not None and name in asked) for name in columns}
    fields["as_of"] = HiddenField()
    if move is not None:
        length = Length(max=LONGEST_TEXT, message=f"最多 {LONGEST_TEXT:,} 个字。")
        fields["reason"] = TextAreaField("原因", [InputRequired("请写明原因。") if move.reason else Optional(), length])
        proof = InputRequired("须有佐证。请上传证明材料的照片或扫描件。") if "evidence" in asked else Optional()
        fields["evidence"] = FileField("佐证（照片或扫描件）", [proof], description=f"可上传：{accepted(session())}" + (
            "" if "evidence" in asked else "；已有附件可不再上传"))
    return type(f"{model.__name__}Form", (FlaskForm,), fields)


def evidence_field() -> FileField:
    """What proves a new record, in the form that makes it: a flag is reported with its paper, on one page."""
    return FileField("照片或扫描件", [Optional()])


def offer_evidence(form: Any, actor: Actor) -> None:
    """Say what kinds of file are taken; whoever may attach nothing is not asked for any."""
    if actor.may(Permission.ATTACHMENT_CREATE):
        form.evidence.description = f"可不传，保存后也可再上传。可上传：{accepted(session())}"
    else:
        del form.evidence


def _field(model: type[Base], name: str, *, must: bool = False) -> Any:
    column, declaration = table_of(model).c[name], declared(model, name)
    needed = must or (not column.nullable and column.default is None and not declaration.filled_in)
    text = REQUIRED.format(declaration.label)
    validators = [InputRequired(text)] if needed else [Optional()]
    description = declaration.advice or (declaration.meaning if declaration.meaning != declaration.label else "")
    common: dict[str, Any] = {"label": declaration.label, "validators": validators,
                              "description": description, "render_kw": {}}
    if declaration.codes:
        return SelectField(choices=[], coerce=lambda v: v, validate_choice=False, **common)
    if names_region(model, name):
        return RegionField(**common)
    if pointed_at(model, name):
        return LookupField(**common)
    if isinstance(column.type, Date):
        common["render_kw"] = {"data-kind": "date", "inputmode": "numeric", "placeholder": "年-月-日"}
        return DateField(**common)
    if isinstance(column.type, Boolean):
        return YesNoField(**common)
    if isinstance(column.type, Integer | type(BigKey)):
        common["render_kw"] = {"inputmode": "numeric"}
        return (SchoolYearField if column.name == "school_year" else NumberField)(**common)
    if declaration.multiline:
        return TextAreaField(**common)
    common["render_kw"] = {**_KEYBOARDS.get(declaration.privacy, {})}
    if not isinstance(column.type, SealedText) and column.type.python_type is not str:
        raise TypeError(f"{model.__tablename__}.{name}: no form field fits {column.type}")
    return StringField(**common)


def today_in(names: tuple[str, ...]) -> dict[str, date]:
    """Days of an act that are nearly always today."""
    return {name: date.today() for name in names if name.endswith("_on")}


def prepare(form: FlaskForm, model: type[Base], columns: tuple[str, ...], display: Display, role: Role,
            record: Base | None) -> None:
    """Give the fields what depends on the request: choices, labels of what is chosen, masks."""
    for name in columns:
        field: FormField = form[name]
        declaration = declared(model, name)
        if isinstance(field, SelectField) and declaration.codes:
            _offer_codes(field, declaration, display, record, name)
        elif isinstance(field, LookupField):
            target = pointed_at(model, name)
            endpoint = f"{target.__tablename__ if target else 'region'}.lookup"
            field.lookup_url = url_for(endpoint)
            if target:
                field.added_at, field.adds = added_at(target), f"新增{target.__title__}"
            field.found_by = found_by(target or Region, searched_by(target or Region),
                                      permits(role, Permission.FAMILY_REVEAL))
            field.shown_label = display.value(model, name, field.data).text if field.data else field.not_chosen
            field.settled = isinstance(field, RegionField) and field.data == actor().region_code \
                and len(prefix_of(field.data)) == CODE_LENGTH
        if record is not None and hidden_from(model, name, role) and getattr(record, name):
            _mask(field, getattr(record, name), declaration)


def _offer_codes(field: SelectField, declaration: Field, display: Display, record: Base | None,
                 name: str) -> None:
    """What may be chosen today; a disabled code only where the record has it already."""
    assert declaration.codes is not None
    offered = {item.code: item.label for item in display.codes(declaration.codes, date.today())}
    present = getattr(record, name, None) if record is not None else None
    if present and present not in offered:
        every = {item.code: item.label for item in display.codes(declaration.codes)}
        offered[present] = every.get(present, present) + "（已停用）"
    field.choices = [("", "—"), *offered.items()]


def _mask(field: FormField, value: Any, declaration: Field) -> None:
    field.render_kw = {**(field.render_kw or {}), "placeholder": masked(unsealed(value), declaration.privacy)}
    field.description = "不改请留空；填“-”表示清空"


def hidden_from(model: type[Base], name: str, role: Role) -> bool:
    """Whether the form may not carry the present value to this role's browser."""
    return sight(role, declared(model, name).privacy) is not Sight.FULL


def start_values(model: type[Base], columns: tuple[str, ...], record: Base, role: Role) -> dict[str, Any]:
    """What the form shows at first. Hidden values stay on the server."""
    return {name: None if hidden_from(model, name, role) else unsealed(getattr(record, name)) for name in columns}


def typed_values(form: FlaskForm, model: type[Base], columns: tuple[str, ...], role: Role, *,
                 editing: bool) -> dict[str, Any]:
    """What the person typed, column by column; a hidden value that was left alone is left out.

    Only columns of the form: whatever else was posted is not looked at."""
    values: dict[str, Any] = {}
    for name in columns:
        value = form[name].data
        if isinstance(form[name], YesNoField):
            value = {"1": True, "0": False}.get(value or "")
        if isinstance(value, str):
            value = value.strip() or None
        if editing and hidden_from(model, name, role):
            if value is None:
                continue
            value = None if value == CLEAR else value
        values[name] = value
    return values


def faults_said(form: FlaskForm) -> list[dict[str, str]]:
    """What stands beside the fields, for the top of the page, each with its way to the field."""
    return [{"label": field.label.text, "text": error, "anchor": field.id} for field in form for error in field.errors]


def _offered(field: SelectField) -> set[str | None]:
    return {None, *(choice[0] for choice in field.iter_choices())}


def check_codes(form: FlaskForm, model: type[Base], columns: tuple[str, ...]) -> bool:
    """Whether every chosen code was on offer; puts a sentence beside the field that was not."""
    right = True
    for name in columns:
        field = form[name]
        if isinstance(field, SelectField) and declared(model, name).codes and field.data not in _offered(field):
            field.errors = [*field.errors, "请从列表中选择一项。"]
            right = False
    return right
