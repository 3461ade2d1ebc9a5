"""导入读每一张工作表，并记下读取时的说明

Revision: 0006, after: 0005
"""

import sqlalchemy as sa
from alembic import op


revision = '0006'
down_revision = '0005'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column('import_run', sa.Column('notes', sa.JSON(), nullable=True, comment='读取说明'))
    op.add_column('import_row', sa.Column('tab', sa.String(), nullable=True, comment='名单分在几张工作表上时'))
    op.drop_index('ix_import_row_run_id_outcome_excel_row', table_name='import_row')
    op.create_index('ix_import_row_run_id_outcome_id', 'import_row', ['run_id', 'outcome', 'id'])


def downgrade() -> None:
    op.drop_index('ix_import_row_run_id_outcome_id', table_name='import_row')
    op.create_index('ix_import_row_run_id_outcome_excel_row', 'import_row', ['run_id', 'outcome', 'excel_row'])
    op.drop_column('import_row', 'tab')
    op.drop_column('import_run', 'notes')
