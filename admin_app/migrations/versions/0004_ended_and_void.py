"""授权的收回时间、附件的作废原因

Revision: 0004, after: 0003
"""

import sqlalchemy as sa
from alembic import op


revision = '0004'
down_revision = '0003'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column('grant', sa.Column('ended_at', sa.DateTime(timezone=True), nullable=True, comment='收回时间'))
    op.add_column('attachment', sa.Column('void_reason', sa.String(), nullable=True,
                                          comment='作废的附件留存备查，不再作为佐证'))


def downgrade() -> None:
    op.drop_column('attachment', 'void_reason')
    op.drop_column('grant', 'ended_at')
