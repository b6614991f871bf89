"""The measures of a dossier row: names, groups, sums, Vietnamese labels, and what a channel serves."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from types import MappingProxyType

# How a measure goes over several months: its first month's, the sum, or its last month's.
OPENS, FLOWS_THROUGH, CLOSES = "opens", "flows", "closes"
# Where a group of columns stands on the page of a month: before the balance, after it, in a table of its own.
MAIN, AFTER, APART = "main", "after", "apart"
# The sides of the balance.
COMES, GOES = "in", "out"


@dataclass(frozen=True)
class MeasureGroup:
    """Columns under one head on page and form; ``total`` names their sum where it stands after them. A committee can
    switch a group off where the database knows it (records.models.SwitchedGroup).
    """

    key: str
    title: str
    place: str = MAIN
    total: str = ""


@dataclass(frozen=True)
class Sum:
    """A sum of measures that is a figure of its own; its parts are the measures that name it."""

    name: str
    label: str
    # Words by which a sentence speaks of it (reports.review_text.typed_numbers).
    words: tuple[str, ...] = ()
    # As of a measure.
    main: bool = False
    compared: bool = False


@dataclass(frozen=True)
class Measure:
    """One count of a dossier row.

    ``group``: the columns on page and form that it stands in, there as ``head`` ("": its group's title is enough).
    ``sums``: the sums that it is a part of. ``whole``: the whole that is incomplete where it is left blank.
    ``side`` of the balance, told in ``balance_words``; neighbours with the same words are told as one number.
    ``channels``: one of these must be served, for it to hold a number (none: always). ``optional``: a blank means
    none, and nothing waits for it. ``in_case_lists``: single dossiers tell it. ``in_files``: a column of the files of
    figures. ``noun``: how the database calls it, where that is not its label. ``words``: as in ``Sum``. ``main``: small
    tables for people have room for it. ``compared``: newer figures are looked for in it once a review is frozen.
    """

    name: str
    label: str
    group: str
    head: str = ""
    kind: str = FLOWS_THROUGH
    sums: tuple[str, ...] = ()
    whole: str = ""
    side: str = ""
    balance_words: str = ""
    channels: tuple[str, ...] = ()
    optional: bool = False
    in_case_lists: bool = True
    in_files: bool = True
    noun: str = ""
    words: tuple[str, ...] = ()
    main: bool = False
    compared: bool = False

    @property
    def column_label(self) -> str:
        """How the database calls it: "tiếp nhận trực tiếp"."""
        return self.noun or self.label[:1].lower() + self.label[1:]


CHANNELS = ("direct", "online_partial", "online_full", "postal")
_ONLINE = ("online_partial", "online_full")
CHANNEL_LABELS: Mapping[str, str] = MappingProxyType(
    {
        "direct": "Trực tiếp",
        "online": "Trực tuyến",
        "online_partial": "Trực tuyến một phần",
        "online_full": "Trực tuyến toàn trình",
        "postal": "Bưu chính công ích",
    }
)

# In the order of page and form.
COLUMN_GROUPS: tuple[MeasureGroup, ...] = (
    MeasureGroup("opening", "Kỳ trước chuyển sang"),
    MeasureGroup("received", "Tiếp nhận trong kỳ", total="received"),
    MeasureGroup("resolved", "Đã giải quyết", total="resolved"),
    MeasureGroup("withdrawn", "Rút, trả lại"),
    MeasureGroup("closing", "Đang giải quyết, cuối kỳ"),
    MeasureGroup("returned", "Trả kết quả", AFTER, total="returned"),
    MeasureGroup("transferred", "Phi địa giới", APART),
)

# In the order of the JSON shape.
SUM_CATALOGUE: tuple[Sum, ...] = (
    Sum("received", "Tiếp nhận", ("tiếp nhận",), main=True, compared=True),
    Sum("received_online", "Tiếp nhận trực tuyến", ("trực tuyến", "mức độ 3"), main=True, compared=True),
    Sum("returned", "Trả kết quả", ("trả kết quả",)),
    Sum("resolved", "Đã giải quyết", ("đã giải quyết", "kết quả giải quyết"), main=True, compared=True),
    Sum("pending", "Đang giải quyết", ("đang giải quyết",), main=True, compared=True),
)

# In the order of files and of the JSON shape.
CATALOGUE: tuple[Measure, ...] = (
    Measure(
        "opening",
        "Kỳ trước chuyển sang",
        "opening",
        kind=OPENS,
        whole="opening",
        side=COMES,
        balance_words="kỳ trước chuyển sang",
        words=("kỳ trước", "chuyển sang"),
    ),
    Measure(
        "received_direct",
        "Tiếp nhận trực tiếp",
        "received",
        "Trực tiếp",
        sums=("received",),
        whole="received",
        side=COMES,
        balance_words="tiếp nhận",
        channels=("direct",),
        words=("trực tiếp",),
        main=True,
        compared=True,
    ),
    Measure(
        "received_online_partial",
        "Tiếp nhận trực tuyến một phần",
        "received",
        "Một phần",
        sums=("received", "received_online"),
        whole="received",
        side=COMES,
        balance_words="tiếp nhận",
        channels=("online_partial",),
        words=("một phần", "mức độ 3"),
    ),
    Measure(
        "received_online_full",
        "Tiếp nhận trực tuyến toàn trình",
        "received",
        "Toàn trình",
        sums=("received", "received_online"),
        whole="received",
        side=COMES,
        balance_words="tiếp nhận",
        channels=("online_full",),
        words=("toàn trình", "mức độ 4"),
    ),
    Measure(
        "received_postal",
        "Tiếp nhận qua bưu chính công ích",
        "received",
        "BCCI",
        sums=("received",),
        whole="received",
        side=COMES,
        balance_words="tiếp nhận",
        channels=("postal",),
        words=("bưu chính",),
        main=True,
        compared=True,
    ),
    # Results can be fetched in person anywhere.
    Measure(
        "returned_direct",
        "Trả kết quả trực tiếp",
        "returned",
        "Trực tiếp",
        sums=("returned",),
        whole="returned",
        in_files=False,
        words=("trả kết quả trực tiếp",),
    ),
    Measure(
        "returned_online",
        "Trả kết quả trực tuyến",
        "returned",
        "Trực tuyến",
        sums=("returned",),
        whole="returned",
        channels=_ONLINE,
        in_files=False,
        words=("trả kết quả trực tuyến",),
    ),
    Measure(
        "returned_postal",
        "Trả kết quả qua bưu chính công ích",
        "returned",
        "BCCI",
        sums=("returned",),
        whole="returned",
        channels=("postal",),
        in_files=False,
        words=("trả kết quả qua",),
    ),
    Measure(
        "resolved_early",
        "Đã giải quyết trước hạn",
        "resolved",
        "Trước hạn",
        sums=("resolved",),
        whole="resolved",
        side=GOES,
        balance_words="đã giải quyết",
        noun="giải quyết trước hạn",
        words=("trước hạn",),
    ),
    Measure(
        "resolved_on_time",
        "Đã giải quyết đúng hạn",
        "resolved",
        "Đúng hạn",
        sums=("resolved",),
        whole="resolved",
        side=GOES,
        balance_words="đã giải quyết",
        noun="giải quyết đúng hạn",
        words=("đúng hạn",),
    ),
    Measure(
        "resolved_late",
        "Đã giải quyết quá hạn",
        "resolved",
        "Quá hạn",
        sums=("resolved",),
        whole="resolved",
        side=GOES,
        balance_words="đã giải quyết",
        noun="giải quyết quá hạn",
        words=("quá hạn",),
        compared=True,
    ),
    Measure(
        "withdrawn",
        "Rút, trả lại",
        "withdrawn",
        side=GOES,
        balance_words="rút, trả lại",
        noun="trả lại, rút",
        words=("rút", "trả lại"),
    ),
    Measure(
        "pending_in_time",
        "Đang giải quyết trong hạn",
        "closing",
        "Trong hạn",
        kind=CLOSES,
        sums=("pending",),
        whole="pending",
        side=GOES,
        balance_words="trong hạn",
        words=("trong hạn",),
    ),
    Measure(
        "pending_late",
        "Đang giải quyết quá hạn",
        "closing",
        "Quá hạn",
        kind=CLOSES,
        sums=("pending",),
        whole="pending",
        side=GOES,
        balance_words="quá hạn",
        words=("quá hạn",),
        main=True,
        compared=True,
    ),
    # Stays apart from pending.
    Measure(
        "awaiting",
        "Chờ bổ sung",
        "closing",
        "Chờ bổ sung",
        kind=CLOSES,
        side=GOES,
        balance_words="chờ bổ sung",
        words=("bổ sung",),
    ),
    Measure(
        "transferred_in",
        "Nhận từ nơi khác chuyển đến",
        "transferred",
        "Nhận từ nơi khác chuyển đến",
        side=COMES,
        balance_words="nơi khác chuyển đến",
        optional=True,
        in_case_lists=False,
        in_files=False,
        words=("chuyển đến",),
    ),
    Measure(
        "transferred_out",
        "Chuyển nơi khác giải quyết",
        "transferred",
        "Chuyển nơi khác giải quyết",
        side=GOES,
        balance_words="chuyển nơi khác",
        optional=True,
        in_case_lists=False,
        in_files=False,
        words=("chuyển nơi khác", "chuyển đi"),
    ),
)


def names_where(holds: Callable[[Measure], object]) -> tuple[str, ...]:
    """The names of the measures of which something holds, in their order."""
    return tuple(measure.name for measure in CATALOGUE if holds(measure))


def group_measures(key: str) -> tuple[str, ...]:
    """The columns of a group. Raises ValueError for a name that is no group."""
    if key not in {group.key for group in COLUMN_GROUPS}:
        raise ValueError(f"not a group of columns: {key}")
    return names_where(lambda measure: measure.group == key)


def _parts(name: str) -> tuple[str, ...]:
    return names_where(lambda measure: name in measure.sums)


def _wholes() -> Iterable[tuple[str, tuple[str, ...]]]:
    for name in dict.fromkeys(measure.whole for measure in CATALOGUE if measure.whole):
        yield name, names_where(lambda measure, name=name: measure.whole == name)


MEASURES = names_where(lambda measure: True)
MEASURE_BY_NAME: Mapping[str, Measure] = MappingProxyType({one.name: one for one in CATALOGUE})
SUMS: Mapping[str, tuple[str, ...]] = MappingProxyType({one.name: _parts(one.name) for one in SUM_CATALOGUE})
# Wholes that can be incomplete: a served part left blank makes every share of them partial.
WHOLES: Mapping[str, tuple[str, ...]] = MappingProxyType(dict(_wholes()))
LABELS: Mapping[str, str] = MappingProxyType({one.name: one.label for one in (*CATALOGUE, *SUM_CATALOGUE)})

RECEIVED, RECEIVED_ONLINE, RETURNED = SUMS["received"], SUMS["received_online"], SUMS["returned"]
RESOLVED, PENDING = SUMS["resolved"], SUMS["pending"]

OPENING = names_where(lambda measure: measure.kind == OPENS)
FLOWS = names_where(lambda measure: measure.kind == FLOWS_THROUGH)
# State at the end of a month; of a period, that of its last month.
CLOSING = names_where(lambda measure: measure.kind == CLOSES)
# Where they are blank nothing is missing.
OPTIONAL = names_where(lambda measure: measure.optional)
# Both sides of the balance; what closes the month stands last.
COMES_IN = names_where(lambda measure: measure.side == COMES)
GOES_OUT = (
    *names_where(lambda measure: measure.side == GOES and measure.kind != CLOSES),
    *names_where(lambda measure: measure.side == GOES and measure.kind == CLOSES),
)


def _all_parts(kind: str) -> frozenset[str]:
    there = set(names_where(lambda measure: measure.kind == kind))
    return frozenset(there | {name for name, parts in SUMS.items() if there.issuperset(parts)})


# Measures and sums that are not summed over months: of the first month, of the last, either.
OF_FIRST_MONTH, OF_LAST_MONTH = _all_parts(OPENS), _all_parts(CLOSES)
STATES = OF_FIRST_MONTH | OF_LAST_MONTH


def composed(parts: Sequence[str], within: str = "") -> tuple[str, ...]:
    """The fewest sums and measures that these measures are, in their order; none of them the sum ``within``."""
    left, found = list(parts), {}
    for name, several in sorted(SUMS.items(), key=lambda item: -len(item[1])):
        if name != within and set(several) <= set(left):
            found[left.index(several[0])] = name
            left = ["" if part in several else part for part in left]
    found |= {place: part for place, part in enumerate(left) if part}
    return tuple(found[place] for place in sorted(found))


def with_sums(names: Iterable[str]) -> tuple[str, ...]:
    """Some measures, each sum of which all parts are there right after the last of them."""
    names = tuple(names)
    found: list[str] = []
    sums = sorted(
        (item for item in SUMS.items() if set(item[1]) <= set(names)), key=lambda item: len(item[1])
    )
    for name in names:
        found += [name, *(whole for whole, parts in sums if parts[-1] == name)]
    return tuple(found)


def _sums_first() -> Iterable[Measure | Sum]:
    left = list(SUM_CATALOGUE)
    for measure in CATALOGUE:
        for one in [one for one in left if one.name in measure.sums]:
            left.remove(one)
            yield one
        yield measure


# Measures and sums, each sum before its first part.
COUNTS_FOR_PEOPLE = tuple(_sums_first())
# The columns of counts in the files of figures: each sum stands right of its parts.
FILE_COUNTS = with_sums(names_where(lambda measure: measure.in_files))

# Decree 42/2022/NĐ-CP, in force from this day, renamed the online levels.
ONLINE_RENAMED_ON = date(2022, 8, 15)


@cache
def served_measures(channels: frozenset[str]) -> frozenset[str]:
    """The measures that may hold a number where these channels are served. Raises ValueError for a name that is no
    channel.
    """
    if unknown := channels - set(CHANNELS):
        raise ValueError(f"not a channel: {', '.join(sorted(unknown))}")
    return frozenset(
        names_where(lambda measure: not measure.channels or not channels.isdisjoint(measure.channels))
    )


ALL_SERVED = served_measures(frozenset(CHANNELS))


def online_labels(day: date) -> dict[str, str]:
    """What the online levels are called on a day, by channel; ``online`` is both together.

    History is never relabelled: give the last day of the period, not today.
    """
    if day < ONLINE_RENAMED_ON:
        return {"online_partial": "mức độ 3", "online_full": "mức độ 4", "online": "mức độ 3, 4"}
    return {"online_partial": "một phần", "online_full": "toàn trình", "online": "một phần, toàn trình"}


def measure_label(name: str, day: date) -> str:
    """The label of a measure or sum as it was called on a day."""
    level = {"received_online_partial": "online_partial", "received_online_full": "online_full"}.get(name)
    return f"Tiếp nhận trực tuyến {online_labels(day)[level]}" if level else LABELS[name]
