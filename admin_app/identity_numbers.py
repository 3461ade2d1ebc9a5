"""Identity numbers where somebody searches for one: what stands for them in addresses, and whom they find."""

import re
from functools import lru_cache
from typing import Any

from sqlalchemy import ColumnElement

from models.kinds import IDENTITY_INDEX, TAIL_LENGTH, cipher

# Any 18 characters with a day of birth in their place, also where the last one is mistyped.
_NUMBER = re.compile(r"(?<!\d)\d{6}(?:19|20)\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])\d{3}[\dXx](?!\d)", re.A)
HALF_WIDTH = {ord(c) + 0xFEE0: c for c in "0123456789Xx"}
_TOLD = 32  # digits of a blind index, which stands for a number in an address


def without_numbers(search: str, *, found_by_number: bool = False) -> str:
    """A search with each whole identity number in it told by its last four characters: an address lies in histories
    and logs, and is sent around. Where a number finds somebody, its blind index stands behind, 尾号0016#3f9a…,
    and finds the same; nobody else is told what a number's index is."""
    def told(found: re.Match[str]) -> str:
        number = found[0].upper()
        index = f"#{_veiled(cipher().index(number, IDENTITY_INDEX))}" if found_by_number else ""
        return f" 尾号{number[-4:]}{index} "

    search = search.translate(HALF_WIDTH)
    with_told, numbers = _NUMBER.subn(told, search)
    return " ".join(with_told.split()) if numbers else search


def holds_number(text: str) -> bool:
    """Whether a whole identity number stands in a text."""
    return without_numbers(text) != text.translate(HALF_WIDTH)


def in_words(search: str) -> str:
    """A search as it is read out: without the part of a number's index."""
    return re.sub(rf"(?<=尾号....)#[0-9a-f]{{{_TOLD}}}", "", search)


def holding(columns: Any, term: str) -> ColumnElement[bool] | None:
    """That a record (`columns` of an IdentityIndexed table) has this number, or one with these last six, by its blind
    index; or the one that `without_numbers` made this of. None where a term is no number."""
    number = term.upper()
    if re.fullmatch(r"\d{17}[\dX]", number):
        return columns.identity_index == cipher().index(number, IDENTITY_INDEX)  # type: ignore[no-any-return]
    if re.fullmatch(rf"\d{{{TAIL_LENGTH - 1}}}[\dX]", number):
        return columns.identity_tail == cipher().index(number, IDENTITY_INDEX + ".tail")  # type: ignore[no-any-return]
    if told := re.fullmatch(rf"尾号[0-9]{{3}}[0-9X]#([0-9a-f]{{{_TOLD}}})", term):
        return columns.identity_index == _veiled(told[1])  # type: ignore[no-any-return]
    return None


def _veiled(index: str) -> str:
    """A blind index as it stands in an address, and back: no page holds what is stored."""
    return f"{int(index, 16) ^ _veil(cipher()):0{_TOLD}x}"


@lru_cache(maxsize=8)
def _veil(own: Any) -> int:
    return int(own.index("", "address"), 16)
