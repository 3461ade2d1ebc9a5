"""Passwords: argon2id, and the rules by policy.

`asvs` (OWASP ASVS 5.0, 6.2): at least 12 characters, up to 128, any characters, no composition
rules, no rotation, not a common or a guessable one. `djbh3` (GB/T 22239-2019 level 3): also three
kinds of characters, and a change every 90 days. The length meets both.
"""

import secrets
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from itertools import pairwise
from pathlib import Path

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError

SHORTEST, LONGEST = 12, 128
ROTATION = timedelta(days=90)
_HASHER = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)  # OWASP, argon2id
_COMMON = Path(__file__).with_name("common_passwords.txt")
_OUR_NAMES = ("baoxue", "保学")  # with them the demo's password, which is in the README
_ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"  # nothing that is mistaken for another on paper


def hash_password(plain: str) -> str:
    return _HASHER.hash(plain)


def matches(stored: str, plain: str) -> bool:
    try:
        return _HASHER.verify(stored, plain[:LONGEST])
    except (VerifyMismatchError, InvalidHashError):
        return False


def make_password() -> str:
    """A password for handing out on paper: four groups of four, 79 bits."""
    return "-".join("".join(secrets.choice(_ALPHABET) for _ in range(4)) for _ in range(4))


@dataclass(frozen=True, slots=True)
class First:
    """A password for handing out, and what is stored of it."""

    plain: str
    digest: str


UNUSED = First("", "!")  # nobody signs in with it


def first_passwords(number: int) -> list[First]:
    """So many, on all cores: making one takes a while, which is its purpose, and lets other threads run."""
    def first(_: int) -> First:
        plain = make_password()
        return First(plain, hash_password(plain))

    with ThreadPoolExecutor() as pool:
        return list(pool.map(first, range(number)))


@lru_cache(maxsize=1)
def _common() -> frozenset[str]:
    return frozenset(_COMMON.read_text().split())


def rules(policy: str) -> list[str]:
    """The rules as sentences, for the form."""
    sentences = [f"至少 {SHORTEST} 个字符，可以是一句话，可以有空格和汉字",
                 "不能是常见密码，不能包含用户名、姓名、单位名或本系统的名字，不能是重复或连续的字符"]
    if policy == "djbh3":
        sentences += ["须含大写字母、小写字母、数字、符号中的至少三类（等保三级）", "每 90 天更换一次"]
    return sentences


def fault(plain: str, policy: str, *, about: tuple[str, ...] = ()) -> str | None:
    """Why this password will not do, as a sentence that says what to do; None when it will.

    `about` are words that others would guess first: the user's name, the unit's name."""
    if len(plain) < SHORTEST:
        return f"密码太短：至少 {SHORTEST} 个字符。可以用一句自己记得住的话。"
    if len(plain) > LONGEST:
        return f"密码太长：最多 {LONGEST} 个字符。"
    lowered = plain.lower()
    if lowered in _common() or lowered.strip("0123456789!@#.") in _common():
        return "这是常见密码，容易被猜到。请换一个。"
    if any(len(word) > 1 and word.lower() in lowered for word in (*about, *_OUR_NAMES)):
        return "密码中不要包含用户名、姓名、单位名或本系统的名字。请换一个。"
    if len(set(plain)) < 5 or _runs(lowered):
        return "密码是重复或连续的字符，容易被猜到。请换一个。"
    if policy == "djbh3" and _kinds(plain) < 3:
        return "须含大写字母、小写字母、数字、符号中的至少三类。请补充。"
    return None


def expired(changed_at: datetime | None, now: datetime, policy: str) -> bool:
    return policy == "djbh3" and (changed_at is None or now - changed_at > ROTATION)


def _runs(text: str) -> bool:
    """Whether most of it is one run such as 123456789012 or abcdefgh."""
    steps = [ord(b) - ord(a) for a, b in pairwise(text)]
    return sum(step in (0, 1, -1) for step in steps) >= 0.7 * len(steps)


def _kinds(text: str) -> int:
    return sum((
        any(c.isupper() for c in text), any(c.islower() for c in text),
        any(c.isdigit() for c in text), any(not c.isalnum() for c in text),
    ))
