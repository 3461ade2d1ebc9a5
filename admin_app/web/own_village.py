"""The one village of whoever works for one alone: when it has ended nothing new can be registered there, and nobody
who works there can choose another."""

from admin_app.access.scope import CODE_LENGTH
from admin_app.errors import Refused
from admin_app.web.context import actor, display
from models.region import prefix_of, spoken_name


def ended() -> str:
    """Why nothing new is registered, and whom to ask; empty while the village is in use."""
    own = actor().region_code
    found = display().ended(own) if len(prefix_of(own)) == CODE_LENGTH else None
    if found is None:
        return ""
    name, into = found
    kind = "社区" if spoken_name(name).endswith("社区") else "村"
    return f"本{kind}已撤销{f'，并入“{spoken_name(into)}”' if into else ''}；请联系区划管理员改授权。"


def require_in_use() -> None:
    """Before anything is typed. Raises Refused."""
    if why := ended():
        raise Refused(why)
