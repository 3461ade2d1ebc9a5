"""检索词: what a person or family is found by, one row for each beginning that somebody may type."""

from models.base import Base, ByteOrdered, Wall, field, region_code
from sqlalchemy import Index
from sqlalchemy.orm import Mapped


class SearchTerm(Base):
    """A part of a name from one of its characters to its end (小明 of 张小明), the pinyin of the whole
    name in each of its readings, that of the given name, or its initials. A search is a range over the beginning
    of a term.

    Kept by triggers (`admin_app/search_terms.py`), so that whatever writes a name keeps its terms.
    Full-text indexes were not taken: a non-leakproof operator finds no index behind row-level security."""

    __tablename__ = "search_term"
    __title__ = "检索词"
    __wall__ = Wall.CHILD
    __area__ = "family"
    __recorded__ = False
    __table_args__ = (Index(None, "owner_table", "term", "region_code", "owner_id"),
                      Index(None, "owner_table", "owner_id"))

    owner_table: Mapped[str] = field("台账")
    owner_id: Mapped[int] = field("记录")
    region_code: Mapped[str] = region_code()
    term: Mapped[str] = field("检索词", ByteOrdered)
