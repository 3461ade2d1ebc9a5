"""导入预览说明更新的行改动哪些项

Revision: 0008, after: 0007
"""

import sqlalchemy as sa
from alembic import op


revision = '0008'
down_revision = '0007'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column('import_run', sa.Column('changed', sa.JSON(), nullable=True, comment='每一项各在几行中改动'))


def downgrade() -> None:
    op.drop_column('import_run', 'changed')
