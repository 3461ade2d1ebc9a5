"""Creating and editing a record: one pair of functions for page, import, command and seed.

What is particular to one ledger is a check, registered with `@check(Model)`; it runs on the record
with its new values, before the flush.
"""

import unicodedata
from collections import defaultdict
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from datetime import date
from typing import Any, cast

from sqlalchemy import ForeignKeyConstraint, inspect, select
from sqlalchemy.orm import aliased
from sqlalchemy.orm.attributes import set_committed_value

from admin_app.access.actor import Actor
from admin_app.access.keepers import require_keeper, require_own
from admin_app.access.scope import ScopedSession
from admin_app.changes.ledger import LONGEST_TEXT, explained, ledger_position
from admin_app.errors import Conflict, Invalid, NotFound, Refused
from admin_app.exchange import cells
from admin_app.identity_numbers import holds_number
from admin_app.standing import hold_afresh, one_like
from models.base import Base, Field, Privacy, Wall, declared, model_of, pointed_at, table_of
from models.identity_number import normalise
from models.kinds import unsealed
from models.region import Region, in_use, prefix_of

Check = Callable[[ScopedSession, Actor, Any], None]
_CHECKS: dict[type[Base], list[Check]] = defaultdict(list)
# What says who somebody is: a wrong hand here makes another person of a child, so why it is changed is written down.
IDENTIFYING = frozenset({Privacy.NAME, Privacy.BIRTH, Privacy.IDENTITY})
_READ_AS: dict[Privacy | None, Callable[[str], cells.Noted[str | None]]] = {
    Privacy.NAME: cells.chinese_name, Privacy.PHONE: cells.phone,
    Privacy.IDENTITY: lambda text: cells.Noted(normalise(text) or None)}
DONE = ("_on", "absent_since")  # how the days are called on which something was done: none lies ahead


def check(model: type[Base]) -> Callable[[Check], Check]:
    """Register what must hold for records of one ledger. A check raises Invalid, naming the column;
    it may fill in what follows from the rest."""

    def register(function: Check) -> Check:
        _CHECKS[model].append(function)
        return function

    return register


def create(session: ScopedSession, actor: Actor, model: type[Base], values: Mapping[str, Any]) -> Any:
    """Add a record.

    Effects: sets the values, places the record behind the wall (with its parent, or in the one
    village that the actor has), runs the ledger's checks, flushes. Raises Invalid, Refused, NotFound."""
    actor.require(f"{model.__area__}.create")
    record = model()
    require_keeper(session, actor, record)
    if model.__moves__:
        setattr(record, model.__moves__.column, model.__moves__.initial)
    _settle(session, actor, record, values)
    session.add(record)
    session.flush()
    return record


def edit(session: ScopedSession, actor: Actor, record: Base, values: Mapping[str, Any], *,
         as_of: int | None = None, reason: str | None = None) -> None:
    """Change a record. `as_of` is the ledger position that the person's form was made from; `reason` stands in the
    act's own line, and what says who somebody is is not changed without one (decision 0020).

    Raises Conflict when the record has changed since, Invalid, Refused, NotFound."""
    actor.require(f"{record.__area__}.edit")
    require_keeper(session, actor, record)
    if as_of is not None:
        hold_afresh(session, record)  # two saves of one record follow one another
        if ledger_position(session, record.__tablename__, record.id) > as_of:
            raise Conflict("您打开表单之后，这条记录已被修改。")
    with session.no_autoflush:
        _settle(session, actor, record, values, reason=reason)
    session.flush()


def faults_of(session: ScopedSession, actor: Actor, model: type[Base], values: Mapping[str, Any],
              standing: Base | None = None) -> list[Invalid]:
    """What `create`, or `edit` of the standing record, would find wrong with these values. Nothing is written:
    the values are tried on a record that belongs to no session."""
    draft = model()
    with session.no_autoflush:
        if standing is not None:
            for column in table_of(model).columns:
                set_committed_value(draft, column.name, getattr(standing, column.name))
        try:
            return _one_for_a_field([*_set(draft, values), *_faults(session, actor, draft)])
        except (NotFound, Refused):
            return []  # said when the form is otherwise right


