"""The words of a roster as the codes of the register: a word that no table has is named and left out."""

import re

from admin_app.exchange.cells import plain_word
from admin_app.exchange.sheet import ParsedRow
from admin_app.exchange.sheets.roster_standing import Standing
from admin_app.exchange.sheets.roster_words import IN_TOWN, grade_and_class

_SPLIT = re.compile(r"[、，,;；/\s]+(?![^（(]*[）)])")  # a label may have a comma between its brackets


def to_codes(row: ParsedRow, standing: Standing, *, urban: bool) -> None:
    """Words to codes; a word that no table has is named and left out. 低保 is of the town where the village is one."""
    _joined(row, standing)
    for name, table, caption in (("sex", "sex", "性别"), ("ethnic_group", "ethnic_group", "民族"),
                                 ("relation_to_head", "family_relation", "与户主关系"),
                                 ("grade", "grade", "年级"), ("boarding", "boarding", "就读方式")):
        word = row.values.get(name)
        if word is None:
            continue
        codes = standing.codes[table]
        known = word if word in codes else plain_word(word)
        if known not in codes:
            row.warn(caption, _not_a_code(word, known in standing.ended_codes[table]))
        row.values[f"{name}_code"] = codes.get(known)
    row.values["hardship_codes"] = _hardships(row, standing, urban=urban)
    kinds = []
    for word in _SPLIT.split(row.values.get("special_groups") or ""):
        if word and word not in standing.codes["special_group"]:
            row.warn("特殊群体", _not_a_code(word, word in standing.ended_codes["special_group"]))
        elif word and (code := standing.codes["special_group"][word]):
            kinds.append(code)
    row.values["flag_codes"] = list(dict.fromkeys(kinds))


def _hardships(row: ParsedRow, standing: Standing, *, urban: bool) -> list[tuple[str, bool]]:
    """The hardship kinds of a row, each with whether its word leaves open which of two it is: 低保."""
    codes, found = standing.codes["hardship_kind"], dict[str, bool]()
    written = row.values.get("hardship") or ""
    whole = written in codes or plain_word(written) in codes  # 低 保 户
    for word in filter(None, [written] if whole else _SPLIT.split(written)):
        known = word if word in codes else plain_word(word)
        known, open_ = IN_TOWN.get(known, known) if urban else known, known in IN_TOWN
        if known not in codes:
            row.warn("家庭类型", _not_a_code(word, known in standing.ended_codes["hardship_kind"]))
        elif code := codes[known]:
            found.setdefault(code, open_)
    return list(found.items())


def _joined(row: ParsedRow, standing: Standing) -> None:
    """What stands in one cell to the columns that it belongs to: a class behind its grade, and of a 类别 what each word
    says. What the list has in a column of its own goes before."""
    values, codes = row.values, standing.codes
    word = values.get("grade") or values.get("grade_class")
    if word and word not in codes["grade"]:
        grade, class_name = grade_and_class(plain_word(word))
        values["grade"] = grade if class_name else word
        values["class_name"] = values.get("class_name") or class_name
    elif word:
        values["grade"] = word
    for said in filter(None, _SPLIT.split(values.get("category") or "")):
        column = "special_groups" if said in codes["special_group"] else \
            "hardship" if plain_word(said) in codes["hardship_kind"] else None
        if column:
            held = values.get(column)
            values[column] = "、".join(dict.fromkeys([*_SPLIT.split(held), said])) if held else said
        else:
            row.warn("类别", f"“{said}”没有保存。请按下拉列表中的写法填在“特殊群体”或“家庭类型”一列。")


def _not_a_code(word: str, ended: bool) -> str:
    if ended:
        return f"“{word}”已停用，这一项没有保存。请改成模板下拉列表中的写法。"
    return f"代码表中没有“{word}”，这一项没有保存。请改成模板下拉列表中的写法（见“下载模板”）；要增加的请联系管理员。"
