"""Words of the screen that belong to no column and no move. Each word has one home; this is theirs."""

from admin_app.access.permissions import ROLE_LABELS, Permission, Role

AREA_LABELS = {
    "place": "区划与学校", "code": "代码表", "setting": "设置", "account": "账号与授权",
    "family": "户与学生", "duty": "责任书与责任人", "accountability": "问责记录", "attachment": "附件",
    "import": "导入", "ledger": "变更台账",
}
ACT_LABELS = {
    "view": "查看", "create": "新增", "edit": "修改", "export": "导出", "move": "办理",
    "confirm": "核定", "reveal": "查看完整的", "hand_over": "移交", "undo": "撤销",
}
VERB_LABELS = {
    "create": "新增", "edit": "修改", "end": "收回", "import": "导入", "load": "装载", "undo": "撤销",
    "revert": "恢复", "remove": "移除", "reveal": "查看完整信息", "attach": "上传附件", "void_attachment": "作废附件",
    "hand_over": "移交", "change_password": "修改密码", "reset_password": "重置密码",
    "disable": "停用账号", "enable": "启用账号", "set_up": "初始化", "seed": "演示数据",
    "export": "导出", "backup": "备份", "revoke_sessions": "强制下线",
}
ORIGIN_LABELS = {
    "page": "页面", "batch": "批量", "import": "导入", "job": "任务", "command": "命令行", "api": "接口",
}
OPERATION_LABELS = {"insert": "新增", "update": "修改", "delete": "删除", "reveal": "查看"}
MEASURES = {"student": "名", "guardian": "名", "household": "户", "responsibility_letter": "份", "account": "个"}
DATABASE_LOST = "与数据库的连接刚刚断开，没有写入任何内容。请刷新页面再试一次；如仍不行，请告诉系统管理员。"
BUSY = "数据库正忙（别人正在保存较多数据）。您填写的内容没有丢失，请过几秒再试一次。"


def role_label(role: str) -> str:
    return ROLE_LABELS[Role(role)]


def permission_label(permission: str) -> str:
    area, _, act = Permission(permission).partition(".")
    return ACT_LABELS[act] + AREA_LABELS[area]


def counted(number: int, table: str) -> str:
    """So many records of a ledger, in the measure that people use: 5 名学生, 3 户, 2 份责任书; else 条."""
    from models.base import model_of

    measure, title = MEASURES.get(table, "条"), model_of(table).__title__
    return f"{number:,} {measure}{'' if title == measure else title}"


def verb_label(verb: str) -> str:
    """The label of a recorded verb: a plain one, or `table:move`, whose label is the move's own."""
    from models.base import model_of, models

    table, _, move = verb.partition(":")
    if verb in VERB_LABELS:
        return VERB_LABELS[verb]
    if not move:  # an address may name a move alone, of whatever ledger
        tables = [of.__moves__ for of in models() if of.__moves__]
        return next((moves.by_verb[verb].label for moves in tables if verb in moves.by_verb), verb)
    model = model_of(table)
    moves = model.__moves__
    label = moves.by_verb[move].label if moves and move in moves.by_verb else VERB_LABELS.get(move, move)
    return f"{model.__title__}：{label}"
