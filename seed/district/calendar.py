"""The days that the demo district knows: its children are those of the school year 2026, and what
is recent is recent on the day on which it is loaded."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone
from random import Random

SCHOOL_YEAR = 2026
CHINA = timezone(timedelta(hours=8))
_WEEKS_LIVED, _OPENS, _MINUTES_OPEN = 3, time(8, 30), 9 * 60


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

    @property
    def begun(self) -> "Calendar":
        """The day on which the register was filled: three weeks ago, if the term is as old."""
        return Calendar(max(self.term_start, self.ago(7 * _WEEKS_LIVED)))

    def moments(self, rng: Random, number: int) -> list[datetime]:
        """Moments of office hours since the register was filled, in order; none lies ahead."""
        first = self.begun.today
        days = [day for n in range((self.today - first).days) if (day := first + timedelta(days=n)).weekday() < 5]
        return sorted(self.moment(rng.choice(days or [first]), rng.randrange(_MINUTES_OPEN)) for _ in range(number))

    @staticmethod
    def moment(day: date, minutes: int = -30) -> datetime:
        """So many minutes after an office opens on a day, or now when that is still to come."""
        return min(datetime.combine(day, _OPENS, CHINA).astimezone(UTC) + timedelta(minutes=minutes), datetime.now(UTC))

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
