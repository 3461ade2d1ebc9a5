"""How a Chinese name is found by typing Latin letters: its pinyin and its initials."""

import os
from collections.abc import Iterable
from functools import lru_cache
from typing import Any

from sqlalchemy import event

from models.household import Household
from models.student import Student

# Surnames read otherwise than the same character elsewhere.
SURNAMES = {
    "单": "shan", "解": "xie", "曾": "zeng", "仇": "qiu", "任": "ren", "区": "ou", "查": "zha",
    "盖": "ge", "朴": "piao", "尉迟": "yuchi", "华": "hua", "员": "yun", "洗": "xian", "折": "she",
    "种": "chong", "秘": "bi", "冼": "xian", "缪": "miao", "翟": "zhai", "万俟": "moqi", "覃": "qin",
}
COMPOUND_SURNAMES = frozenset({
    "欧阳", "上官", "司马", "诸葛", "皇甫", "令狐", "司徒", "东方", "慕容", "夏侯", "公孙", "长孙", "宇文",
    "轩辕", "端木", "南宫",
})


@lru_cache(maxsize=4096)
def _reading(text: str) -> tuple[str, ...]:
    # Loaded when the first name is written: its table of words takes 50 MB, and reading pages needs none. Names
    # are read character by character, so its phrases are left out.
    os.environ.setdefault("PYPINYIN_NO_PHRASES", "true")
    from pypinyin import Style, lazy_pinyin

    return tuple(lazy_pinyin(text, style=Style.NORMAL, errors="ignore"))


def index_name(name: str) -> tuple[str, str]:
    """'李小明' → ('lixiaoming xiaoming', 'lxm'); '单小明' → ('shanxiaoming danxiaoming xiaoming', 'sxm dxm'): as a
    surname is read, and as whoever does not know it types it; the given name alone behind. Non-Chinese letters stay,
    in lower case."""
    compact = "".join(name.split()).replace("·", "")
    surname = next((s for s in (compact[:2], compact[:1]) if s in SURNAMES or s in COMPOUND_SURNAMES), compact[:1])
    given = _syllables(compact[len(surname):])
    plain = [*_syllables(surname), *given]
    readings = [[SURNAMES[surname], *given], plain] if surname in SURNAMES else [plain]
    return (_distinct(["".join(r) for r in (*readings, given) if r]),
            _distinct("".join(s[0] for s in r) for r in readings))


def _syllables(text: str) -> list[str]:
    return [syllable for character in text for syllable in _reading(character) or (character.lower(),)]


def _distinct(words: Iterable[str]) -> str:
    return " ".join(dict.fromkeys(words))


def _name_set(target: Any, value: str | None, _old: Any, _initiator: Any) -> None:
    target.name_pinyin, target.name_initials = index_name(value) if value else (None, None)


event.listen(Student.name, "set", _name_set)
event.listen(Household.head_name, "set", _name_set)
