"""The relational schema: SQLAlchemy and the standard library, nothing else.

Importing this package maps every table.
"""

from models import (  # noqa: F401
    account,
    accountability_record,
    attachment,
    batch_run,
    change,
    code_item,
    guardian,
    household,
    import_run,
    login_session,
    natural_group,
    post,
    publicity_activity,
    region,
    responsibility_letter,
    saved_view,
    school,
    search_term,
    setting,
    special_group_flag,
    student,
    task,
)
from models.base import Base as Base
from models.base import Wall as Wall
from models.base import models as models
