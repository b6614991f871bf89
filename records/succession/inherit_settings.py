"""Copies settings (targets, column groups, case mappings) to successor units; undoing the merger removes
them.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from fractions import Fraction
from typing import Any, NamedTuple

from django.db.models import Max
from django.utils.text import capfirst

from accounts.models import User
from figures.formatting import format_count, format_decimal, lower_first, tier_name
from figures.periods import Calendar
from figures.rates import BY_KEY
from ledger import log
from records.calendar.queries import stored_calendar
from records.models import CaseMapping, Edition, GroupSwitch, RateTarget
from units.lifecycle.signals import UnitOpening
from units.models import Succession, Unit

from .inherit_scopes import succession_steps

SettingRow = RateTarget | GroupSwitch | CaseMapping
SettingKey = tuple[str, ...]
SettingsByUnit = Mapping[int, Sequence[SettingRow]]
_MAX_SOURCE_LENGTH = RateTarget._meta.get_field("source").max_length or 0
_ONE_DAY = timedelta(1)


class Takeover(NamedTuple):
    """A unit that takes others over: its tier ("" is that of the old one), its first day, the reporting month of that
    day (YYYYMM), and the old units whose rules it goes on with.
    """

    tier: str
    on: date
    month: int
    olds: Sequence[Unit]


def takeover(tier: str, on: date, parts: Iterable[tuple[Unit, Fraction]], days: Calendar) -> Takeover:
    """`parts`: the old units with the share of each that comes over. Those that come over wholly are who goes on; only
    where none does, those of which a part comes.
    """
    parts = list(parts)
    whole = [old for old, share in parts if share == 1]
    return Takeover(tier, on, days.month_of(on).number, whole or [old for old, _ in parts])


class SettingKind(NamedTuple):
    """A kind of rule. `key` of a row of a unit, as its successor has it; `from_then_on`: copies of rows of one key that
    say the same from the successor's first day on; `says`: what those of several old units have to agree on; `joined`:
    the copies of the successor, of those of each old unit; `name` and `value` in Vietnamese.
    """

    model: type[SettingRow]
    key: Callable[[Any, Unit, Takeover], SettingKey]
    from_then_on: Callable[[Sequence[Any], SettingKey, Takeover], list[Any]]
    says: Callable[[Any], tuple]
    joined: Callable[[Sequence[list[Any]]], list[Any]]
    name: Callable[[Any], str]
    value: Callable[[Any], str]


def settings_of_units(kind: SettingKind, units: Iterable[int]) -> SettingsByUnit:
    """The rows of these units, in the order in which they were set. One query."""
    found: dict[int, list[SettingRow]] = defaultdict(list)
    for row in kind.model.objects.filter(unit__in=list(units)).order_by("pk"):
        found[row.unit_id].append(row)
    return found


def inherited_settings(
    kind: SettingKind, new: Takeover, rows: SettingsByUnit
) -> tuple[dict[SettingKey, list[SettingRow]], list[SettingRow]]:
    """By key the rows, not yet stored, that who takes over goes on with; and a row of each key that its old units
    disagree on. An old unit that says nothing of a key agrees with the others.
    """
    said: dict[SettingKey, list[list[SettingRow]]] = defaultdict(list)
    for old in new.olds:
        by_key: dict[SettingKey, list[SettingRow]] = defaultdict(list)
        for row in rows.get(old.pk, ()):
            by_key[kind.key(row, old, new)].append(row)
        for key, some in by_key.items():
            if copies := kind.from_then_on(some, key, new):
                said[key].append(copies)
    agreed, disputed = {}, []
    for key, several in said.items():
        first, *others = [[kind.says(row) for row in some] for some in several]
        if all(other == first for other in others):
            agreed[key] = kind.joined(several)
        else:
            disputed.append(several[0][0])
    return agreed, disputed


def setting_content(row: SettingRow) -> dict[str, Any]:
    """All that a row says, whoever has it."""
    columns = (concrete_field.attname for concrete_field in row._meta.concrete_fields)
    return {name: getattr(row, name) for name in columns if name not in ("id", "unit_id", "followed")}


def _copy(row: SettingRow, **other: Any) -> SettingRow:
    return type(row)(**setting_content(row) | {"followed": True} | other)


def _of_target(row: RateTarget, unit: Unit, new: Takeover) -> SettingKey:
    """What is of the tier of the old unit itself is of that of the new one."""
    return row.rate, new.tier if new.tier and row.tier == unit.tier else row.tier


def _percents(rows: Sequence[RateTarget], key: SettingKey, new: Takeover) -> list[SettingRow]:
    """One after the other: of two that are in force at once the one that began later counts."""
    ends = [row.valid_until + _ONE_DAY for row in rows if row.valid_until and row.valid_until >= new.on]
    days = sorted({new.on, *ends, *(row.valid_from for row in rows if row.valid_from > new.on)})
    found: list[tuple[RateTarget, date, date | None]] = []
    for start, after in zip(days, [*days[1:], None], strict=True):
        there = [row for row in rows if row.valid_from <= start <= (row.valid_until or date.max)]
        if not there:
            continue
        row = max(there, key=lambda one: one.valid_from)
        if found and found[-1][0] is row:
            start = found.pop()[1]
        found.append((row, start, after and after - _ONE_DAY))
    return [_copy(row, tier=key[1], valid_from=start, valid_until=until) for row, start, until in found]


def _source_words(several: Sequence[list[RateTarget]]) -> list[RateTarget]:
    for rows in zip(*several, strict=True):
        told = "; ".join(dict.fromkeys(row.source for row in rows if row.source))
        rows[0].source = told if len(told) <= _MAX_SOURCE_LENGTH else "Theo căn cứ của các đơn vị cũ"
    return several[0]


def _switches(rows: Sequence[GroupSwitch], key: SettingKey, new: Takeover) -> list[SettingRow]:
    """What holds in the first month, and what begins later."""
    ordered = sorted(rows, key=lambda row: row.first_month)
    before = [row for row in ordered if row.first_month <= new.month]
    later = ordered[len(before) :]
    return [_copy(row, first_month=max(row.first_month, new.month)) for row in (*before[-1:], *later)]


TARGET_SETTINGS = SettingKind(
    RateTarget,
    _of_target,
    _percents,
    lambda row: (row.percent, row.valid_from, row.valid_until),
    _source_words,
    lambda row: (
        f"chỉ tiêu giao “{BY_KEY[row.rate].name}”{f', {lower_first(tier_name(row.tier))}' if row.tier else ''}"
    ),
    lambda row: f" {format_decimal(f'{row.percent.normalize():f}')}%",
)
COLUMN_GROUP_SETTINGS = SettingKind(
    GroupSwitch,
    lambda row, unit, new: (row.group,),
    _switches,
    lambda row: (row.first_month, row.asked),
    lambda several: several[0],
    lambda row: f"nhóm cột “{row.get_group_display()}”",
    lambda row: " có nhập" if row.asked else " không nhập",
)
MAPPING_SETTINGS = SettingKind(
    CaseMapping,
    lambda row, unit, new: (row.name,),
    lambda rows, key, new: [_copy(row) for row in rows],
    lambda row: (row.content,),
    lambda several: several[0],
    lambda row: f"cách ghép cột “{row.name}”",
    lambda row: "",
)
SETTING_KINDS = (TARGET_SETTINGS, COLUMN_GROUP_SETTINGS, MAPPING_SETTINGS)

_MAX_NAMED = 8
InheritedByKind = list[tuple[SettingKind, dict[SettingKey, list[SettingRow]], list[SettingRow]]]


def inheritance_sentences(opening: Sequence[UnitOpening], ending: Sequence[Unit], on: date) -> Iterator[str]:
    """Sentences in Vietnamese; none where no old unit has set anything for itself. Four queries at most."""
    days = stored_calendar()
    heirs = [(one.name, takeover(one.tier, on, one.parts, days)) for one in opening]
    over = [(unit.name, takeover("", on, [(unit, Fraction(1))], days)) for unit in ending]
    olds = {unit.pk for _, one in (*heirs, *over) for unit in one.olds}
    rows = {kind: settings_of_units(kind, olds) for kind in SETTING_KINDS}

    def said(one: Takeover) -> InheritedByKind:
        return [(kind, *inherited_settings(kind, one, rows[kind])) for kind in SETTING_KINDS]

    news = [(name, said(one)) for name, one in heirs]
    yield from _unit_list("tiếp tục áp dụng", ((name, _agreed(found)) for name, found in news))
    yield from _unit_list(
        "phải đặt lại, vì các đơn vị cũ đặt khác nhau", ((name, _disputed(found)) for name, found in news)
    )
    yield from _unit_list(
        "chấm dứt hoạt động, thôi áp dụng", ((name, _agreed(said(one))) for name, one in over)
    )


def _agreed(found: InheritedByKind) -> list[str]:
    return [kind.name(rows[0]) + kind.value(rows[0]) for kind, agreed, _ in found for rows in agreed.values()]


def _disputed(found: InheritedByKind) -> list[str]:
    return [kind.name(row) for kind, _, disputed in found for row in disputed]


def _unit_list(does: str, told: Iterable[tuple[str, list[str]]]) -> Iterator[str]:
    """Of each unit that has any what it does with them."""
    there = [(name, words) for name, words in told if words]
    for name, words in there[:_MAX_NAMED]:
        more = f" và {format_count(len(words) - _MAX_NAMED)} mục khác" if len(words) > _MAX_NAMED else ""
        yield f"{capfirst(name)} {does}: {'; '.join(words[:_MAX_NAMED])}{more}."
    if len(there) > _MAX_NAMED:
        yield f"và {format_count(len(there) - _MAX_NAMED)} đơn vị khác {does} như vậy."


Takeovers = Mapping[Unit, Takeover]


def inherit_settings(links: Sequence[Succession], *, by: User | None) -> None:
    """These successions were recorded: new units, and whoever took over from them since, go on with what all their old
    units that say anything have set alike. What a unit has set for itself stays. Queries do not depend on how many.
    """
    takings = _takeovers({link.new_id for link in links})
    units = {unit.pk for new, one in takings.items() for unit in (new, *one.olds)}
    changed = {
        kind: _store_and_log(kind, takings, dict(settings_of_units(kind, units))) for kind in SETTING_KINDS
    }
    for kind, (gone, made) in changed.items():
        kind.model.objects.filter(pk__in=[row.pk for row in gone]).delete()
        kind.model.objects.bulk_create(made, batch_size=500)
    told = {
        kind.model.__name__: sorted({row.unit_id for row in (*gone, *made)})
        for kind, (gone, made) in changed.items()
        if gone or made
    }
    if told:
        detail = {"on": min(link.on for link in links), "units": told}
        log.append("rules.follow", by=by, subject="rules", detail=detail)


def take_back_settings(links: Sequence[Succession], *, by: User | None) -> None:
    """The new units of these successions are to be gone, or to stay without them: what they went on with is gone, where
    nobody has set it since.
    """
    told = {}
    for kind in SETTING_KINDS:
        rows = kind.model.objects.filter(unit__in=[link.new_id for link in links], followed=True)
        if units := sorted(set(rows.values_list("unit", flat=True))):
            told[kind.model.__name__] = units
            rows.delete()
    if told:
        detail = {"on": min(link.on for link in links), "units": told}
        log.append("rules.undo_follow", by=by, subject="rules", detail=detail)


def _takeovers(news: set[int]) -> Takeovers:
    """These units and all that took over from them, the earliest first, each with all that it takes over."""
    news = news | {one.new_id for ahead in succession_steps(news).values() for one in ahead}
    into: dict[Unit, list[tuple[Unit, Fraction]]] = defaultdict(list)
    links = Succession.objects.filter(new__in=news).select_related("old", "new").order_by("on", "pk")
    for link in links:
        into[link.new].append((link.old, Fraction(link.share_numerator, link.share_denominator)))
    days = stored_calendar()
    return {new: takeover(new.tier, new.active_from, parts, days) for new, parts in into.items()}


def _store_and_log(
    kind: SettingKind, takings: Takeovers, rows: dict[int, Sequence[SettingRow]]
) -> tuple[list[SettingRow], list[SettingRow]]:
    """The rows that are to be gone and those that are to be made, so that each new unit has what it goes on with."""
    gone: list[SettingRow] = []
    made: list[SettingRow] = []
    fixed = _has_reports(takings) if kind is COLUMN_GROUP_SETTINGS and rows else {}
    for new, new_with in takings.items():
        if fixed.get(new.pk, 0) >= new_with.month:
            continue
        there: dict[SettingKey, list[SettingRow]] = defaultdict(list)
        for row in rows.get(new.pk, ()):
            there[kind.key(row, new, new_with)].append(row)
        agreed, _ = inherited_settings(kind, new_with, rows)
        for key in {**there, **agreed}:
            was, now = there.get(key, []), agreed.get(key, [])
            own = any(not row.followed for row in was)
            if own or [setting_content(row) for row in was] == [setting_content(row) for row in now]:
                continue
            gone += was
            made += now
            there[key] = now
            for row in now:
                row.unit = new
        rows[new.pk] = [row for some in there.values() for row in some]
    return gone, made


def _has_reports(takings: Takeovers) -> dict[int, int]:
    """By number of each unit the latest month of which there is an edition of itself or of a unit below: of these what
    counts as blank stays as it is. One query.
    """
    first = min(one.month for one in takings.values())
    since: date = min(one.on for one in takings.values())
    editions = Edition.objects.filter(submission__month__gte=first, submission__unit__active_from__gte=since)
    found: dict[int, int] = defaultdict(int)
    months = editions.order_by().values_list("submission__unit__path").annotate(Max("submission__month"))
    for path, month in months:
        for number in map(int, path.strip("/").split("/")):
            found[number] = max(found[number], month)
    return found
