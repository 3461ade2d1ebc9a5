"""What each row of a roster will do: set against what stands, row by row, nothing written."""

from datetime import date
from typing import Any

from admin_app.access.actor import Actor
from admin_app.access.scope import ScopedSession
from admin_app.display import plain_text
from admin_app.exchange.cells import Rough
from admin_app.exchange.sheet import ParsedRow, PlannedRow, change, hidden_change
from admin_app.exchange.sheets.roster_contacts import family_phone, guardians_of, part_guardians
from admin_app.exchange.sheets.roster_families import index_of
from admin_app.exchange.sheets.roster_groups import part_village
from admin_app.exchange.sheets.roster_schooling import schooling_of_new, settle_grade, state_of_standing
from admin_app.exchange.sheets.roster_standing import Standing, read_standing
from admin_app.exchange.sheets.roster_words import URBAN
from admin_app.services.students import NAMESAKE, RESIDENT_IDENTITY_CARD, plain, years_mistyped
from models.agreement import answered
from models.base import Field, declared
from models.identity_number import day_in, sex_in
from models.student import SCHOOLING_MOVES, Student

_LEFT_BEHIND = frozenset({"10", "11", "12"})
_ALLOWANCES = frozenset({"21", "22"})  # 低保 of the country, and of the town
_SEX_UNKNOWN = (None, "0", "9")  # GB/T 2261.1: 未知 and 未说明, which a number knows better
_YOUNGEST, _OLDEST = 3, 18  # years
_COMPARED = ("name", "sex", "ethnic_group", "birth_date", "relation_to_head", "registered_address", "current_address",
             "grade", "class_name", "boarding", "note")


def plan(session: ScopedSession, actor: Actor, rows: list[ParsedRow]) -> list[PlannedRow]:
    """Plan every row. A good row is never held up by a bad one."""
    for row in rows:
        part_village(row)
        part_guardians(row)
    indexes = [index_of(row.values.get("identity")) for row in rows]
    standing = read_standing(session, actor, rows, indexes)
    regions = [standing.villages.of(row) for row in rows]
    for row, region in zip(rows, regions, strict=True):
        if region:
            standing.families.hear(row, region)
    for row, index in zip(rows, indexes, strict=True):
        if child := standing.children.by_number.get(index or ""):
            standing.families.join(row, child)
    planned = []
    for row, index, region in zip(rows, indexes, regions, strict=True):
        standing.codes.settle(row, urban=standing.villages.settlements.get(region or "", "").startswith(URBAN))
        standing.children.tell_day(row, index, region)
        _agree_with_number(row)
        child = standing.children.of(row, index, region, standing.villages.names)
        _of_age(row, child)
        planned.append(_planned(row, region, child, standing, actor))
    return planned


def _of_age(row: ParsedRow, child: Student | None) -> None:
    """Nine years from the age of six, and who began late or stayed behind (《义务教育法》第十一条). A day that no form
    takes without a note is refused, where the register has it not yet."""
    born, note = row.values.get("birth_date"), row.values.get("note") or (child.note if child else None)
    if not isinstance(born, date):
        return
    years = date.today().year - born.year
    if years_mistyped(born, note) and (child is None or child.birth_date != born):
        row.error("出生日期", f"按出生日期已 {years} 岁，请核对年份。如确需登记，请在备注中写明后重新上传，"
                          f"如“已 {years} 岁，补登记”。")
    elif not _YOUNGEST <= years <= _OLDEST:
        row.warn("出生日期", f"按出生日期已 {years} 岁，不像义务教育阶段的孩子。请核对。")


def _day_of_birth(row: ParsedRow, born: date | None) -> None:
    """The day, where the list tells the year and the month alone: the number's if it agrees."""
    rough = row.values.get("birth_date")
    if not isinstance(rough, Rough):
        return
    row.values["birth_date"] = born if born is not None and rough.agrees_with(born) else rough.first
    if row.values["birth_date"] is None:
        row.error("出生日期", rough.said, "read")
    elif row.values["birth_date"] != born:
        row.warn("出生日期", rough.said, "read")


