"""Who asks. Immutable for the whole of a request, a command or a job."""

from dataclasses import dataclass

from admin_app.access.permissions import WITHOUT_CHILD_DATA, Permission, Role, permits
from admin_app.access.scope import Scope
from admin_app.errors import Refused
from models.region import prefix_of


@dataclass(frozen=True, slots=True)
class Actor:
    """A person under one grant. `region_code` is the 12-digit code that the grant names."""

    account_id: int
    name: str
    role: Role
    region_code: str
    origin: str = "page"
    address: str | None = None
    request_id: str = ""

    @property
    def scope(self) -> Scope:
        return Scope.under(prefix_of(self.region_code), child_data=self.role not in WITHOUT_CHILD_DATA)

    def keeps(self, code: str) -> bool:
        """Whether a division is the actor's own or lies below it."""
        return prefix_of(code).startswith(prefix_of(self.region_code))

    def may(self, permission: Permission | str) -> bool:
        return permits(self.role, Permission(permission))

    def require(self, permission: Permission | str) -> None:
        """Raises `Refused` when the role does not permit it."""
        if not self.may(permission):
            raise Refused.role(self.role, permission)
