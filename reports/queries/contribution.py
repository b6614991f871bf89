"""What a unit that is asked for text may quote, and what its own review says in the same place."""

from collections.abc import Mapping

from figures import bound
from figures.facts import Fact
from figures.periods import Period
from records.queries.calendar import calendar
from reports.models import Asking, ReviewSection
from reports.queries import quotable

# What is offered of a unit's facts, in this order.
OFFERED = (
    "received", "received_direct", "received_online", "received_postal", "share.direct", "share.online", "resolved",
    "resolved_early", "resolved_on_time", "resolved_late", "rate.on_time", "pending", "pending_late",
)  # fmt: skip
_OWN = "now.total."


def prefix(asking: Asking) -> str:
    """How the keys of the asked unit's figures begin in the review that asks."""
    end = calendar().bounds(Period.parse(asking.review.period))[1]
    return f"unit.{asking.unit.key_on(end)}."


def known(asking: Asking) -> dict[str, Fact]:
    """The facts that the asked unit may quote: its own figures in the review that asks, nobody else's."""
    begins = prefix(asking)
    return {key: fact for key, fact in quotable.facts_of(asking.review).items() if key.startswith(begins)}


def offered(asking: Asking, facts: Mapping[str, Fact]) -> list[quotable.Quotable]:
    """Those that are offered on the page, as far as somebody reported them."""
    found = quotable.named(facts, [prefix(asking) + name for name in OFFERED])
    return [one for one in found if one.fact.text != quotable.NONE]


def own_section(asking: Asking) -> ReviewSection | None:
    """The section of the unit's own review of that period that stands in the same place of the outline: of the same
    key, else of the same heading. The newest review counts. One query.
    """
    rows = ReviewSection.objects.filter(review__unit=asking.unit_id, review__period=asking.review.period)
    same = (
        {"key": asking.section.key} if asking.section and asking.section.key else {"heading": asking.heading}
    )
    return rows.filter(**same).exclude(body="").order_by("-review_id").first()


def translated(asking: Asking, body: str, facts: Mapping[str, Fact]) -> str:
    """A text of the unit's own review for the review that asks: a figure of the whole unit stays bound to the same
    figure there where it is the same number; every other one becomes plain words.
    """
    begins = prefix(asking)

    def told(run: bound.Run) -> bound.Run:
        key = begins + run.key.removeprefix(_OWN)
        same = run.key.startswith(_OWN) and key in facts and facts[key].text == run.text
        return bound.Run(run.text, key) if same else bound.Run(run.text)

    return bound.write([[told(run) for run in runs] for runs in bound.paragraphs(body)])
