"""Who answers for a child and where its family is called, as a roster has them: several guardians in one cell, a
relation behind a name, a telephone of which the list does not say whose it is.
"""

import re
from collections.abc import Sequence
from typing import Any

from admin_app.exchange.cells import PLAIN_NAME, BadCell, chinese_name, says_nothing
from admin_app.exchange.sheet import ParsedRow, change, hidden_change
from admin_app.exchange.sheets.roster_families import Named, index_of
from admin_app.exchange.sheets.roster_standing import Standing
from admin_app.services.students import plain
from models.guardian import Guardian
from models.student import Student

SEVERAL = re.compile(r"[、，,;；/／\n]+(?![^（(]*[）)])")  # what stands between several in one cell
PARENTS = {"father": "父亲", "mother": "母亲"}
_OR_SAY = {"联系电话": "，或在名单中写明是哪位监护人的电话后重新上传",
           **{f"{word}电话": f"，或补上{word}姓名后重新上传" for word in PARENTS.values()}}
_ONE_OF_A_KIND = ("51", "52")  # 父亲 and 母亲, of the relations of guardians
_WITH_RELATION = re.compile(r"(.+?)\s*[（(]([^（()）]*)[）)]")


def part_guardians(row: ParsedRow) -> None:
    """Takes a row apart into its guardians: those in one cell, each a name and the word behind it in brackets, and the
    parents who have columns of their own. The first one stands for the head of a family of which the list names none.
    So with their telephones; one beside parents alone is the family's, as is one of a parent without a name."""
    values = row.values
    if "guardians" in values:
        return  # a preview that is planned again
    phone, *further = (values.get("guardian_phone") or "").split("、")
    if further:
        values |= {"guardian_phone": phone, "further_phones": further}
    written = values.get("guardian_name")
    parents = [(name, word, values.get(f"{parent}_phone"))
               for parent, word in PARENTS.items() if (name := values.get(f"{parent}_name"))]
    theirs = [(f"{word}电话", call) for parent, word in PARENTS.items()
              if (call := values.get(f"{parent}_phone")) and not values.get(f"{parent}_name")]
    if parents and not written and phone:
        theirs.append(("联系电话", phone))
        values["guardian_phone"] = None
    if theirs:
        values["family_phones"] = theirs
    if not parents and (not written or PLAIN_NAME.fullmatch(written)):
        return
    found: list[tuple[Any, ...]] = [_name_and_word(part) for part in SEVERAL.split(written or "")
             if any(map(str.isalpha, part)) and not says_nothing(part)]
    values |= {"guardians": [*found, *parents], "in_one_cell": len(found)}
    values["guardian_name"] = next((name for name, *_ in values["guardians"]), None)


def _name_and_word(written: str) -> tuple[str, str]:
    behind = _WITH_RELATION.fullmatch(written.strip())
    name, word = (behind[1], behind[2].strip()) if behind else (written, "")
    try:
        return chinese_name(name).value or "", word
    except BadCell:  # what is left of the name is none
        return written.strip(), ""


def guardians_of(row: ParsedRow, child: Student | None, standing: Standing,
                 changes: list[dict[str, str]]) -> list[dict[str, Any]]:
    """The guardians that a row adds, and those of whom it says more than stands. None is ever taken away."""
    known = standing.guardians.get(child.id, []) if child else []
    found: list[dict[str, Any]] = []
    for name, relation, phones in _named(row, standing, known):
        stands = next((g for g in known if _name_and_word(g.name)[0] == name), None)
        phone = _one_of(row, name, phones, plain(stands.phone) if stands else "")
        if stands is None:
            _say_twin(row, name, relation, phone, known, standing)
            found.append({"id": None, "name": name, "phone": phone, "relation": relation})
        elif update := _differs(stands, relation, phone, standing, changes):
            found.append({"id": stands.id, "update": update, "was": index_of(plain(stands.phone))})
    added = [g["name"] for g in found if g["id"] is None]
    if child is not None and added:
        held = [g.name for g in known]
        changes.append(change("监护人（增加）" if held else "监护人", "、".join(held), "、".join([*held, *added])))
    return found


def _one_of(row: ParsedRow, name: str, phones: str | None, stands: str) -> str | None:
    """Of several telephones of one person the one that stands, else the first."""
    first, *others = (phones or "").split("、")
    if others and stands in others:
        return stands
    if others:
        row.warn("监护人", f"“{name}”有 {1 + len(others)} 个号码，只保存了第一个。")
    return first or None


