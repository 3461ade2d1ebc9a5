"""The days that the demo district knows: its children are those of the school year 2026, and what
is recent is recent on the day on which it is loaded."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone

SCHOOL_YEAR = 2026
COUNTED_ON = date(SCHOOL_YEAR, 8, 31)  # ages are counted at 31 August
CHINA = timezone(timedelta(hours=8))


@dataclass(frozen=True, slots=True)
class Calendar:
    """Days seen from one day."""

    today: date

    @classmethod
    def now(cls) -> "Calendar":
        return cls(datetime.now(UTC).astimezone(CHINA).date())

    @property
    def term_start(self) -> date:
        """1 March or 1 September, the later that has been."""
        year, month = self.today.year, self.today.month
        if month >= 9:
            return date(year, 9, 1)
        return date(year, 3, 1) if month >= 3 else date(year - 1, 9, 1)

    def ago(self, days: int) -> date:
        return self.today - timedelta(days=days)

    def ahead(self, days: int) -> date:
        return self.today + timedelta(days=days)

    def passed(self, day: date) -> date:
        """The day, or today when it is still to come."""
        return min(day, self.today)


def birth_span(age: int) -> tuple[date, date]:
    """First and last birth date of those who are `age` on the day of counting."""
    return date(SCHOOL_YEAR - age - 1, 9, 1), date(SCHOOL_YEAR - age, 8, 31)
