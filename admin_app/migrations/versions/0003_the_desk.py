"""检索词、批量办理、任务、常用视图；列表按区划排序

Revision: 0003, after: 0002
"""

import sqlalchemy as sa
from alembic import op


revision = '0003'
down_revision = '0002'
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
CODE = sa.String(12).with_variant(sa.String(12, collation="C"), "postgresql")
ORDERED = sa.String().with_variant(sa.String(collation="C"), "postgresql")


def upgrade() -> None:
    op.create_table('search_term',
    sa.Column('id', KEY, nullable=False, comment='编号'),
    sa.Column('owner_table', sa.String(), nullable=False, comment='台账'),
    sa.Column('owner_id', KEY, nullable=False, comment='记录'),
    sa.Column('region_code', CODE, nullable=False, comment='统计用区划代码，12 位；记录归谁管由它决定'),
    sa.Column('term', ORDERED, nullable=False, comment='检索词'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_search_term')),
    sqlite_autoincrement=True
    )
    with op.batch_alter_table('search_term', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_search_term_owner_table_owner_id'), ['owner_table', 'owner_id'], unique=False)
        batch_op.create_index(batch_op.f('ix_search_term_owner_table_term_region_code_owner_id'), ['owner_table', 'term', 'region_code', 'owner_id'], unique=False)

    op.create_table('saved_view',
    sa.Column('id', KEY, nullable=False, comment='编号'),
    sa.Column('account_id', KEY, nullable=False, comment='保存人'),
    sa.Column('table_name', sa.String(), nullable=False, comment='台账'),
    sa.Column('name', sa.String(), nullable=False, comment='名称'),
    sa.Column('query', sa.Text(), nullable=False, comment='条件'),
    sa.Column('role', sa.String(), nullable=True, comment='共享给角色'),
    sa.Column('region_code', CODE, nullable=False, comment='保存人的授权区划'),
    sa.ForeignKeyConstraint(['account_id'], ['account.id'], name=op.f('fk_saved_view_account_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_saved_view')),
    sqlite_autoincrement=True
    )
    with op.batch_alter_table('saved_view', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_saved_view_account_id_table_name'), ['account_id', 'table_name'], unique=False)
        batch_op.create_index(batch_op.f('ix_saved_view_role_table_name'), ['role', 'table_name'], unique=False)

    op.create_table('task',
    sa.Column('id', KEY, nullable=False, comment='编号'),
    sa.Column('account_id', KEY, nullable=False, comment='发起人'),
    sa.Column('role', sa.String(), nullable=False, comment='角色'),
    sa.Column('region_code', CODE, nullable=False, comment='授权区划'),
    sa.Column('kind', sa.String(), nullable=False, comment='export、batch'),
    sa.Column('title', sa.String(), nullable=False, comment='标题'),
    sa.Column('arguments', sa.Text(), nullable=False, comment='参数'),
    sa.Column('state', sa.String(), nullable=False, comment='queued、running、done、failed'),
    sa.Column('done', KEY, nullable=False, comment='已完成条数'),
    sa.Column('total', KEY, nullable=False, comment='总条数'),
    sa.Column('message', sa.String(), nullable=True, comment='结果说明'),
    sa.Column('result', sa.JSON(), nullable=True, comment='结果'),
    sa.Column('attempts', KEY, nullable=False, comment='执行次数'),
    sa.Column('seen', sa.Boolean(), nullable=False, comment='已看过结果'),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False, comment='提交时间'),
    sa.Column('lease_until', sa.DateTime(timezone=True), nullable=True, comment='执行租期'),
    sa.Column('finished_at', sa.DateTime(timezone=True), nullable=True, comment='完成时间'),
    sa.ForeignKeyConstraint(['account_id'], ['account.id'], name=op.f('fk_task_account_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_task')),
    sqlite_autoincrement=True
    )
    with op.batch_alter_table('task', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_task_account_id_id'), ['account_id', 'id'], unique=False)
        batch_op.create_index(batch_op.f('ix_task_state_lease_until'), ['state', 'lease_until'], unique=False)

    op.create_table('batch_run',
    sa.Column('id', KEY, nullable=False, comment='编号'),
    sa.Column('region_code', CODE, nullable=False, comment='统计用区划代码，12 位；记录归谁管由它决定'),
    sa.Column('account_id', KEY, nullable=False, comment='办理人'),
    sa.Column('table_name', sa.String(), nullable=False, comment='台账'),
    sa.Column('verb', sa.String(), nullable=False, comment='操作'),
    sa.Column('keys', sa.JSON(), nullable=False, comment='所选记录'),
    sa.Column('given', sa.Text(), nullable=True, comment='字段的值与佐证文件'),
    sa.Column('reason', sa.String(), nullable=True, comment='原因'),
    sa.Column('state', sa.String(), nullable=False, comment='chosen、checked、confirmed'),
    sa.Column('counts', sa.JSON(), nullable=False, comment='条数'),
    sa.Column('refused', sa.JSON(), nullable=False, comment='未办理'),
    sa.Column('digest', sa.String(), nullable=True, comment='确认的必须正是预览过的'),
    sa.Column('task_id', KEY, nullable=True, comment='任务'),
    sa.Column('change_id', KEY, nullable=True, comment='变更'),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False, comment='提交时间'),
    sa.Column('confirmed_at', sa.DateTime(timezone=True), nullable=True, comment='确认时间'),
    sa.ForeignKeyConstraint(['account_id'], ['account.id'], name=op.f('fk_batch_run_account_id')),
    sa.ForeignKeyConstraint(['change_id'], ['change.id'], name=op.f('fk_batch_run_change_id')),
    sa.ForeignKeyConstraint(['task_id'], ['task.id'], name=op.f('fk_batch_run_task_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_batch_run')),
    sqlite_autoincrement=True
    )
    with op.batch_alter_table('batch_run', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_batch_run_account_id_id'), ['account_id', 'id'], unique=False)

    with op.batch_alter_table('household', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_household_region_code_name_initials'))
        batch_op.drop_index(batch_op.f('ix_household_region_code_name_pinyin'))
        batch_op.create_index(batch_op.f('ix_household_register_number_region_code'), ['register_number', 'region_code'], unique=False)

    with op.batch_alter_table('responsibility_letter', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_responsibility_letter_number_region_code'), ['number', 'region_code'], unique=False)

    with op.batch_alter_table('student', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_student_region_code_name_initials'))
        batch_op.drop_index(batch_op.f('ix_student_region_code_name_pinyin'))
        batch_op.create_index(batch_op.f('ix_student_region_code_checked_on'), ['region_code', 'checked_on'], unique=False)
        batch_op.create_index(batch_op.f('ix_student_schooling_state_region_code_id'), ['schooling_state', 'region_code', 'id'], unique=False)


def downgrade() -> None:
    postgresql = op.get_bind().dialect.name == "postgresql"
    for table in ("student", "household", "guardian"):
        for act in ("insert", "update", "delete"):  # derived at each upgrade to head; they write to search_term
            op.execute(f'DROP TRIGGER IF EXISTS "search_{table}_{act}"' + (f' ON "{table}"' if postgresql else ""))
            if postgresql:
                op.execute(f'DROP FUNCTION IF EXISTS "search_{table}_{act}"()')
    with op.batch_alter_table('student', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_student_schooling_state_region_code_id'))
        batch_op.drop_index(batch_op.f('ix_student_region_code_checked_on'))
        batch_op.create_index(batch_op.f('ix_student_region_code_name_pinyin'), ['region_code', 'name_pinyin'], unique=False)
        batch_op.create_index(batch_op.f('ix_student_region_code_name_initials'), ['region_code', 'name_initials'], unique=False)

    with op.batch_alter_table('responsibility_letter', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_responsibility_letter_number_region_code'))

    with op.batch_alter_table('household', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_household_register_number_region_code'))
        batch_op.create_index(batch_op.f('ix_household_region_code_name_pinyin'), ['region_code', 'name_pinyin'], unique=False)
        batch_op.create_index(batch_op.f('ix_household_region_code_name_initials'), ['region_code', 'name_initials'], unique=False)

    with op.batch_alter_table('batch_run', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_batch_run_account_id_id'))

    op.drop_table('batch_run')
    with op.batch_alter_table('task', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_task_state_lease_until'))
        batch_op.drop_index(batch_op.f('ix_task_account_id_id'))

    op.drop_table('task')
    with op.batch_alter_table('saved_view', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_saved_view_role_table_name'))
        batch_op.drop_index(batch_op.f('ix_saved_view_account_id_table_name'))

    op.drop_table('saved_view')
    with op.batch_alter_table('search_term', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_search_term_owner_table_term_region_code_owner_id'))
        batch_op.drop_index(batch_op.f('ix_search_term_owner_table_owner_id'))

    op.drop_table('search_term')
