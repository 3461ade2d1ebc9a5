"""Every ledger on the screen, in the order of the menu."""

from flask_admin import Admin

from views.account import AccountView
from views.accountability_record import AccountabilityRecordView
from views.base import RegisterView
from views.code_item import CodeItemView
from views.grant import GrantView
from views.guardian import GuardianView
from views.household import HouseholdView
from views.household_hardship import HouseholdHardshipView
from views.natural_group import NaturalGroupView
from views.post import PostView
from views.publicity_activity import PublicityActivityView
from views.region import RegionView
from views.responsibility_letter import ResponsibilityLetterView
from views.school import SchoolView
from views.setting import SettingView
from views.special_group_flag import SpecialGroupFlagView
from views.student import StudentView
from views.village import VillageView

VIEWS: tuple[type[RegisterView], ...] = (
    StudentView, HouseholdView, GuardianView, SpecialGroupFlagView, HouseholdHardshipView,
    ResponsibilityLetterView, PostView, PublicityActivityView, AccountabilityRecordView,
    RegionView, VillageView, NaturalGroupView, SchoolView, CodeItemView, SettingView,
    AccountView, GrantView,
)


def register(admin: Admin) -> list[RegisterView]:
    """Add every view to the panel; gives them in the order of the menu."""
    registered = [view(view.model) for view in VIEWS]
    for view in registered:
        admin.add_view(view)
    return registered
