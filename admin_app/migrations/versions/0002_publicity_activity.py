"""宣传活动

Revision: 0002, after: 0001
"""

import sqlalchemy as sa
from alembic import op


revision = '0002'
down_revision = '0001'
branch_labels = None
depends_on = None

KEY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
CODE = sa.String(12).with_variant(sa.String(12, collation="C"), "postgresql")


def upgrade() -> None:
    op.create_table('publicity_activity',
    sa.Column('id', KEY, nullable=False, comment='编号'),
    sa.Column('region_code', CODE, nullable=False, comment='统计用区划代码，12 位；记录归谁管由它决定'),
    sa.Column('held_on', sa.Date(), nullable=False, comment='日期'),
    sa.Column('topic', sa.String(), nullable=False, comment='主题'),
    sa.Column('form', sa.String(), nullable=False, comment='形式'),
    sa.Column('reached', KEY, nullable=True, comment='覆盖人数'),
    sa.Column('handed_out', KEY, nullable=True, comment='宣传单、告知书等'),
    sa.Column('person_in_charge', sa.String(), nullable=True, comment='负责人'),
    sa.Column('note', sa.String(), nullable=True, comment='备注'),
    sa.ForeignKeyConstraint(['region_code'], ['region.code'], name=op.f('fk_publicity_activity_region_code')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_publicity_activity')),
    sqlite_autoincrement=True
    )
    with op.batch_alter_table('publicity_activity', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_publicity_activity_region_code_held_on_id'), ['region_code', 'held_on', 'id'], unique=False)
        batch_op.create_index(batch_op.f('ix_publicity_activity_region_code_id'), ['region_code', 'id'], unique=False)


def downgrade() -> None:
    with op.batch_alter_table('publicity_activity', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_publicity_activity_region_code_id'))
        batch_op.drop_index(batch_op.f('ix_publicity_activity_region_code_held_on_id'))

    op.drop_table('publicity_activity')
