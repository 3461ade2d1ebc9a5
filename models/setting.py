"""设置: the rules of the place (days, targets, password policy). Deployment settings are elsewhere."""

from models.base import Base, Wall, field
from sqlalchemy import Text
from sqlalchemy.orm import Mapped


class Setting(Base):
    """One rule. Its meaning, kind and default stand in `admin_app/settings.py`."""

    __tablename__ = "setting"
    __title__ = "设置"
    __wall__ = Wall.REFERENCE
    __area__ = "setting"
    __region__ = None

    key: Mapped[str] = field("键", unique=True, generated=True)
    label: Mapped[str] = field("名称", generated=True)
    value: Mapped[str] = field("值", Text)
    advice: Mapped[str | None] = field("说明", Text, generated=True)

    def __str__(self) -> str:
        return self.label
