"""The rules of the place, read from and written to the table `setting`."""

from collections.abc import Sequence
from datetime import date

from sqlalchemy import select

from admin_app.access.actor import Actor
from admin_app.access.keepers import kept_by, require_all_units
from admin_app.access.scope import ScopedSession
from admin_app.errors import Invalid
from admin_app.services.records import check
from admin_app.settings import RULES
from models.code_item import CodeItem
from models.setting import Setting


def rule(session: ScopedSession, key: str) -> str:
    """The value of a rule, or its default. Raises KeyError for a rule that is not declared."""
    stored = session.scalar(select(Setting.value).where(Setting.key == key))
    return RULES[key].default if stored is None else stored


def rules_of(session: ScopedSession, keys: Sequence[str]) -> dict[str, str]:
    """The values of several rules, or their defaults. Raises KeyError."""
    stored = dict(session.execute(select(Setting.key, Setting.value).where(Setting.key.in_(keys))).all())
    return {key: stored.get(key, RULES[key].default) for key in keys}


def number(session: ScopedSession, key: str) -> int:
    return int(rule(session, key))


def term_begins(session: ScopedSession, today: date) -> date:
    """The first day of the present term: the autumn term begins with the school year, the spring term six
    months later (义务教育 has two terms a year)."""
    autumn = number(session, "school_year_begins_month")
    months = sorted((autumn, (autumn + 5) % 12 + 1))
    begun = [date(year, month, 1) for year in (today.year - 1, today.year) for month in months]
    return max(day for day in begun if day <= today)


def present_school_year(session: ScopedSession, today: date) -> int:
    """The year in which the present school year began."""
    return today.year - (today.month < number(session, "school_year_begins_month"))


def load_rules(session: ScopedSession) -> int:
    """Put every rule that is not there yet into the table, with its default; gives how many."""
    standing = set(session.scalars(select(Setting.key)))
    missing = [r for r in RULES.values() if r.key not in standing]
    session.add_all(Setting(key=r.key, label=r.label, value=r.default, advice=r.advice or None) for r in missing)
    session.flush()
    return len(missing)


kept_by(Setting, CodeItem)(require_all_units)


@check(Setting)
def value_fits(session: ScopedSession, actor: Actor, setting: Setting) -> None:
    setting.value = checked(setting.key, setting.value or "")


def checked(key: str, value: str) -> str:
    """The value as it may be stored. Raises Invalid."""
    declared = RULES.get(key)
    if declared is None:
        raise Invalid("没有这项设置。请从列表中选择。", "key")
    value = value.strip()
    if declared.choices and value not in declared.choices:
        raise Invalid(f"“{declared.label}”只能是：{'、'.join(declared.choices.values())}。", "value")
    if declared.choices:
        return value
    if not (value.isdecimal() and len(value) < 10 and 0 < int(value) <= declared.most):
        raise Invalid(f"“{declared.label}”须是 1 至 {declared.most} 的整数。", "value")
    return str(int(value))
