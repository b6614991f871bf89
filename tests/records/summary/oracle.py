"""Oracle for expected reports and sums: plain lists, without the project's arithmetic or queries.

Reporting months run from the 15th of the previous month to the 14th, the default calendar.
"""

from dataclasses import dataclass, field
from datetime import date, timedelta


@dataclass(eq=False)
class Body:
    code: str
    tier: str
    parent: "Body | None"
    start: date
    end: date | None
    external: bool = False
    declared: bool | None = None
    children: list["Body"] = field(default_factory=list)
    figures: dict[int, int] = field(default_factory=dict)  # month (1 to 12 of 2022) → received in person

    def __post_init__(self) -> None:
        if self.parent:
            self.parent.children.append(self)
            if self.end is None:
                self.end = self.parent.end

    def there(self, start: date, end: date) -> bool:
        return self.start <= end and (self.end is None or self.end >= start)

    def expected_to_report(self, month: int) -> bool:
        start, end = span(month)
        if not self.there(start, end) or self.declared is not None:
            return self.there(start, end) and bool(self.declared)
        own = [child for child in self.children if not child.external]
        day = max(start, self.start)
        while day <= min(end, self.end or end):
            if all(day < child.start for child in own):
                return True
            day += timedelta(1)
        return any(later >= month for later in self.figures)

    def family(self) -> list["Body"]:
        return [self, *(body for child in self.children for body in child.family())]

    def key(self, end: date) -> str:
        return f"{self.code}@{self.end}" if self.end and self.end < end else self.code


def span(month: int) -> tuple[date, date]:
    before = date(2021, 12, 15) if month == 1 else date(2022, month - 1, 15)
    return before, date(2022, month, 14)


@dataclass(frozen=True)
class Answer:
    reported: int
    expected: int
    received: int | None
    missing: frozenset[tuple[str, int]]


def answer(bodies: list[Body], months: list[int], external: bool = False) -> Answer:
    """What these bodies reported in these months, and which reports are missing."""
    reported, expected, received, missing = 0, 0, None, set()
    end = span(months[-1])[1]
    for body in bodies:
        for month in months:
            if (body.external and not external) or not body.expected_to_report(month):
                continue
            expected += 1
            if month in body.figures:
                reported += 1
                received = (received or 0) + body.figures[month]
            else:
                missing.add((body.key(end), month))
    return Answer(reported, expected, received, frozenset(missing))
