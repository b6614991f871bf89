"""Which keys can name a fact at all: what a phrase may quote before there is any figure."""

import re

from figures import change
from figures.facts import TOTAL
from figures.measures import MEASURES, SUMS
from figures.rates import RATES, SHARES, Place, rates_in
from figures.writing import TIER_NAMES

_SCOPE = "|".join((*TIER_NAMES, TOTAL, r"\*"))
_TIER = "|".join((*TIER_NAMES, r"\*"))
_COUNT = "|".join((*MEASURES, *SUMS))
_SHARE, _RATE = ("|".join(rate.key for rate in rates) for rates in (SHARES, RATES))
_RANKED = "|".join(rate.key for rate in rates_in(Place.RANKING))
_FIGURE = rf"(?:{_COUNT}|share\.(?:{_SHARE})|rate\.(?:{_RATE}))"
_CODE = r"(?:\*|[A-Za-z0-9_@-]+)"
NAMES = (
    rf"(?:now|before)\.(?:{_SCOPE})\.{_FIGURE}",
    rf"same\.(?:now|before)\.(?:{_SCOPE})\.{_FIGURE}",
    r"left_out\.(?:count|units)",
    rf"change\.(?:{_SCOPE})\.(?:{_COUNT}|{_SHARE}|{_RATE})",
    rf"growth\.(?:{_SCOPE})\.(?:{_COUNT})",
    rf"unit\.{_CODE}\.{_FIGURE}",
    rf"completeness\.(?:{_SCOPE})",
    rf"lacking\.(?:now|before)\.(?:{_SCOPE})",
    r"missing\.(?:count|units)",
    rf"(?:target|gap)\.(?:{_SHARE}|{_RATE})\.(?:{_SCOPE})",
    rf"indicator\.{_CODE}\.(?:numerator|denominator|percent|target|before_percent|change|gap|quoted)",
    rf"(?:best|worst)\.(?:{_TIER})\.(?:{_RANKED})\.(?:unit|value)",
    rf"(?:best|worst)\.(?:{_TIER})\.{change.RATE}\.change",
    rf"(?:ranked|reached)\.(?:{_TIER})\.(?:{_RANKED})",
    r"tasks\.(?:set|done|open|not_done|overdue)",
)
_NAMES = re.compile("|".join(f"(?:{one})" for one in NAMES))


def is_name(key: str) -> bool:
    """Whether a key, "*" for what a phrase is said of in it, can name a figure of a review."""
    return _NAMES.fullmatch(key) is not None