def faults_in(session: ScopedSession, actor: Actor, record: Base, columns: Container[str | None]) -> list[Invalid]:
    """What does not hold of these columns, as a record stands; the record itself is left as it is."""
    return [fault for fault in faults_of(session, actor, type(record), {}, record) if fault.column in columns]


def _settle(session: ScopedSession, actor: Actor, record: Base, values: Mapping[str, Any], *,
            reason: str | None = None) -> None:
    """Set the values and check them; nothing is flushed."""
    faults = _one_for_a_field([*_set(record, values), *_faults(session, actor, record), *_settled_by_moves(record),
                               *_unexplained(record, reason)])
    if faults:
        faults[0].further = tuple(faults[1:])
        raise faults[0]


def _set(record: Base, values: Mapping[str, Any]) -> list[Invalid]:
    """Set the values; those that cannot be written are left out, and told."""
    unwritten = []
    for name, value in values.items():
        present, field = getattr(record, name), declared(type(record), name)
        try:
            new = as_written(field, name, value) if isinstance(value, str) else value
            if unsealed(present) == new:
                continue  # sealed anew it would look like a change
            if field.generated:
                raise Invalid(f"“{field.label}”由系统维护，不能填写。", name)
        except Invalid as fault:
            unwritten.append(fault)
        else:
            setattr(record, name, new)
    return unwritten


def _one_for_a_field(faults: Iterable[Invalid]) -> list[Invalid]:
    """What is wrong, the first of each field: a name that could not be written is not missing as well."""
    blamed, told = set(), []
    for fault in faults:
        if fault.column is None or fault.column not in blamed:
            told.append(fault)
        blamed.add(fault.column)
    return told


def _faults(session: ScopedSession, actor: Actor, record: Base) -> Iterator[Invalid]:
    """Everything that does not hold, one fault for a field."""
    blamed = set()
    for function in (_place, *_CHECKS[type(record)]):
        try:
            function(session, actor, record)
        except Invalid as fault:
            if fault.column is None or fault.column not in blamed:
                yield fault
            blamed.add(fault.column)
            if function is _place:
                blamed.add("region_code")  # where it lies follows from what was blamed
    values = {column.name: getattr(record, column.name) for column in table_of(type(record)).columns}
    for disagreement in disagreements(type(record), {**values, **read_of(session, type(record), [values])[0]}):
        if disagreement.column not in blamed:
            blamed.add(disagreement.column)
            yield disagreement
    refused = blamed - {"region_code"}  # then what the register fills in was not filled in
    for column in table_of(type(record)).columns:
        field, value = column.info["field"], getattr(record, column.name)
        if (ahead := too_early(field.label, column.name, value)) and column.name not in blamed:
            yield ahead
        if not column.nullable and not field.generated and column.default is None \
                and value in (None, "") and column.name not in blamed and not (refused and field.filled_in):
            yield Invalid(f"请填写“{field.label}”。", column.name)


def _unexplained(record: Base, reason: str | None) -> Iterator[Invalid]:
    """The fault of making another person of a standing record, or changing one that is never changed in silence, and
    not saying why."""
    model, changed = type(record), inspect(record).attrs
    labels = [c.info["field"].label for c in table_of(model).columns
              if (c.name == "region_code" or (c.info["field"].privacy in IDENTIFYING and not c.info["field"].generated))
              and any(value is not None for value in changed[c.name].history.deleted or ())]
    silent = model.__explained__ and inspect(record).persistent and changed_columns(record)
    try:
        if labels:
            explained(f"修改“{'”“'.join(labels)}”", reason, "录入有误，已核对户口簿")
        elif silent:
            explained(f"修改{model.__title__}", reason)
    except Invalid as fault:
        yield fault