def _say_twin(row: ParsedRow, name: str, relation: str | None, phone: str | None, known: Sequence[Guardian],
              standing: Standing) -> None:
    """A parent's name put right would add a second mother."""
    twin = next((g for g in known if (relation in _ONE_OF_A_KIND and g.relation == relation)
                 or (phone and plain(g.phone) == phone and None in (relation, g.relation))), None)
    if twin is not None:
        kind = standing.codes.label("guardian_relation", twin.relation) if twin.relation else "监护人"
        row.warn("监护人", f"已登记的{kind}是“{twin.name}”，名单上是“{name}”，确认后会增加一位。"
                         "如是改名或写错，请先在监护人页面修改，再导入这一行。")


def _named(row: ParsedRow, standing: Standing,
           known: Sequence[Guardian]) -> list[tuple[str, str | None, str | None]]:
    """The name, the relation and the telephone of each guardian of a row. Of one cell of telephones each has one in
    their order, else the first one, unless it is known to be another one's."""
    found = _with_relations(row, standing)
    phone, further = row.values.get("guardian_phone"), row.values.get("further_phones") or []
    one_each = bool(further) and len(found) == 1 + len(further)
    if further and len(found) == 1:
        phone = "、".join(filter(None, [phone, *further]))
    elif further and not one_each:
        row.warn("联系电话", f"一格里有 {1 + len(further)} 个号码，只用了第一个。几位监护人各有电话的，"
                         "请按监护人的顺序一人填一个后重新上传。")
    first = next(iter(found), None)
    if len(found) > 1 and row.values.get("in_one_cell", 0) > 1 and not one_each:
        phone = None if phone in [plain(g.phone) for g in known if g.name != first] else phone
        row.warn("监护人", f"一格里有 {len(found)} 位监护人，分别登记"
                        + (f"，电话记在“{first}”名下。如是别人的，请在监护人页面改正。" if phone else "。"))
    phones = [phone, *(further if one_each else ())]
    return [(name, relation, own or (phones[at] if at < len(phones) else None))
            for at, (name, (relation, own)) in enumerate(found.items())]


def _with_relations(row: ParsedRow, standing: Standing) -> dict[str, tuple[str | None, str | None]]:
    """The guardians of a row, each with the code of its relation to the child and the telephone of its own, where the
    row tells them."""
    named, codes = row.values.get("guardian_name"), standing.codes.words["guardian_relation"]
    found: dict[str, tuple[str | None, str | None]] = {}
    for name, word, *call in row.values.get("guardians", [(named, "")]) if named else ():
        if name in codes and found:  # 李桂花/奶奶
            last = next(reversed(found))
            found[last] = (codes[name], found[last][1])
            continue
        if word and word not in codes:
            row.warn("监护人", f"“{name}”后面的“{word}”没有保存。与孩子的关系请在监护人页面补填。")
        relation, phone = found.get(name, (None, None))
        found[name] = (codes.get(word) or relation, phone or next(iter(call), None))
    return found


def _differs(stands: Guardian, relation: str | None, phone: str | None, standing: Standing,
             changes: list[dict[str, str]]) -> dict[str, Any]:
    update: dict[str, Any] = {}
    if phone and phone != plain(stands.phone):
        update["phone"] = phone
        changes.append(hidden_change("监护人电话", stands.phone, phone, stands.name))
    if relation and not stands.relation:
        update["relation"] = relation
        changes.append(change("监护人与孩子关系", "", standing.codes.label("guardian_relation", relation)))
    return update


def family_phone(row: ParsedRow, child: Student | None, named: Named, standing: Standing) -> str | None:
    """The telephone that a row gives to its family: the head's, or one of which the list does not say whose it is. The
    family keeps the one that it has."""
    said = [("户主电话", row.values.get("head_phone")), *row.values.get("family_phones", ())]
    if not row.values.get("guardian_name"):
        theirs = [plain(g.phone) for g in standing.guardians.get(child.id, [])] if child else []
        phone = row.values.get("guardian_phone")
        said.append(("联系电话", phone if phone not in theirs else None))
    given = None
    stands, home = (plain(named.stands.phone), named.stands.id) if named.stands else ("", named.key)
    for caption, phone in said:
        if not phone or stands in (numbers := phone.split("、")):
            continue
        first, place = (stands, "") if stands else standing.phones.setdefault(home, (numbers[0], row.place))
        if first not in numbers:
            whose = f"与{place}同户，联系电话却不同，以{place}为准" if place not in ("", row.place) else \
                "这户已有另一个联系电话，这一项没有保存"
            row.warn(caption, f"{whose}。请核对；确有变动的，请在户的页面修改{_OR_SAY.get(caption, '')}。")
        elif place == row.place:
            given = first
            if len(numbers) > 1:
                row.warn(caption, f"一格里有 {len(numbers)} 个号码，只保存了第一个。")
    return given