def _agree_with_number(row: ParsedRow) -> None:
    """Sex and birth date against the number (GB 11643): named, kept as the list has them; filled in
    where the list has none."""
    number, values = row.values.get("identity"), row.values
    born = day_in(number) if number else None
    _day_of_birth(row, born)
    if not number:
        if not row.refused and values.get("birth_date") is None:
            row.error("出生日期", "没有身份证号的孩子须填写出生日期。")
        return
    sex = sex_in(number)
    if values.get("birth_date") is None:
        values["birth_date"] = born
    elif values["birth_date"] != born:
        row.warn("出生日期", "与身份证号中的出生日期不一致，以名单为准。请对照户口簿核实。")
    if values.get("sex_code") in _SEX_UNKNOWN:
        values["sex_code"] = sex
    elif values["sex_code"] != sex:
        row.warn("性别", "与身份证号中的性别不一致，以名单为准。请对照户口簿核实。")


def _planned(row: ParsedRow, region: str | None, child: Student | None, standing: Standing,
             actor: Actor) -> PlannedRow:
    label = str(row.values.get("name") or "（没有姓名）")
    if row.refused or region is None:
        return PlannedRow(row, "refused", label)
    if child is None:
        _no_namesake(row, region, standing)
    else:
        _same_name(row, child, standing)
    if row.refused:
        return PlannedRow(row, "refused", label)
    changes: list[dict[str, str]] = []
    what: dict[str, Any] = {"region": region, "id": child.id if child else None}
    what["household"] = _household(row, region, child, standing, changes)
    if row.refused:
        return PlannedRow(row, "refused", label)
    if child is None:
        _like_a_sibling(row, what["household"]["id"], standing)
    what["student"] = _student(row, child, standing, changes, actor, what)
    what["guardians"] = guardians_of(row, child, standing, changes)
    _belongings(row, child, standing, changes, what)
    if child is None:
        return PlannedRow(row, "new", label, changes, what)
    return PlannedRow(row, "changed" if changes else "same", label, changes, what)


def _no_namesake(row: ParsedRow, region: str, standing: Standing) -> None:
    """A number put right would register its child a second time."""
    values = row.values
    twin = standing.children.namesake(row, region) if values.get("identity") else None
    if twin is None or answered(values.get("note"), *NAMESAKE):
        return
    home = standing.families.standing.get(twin.household_id or 0)
    number, head = values.get("register_number"), values.get("head_name") or values.get("guardian_name")
    if home is not None and (number == home.register_number if number else head == home.head_name):
        row.error("身份证号码", f"这户已有同名、同日出生的“{twin.name}”，身份证号不同。如是更正号码，请在学生页面修改；"
                            "如确是两个孩子，请在备注中写明后重新上传，如“同名，不是同一个孩子”。")
    else:
        row.warn("身份证号码", f"本村已有同名、同日出生的“{twin.name}”，身份证号不同。请核对是不是同一个孩子："
                            "是的，请不要导入这一行，在学生页面更正号码。")


def _like_a_sibling(row: ParsedRow, household_id: int | None, standing: Standing) -> None:
    """A name or a day put right would register its child a second time, where no number tells that it is one."""
    other = standing.children.sibling_like(row, household_id)
    if other is None or answered(row.values.get("note"), *NAMESAKE):
        return
    name, born, _ = other
    named = name == row.values["name"]
    row.warn("儿童姓名" if named else "出生日期",
             f"这户已登记有{'同名' if named else '同日出生'}的“{name}”（{born} 出生）。请核对是不是同一个孩子："
             "是的，请改正名单或学生页面后再导入这一行；确是两个孩子，确认导入即可。")