def _settled_by_moves(record: Base) -> Iterator[Invalid]:
    """The fault of making something else of what a move has settled: a flag that was verified for one child is not
    another's, nor is a letter that one family signed; and what a move asked for is not emptied after it."""
    moves, changed = type(record).__moves__, inspect(record).attrs
    if moves is None or not inspect(record).persistent:
        return
    state = getattr(record, moves.column)
    for name in moves.single if state != moves.initial and state in moves.standing else ():
        if changed[name].history.has_changes():
            yield Invalid(f"已是“{moves.labels[state]}”，不能改“{declared(type(record), name).label}”。如登记有误，"
                          "请先办理退回、作废或解除，再重新登记。", name)
    for name in moves.needed_in(state):
        if getattr(record, name) is None and any(value is not None for value in changed[name].history.deleted or ()):
            yield Invalid(f"“{moves.labels[state]}”须有“{declared(type(record), name).label}”，不能清空。", name)


def too_early(label: str, name: str, value: Any, *, over: bool = False) -> Invalid | None:
    """The fault of a day on which something is said to have been done, and which lies ahead. What is `over` has no day
    of an end to come."""
    done = isinstance(value, date) and (over or name.endswith(DONE))
    return Invalid(f"“{label}”不能晚于今天。请改正。", name) if done and value > date.today() else None


def agreeing_with(model: type[Base], given: Iterable[str]) -> list[str]:
    """The columns that those which are given must agree with (`__agreements__`), and themselves."""
    return [name for rule in model.__agreements__ if {*given} & {*rule.columns} for name in rule.columns]


