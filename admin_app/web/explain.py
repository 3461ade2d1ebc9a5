"""为什么能看到: why a record is before its reader, in sentences."""

from datetime import date

from sqlalchemy import select

from admin_app.access.actor import Actor
from admin_app.access.keepers import may_change, may_keep
from admin_app.access.masking import Sight, sight
from admin_app.access.permissions import ROLE_LABELS
from admin_app.access.scope import ScopedSession, unscoped
from admin_app.display import Display
from admin_app.text import ACT_LABELS
from models.account import Account, Grant, in_force
from models.base import Base, Privacy, Wall, declared, table_of
from models.region import prefix_of

_PRIVACY_LABELS = {
    Privacy.NAME: "姓名", Privacy.BIRTH: "出生日期", Privacy.ADDRESS: "住址", Privacy.PHONE: "电话",
    Privacy.IDENTITY: "证件号码", Privacy.CONDITION: "困难与健康情况",
}
_SIGHT_LABELS = {Sight.FULL: "完整可见", Sight.MASKED: "部分遮盖", Sight.ABSENT: "不可见"}


def reasons(session: ScopedSession, actor: Actor, display: Display, record: Base) -> list[str]:
    """Whose grant, at which region, in which role; what may be done; what is masked."""
    model = type(record)
    with unscoped(session.get_bind().engine, "one's own grant may have been given from above") as wide:
        given = wide.execute(
            select(Grant, Account.display_name).outerjoin(Account, Account.id == Grant.granted_by_id)
            .where(Grant.account_id == actor.account_id, Grant.role == actor.role,
                   Grant.region_code == actor.region_code).order_by(Grant.id.desc())).all()
    found = next(((grant, giver) for grant, giver in given if in_force(grant, date.today())), None)
    place = display.region(actor.region_code)
    sentences = [f"您现在以“{ROLE_LABELS[actor.role]}”的身份工作，范围是“{place}”及其全部下级。"]
    if found:
        grant, giver = found
        until = f"，到 {grant.until} 为止" if grant.until else ""
        sentences.append(f"这项授权从 {grant.since} 起生效{until}，由“{giver or '系统初始化'}”授予。")
    if model.__wall__ is Wall.REFERENCE:
        sentences.append(f"“{model.__title__}”是公共资料，登录后都能查看。")
    else:
        code = getattr(record, model.__region__ or "region_code")
        sentences.append(f"这条记录属于“{display.region(code)}”（{code}），"
                         f"以您的范围代码“{prefix_of(actor.region_code) or '全国'}”开头，所以您能看到。")
    kept = {"create": may_keep(session, actor, model), "edit": may_change(session, actor, record)}
    acts = [label for act, label in ACT_LABELS.items()
            if kept.get(act, True) and _may(actor, f"{model.__area__}.{act}")]
    sentences.append(f"对“{model.__title__}”您可以：{'、'.join(acts)}。")
    kinds = {declared(model, c.name).privacy for c in table_of(model).columns if not c.primary_key}
    masks = [f"{_PRIVACY_LABELS[k]}{_SIGHT_LABELS[sight(actor.role, k)]}" for k in _PRIVACY_LABELS if k in kinds]
    if masks:
        sentences.append("其中：" + "，".join(masks) + "。")
    return sentences


def _may(actor: Actor, permission: str) -> bool:
    try:
        return actor.may(permission)
    except ValueError:
        return False  # the area has no such act
