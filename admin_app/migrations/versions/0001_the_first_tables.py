"""The first tables

Revision: 0001, after: 
"""

import sqlalchemy as sa
from alembic import op


revision = '0001'
down_revision = None
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
CODE = sa.String(12).with_variant(sa.String(12, collation="C"), "postgresql")


def upgrade() -> None:
    op.create_table('attachment',
    sa.Column('id', KEY, nullable=False, comment='编号'),
    sa.Column('region_code', CODE, nullable=False, comment='统计用区划代码，12 位；记录归谁管由它决定'),
    sa.Column('owner_table', sa.String(), nullable=False, comment='所属台账'),
    sa.Column('owner_id', KEY, nullable=False, comment='所属记录'),
    sa.Column('sha256', sa.String(), nullable=False, comment='内容摘要'),
    sa.Column('filename', sa.String(), nullable=False, comment='文件名'),
    sa.Column('content_type', sa.String(), nullable=False, comment='类型'),
    sa.Column('size', KEY, nullable=False, comment='大小（字节）'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_attachment')),
    sqlite_autoincrement=True
    )
    with op.batch_alter_table('attachment', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_attachment_owner_table_owner_id'), ['owner_table', 'owner_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_attachment_region_code_id'), ['region_code', 'id'], unique=False)

    op.create_table('change_seal',
    sa.Column('id', KEY, nullable=False, comment='编号'),
    sa.Column('sealed_at', sa.DateTime(timezone=True), nullable=False, comment='封存时间'),
    sa.Column('first_change_id', KEY, nullable=False, comment='首条变更'),
    sa.Column('last_change_id', KEY, nullable=False, comment='末条变更'),
    sa.Column('digests', sa.Text(), nullable=False, comment='逐行摘要'),
    sa.Column('previous', sa.String(), nullable=False, comment='上一封存'),
    sa.Column('digest', sa.String(), nullable=False, comment='封存摘要'),
    sa.Column('mac', sa.String(), nullable=False, comment='以数据库之外的密钥计算'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_change_seal')),
    sa.UniqueConstraint('last_change_id', name=op.f('uq_change_seal_last_change_id')),
    sqlite_autoincrement=True
    )
    op.create_table('code_item',
    sa.Column('id', KEY, nullable=False, comment='编号'),
    sa.Column('code_table', sa.String(), nullable=False, comment='代码表'),
    sa.Column('code', sa.String(), nullable=False, comment='代码'),
    sa.Column('label', sa.String(), nullable=False, comment='名称'),
    sa.Column('position', KEY, nullable=False, comment='排序'),
    sa.Column('colour', sa.String(), nullable=True, comment='标签颜色'),
    sa.Column('valid_from', sa.Date(), nullable=True, comment='启用日期'),
    sa.Column('valid_until', sa.Date(), nullable=True, comment='停用后旧记录仍可读，新记录不可选'),
    sa.Column('standard', sa.String(), nullable=True, comment='标准或文件'),
    sa.Column('mapping', sa.String(), nullable=True, comment='上级系统中的代码'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_code_item')),
    sa.UniqueConstraint('code_table', 'code', name=op.f('uq_code_item_code_table_code')),
    sqlite_autoincrement=True
    )
    op.create_table('region',
    sa.Column('id', KEY, nullable=False, comment='编号'),
    sa.Column('code', CODE, nullable=False, comment='统计用区划代码，12 位'),
    sa.Column('name', sa.String(), nullable=False, comment='名称'),
    sa.Column('level', sa.String(), nullable=False, comment='省、地市、县、乡镇、村'),
    sa.Column('parent_code', CODE, nullable=True, comment='上级区划'),
    sa.Column('settlement', sa.String(), nullable=True, comment='城乡分类'),
    sa.Column('valid_from', sa.Date(), nullable=True, comment='启用日期'),
    sa.Column('valid_until', sa.Date(), nullable=True, comment='最后一天；空表示仍在用'),
    sa.Column('successor_code', CODE, nullable=True, comment='并入区划'),
    sa.ForeignKeyConstraint(['parent_code'], ['region.code'], name=op.f('fk_region_parent_code')),
    sa.ForeignKeyConstraint(['successor_code'], ['region.code'], name=op.f('fk_region_successor_code')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_region')),
    sa.UniqueConstraint('code', name=op.f('uq_region_code')),
    sqlite_autoincrement=True
    )
    with op.batch_alter_table('region', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_region_parent_code'), ['parent_code'], unique=False)

    op.create_table('setting',
    sa.Column('id', KEY, nullable=False, comment='编号'),
    sa.Column('key', sa.String(), nullable=False, comment='键'),
    sa.Column('label', sa.String(), nullable=False, comment='名称'),
    sa.Column('value', sa.Text(), nullable=False, comment='值'),
    sa.Column('advice', sa.Text(), nullable=True, comment='说明'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_setting')),
    sa.UniqueConstraint('key', name=op.f('uq_setting_key')),
    sqlite_autoincrement=True
    )
    op.create_table('sign_in_attempt',
    sa.Column('id', KEY, nullable=False, comment='编号'),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False, comment='时间'),
    sa.Column('name_digest', sa.String(), nullable=False, comment='用户名摘要'),
    sa.Column('address', sa.String(), nullable=False, comment='来源地址'),
    sa.Column('device', sa.String(), nullable=True, comment='此前成功登录过该账号的浏览器'),
    sa.Column('succeeded', sa.Boolean(), nullable=False, comment='成功'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_sign_in_attempt')),
    sqlite_autoincrement=True
    )
    with op.batch_alter_table('sign_in_attempt', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_sign_in_attempt_address_at'), ['address', 'at'], unique=False)
        batch_op.create_index(batch_op.f('ix_sign_in_attempt_name_digest_at'), ['name_digest', 'at'], unique=False)

    op.create_table('account',
    sa.Column('id', KEY, nullable=False, comment='编号'),
    sa.Column('region_code', CODE, nullable=False, comment='统计用区划代码，12 位；记录归谁管由它决定'),
    sa.Column('username', sa.String(), nullable=False, comment='用户名'),
    sa.Column('display_name', sa.String(), nullable=False, comment='姓名'),
    sa.Column('password_hash', sa.String(), nullable=False, comment='密码摘要'),
    sa.Column('password_changed_at', sa.DateTime(timezone=True), nullable=True, comment='密码修改时间'),
    sa.Column('must_change_password', sa.Boolean(), nullable=False, comment='下次登录须改密码'),
    sa.Column('sessions_from', sa.DateTime(timezone=True), nullable=True, comment='此前开始的登录一律失效'),
    sa.Column('disabled_at', sa.DateTime(timezone=True), nullable=True, comment='停用时间'),
    sa.Column('note', sa.String(), nullable=True, comment='备注'),
    sa.ForeignKeyConstraint(['region_code'], ['region.code'], name=op.f('fk_account_region_code')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_account')),
    sa.UniqueConstraint('username', name=op.f('uq_account_username')),
    sqlite_autoincrement=True
    )
    with op.batch_alter_table('account', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_account_region_code_id'), ['region_code', 'id'], unique=False)

    op.create_table('accountability_record',
    sa.Column('id', KEY, nullable=False, comment='编号'),
    sa.Column('region_code', CODE, nullable=False, comment='统计用区划代码，12 位；记录归谁管由它决定'),
    sa.Column('subject_kind', sa.String(), nullable=False, comment='对象类别'),
    sa.Column('subject', sa.String(), nullable=False, comment='问责对象'),
    sa.Column('situation', sa.String(), nullable=False, comment='问责情形'),
    sa.Column('facts', sa.String(), nullable=True, comment='主要事实'),
    sa.Column('form', sa.String(), nullable=True, comment='问责方式'),
    sa.Column('decided_by', sa.String(), nullable=True, comment='决定机关'),
    sa.Column('document_number', sa.String(), nullable=True, comment='文号'),
    sa.Column('decided_on', sa.Date(), nullable=True, comment='决定日期'),
    sa.Column('rectify_by', sa.Date(), nullable=True, comment='整改期限'),
    sa.Column('rectified_on', sa.Date(), nullable=True, comment='整改完成日期'),
    sa.Column('recheck', sa.String(), nullable=True, comment='复核结论'),
    sa.Column('state', sa.String(), nullable=False, comment='状态'),
    sa.Column('note', sa.String(), nullable=True, comment='备注'),
    sa.ForeignKeyConstraint(['region_code'], ['region.code'], name=op.f('fk_accountability_record_region_code')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_accountability_record')),
    sqlite_autoincrement=True
    )
    with op.batch_alter_table('accountability_record', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_accountability_record_region_code_id'), ['region_code', 'id'], unique=False)
        batch_op.create_index(batch_op.f('ix_accountability_record_region_code_state_id'), ['region_code', 'state', 'id'], unique=False)

    op.create_table('natural_group',
    sa.Column('id', KEY, nullable=False, comment='编号'),
    sa.Column('region_code', CODE, nullable=False, comment='统计用区划代码，12 位；记录归谁管由它决定'),
    sa.Column('name', sa.String(), nullable=False, comment='名称'),
    sa.Column('leader_name', sa.String(), nullable=True, comment='组长姓名'),
    sa.Column('note', sa.String(), nullable=True, comment='备注'),
    sa.ForeignKeyConstraint(['region_code'], ['region.code'], name=op.f('fk_natural_group_region_code')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_natural_group')),
    sa.UniqueConstraint('id', 'region_code', name=op.f('uq_natural_group_id_region_code')),
    sa.UniqueConstraint('region_code', 'name', name=op.f('uq_natural_group_region_code_name')),
    sqlite_autoincrement=True
    )
    op.create_table('post',
    sa.Column('id', KEY, nullable=False, comment='编号'),
    sa.Column('region_code', CODE, nullable=False, comment='统计用区划代码，12 位；记录归谁管由它决定'),
    sa.Column('kind', sa.String(), nullable=False, comment='职责'),
    sa.Column('unit', sa.String(), nullable=False, comment='单位'),
    sa.Column('holder', sa.String(), nullable=False, comment='姓名'),
    sa.Column('position', sa.String(), nullable=True, comment='行政职务'),
    sa.Column('phone', sa.Text(), nullable=True, comment='联系电话'),
    sa.Column('since', sa.Date(), nullable=True, comment='任期起'),
    sa.Column('until', sa.Date(), nullable=True, comment='任期止'),
    sa.Column('document_number', sa.String(), nullable=True, comment='文件号'),
    sa.Column('note', sa.String(), nullable=True, comment='备注'),
    sa.ForeignKeyConstraint(['region_code'], ['region.code'], name=op.f('fk_post_region_code')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_post')),
    sqlite_autoincrement=True
    )
    with op.batch_alter_table('post', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_post_region_code_kind_id'), ['region_code', 'kind', 'id'], unique=False)

    op.create_table('school',
    sa.Column('id', KEY, nullable=False, comment='编号'),
    sa.Column('code', sa.String(), nullable=True, comment='10 位：类别 2 + 省 2 + 序号 6'),
    sa.Column('name', sa.String(), nullable=False, comment='学校名称'),
    sa.Column('kind', sa.String(), nullable=False, comment='办学类型'),
    sa.Column('region_code', CODE, nullable=False, comment='所在区划'),
    sa.Column('address', sa.String(), nullable=True, comment='地址'),
    sa.Column('closed_on', sa.Date(), nullable=True, comment='停办日期'),
    sa.Column('note', sa.String(), nullable=True, comment='备注'),
    sa.ForeignKeyConstraint(['region_code'], ['region.code'], name=op.f('fk_school_region_code')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_school')),
    sa.UniqueConstraint('code', name=op.f('uq_school_code')),
    sa.UniqueConstraint('name', name=op.f('uq_school_name')),
    sqlite_autoincrement=True
    )
    with op.batch_alter_table('school', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_school_region_code'), ['region_code'], unique=False)

    op.create_table('change',
    sa.Column('id', KEY, nullable=False, comment='编号'),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False, comment='时间'),
    sa.Column('account_id', KEY, nullable=True, comment='账号'),
    sa.Column('actor', sa.String(), nullable=False, comment='操作人'),
    sa.Column('role', sa.String(), nullable=False, comment='角色'),
    sa.Column('origin', sa.String(), nullable=False, comment='page、batch、import、job、command、api'),
    sa.Column('verb', sa.String(), nullable=False, comment='操作'),
    sa.Column('reason', sa.String(), nullable=True, comment='原因'),
    sa.Column('request_id', sa.String(), nullable=False, comment='请求编号'),
    sa.Column('address', sa.String(), nullable=True, comment='来源地址'),
    sa.Column('region_code', CODE, nullable=False, comment='统计用区划代码，12 位；记录归谁管由它决定'),
    sa.Column('undoes_id', KEY, nullable=True, comment='撤销的变更'),
    sa.ForeignKeyConstraint(['account_id'], ['account.id'], name=op.f('fk_change_account_id')),
    sa.ForeignKeyConstraint(['undoes_id'], ['change.id'], name=op.f('fk_change_undoes_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_change')),
    sqlite_autoincrement=True
    )
    with op.batch_alter_table('change', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_change_account_id_id'), ['account_id', 'id'], unique=False)
        batch_op.create_index(batch_op.f('ix_change_region_code_id'), ['region_code', 'id'], unique=False)
        batch_op.create_index(batch_op.f('ix_change_undoes_id'), ['undoes_id'], unique=False)

    op.create_table('grant',
    sa.Column('id', KEY, nullable=False, comment='编号'),
    sa.Column('region_code', CODE, nullable=False, comment='及其全部下级'),
    sa.Column('account_id', KEY, nullable=False, comment='账号'),
    sa.Column('role', sa.String(), nullable=False, comment='角色'),
    sa.Column('since', sa.Date(), nullable=False, comment='生效日期'),
    sa.Column('until', sa.Date(), nullable=True, comment='最后一天；空表示长期'),
    sa.Column('granted_by_id', KEY, nullable=True, comment='授权人'),
    sa.Column('note', sa.String(), nullable=True, comment='备注'),
    sa.ForeignKeyConstraint(['account_id'], ['account.id'], name=op.f('fk_grant_account_id')),
    sa.ForeignKeyConstraint(['granted_by_id'], ['account.id'], name=op.f('fk_grant_granted_by_id')),
    sa.ForeignKeyConstraint(['region_code'], ['region.code'], name=op.f('fk_grant_region_code')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_grant')),
    sqlite_autoincrement=True
    )
    with op.batch_alter_table('grant', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_grant_account_id'), ['account_id'], unique=False)

    op.create_table('household',
    sa.Column('id', KEY, nullable=False, comment='编号'),
    sa.Column('region_code', CODE, nullable=False, comment='统计用区划代码，12 位；记录归谁管由它决定'),
    sa.Column('register_number', sa.String(), nullable=False, comment='村内唯一'),
    sa.Column('natural_group_id', KEY, nullable=True, comment='自然村（组）'),
    sa.Column('head_name', sa.String(), nullable=False, comment='户主姓名'),
    sa.Column('name_pinyin', sa.String(), nullable=True, comment='户主拼音'),
    sa.Column('name_initials', sa.String(), nullable=True, comment='户主拼音首字母'),
    sa.Column('identity_number', sa.Text(), nullable=True, comment='户主身份证号'),
    sa.Column('identity_index', sa.String(), nullable=True, comment='户主身份证号索引'),
    sa.Column('identity_tail', sa.String(), nullable=True, comment='户主身份证号尾号索引'),
    sa.Column('phone', sa.Text(), nullable=True, comment='联系电话'),
    sa.Column('address', sa.String(), nullable=True, comment='住址'),
    sa.Column('note', sa.String(), nullable=True, comment='备注'),
    sa.ForeignKeyConstraint(['natural_group_id'], ['natural_group.id'], name=op.f('fk_household_natural_group_id')),
    sa.ForeignKeyConstraint(['region_code'], ['region.code'], name=op.f('fk_household_region_code')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_household')),
    sa.UniqueConstraint('id', 'region_code', name=op.f('uq_household_id_region_code')),
    sa.UniqueConstraint('region_code', 'register_number', name=op.f('uq_household_region_code_register_number')),
    sqlite_autoincrement=True
    )
    with op.batch_alter_table('household', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_household_identity_index'), ['identity_index'], unique=False)
        batch_op.create_index(batch_op.f('ix_household_region_code_head_name_id'), ['region_code', 'head_name', 'id'], unique=False)
        batch_op.create_index(batch_op.f('ix_household_region_code_id'), ['region_code', 'id'], unique=False)
        batch_op.create_index(batch_op.f('ix_household_region_code_name_initials'), ['region_code', 'name_initials'], unique=False)
        batch_op.create_index(batch_op.f('ix_household_region_code_name_pinyin'), ['region_code', 'name_pinyin'], unique=False)

    op.create_table('change_row',
    sa.Column('id', KEY, nullable=False, comment='编号'),
    sa.Column('change_id', KEY, nullable=False, comment='变更'),
    sa.Column('table_name', sa.String(), nullable=False, comment='台账'),
    sa.Column('pk', KEY, nullable=False, comment='记录'),
    sa.Column('region_code', CODE, nullable=False, comment='统计用区划代码，12 位；记录归谁管由它决定'),
    sa.Column('operation', sa.String(), nullable=False, comment='insert、update、delete、reveal'),
    sa.Column('columns', sa.Text(), nullable=False, comment='字段'),
    sa.Column('before', sa.Text(), nullable=True, comment='变更前'),
    sa.Column('after', sa.Text(), nullable=True, comment='变更后'),
    sa.ForeignKeyConstraint(['change_id'], ['change.id'], name=op.f('fk_change_row_change_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_change_row')),
    sqlite_autoincrement=True
    )
    with op.batch_alter_table('change_row', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_change_row_change_id'), ['change_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_change_row_region_code_id'), ['region_code', 'id'], unique=False)
        batch_op.create_index(batch_op.f('ix_change_row_table_name_pk_id'), ['table_name', 'pk', 'id'], unique=False)

    op.create_table('household_hardship',
    sa.Column('id', KEY, nullable=False, comment='编号'),
    sa.Column('region_code', CODE, nullable=False, comment='统计用区划代码，12 位；记录归谁管由它决定'),
    sa.Column('household_id', KEY, nullable=False, comment='户'),
    sa.Column('kind', sa.String(), nullable=False, comment='困难类型'),
    sa.Column('since', sa.Date(), nullable=True, comment='认定日期'),
    sa.Column('until', sa.Date(), nullable=True, comment='退出日期'),
    sa.Column('risk_cleared_on', sa.Date(), nullable=True, comment='风险消除日期'),
    sa.Column('state', sa.String(), nullable=False, comment='状态'),
    sa.Column('note', sa.String(), nullable=True, comment='备注'),
    sa.ForeignKeyConstraint(['household_id', 'region_code'], ['household.id', 'household.region_code'], name=op.f('fk_household_hardship_household_id_region_code'), onupdate='CASCADE', initially='IMMEDIATE', deferrable=True),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_household_hardship')),
    sqlite_autoincrement=True
    )
    with op.batch_alter_table('household_hardship', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_household_hardship_household_id'), ['household_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_household_hardship_region_code_kind'), ['region_code', 'kind'], unique=False)

    op.create_table('import_run',
    sa.Column('id', KEY, nullable=False, comment='编号'),
    sa.Column('region_code', CODE, nullable=False, comment='统计用区划代码，12 位；记录归谁管由它决定'),
    sa.Column('account_id', KEY, nullable=False, comment='导入人'),
    sa.Column('sheet', sa.String(), nullable=False, comment='表'),
    sa.Column('filename', sa.String(), nullable=False, comment='文件名'),
    sa.Column('sha256', sa.String(), nullable=False, comment='文件摘要'),
    sa.Column('state', sa.String(), nullable=False, comment='checked、confirmed、set_aside'),
    sa.Column('counts', sa.JSON(), nullable=False, comment='条数'),
    sa.Column('captions', sa.JSON(), nullable=False, comment='原列名'),
    sa.Column('plan_digest', sa.String(), nullable=False, comment='确认的必须正是预览过的'),
    sa.Column('ledger_position', KEY, nullable=False, comment='预览时的台账位置'),
    sa.Column('change_id', KEY, nullable=True, comment='变更'),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False, comment='上传时间'),
    sa.Column('confirmed_at', sa.DateTime(timezone=True), nullable=True, comment='确认时间'),
    sa.ForeignKeyConstraint(['account_id'], ['account.id'], name=op.f('fk_import_run_account_id')),
    sa.ForeignKeyConstraint(['change_id'], ['change.id'], name=op.f('fk_import_run_change_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_import_run')),
    sqlite_autoincrement=True
    )
    with op.batch_alter_table('import_run', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_import_run_region_code_id'), ['region_code', 'id'], unique=False)

    op.create_table('login_session',
    sa.Column('id', KEY, nullable=False, comment='编号'),
    sa.Column('token_digest', sa.String(), nullable=False, comment='令牌摘要'),
    sa.Column('account_id', KEY, nullable=False, comment='账号'),
    sa.Column('grant_id', KEY, nullable=True, comment='当前授权'),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False, comment='登录时间'),
    sa.Column('seen_at', sa.DateTime(timezone=True), nullable=False, comment='最近活动'),
    sa.Column('ended_at', sa.DateTime(timezone=True), nullable=True, comment='结束时间'),
    sa.Column('ended_why', sa.String(), nullable=True, comment='结束原因'),
    sa.Column('address', sa.String(), nullable=False, comment='来源地址'),
    sa.Column('agent', sa.String(), nullable=False, comment='浏览器'),
    sa.ForeignKeyConstraint(['account_id'], ['account.id'], name=op.f('fk_login_session_account_id')),
    sa.ForeignKeyConstraint(['grant_id'], ['grant.id'], name=op.f('fk_login_session_grant_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_login_session')),
    sa.UniqueConstraint('token_digest', name=op.f('uq_login_session_token_digest')),
    sqlite_autoincrement=True
    )
    with op.batch_alter_table('login_session', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_login_session_account_id'), ['account_id'], unique=False)

    op.create_table('responsibility_letter',
    sa.Column('id', KEY, nullable=False, comment='编号'),
    sa.Column('region_code', CODE, nullable=False, comment='统计用区划代码，12 位；记录归谁管由它决定'),
    sa.Column('number', sa.String(), nullable=False, comment='编号'),
    sa.Column('level', sa.String(), nullable=False, comment='层级'),
    sa.Column('school_year', KEY, nullable=False, comment='起始年份，如 2026 指 2026-2027 学年'),
    sa.Column('household_id', KEY, nullable=True, comment='户'),
    sa.Column('school_id', KEY, nullable=True, comment='学校'),
    sa.Column('party_a', sa.String(), nullable=False, comment='甲方'),
    sa.Column('party_b', sa.String(), nullable=False, comment='乙方'),
    sa.Column('signed_on', sa.Date(), nullable=True, comment='签订日期'),
    sa.Column('valid_until', sa.Date(), nullable=True, comment='责任期限至'),
    sa.Column('target', sa.String(), nullable=True, comment='入学率、巩固率等'),
    sa.Column('state', sa.String(), nullable=False, comment='状态'),
    sa.Column('note', sa.String(), nullable=True, comment='备注'),
    sa.ForeignKeyConstraint(['household_id', 'region_code'], ['household.id', 'household.region_code'], name=op.f('fk_responsibility_letter_household_id_region_code'), onupdate='CASCADE', initially='IMMEDIATE', deferrable=True),
    sa.ForeignKeyConstraint(['region_code'], ['region.code'], name=op.f('fk_responsibility_letter_region_code')),
    sa.ForeignKeyConstraint(['school_id'], ['school.id'], name=op.f('fk_responsibility_letter_school_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_responsibility_letter')),
    sqlite_autoincrement=True
    )
    with op.batch_alter_table('responsibility_letter', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_responsibility_letter_household_id'), ['household_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_responsibility_letter_region_code_school_year_id'), ['region_code', 'school_year', 'id'], unique=False)
        batch_op.create_index(batch_op.f('ix_responsibility_letter_region_code_state_id'), ['region_code', 'state', 'id'], unique=False)

    op.create_table('student',
    sa.Column('id', KEY, nullable=False, comment='编号'),
    sa.Column('region_code', CODE, nullable=False, comment='统计用区划代码，12 位；记录归谁管由它决定'),
    sa.Column('household_id', KEY, nullable=True, comment='户'),
    sa.Column('name', sa.String(), nullable=False, comment='姓名'),
    sa.Column('name_pinyin', sa.String(), nullable=True, comment='姓名拼音'),
    sa.Column('name_initials', sa.String(), nullable=True, comment='姓名拼音首字母'),
    sa.Column('sex', sa.String(), nullable=True, comment='性别'),
    sa.Column('ethnic_group', sa.String(), nullable=True, comment='民族'),
    sa.Column('identity_kind', sa.String(), nullable=False, comment='证件类型'),
    sa.Column('identity_number', sa.Text(), nullable=True, comment='身份证号码'),
    sa.Column('identity_index', sa.String(), nullable=True, comment='身份证号索引'),
    sa.Column('identity_tail', sa.String(), nullable=True, comment='身份证号尾号索引'),
    sa.Column('birth_date', sa.Date(), nullable=True, comment='出生日期'),
    sa.Column('relation_to_head', sa.String(), nullable=True, comment='与户主关系'),
    sa.Column('registered_address', sa.String(), nullable=True, comment='户籍地'),
    sa.Column('current_address', sa.String(), nullable=True, comment='现居住地'),
    sa.Column('schooling_state', sa.String(), nullable=False, comment='就学状态'),
    sa.Column('school_id', KEY, nullable=True, comment='学校'),
    sa.Column('grade', sa.String(), nullable=True, comment='年级'),
    sa.Column('class_name', sa.String(), nullable=True, comment='班级'),
    sa.Column('boarding', sa.String(), nullable=True, comment='就读方式'),
    sa.Column('student_number', sa.Text(), nullable=True, comment='G、L 或 J 加 18 位；学籍是入学的结果，可空'),
    sa.Column('study_place', sa.String(), nullable=True, comment='省、市、县'),
    sa.Column('elsewhere_school', sa.String(), nullable=True, comment='外地就读学校'),
    sa.Column('absent_since', sa.Date(), nullable=True, comment='缺勤起始日期'),
    sa.Column('leave_until', sa.Date(), nullable=True, comment='休学（延缓）至'),
    sa.Column('checked_on', sa.Date(), nullable=True, comment='村（社区）干部入户核查'),
    sa.Column('note', sa.String(), nullable=True, comment='备注'),
    sa.ForeignKeyConstraint(['household_id', 'region_code'], ['household.id', 'household.region_code'], name=op.f('fk_student_household_id_region_code'), onupdate='CASCADE', initially='IMMEDIATE', deferrable=True),
    sa.ForeignKeyConstraint(['region_code'], ['region.code'], name=op.f('fk_student_region_code')),
    sa.ForeignKeyConstraint(['school_id'], ['school.id'], name=op.f('fk_student_school_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_student')),
    sa.UniqueConstraint('id', 'region_code', name=op.f('uq_student_id_region_code')),
    sa.UniqueConstraint('identity_index', name=op.f('uq_student_identity_index')),
    sqlite_autoincrement=True
    )
    with op.batch_alter_table('student', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_student_household_id'), ['household_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_student_identity_tail_region_code'), ['identity_tail', 'region_code'], unique=False)
        batch_op.create_index(batch_op.f('ix_student_region_code_birth_date_id'), ['region_code', 'birth_date', 'id'], unique=False)
        batch_op.create_index(batch_op.f('ix_student_region_code_id'), ['region_code', 'id'], unique=False)
        batch_op.create_index(batch_op.f('ix_student_region_code_name_id'), ['region_code', 'name', 'id'], unique=False)
        batch_op.create_index(batch_op.f('ix_student_region_code_name_initials'), ['region_code', 'name_initials'], unique=False)
        batch_op.create_index(batch_op.f('ix_student_region_code_name_pinyin'), ['region_code', 'name_pinyin'], unique=False)
        batch_op.create_index(batch_op.f('ix_student_region_code_schooling_state_id'), ['region_code', 'schooling_state', 'id'], unique=False)
        batch_op.create_index(batch_op.f('ix_student_school_id_region_code'), ['school_id', 'region_code'], unique=False)

    op.create_table('guardian',
    sa.Column('id', KEY, nullable=False, comment='编号'),
    sa.Column('region_code', CODE, nullable=False, comment='统计用区划代码，12 位；记录归谁管由它决定'),
    sa.Column('student_id', KEY, nullable=False, comment='学生'),
    sa.Column('name', sa.String(), nullable=False, comment='监护人姓名'),
    sa.Column('relation', sa.String(), nullable=True, comment='与孩子关系'),
    sa.Column('phone', sa.Text(), nullable=True, comment='联系电话'),
    sa.Column('away', sa.Boolean(), nullable=True, comment='是否外出务工'),
    sa.Column('workplace', sa.String(), nullable=True, comment='务工地点'),
    sa.Column('note', sa.String(), nullable=True, comment='备注'),
    sa.ForeignKeyConstraint(['student_id', 'region_code'], ['student.id', 'student.region_code'], name=op.f('fk_guardian_student_id_region_code'), onupdate='CASCADE', initially='IMMEDIATE', deferrable=True),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_guardian')),
    sqlite_autoincrement=True
    )
    with op.batch_alter_table('guardian', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_guardian_region_code_id'), ['region_code', 'id'], unique=False)
        batch_op.create_index(batch_op.f('ix_guardian_student_id'), ['student_id'], unique=False)

    op.create_table('import_row',
    sa.Column('id', KEY, nullable=False, comment='编号'),
    sa.Column('region_code', CODE, nullable=False, comment='统计用区划代码，12 位；记录归谁管由它决定'),
    sa.Column('run_id', KEY, nullable=False, comment='导入'),
    sa.Column('excel_row', KEY, nullable=False, comment='Excel 行号'),
    sa.Column('outcome', sa.String(), nullable=False, comment='new、changed、same、refused'),
    sa.Column('warned', sa.Boolean(), nullable=False, comment='有提醒'),
    sa.Column('messages', sa.JSON(), nullable=False, comment='说明'),
    sa.Column('label', sa.String(), nullable=False, comment='姓名'),
    sa.Column('cells', sa.Text(), nullable=False, comment='原始单元格'),
    sa.Column('plan', sa.Text(), nullable=True, comment='拟写入'),
    sa.ForeignKeyConstraint(['run_id'], ['import_run.id'], name=op.f('fk_import_row_run_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_import_row')),
    sqlite_autoincrement=True
    )
    with op.batch_alter_table('import_row', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_import_row_run_id_outcome_excel_row'), ['run_id', 'outcome', 'excel_row'], unique=False)

    op.create_table('special_group_flag',
    sa.Column('id', KEY, nullable=False, comment='编号'),
    sa.Column('region_code', CODE, nullable=False, comment='统计用区划代码，12 位；记录归谁管由它决定'),
    sa.Column('student_id', KEY, nullable=False, comment='学生'),
    sa.Column('kind', sa.String(), nullable=False, comment='群体类型'),
    sa.Column('since', sa.Date(), nullable=True, comment='起始日期'),
    sa.Column('until', sa.Date(), nullable=True, comment='解除日期'),
    sa.Column('verified_on', sa.Date(), nullable=True, comment='核实日期'),
    sa.Column('state', sa.String(), nullable=False, comment='状态'),
    sa.Column('note', sa.String(), nullable=True, comment='备注'),
    sa.ForeignKeyConstraint(['student_id', 'region_code'], ['student.id', 'student.region_code'], name=op.f('fk_special_group_flag_student_id_region_code'), onupdate='CASCADE', initially='IMMEDIATE', deferrable=True),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_special_group_flag')),
    sqlite_autoincrement=True
    )
    with op.batch_alter_table('special_group_flag', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_special_group_flag_region_code_kind_id'), ['region_code', 'kind', 'id'], unique=False)
        batch_op.create_index(batch_op.f('ix_special_group_flag_region_code_state_id'), ['region_code', 'state', 'id'], unique=False)
        batch_op.create_index(batch_op.f('ix_special_group_flag_student_id'), ['student_id'], unique=False)



def downgrade() -> None:
    with op.batch_alter_table('special_group_flag', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_special_group_flag_student_id'))
        batch_op.drop_index(batch_op.f('ix_special_group_flag_region_code_state_id'))
        batch_op.drop_index(batch_op.f('ix_special_group_flag_region_code_kind_id'))

    op.drop_table('special_group_flag')
    with op.batch_alter_table('import_row', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_import_row_run_id_outcome_excel_row'))

    op.drop_table('import_row')
    with op.batch_alter_table('guardian', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_guardian_student_id'))
        batch_op.drop_index(batch_op.f('ix_guardian_region_code_id'))

    op.drop_table('guardian')
    with op.batch_alter_table('student', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_student_school_id_region_code'))
        batch_op.drop_index(batch_op.f('ix_student_region_code_schooling_state_id'))
        batch_op.drop_index(batch_op.f('ix_student_region_code_name_pinyin'))
        batch_op.drop_index(batch_op.f('ix_student_region_code_name_initials'))
        batch_op.drop_index(batch_op.f('ix_student_region_code_name_id'))
        batch_op.drop_index(batch_op.f('ix_student_region_code_id'))
        batch_op.drop_index(batch_op.f('ix_student_region_code_birth_date_id'))
        batch_op.drop_index(batch_op.f('ix_student_identity_tail_region_code'))
        batch_op.drop_index(batch_op.f('ix_student_household_id'))

    op.drop_table('student')
    with op.batch_alter_table('responsibility_letter', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_responsibility_letter_region_code_state_id'))
        batch_op.drop_index(batch_op.f('ix_responsibility_letter_region_code_school_year_id'))
        batch_op.drop_index(batch_op.f('ix_responsibility_letter_household_id'))

    op.drop_table('responsibility_letter')
    with op.batch_alter_table('login_session', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_login_session_account_id'))

    op.drop_table('login_session')
    with op.batch_alter_table('import_run', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_import_run_region_code_id'))

    op.drop_table('import_run')
    with op.batch_alter_table('household_hardship', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_household_hardship_region_code_kind'))
        batch_op.drop_index(batch_op.f('ix_household_hardship_household_id'))

    op.drop_table('household_hardship')
    with op.batch_alter_table('change_row', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_change_row_table_name_pk_id'))
        batch_op.drop_index(batch_op.f('ix_change_row_region_code_id'))
        batch_op.drop_index(batch_op.f('ix_change_row_change_id'))

    op.drop_table('change_row')
    with op.batch_alter_table('household', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_household_region_code_name_pinyin'))
        batch_op.drop_index(batch_op.f('ix_household_region_code_name_initials'))
        batch_op.drop_index(batch_op.f('ix_household_region_code_id'))
        batch_op.drop_index(batch_op.f('ix_household_region_code_head_name_id'))
        batch_op.drop_index(batch_op.f('ix_household_identity_index'))

    op.drop_table('household')
    with op.batch_alter_table('grant', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_grant_account_id'))

    op.drop_table('grant')
    with op.batch_alter_table('change', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_change_undoes_id'))
        batch_op.drop_index(batch_op.f('ix_change_region_code_id'))
        batch_op.drop_index(batch_op.f('ix_change_account_id_id'))

    op.drop_table('change')
    with op.batch_alter_table('school', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_school_region_code'))

    op.drop_table('school')
    with op.batch_alter_table('post', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_post_region_code_kind_id'))

    op.drop_table('post')
    op.drop_table('natural_group')
    with op.batch_alter_table('accountability_record', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_accountability_record_region_code_state_id'))
        batch_op.drop_index(batch_op.f('ix_accountability_record_region_code_id'))

    op.drop_table('accountability_record')
    with op.batch_alter_table('account', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_account_region_code_id'))

    op.drop_table('account')
    with op.batch_alter_table('sign_in_attempt', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_sign_in_attempt_name_digest_at'))
        batch_op.drop_index(batch_op.f('ix_sign_in_attempt_address_at'))

    op.drop_table('sign_in_attempt')
    op.drop_table('setting')
    with op.batch_alter_table('region', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_region_parent_code'))

    op.drop_table('region')
    op.drop_table('code_item')
    op.drop_table('change_seal')
    with op.batch_alter_table('attachment', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_attachment_region_code_id'))
        batch_op.drop_index(batch_op.f('ix_attachment_owner_table_owner_id'))

    op.drop_table('attachment')