def read_of(session: ScopedSession, model: type[Base], rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """What the agreements of records with these values read of the records that they point at: one query for all."""
    found: list[dict[str, Any]] = [{} for _ in rows]
    for name in {name for rule in model.__agreements__ for name in rule.reads}:
        column, _, asked = name.partition(".")
        target = table_of(cast(type[Base], pointed_at(model, column))).c
        keys = {row[column] for row in rows if row.get(column) is not None}
        told = dict(session.execute(select(target.id, target[asked]).where(target.id.in_(keys))).all()) if keys else {}
        for row, read in zip(rows, found, strict=True):
            read[name] = told.get(row.get(column))
    return found


def disagreements(model: type[Base], values: Mapping[str, Any]) -> Iterator[Invalid]:
    """Where the values that are given here do not agree with one another."""
    for rule in model.__agreements__:
        if found := rule.fault(values, lambda name: declared(model, name).label):
            column, said = found
            yield Invalid(said, column)


def as_written(field: Field, name: str, value: str) -> str | None:
    """A text as it is kept: a person's name and a telephone number as a roster is read (`exchange/cells.py`), so that
    one and the same is found however it came."""
    text = clean(field.label, name, value)
    if text and field.privacy is not Privacy.IDENTITY and holds_number(text):
        raise Invalid(f"“{field.label}”里有完整的身份证号。证件号只填在证件号一栏，这里请去掉或只写后四位。", name)
    if text is None or field.privacy not in _READ_AS:
        return text
    try:
        return _READ_AS[field.privacy](text).value
    except Invalid as fault:
        raise Invalid(f"“{field.label}”不对：{fault.message}", name) from fault


def clean(label: str, name: str, value: str) -> str | None:
    if any(ord(c) < 32 and c not in "\n\r\t" for c in value):
        raise Invalid(f"“{label}”中有看不见的控制字符。请重新输入，不要从别处粘贴。", name)
    if len(value) > LONGEST_TEXT:
        raise Invalid(f"“{label}”太长：最多 {LONGEST_TEXT} 个字，现有 {len(value)} 个。", name)
    # Marks that nobody sees (Unicode's Cf) turn the direction of what follows, or make two of one number.
    return "".join(c for c in value if unicodedata.category(c) != "Cf").strip() or None


def _place(session: ScopedSession, actor: Actor, record: Base) -> None:
    """Records that the new one points to must be there for the actor; a child's record lies where
    the child does, whatever was posted."""
    table = table_of(type(record))
    for constraint in table.foreign_key_constraints:
        _follow(session, record, constraint)
    try:
        require_own(actor, record)
    except Refused:
        if inspect(record).persistent:
            raise
        raise Invalid(f"“{declared(type(record), str(type(record).__region__)).label}”须在您的管辖范围内（代码以 "
                      f"{prefix_of(actor.region_code)} 开头）。请改正。", type(record).__region__) from None
    if "region_code" in table.c and type(record).__wall__ in (Wall.CHILD, Wall.OFFICE):
        if record.region_code is None:  # type: ignore[attr-defined]
            if type(record).__wall__ is Wall.CHILD and len(prefix_of(actor.region_code)) < len(actor.region_code):
                parent = "household_id" if "household_id" in table.c else "region_code"
                raise Invalid(f"请选择“{declared(type(record), parent).label}”：记录要归到一个村（社区）名下，"
                              "村里才看得到。", parent)
            record.region_code = actor.region_code  # type: ignore[attr-defined]
        if not session.scope.covers(type(record).__wall__, record.region_code):  # type: ignore[attr-defined]
            raise NotFound("没有这个村（社区），或不在您的管辖范围内。")
        if record.id is None:
            require_in_use(session, record.region_code)


def require_running(target: Base, label: str, name: str) -> None:
    """Nobody is sent to a school that has closed. Raises Invalid."""
    closed: date | None = getattr(target, "closed_on", None)
    if closed is not None and closed < date.today():
        raise Invalid(f"“{label}”选的“{target}”已停办（{closed}）。请重新选择。", name)


def require_in_use(session: ScopedSession, code: str) -> None:
    """Nothing new is registered in a division that is not there, or has ended. Raises Invalid."""
    if (place := _division(session, code)) is None:
        raise Invalid(f"没有代码为 {code} 的村（社区）。请从提示的列表中选择。", "region_code")
    name, into, stands = place
    if not stands:
        raise Invalid(f"“{name}”已撤销，请登记到{f'并入后的“{into}”' if into else '并入后的村（社区）'}。"
                      "原有的户由区划管理员移交。", "region_code")


def ended_place(session: ScopedSession, code: str) -> tuple[str, str | None] | None:
    """The name of a division whose last day is over, and of the one that it became part of; None for one in use."""
    found = _division(session, code)
    return (found[0], found[1]) if found and not found[2] else None


def _division(session: ScopedSession, code: str) -> tuple[str, str | None, bool] | None:
    """The name of a division, that of the one that it became part of, and whether it is in use; None if none is."""
    into = aliased(Region)
    found = session.execute(select(Region.name, into.name, in_use()).outerjoin(
        into, into.code == Region.successor_code).where(Region.code == code)).first()
    return (found[0], found[1], bool(found[2])) if found else None


def _follow(session: ScopedSession, record: Base, constraint: ForeignKeyConstraint) -> None:
    name = constraint.column_keys[0]
    target = constraint.elements[0].column
    value = getattr(record, name)
    if value is None or target.name != "id":
        return
    parent = session.get(model_of(target.table.name), value)
    if parent is None and inspect(record).persistent and not inspect(record).attrs[name].history.has_changes():
        return  # whoever gave a grant may sit above
    if parent is None:
        raise Invalid(f"所选的“{declared(type(record), name).label}”不存在，或不在您的管辖范围内。请重新选择。", name)
    if inspect(record).attrs[name].history.has_changes():
        require_running(parent, declared(type(record), name).label, name)
    if len(constraint.elements) == 2 and record.region_code != parent.region_code:  # type: ignore[attr-defined]
        record.region_code = parent.region_code  # type: ignore[attr-defined]


def like_anew(session: ScopedSession, record: Base, *columns: str) -> Any | None:
    """Another record of its place that is alike in these columns, asked for only of what is `written_anew` in them."""
    return one_like(session, record, *columns) if written_anew(record, *columns) else None


def written_anew(record: Base, *columns: str) -> bool:
    """Whether a record is new, or one of these columns of it differs from what was loaded: what stood doubled before
    may still be edited elsewhere."""
    return not inspect(record).persistent or bool({*columns} & {*changed_columns(record)})


def changed_columns(record: Base) -> list[str]:
    """The columns whose value differs from what was loaded."""
    state = inspect(record)
    return [c.name for c in table_of(type(record)).columns if state.attrs[c.name].history.has_changes()]
