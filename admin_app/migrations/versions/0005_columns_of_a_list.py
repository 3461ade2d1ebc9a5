"""导入记下没有用到的列，和预览时的快照

Revision: 0005, after: 0004
"""

import sqlalchemy as sa
from alembic import op


revision = '0005'
down_revision = '0004'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column('import_run', sa.Column('passed_over', sa.JSON(), nullable=True, comment='没有导入的列'))
    op.add_column('import_run', sa.Column('lacking', sa.JSON(), nullable=True, comment='名单里没有的列'))
    op.add_column('import_run', sa.Column('snapshot', sa.String(), nullable=True,
                                          comment='PostgreSQL 的快照：编号小的变更也可能后提交'))


def downgrade() -> None:
    op.drop_column('import_run', 'snapshot')
    op.drop_column('import_run', 'lacking')
    op.drop_column('import_run', 'passed_over')
