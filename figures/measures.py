"""The catalogue of measures of a dossier row: groups, sums, Vietnamese labels, and the channels that need them."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from types import MappingProxyType

# The value of a measure over several months: that of the first month, the sum, or that of the last month.
OPENS, FLOWS_THROUGH, CLOSES = "opens", "flows", "closes"
# Where the page of a month shows a group of columns: before the balance, after it, in a separate table.
MAIN, AFTER, APART = "main", "after", "apart"
# The sides of the balance.
COMES, GOES = "in", "out"


@dataclass(frozen=True)
class MeasureGroup:
    """Columns under one heading on page and form; ``total``: the sum shown after them. A committee can switch a group
    off (records.models.SwitchedGroup).
    """

    key: str
    title: str
    place: str = MAIN
    total: str = ""


@dataclass(frozen=True)
class Sum:
    """A published sum of the measures that list it in their ``sums``. ``words`` and flags: as in ``Measure``."""

    name: str
    label: str
    words: tuple[str, ...] = ()
    main: bool = False
    compared: bool = False


@dataclass(frozen=True)
class Measure:
    """One count of a dossier row.

    ``group``: its group of columns on page and form; ``head``: its heading there ("": the title of the group).
    ``sums``: the sums that include it. ``whole``: the whole that is incomplete if it is blank.
    ``side`` of the balance and ``balance_words`` for it; neighbours with the same words are shown as one number.
    ``channels``: it may hold a number if one of these is served (none: always). ``optional``: a blank means none.
    ``in_case_lists``: can be counted from single dossiers. ``in_files``: a column of exported files.
    ``noun``: the name in the database, if it differs from the label. ``words``: words for it in a sentence
    (reports.review_text.typed_numbers). ``main``: shown in small tables. ``compared``: a frozen review is checked for
    newer values of it.
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
        """The name in the database: "tiếp nhận trực tiếp"."""
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
    # Not part of pending.
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


def names_where(condition: Callable[[Measure], object]) -> tuple[str, ...]:
    """The names of the measures that satisfy a condition, in the order of the catalogue."""
    return tuple(measure.name for measure in CATALOGUE if condition(measure))


def group_measures(key: str) -> tuple[str, ...]:
    """The measures of a group. Raises ValueError for an unknown group."""
    if key not in {group.key for group in COLUMN_GROUPS}:
        raise ValueError(f"not a group of columns: {key}")
    return names_where(lambda measure: measure.group == key)


def _parts(name: str) -> tuple[str, ...]:
    return names_where(lambda measure: name in measure.sums)


def _wholes() -> Iterable[tuple[str, tuple[str, ...]]]:
    for name in dict.fromkeys(measure.whole for measure in CATALOGUE if measure.whole):
        yield name, names_where(lambda measure, name=name: measure.whole == name)


MEASURES = names_where(lambda measure: True)
MEASURE_BY_NAME: Mapping[str, Measure] = MappingProxyType({measure.name: measure for measure in CATALOGUE})
SUMS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {item.name: _parts(item.name) for item in SUM_CATALOGUE}
)
# Wholes that can be incomplete: if a served part is blank, every share of them is partial.
WHOLES: Mapping[str, tuple[str, ...]] = MappingProxyType(dict(_wholes()))
LABELS: Mapping[str, str] = MappingProxyType({item.name: item.label for item in (*CATALOGUE, *SUM_CATALOGUE)})

RECEIVED, RECEIVED_ONLINE, RETURNED = SUMS["received"], SUMS["received_online"], SUMS["returned"]
RESOLVED, PENDING = SUMS["resolved"], SUMS["pending"]

OPENING = names_where(lambda measure: measure.kind == OPENS)
FLOWS = names_where(lambda measure: measure.kind == FLOWS_THROUGH)
# The state at the end of a month.
CLOSING = names_where(lambda measure: measure.kind == CLOSES)
# A blank in these is not missing data.
OPTIONAL = names_where(lambda measure: measure.optional)
# Both sides of the balance; closing measures come last.
COMES_IN = names_where(lambda measure: measure.side == COMES)
GOES_OUT = (
    *names_where(lambda measure: measure.side == GOES and measure.kind != CLOSES),
    *names_where(lambda measure: measure.side == GOES and measure.kind == CLOSES),
)


def _all_parts(kind: str) -> frozenset[str]:
    names = set(names_where(lambda measure: measure.kind == kind))
    return frozenset(names | {name for name, parts in SUMS.items() if names.issuperset(parts)})


# Measures and sums that are not summed over months: taken from the first month, from the last, either.
OF_FIRST_MONTH, OF_LAST_MONTH = _all_parts(OPENS), _all_parts(CLOSES)
STATES = OF_FIRST_MONTH | OF_LAST_MONTH


def composed(parts: Sequence[str], within: str = "") -> tuple[str, ...]:
    """The fewest sums and measures that add up to these measures, in their order, without the sum ``within``."""
    remaining, name_at = list(parts), {}
    for name, several in sorted(SUMS.items(), key=lambda item: -len(item[1])):
        if name != within and set(several) <= set(remaining):
            name_at[remaining.index(several[0])] = name
            remaining = ["" if part in several else part for part in remaining]
    name_at |= {place: part for place, part in enumerate(remaining) if part}
    return tuple(name_at[place] for place in sorted(name_at))


def with_sums(names: Iterable[str]) -> tuple[str, ...]:
    """These measures, and each sum of which all parts are among them right after its last part."""
    names = tuple(names)
    names_with_sums: list[str] = []
    sums = sorted(
        (item for item in SUMS.items() if set(item[1]) <= set(names)), key=lambda item: len(item[1])
    )
    for name in names:
        names_with_sums += [name, *(whole for whole, parts in sums if parts[-1] == name)]
    return tuple(names_with_sums)


def _sums_first() -> Iterable[Measure | Sum]:
    pending_sums = list(SUM_CATALOGUE)
    for measure in CATALOGUE:
        for item in [item for item in pending_sums if item.name in measure.sums]:
            pending_sums.remove(item)
            yield item
        yield measure


# Measures and sums, each sum before its first part.
COUNTS_FOR_PEOPLE = tuple(_sums_first())
# The columns of counts in exported files: each sum right of its parts.
FILE_COUNTS = with_sums(names_where(lambda measure: measure.in_files))

# Decree 42/2022/NĐ-CP, in force from this day, renamed the online levels.
ONLINE_RENAMED_ON = date(2022, 8, 15)


@cache
def served_measures(channels: frozenset[str]) -> frozenset[str]:
    """The measures that may hold a number if these channels are served. Raises ValueError for an unknown channel."""
    if unknown := channels - set(CHANNELS):
        raise ValueError(f"not a channel: {', '.join(sorted(unknown))}")
    return frozenset(
        names_where(lambda measure: not measure.channels or not channels.isdisjoint(measure.channels))
    )


ALL_SERVED = served_measures(frozenset(CHANNELS))


def online_labels(day: date) -> dict[str, str]:
    """The names of the online levels on a day, by channel; ``online`` is both together.

    History keeps its labels: pass the last day of the period, not today.
    """
    if day < ONLINE_RENAMED_ON:
        return {"online_partial": "mức độ 3", "online_full": "mức độ 4", "online": "mức độ 3, 4"}
    return {"online_partial": "một phần", "online_full": "toàn trình", "online": "một phần, toàn trình"}


def measure_label(name: str, day: date) -> str:
    """The label of a measure or sum on a day."""
    level = {"received_online_partial": "online_partial", "received_online_full": "online_full"}.get(name)
    return f"Tiếp nhận trực tuyến {online_labels(day)[level]}" if level else LABELS[name]
