"""What must hold for master data: divisions, schools, code tables."""

import re
from datetime import date

from sqlalchemy import or_, select

from admin_app.access.actor import Actor
from admin_app.access.scope import ScopedSession
from admin_app.errors import Invalid
from admin_app.services.records import check
from admin_app.standing import alike
from models.base import Base
from models.code_item import CodeItem
from models.region import LEVEL_LENGTHS, WHOLE_COUNTRY, Region, code_of, level_of
from models.school import School

_CODE = re.compile(r"^\d{12}$", re.A)
_SCHOOL_CODE = re.compile(r"^\d{10}$", re.A)  # 学校标识码: class 2, province 2, serial 6
_PARENT_LENGTHS = {"地市": 2, "县": 4, "乡镇": 6, "村": 9}


@check(Region)
def division(session: ScopedSession, actor: Actor, region: Region) -> None:
    """统计用区划代码: 12 digits, the level by its zeros, under a division that is there."""
    if not _CODE.match(region.code or ""):
        raise Invalid("区划代码须是 12 位数字。", "code")
    # Older stores call the whole country a province, and nobody could put that right.
    if not region.level or region.code == code_of(WHOLE_COUNTRY):
        region.level = level_of(region.code)
    elif region.level not in LEVEL_LENGTHS:
        raise Invalid(f"级别只能是：{'、'.join(LEVEL_LENGTHS)}。", "level")
    if level_of(region.code) != region.level:
        raise Invalid(f"代码 {region.code} 按编码规则是“{level_of(region.code)}”级，与所填级别不符。请核对。", "level")
    if region.level in _PARENT_LENGTHS:
        region.parent_code = code_of(region.code[:_PARENT_LENGTHS[region.level]])
        if session.scalar(select(Region.id).where(Region.code == region.parent_code)) is None:
            raise Invalid(f"上级区划 {region.parent_code} 还没有登记。请先登记上级。", "code")
    _alone(session, region, "code", "区划代码")
    if region.successor_code and (region.successor_code == region.code
                                  or level_of(region.successor_code) != region.level):
        raise Invalid(f"并入区划须是另一个“{region.level}”级区划。请改正。", "successor_code")
    if region.successor_code and region.valid_until is None:
        raise Invalid("填写了“并入区划”，请一并填写“撤销日期”（最后一天）；没有撤销日期，这里仍算在用。", "valid_until")


@check(School)
def school(session: ScopedSession, actor: Actor, record: School) -> None:
    if record.code and not _SCHOOL_CODE.match(record.code):
        raise Invalid("学校标识码是 10 位数字。不清楚可以先不填。", "code")
    if not actor.keeps(record.region_code or ""):
        raise Invalid("请选择您管辖范围内的区划。", "region_code")
    _alone(session, record, "name", "学校名称")
    _alone(session, record, "code", "学校标识码")


@check(CodeItem)
def code_item(session: ScopedSession, actor: Actor, item: CodeItem) -> None:
    if (twin := alike(session, item, "code_table", "code")) is not None:
        raise Invalid(f"这个代码表中已有代码 {item.code}（{twin.label}）。请换一个代码。", "code")
    same = session.scalar(select(CodeItem).where(
        CodeItem.code_table == item.code_table, CodeItem.label == item.label, CodeItem.id != (item.id or 0),
        or_(CodeItem.valid_until.is_(None), CodeItem.valid_until >= date.today())))
    if same is not None and (item.valid_until is None or item.valid_until >= date.today()):
        raise Invalid(f"这个代码表中已有“{same.label}”（代码 {same.code}）。两项同名，选的时候分不清；"
                      "请换一个名称。", "label")


def _alone(session: ScopedSession, record: Base, column: str, label: str) -> None:
    """No other record has this value. Only for tables that everybody may read."""
    value = getattr(record, column)
    if value and alike(session, record, column) is not None:
        raise Invalid(f"{label}“{value}”已经登记过。请在列表中查找。", column)
