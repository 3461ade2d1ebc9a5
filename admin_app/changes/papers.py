"""Attachments name their record by table and number, so no foreign key moves them: they go where it goes."""

from sqlalchemy import select, update

from admin_app.access.scope import ScopedSession
from models.attachment import Attachment
from models.base import model_of
from models.change import ChangeRow


def follow(session: ScopedSession, change_id: int) -> None:
    """Put the papers of every record that this act has moved where the record lies now."""
    moved = select(ChangeRow.table_name, ChangeRow.pk).where(
        ChangeRow.change_id == change_id, ChangeRow.operation == "update",
        ChangeRow.columns.contains("region_code"))
    for table in session.scalars(moved.with_only_columns(ChangeRow.table_name).distinct()).all():
        model = model_of(table)
        if not hasattr(model, "region_code") or model is Attachment:
            continue
        place = select(model.region_code).where(model.id == Attachment.owner_id).scalar_subquery()
        session.execute(
            update(Attachment).where(
                Attachment.owner_table == table,
                Attachment.owner_id.in_(moved.with_only_columns(ChangeRow.pk).where(ChangeRow.table_name == table)),
                Attachment.region_code != place)
            .values(region_code=place).execution_options(synchronize_session=False))