def _same_name(row: ParsedRow, child: Student, standing: Standing) -> None:
    """Numbers that slipped by a row would rename every child of a list."""
    name, head = row.values["name"], row.values.get("head_name")
    if name == child.name:
        return
    home = standing.families.standing.get(child.household_id or 0)
    another = home is not None and head not in (None, home.head_name)
    number, values = row.values["identity"], row.values
    contradicts = bool(number) and (
        values.get("birth_date") != day_in(number) or values.get("sex_code") != sex_in(number))
    said = f"这个身份证号登记的是“{child.name}”，名单上是“{name}”"
    if (contradicts or not {*name} & {*child.name} or (another and not {*name[1:]} & {*child.name[1:]})
            or standing.children.bears_name(child.region_code, name)):
        row.error("身份证号码", f"{said}。请核对号码是不是填错了行；如确已改名，请先在学生页面修改姓名，再导入这一行。")
    else:
        row.warn("儿童姓名", f"{said}。确认后按名单改名；如是号码填错了行，请改正后重新上传。")


def _household(row: ParsedRow, region: str, child: Student | None, standing: Standing,
               changes: list[dict[str, str]]) -> dict[str, Any]:
    """The family that a row names: one that stands, or a new one. Only a row that says its 户编号 and is of a child who
    stands there changes its head; whoever else says the number names the head as well: else a number mistyped would
    rename a stranger's family, or move a child into it."""
    families = standing.families
    named = families.of(row, region, child)
    values, stands, identity = row.values, named.stands, named.head_number
    head, phone = values.get("head_name"), family_phone(row, child, named, standing)
    group = standing.groups.of(row, region, named, changes)
    if stands is None:
        _heads_no_other(row, families.other_home_of(row, region, named))
        return {"id": None, "key": named.key, "register_number": values.get("register_number"),
                "head_name": standing.heads.setdefault(
                    named.key, head or values.get("guardian_name") or values["name"]), "identity_number": identity,
                "phone": phone, "natural_group_id": group}
    update: dict[str, Any] = {}
    leads = named.leads[0] == row.place
    spoken_for = (named.leads[1] if named.at_home else None) or stands.head_name
    if head and head != spoken_for and named.by_number and not named.child_at_home:
        row.error("户编号", f"户编号“{stands.register_number}”是“{stands.head_name}”户，名单上的户主却是“{head}”。"
                         "请核对户编号；如确已换了户主，请先在户的页面修改，再导入。")
    elif head and head != stands.head_name and not named.by_number:
        row.warn("户主姓名", f"登记的户主是“{stands.head_name}”，没有改动。如已分户或换了户主，请在户的页面办理。")
    elif head and head != stands.head_name and leads:
        update["head_name"] = head
        changes.append(change("户主姓名", stands.head_name, head))
    if identity and families.tells_head(row, named) and index_of(identity) != stands.identity_index:
        if stands.identity_index is None or (named.by_number and named.at_home):
            _heads_no_other(row, families.other_home_of(row, region, named))
            update["identity_number"] = identity
            changes.append(hidden_change("户主身份证号", stands.identity_number, identity))
        else:
            row.warn("户主身份证号", "与登记的户主身份证号不同，没有改动。请核实后在户的页面办理。")
    if phone:
        update["phone"] = phone
        changes.append(hidden_change("户的联系电话", "", phone))
    if group:
        update["natural_group_id"] = group
    return {"id": stands.id, "key": named.key, "update": update, "was": stands.identity_index,
            "head_name": update.get("head_name", stands.head_name)}


def _heads_no_other(row: ParsedRow, home: str) -> None:
    if home:
        row.error("户主身份证号", f"本村{home}的户主已是这个身份证号，一个人不能是两户的户主。"
                             "请核对户编号和户主身份证号；如是同一户，请改填那一户的户编号，已登记的孩子先在学生页面改到那一户，再导入这一行。")


