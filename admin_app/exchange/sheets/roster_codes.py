"""The words of a roster as the codes of the register: a word that no table has is named and left out."""

import re
from datetime import date
from typing import Self

from sqlalchemy import select

from admin_app.access.scope import ScopedSession
from admin_app.exchange.cells import plain_word
from admin_app.exchange.sheet import ParsedRow
from admin_app.exchange.sheets.roster_words import ALIASES, IN_TOWN, grade_and_class
from admin_app.reference import Code
from models.code_item import CodeItem

_SPLIT = re.compile(r"[、，,;；/\s]+(?![^（(]*[）)])")  # a label may have a comma between its brackets
_TABLES = ("sex", "ethnic_group", "grade", "boarding", "special_group", "hardship_kind", "family_relation",
           "guardian_relation")


class Codes:
    """The code tables of a roster, with the ways in which lists write their items."""

    def __init__(self) -> None:
        self.words: dict[str, dict[str, str | None]] = {table: {} for table in _TABLES}
        self._labels: dict[str, dict[str, str]] = {table: {} for table in _TABLES}
        self._ended: dict[str, set[str]] = {table: set() for table in _TABLES}  # what may not be chosen any more

    @classmethod
    def read(cls, session: ScopedSession) -> Self:
        found, today = cls(), date.today()
        for item in session.scalars(select(CodeItem).where(CodeItem.code_table.in_(_TABLES))):
            found._labels[item.code_table][item.code] = item.label
            if Code(item.code, item.label, item.colour, item.valid_from, item.valid_until).valid_on(today):
                found.words[item.code_table] |= {item.label: item.code, item.code: item.code}
            else:
                found._ended[item.code_table] |= {item.label, item.code}
        for table, aliases in ALIASES.items():
            valid = {None, *found.words[table].values()}
            found._ended[table] |= {word for word, code in aliases.items() if code not in valid}
            found.words[table] = {**{w: code for w, code in aliases.items() if code in valid}, **found.words[table]}
        ethnic = found.words["ethnic_group"]
        ethnic |= {label.removesuffix("族"): code for label, code in list(ethnic.items()) if label.endswith("族")}
        return found

    def label(self, table: str, code: str) -> str:
        return self._labels[table].get(code, code)

    def settle(self, row: ParsedRow, *, urban: bool) -> None:
        """Words to codes; a word that no table has is named and left out. 低保 is of the town where the village is
        one."""
        self._part(row)
        for name, table, caption in (("sex", "sex", "性别"), ("ethnic_group", "ethnic_group", "民族"),
                                     ("relation_to_head", "family_relation", "与户主关系"),
                                     ("grade", "grade", "年级"), ("boarding", "boarding", "就读方式")):
            word = row.values.get(name)
            if word is None:
                continue
            codes = self.words[table]
            known = word if word in codes else plain_word(word)
            if known not in codes:
                row.warn(caption, self._not_a_code(table, word, known))
            row.values[f"{name}_code"] = codes.get(known)
        row.values["hardship_codes"] = self._hardships(row, urban=urban)
        kinds = []
        for word in _SPLIT.split(row.values.get("special_groups") or ""):
            if word and word not in self.words["special_group"]:
                row.warn("特殊群体", self._not_a_code("special_group", word, word))
            elif word and (code := self.words["special_group"][word]):
                kinds.append(code)
        row.values["flag_codes"] = list(dict.fromkeys(kinds))

    def _hardships(self, row: ParsedRow, *, urban: bool) -> list[tuple[str, bool]]:
        """The hardship kinds of a row, each with whether its word leaves open which of two it is: 低保."""
        codes, found = self.words["hardship_kind"], dict[str, bool]()
        written = row.values.get("hardship") or ""
        whole = written in codes or plain_word(written) in codes  # 低 保 户
        for word in filter(None, [written] if whole else _SPLIT.split(written)):
            known = word if word in codes else plain_word(word)
            known, open_ = IN_TOWN.get(known, known) if urban else known, known in IN_TOWN
            if known not in codes:
                row.warn("家庭类型", self._not_a_code("hardship_kind", word, known))
            elif code := codes[known]:
                found.setdefault(code, open_)
        return list(found.items())

    def _part(self, row: ParsedRow) -> None:
        """What stands in one cell to the columns that it belongs to: a class behind its grade, and of a 类别 what each
        word says. What the list has in a column of its own goes before."""
        values = row.values
        word = values.get("grade") or values.get("grade_class")
        if word and word not in self.words["grade"]:
            grade, class_name = grade_and_class(plain_word(word))
            values["grade"] = grade if class_name else word
            values["class_name"] = values.get("class_name") or class_name
        elif word:
            values["grade"] = word
        for said in filter(None, _SPLIT.split(values.get("category") or "")):
            column = "special_groups" if said in self.words["special_group"] else \
                "hardship" if plain_word(said) in self.words["hardship_kind"] else None
            if column:
                held = values.get(column)
                values[column] = "、".join(dict.fromkeys([*_SPLIT.split(held), said])) if held else said
            else:
                row.warn("类别", f"“{said}”没有保存。请按下拉列表中的写法填在“特殊群体”或“家庭类型”一列。")

    def _not_a_code(self, table: str, word: str, known: str) -> str:
        if known in self._ended[table]:
            return f"“{word}”已停用，这一项没有保存。请改成模板下拉列表中的写法。"
        return f"代码表中没有“{word}”，这一项没有保存。请改成模板下拉列表中的写法（见“下载模板”）；" \
               "要增加的请联系管理员。"
