"""The citizen identity number of GB 11643.

Eighteen characters: six for the address at first registration, eight for the birth date, three for
the serial (odd for a man) and one check character by ISO 7064 MOD 11-2. The address is never
compared with a list, because numbers keep the codes of counties abolished long ago.

Every refusal is a Chinese sentence that says what to do. It never tells which check character
would fit: that invites people to patch the last character instead of looking at the 户口簿.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field
from datetime import date
from operator import mul
from typing import Final, Literal

Sex = Literal["1", "2"]

WEIGHTS: Final = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
CHECK_CHARACTERS: Final = "10X98765432"
EARLIEST_YEAR: Final = 1900

# Excel keeps fifteen digits of a number, so anything this large has lost its tail.
FIRST_UNSAFE_NUMBER: Final = 10**15

_SCIENTIFIC = re.compile(r"\d(?:\.\d+)?[Ee]\+?1[5-9]")
_WELL_FORMED = re.compile(r"[0-9]{17}[0-9X]")
_APOSTROPHES = "'`´‘’ʼ"


class IdentityNumberError(ValueError):
    """The number cannot be accepted; `message` is the sentence to show."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


@dataclass(frozen=True, slots=True)
class IdentityNumber:
    """A number that passed every check. The number itself stays out of `repr` and so of logs."""

    number: str = field(repr=False)
    birth_date: date
    sex: Sex
    address_code: str


def normalise(text: str) -> str:
    """Write a number the standard way, without judging it.

    Full-width characters become half-width; spaces of every kind, invisible characters and leading
    apostrophes go; a small x, or a multiplication sign typed for it, becomes X.
    """
    if text.isascii() and text.isalnum():  # nearly every number: nothing below would change it
        return text.upper()
    plain = unicodedata.normalize("NFKC", text)
    kept = (c for c in plain if not c.isspace() and unicodedata.category(c) not in ("Cc", "Cf"))
    return "".join(kept).lstrip(_APOSTROPHES).upper().replace("×", "X")


def check_character(first_seventeen: str) -> str:
    """Return the MOD 11-2 check character of seventeen digits."""
    total = sum(map(mul, map(int, first_seventeen), WEIGHTS))
    return CHECK_CHARACTERS[total % 11]


def check(text: str, *, today: date | None = None) -> IdentityNumber:
    """Normalise `text` and return the number it holds, or raise IdentityNumberError."""
    number = normalise(text)
    _refuse_wrong_shape(number)
    birth_date = _birth_date(number[6:14], today or date.today())
    if check_character(number[:17]) != number[17]:
        raise IdentityNumberError("身份证号的校验码（最后一位）不对，请对照户口簿逐位核对后重填。")
    return IdentityNumber(
        number=number,
        birth_date=birth_date,
        sex=sex_in(number),
        address_code=number[:6],
    )


def day_in(number: str) -> date:
    """The day of birth in a number that passed every check."""
    return date(int(number[6:10]), int(number[10:12]), int(number[12:14]))


def sex_in(number: str) -> Sex:
    """The code of the sex in a number: odd is 男."""
    return "1" if int(number[16]) % 2 else "2"


def looks_truncated(cell_value: object) -> bool:
    """Tell whether a spreadsheet cell held the number as a number and so lost its last digits.

    A text that ends in 000 is truncated only when its check character is wrong as well, since a
    true number may end so.
    """
    if isinstance(cell_value, bool):
        return False
    if isinstance(cell_value, int | float):
        return cell_value >= FIRST_UNSAFE_NUMBER
    if not isinstance(cell_value, str):
        return False
    plain = normalise(cell_value)
    if _SCIENTIFIC.fullmatch(plain):
        return True
    return (
        _WELL_FORMED.fullmatch(plain) is not None
        and plain.endswith("000")
        and check_character(plain[:17]) != plain[17]
    )


def _refuse_wrong_shape(number: str) -> None:
    if _WELL_FORMED.fullmatch(number):
        return
    if not number:
        raise IdentityNumberError("身份证号是空的，请填写18位公民身份号码。")
    if len(number) == 15 and number.isascii() and number.isdigit():
        raise IdentityNumberError("这是已停用的15位旧身份证号，请改填户口簿上的18位号码。")
    strange = sorted({c for c in number if c not in "0123456789X"})
    if strange:
        shown = "、".join(f"“{c}”" for c in strange[:5])
        raise IdentityNumberError(
            f"身份证号里有不该出现的字符{shown}，只能用数字，最后一位可以是X，请改正。"
        )
    if len(number) != 18:
        raise IdentityNumberError(
            f"身份证号应为18位，现在是{len(number)}位，请对照户口簿补全或改正。"
        )
    if "X" in number[:17]:
        raise IdentityNumberError("身份证号里的X只能出现在最后一位，请对照户口簿改正。")


def _birth_date(digits: str, today: date) -> date:
    try:
        birth_date = date(int(digits[:4]), int(digits[4:6]), int(digits[6:]))
    except ValueError:
        birth_date = date.min
    if birth_date.year < EARLIEST_YEAR:
        raise IdentityNumberError(
            f"身份证号第7至14位“{digits}”不是有效的出生日期，请对照户口簿改正。"
        )
    if birth_date > today:
        raise IdentityNumberError(
            f"身份证号第7至14位“{digits}”是还没有到的日期，请对照户口簿改正。"
        )
    return birth_date