def _student(row: ParsedRow, child: Student | None, standing: Standing, changes: list[dict[str, str]],
             actor: Actor, what: dict[str, Any]) -> dict[str, Any]:
    """The child's values: all of them for a new child, only what differs for one that stands. A blank
    cell never erases what stands."""
    values = row.values
    new: dict[str, Any] = {
        "name": values["name"], "sex": values.get("sex_code"), "ethnic_group": values.get("ethnic_group_code"),
        "birth_date": values.get("birth_date"), "grade": values.get("grade_code"),
        "class_name": values.get("class_name"), "boarding": values.get("boarding_code"),
        "relation_to_head": values.get("relation_to_head_code"), "registered_address": values.get("registered_address"),
        "current_address": values.get("current_address"), "note": values.get("note"),
    }
    school = settle_grade(row, child, standing.schools.of(row, child, actor, what), standing, new, what)
    standing.schools.say_new(row, what)
    what["grade"] = new["grade"] or (child.grade if child else None)  # by which a new school is known
    if child is None:
        return {**new, "identity_number": values.get("identity"), "student_number": values.get("student_number"),
                **schooling_of_new(row, school, what)}
    differ: dict[str, Any] = {}
    for name in _COMPARED:
        before, after = getattr(child, name), new[name]
        if after is not None and after != before:
            differ[name] = after
            changes.append(_difference(declared(Student, name), before, after, standing))
    if values.get("identity") and child.identity_index is None:
        differ |= {"identity_number": values["identity"], "identity_kind": RESIDENT_IDENTITY_CARD}
        changes.append(hidden_change("身份证号码", "", values["identity"]))
    if (number := values.get("student_number")) and number != (held := plain(child.student_number)):
        differ["student_number"], what["number_was"] = number, index_of(held)
        changes.append(hidden_change("学籍号", held, number))
    to_school = school.name if school is not None and school.id != child.school_id else what.get("new_school")
    if to_school:
        differ["school_id"] = school.id if school is not None else None  # of a new one when it is made
        before = standing.schools.of_child(child)
        changes.append(change("学校", before.name if before else "", to_school))
    household = what["household"]
    if household["id"] != child.household_id:
        differ["household_id"] = household["id"]
        own, home = (standing.families.standing.get(key or 0) for key in (child.household_id, household["id"]))
        changes.append(change("户编号", own.register_number if own else None,
                              home.register_number if home else values.get("register_number") or "（由系统编号）"))
    state_of_standing(row, child)
    return differ


def _difference(fact: Field, before: Any, after: Any, standing: Standing) -> dict[str, str]:
    texts = (plain_text(value) for value in (before, after))
    return change(fact.label, *(standing.codes.label(fact.codes, text) if fact.codes else text for text in texts))


def _belongings(row: ParsedRow, child: Student | None, standing: Standing, changes: list[dict[str, str]],
                what: dict[str, Any]) -> None:
    what["hardships"] = kinds = _hardships(row, standing, what["household"])
    held = standing.flags.get(child.id, set()) if child else set()
    what["flags"] = [k for k in row.values["flag_codes"]
                     if k not in held and not (k in _LEFT_BEHIND and held & _LEFT_BEHIND)]
    if child is not None and what["flags"] and child.schooling_state not in SCHOOLING_MOVES.standing:
        state = SCHOOLING_MOVES.labels[child.schooling_state]
        row.warn("特殊群体", f"“{child.name}”{state}，不用再报特殊群体标记，这一项没有保存。")
        what["flags"] = []
    if child is not None:
        if kinds:
            stand = standing.hardships.get(what["household"]["id"], set())
            before, after = ("、".join(standing.codes.label("hardship_kind", k) for k in listed) for listed in (
                sorted(stand), [*sorted(stand), *kinds]))
            changes.append(change("家庭类型（增加）" if stand else "家庭类型", before, after))
        changes.extend(change("特殊群体", "", standing.codes.label("special_group", k)) for k in what["flags"])


def _hardships(row: ParsedRow, standing: Standing, household: dict[str, Any]) -> list[str]:
    """The hardships that a row adds to its family. A family has the allowance of the town or that of the country: a
    word that names no place means the one that stands."""
    held, found = standing.hardships.get(household["id"], set()), []
    for kind, open_ in row.values["hardship_codes"]:
        if kind in held:
            continue
        first = kind
        if kind in _ALLOWANCES:
            first = next(iter(held & _ALLOWANCES), None) or standing.allowances.setdefault(household["key"], kind)
        if first == kind:
            found.append(kind)
        elif not open_:
            label = standing.codes.label("hardship_kind", first)
            row.warn("家庭类型", f"这户已有“{label}”，这一项没有保存。请核对；确有变化的，在户的页面退出原来的再新增。")
    return found
