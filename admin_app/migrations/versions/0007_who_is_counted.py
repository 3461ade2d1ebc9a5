"""学生名单不计已作废：按区划翻页的索引带上就学状态

Revision: 0007, after: 0006
"""

from alembic import op


revision = '0007'
down_revision = '0006'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.drop_index('ix_student_region_code_id', table_name='student')
    op.create_index('ix_student_region_code_id_schooling_state', 'student', ['region_code', 'id', 'schooling_state'])


def downgrade() -> None:
    op.drop_index('ix_student_region_code_id_schooling_state', table_name='student')
    op.create_index('ix_student_region_code_id', 'student', ['region_code', 'id'])
