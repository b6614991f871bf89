"""Copies settings (targets, column groups, case mappings) to successor units; undoing the merger removes them."""

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

from .inherited_scopes import succession_steps

SettingRow = RateTarget | GroupSwitch | CaseMapping
SettingKey = tuple[str, ...]
SettingsByUnit = Mapping[int, Sequence[SettingRow]]
_MAX_SOURCE_LENGTH = RateTarget._meta.get_field("source").max_length or 0
_ONE_DAY = timedelta(1)


class Takeover(NamedTuple):
    """A unit that takes others over: its tier ("": the same as before), its first day, the reporting month of that day
    (YYYYMM), and the old units whose settings it inherits.
    """

    tier: str
    on: date
    month: int
    olds: Sequence[Unit]


def takeover(tier: str, on: date, parts: Iterable[tuple[Unit, Fraction]], days: Calendar) -> Takeover:
    """`parts`: the old units with the share of each that comes over. Settings come from units that come over wholly;
    only where there are none, from those of which a part comes.
    """
    parts = list(parts)
    whole = [old for old, share in parts if share == 1]
    return Takeover(tier, on, days.month_of(on).number, whole or [old for old, _ in parts])


class SettingKind(NamedTuple):
    """A kind of setting.

    `key`: identifies a row, as its successor has it; `copies`: rows of one key, copied to apply from the successor's
    first day on; `content`: what several old units have to agree on; `merged`: one list of copies from those of each
    old unit; `name` and `value`: in Vietnamese.
    """

    model: type[SettingRow]
    key: Callable[[Any, Unit, Takeover], SettingKey]
    copies: Callable[[Sequence[Any], SettingKey, Takeover], list[Any]]
    content: Callable[[Any], tuple]
    merged: Callable[[Sequence[list[Any]]], list[Any]]
    name: Callable[[Any], str]
    value: Callable[[Any], str]


def settings_of_units(kind: SettingKind, units: Iterable[int]) -> SettingsByUnit:
    """The rows of these units, in the order in which they were set. One query."""
    settings: dict[int, list[SettingRow]] = defaultdict(list)
    for row in kind.model.objects.filter(unit__in=list(units)).order_by("pk"):
        settings[row.unit_id].append(row)
    return settings


def inherited_settings(
    kind: SettingKind, new: Takeover, rows: SettingsByUnit
) -> tuple[dict[SettingKey, list[SettingRow]], list[SettingRow]]:
    """Unsaved copies for the new unit by key, and one row of each key on which the old units disagree. An old unit
    without a row of the key agrees with the others.
    """
    copies_by_key: dict[SettingKey, list[list[SettingRow]]] = defaultdict(list)
    for old in new.olds:
        by_key: dict[SettingKey, list[SettingRow]] = defaultdict(list)
        for row in rows.get(old.pk, ()):
            by_key[kind.key(row, old, new)].append(row)
        for key, some in by_key.items():
            if copies := kind.copies(some, key, new):
                copies_by_key[key].append(copies)
    agreed, disputed = {}, []
    for key, several in copies_by_key.items():
        first, *others = [[kind.content(row) for row in some] for some in several]
        if all(other == first for other in others):
            agreed[key] = kind.merged(several)
        else:
            disputed.append(several[0][0])
    return agreed, disputed


def setting_content(row: SettingRow) -> dict[str, Any]:
    """The columns of a row without its unit."""
    columns = (concrete_field.attname for concrete_field in row._meta.concrete_fields)
    return {name: getattr(row, name) for name in columns if name not in ("id", "unit_id", "followed")}


def _copy(row: SettingRow, **other: Any) -> SettingRow:
    return type(row)(**setting_content(row) | {"followed": True} | other)


def _target_key(row: RateTarget, unit: Unit, new: Takeover) -> SettingKey:
    """A target for the old unit's own tier becomes one for the new unit's tier."""
    return row.rate, new.tier if new.tier and row.tier == unit.tier else row.tier


def _target_copies(rows: Sequence[RateTarget], key: SettingKey, new: Takeover) -> list[SettingRow]:
    """Copies without overlaps: of two in force at once the later one counts."""
    ends = [row.valid_until + _ONE_DAY for row in rows if row.valid_until and row.valid_until >= new.on]
    days = sorted({new.on, *ends, *(row.valid_from for row in rows if row.valid_from > new.on)})
    periods: list[tuple[RateTarget, date, date | None]] = []
    for start, after in zip(days, [*days[1:], None], strict=True):
        there = [row for row in rows if row.valid_from <= start <= (row.valid_until or date.max)]
        if not there:
            continue
        row = max(there, key=lambda target: target.valid_from)
        if periods and periods[-1][0] is row:
            start = periods.pop()[1]
        periods.append((row, start, after and after - _ONE_DAY))
    return [_copy(row, tier=key[1], valid_from=start, valid_until=until) for row, start, until in periods]


def _merged_targets(several: Sequence[list[RateTarget]]) -> list[RateTarget]:
    for rows in zip(*several, strict=True):
        sources = "; ".join(dict.fromkeys(row.source for row in rows if row.source))
        rows[0].source = sources if len(sources) <= _MAX_SOURCE_LENGTH else "Theo căn cứ của các đơn vị cũ"
    return several[0]


def _switch_copies(rows: Sequence[GroupSwitch], key: SettingKey, new: Takeover) -> list[SettingRow]:
    """The switch in force in the first month, and later ones."""
    ordered = sorted(rows, key=lambda row: row.first_month)
    before = [row for row in ordered if row.first_month <= new.month]
    later = ordered[len(before) :]
    return [_copy(row, first_month=max(row.first_month, new.month)) for row in (*before[-1:], *later)]


TARGET_SETTINGS = SettingKind(
    RateTarget,
    _target_key,
    _target_copies,
    lambda row: (row.percent, row.valid_from, row.valid_until),
    _merged_targets,
    lambda row: (
        f"chỉ tiêu giao “{BY_KEY[row.rate].name}”{f', {lower_first(tier_name(row.tier))}' if row.tier else ''}"
    ),
    lambda row: f" {format_decimal(f'{row.percent.normalize():f}')}%",
)
COLUMN_GROUP_SETTINGS = SettingKind(
    GroupSwitch,
    lambda row, unit, new: (row.group,),
    _switch_copies,
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
    """Sentences in Vietnamese about settings of old units; none where there are none. At most four queries."""
    days = stored_calendar()
    heirs = [(opened.name, takeover(opened.tier, on, opened.parts, days)) for opened in opening]
    over = [(unit.name, takeover("", on, [(unit, Fraction(1))], days)) for unit in ending]
    olds = {unit.pk for _, taking in (*heirs, *over) for unit in taking.olds}
    rows = {kind: settings_of_units(kind, olds) for kind in SETTING_KINDS}

    def settings_of(taking: Takeover) -> InheritedByKind:
        return [(kind, *inherited_settings(kind, taking, rows[kind])) for kind in SETTING_KINDS]

    news = [(name, settings_of(taking)) for name, taking in heirs]
    yield from _unit_list("tiếp tục áp dụng", ((name, _agreed(inherited)) for name, inherited in news))
    yield from _unit_list(
        "phải đặt lại, vì các đơn vị cũ đặt khác nhau",
        ((name, _disputed(inherited)) for name, inherited in news),
    )
    yield from _unit_list(
        "chấm dứt hoạt động, thôi áp dụng", ((name, _agreed(settings_of(taking))) for name, taking in over)
    )


def _agreed(inherited: InheritedByKind) -> list[str]:
    return [
        kind.name(rows[0]) + kind.value(rows[0]) for kind, agreed, _ in inherited for rows in agreed.values()
    ]


def _disputed(inherited: InheritedByKind) -> list[str]:
    return [kind.name(row) for kind, _, disputed in inherited for row in disputed]


def _unit_list(does: str, lists: Iterable[tuple[str, list[str]]]) -> Iterator[str]:
    """A sentence for each unit with settings, up to _MAX_NAMED of both."""
    there = [(name, words) for name, words in lists if words]
    for name, words in there[:_MAX_NAMED]:
        more = f" và {format_count(len(words) - _MAX_NAMED)} mục khác" if len(words) > _MAX_NAMED else ""
        yield f"{capfirst(name)} {does}: {'; '.join(words[:_MAX_NAMED])}{more}."
    if len(there) > _MAX_NAMED:
        yield f"và {format_count(len(there) - _MAX_NAMED)} đơn vị khác {does} như vậy."


Takeovers = Mapping[Unit, Takeover]


def inherit_settings(links: Sequence[Succession], *, by: User | None) -> None:
    """After these successions were recorded, copy to new units, and to their successors, what their old units have set
    alike. A unit's own settings stay. The number of queries does not depend on the number of units.
    """
    takeovers = _takeovers({link.new_id for link in links})
    units = {unit.pk for new, taking in takeovers.items() for unit in (new, *taking.olds)}
    changed = {
        kind: _changed_rows(kind, takeovers, dict(settings_of_units(kind, units))) for kind in SETTING_KINDS
    }
    for kind, (gone, made) in changed.items():
        kind.model.objects.filter(pk__in=[row.pk for row in gone]).delete()
        kind.model.objects.bulk_create(made, batch_size=500)
    changed_units = {
        kind.model.__name__: sorted({row.unit_id for row in (*gone, *made)})
        for kind, (gone, made) in changed.items()
        if gone or made
    }
    if changed_units:
        detail = {"on": min(link.on for link in links), "units": changed_units}
        log.append("rules.follow", by=by, subject="rules", detail=detail)


def take_back_settings(links: Sequence[Succession], *, by: User | None) -> None:
    """Delete inherited settings of the new units of these successions, unless they were set again since."""
    removed = {}
    for kind in SETTING_KINDS:
        rows = kind.model.objects.filter(unit__in=[link.new_id for link in links], followed=True)
        if units := sorted(set(rows.values_list("unit", flat=True))):
            removed[kind.model.__name__] = units
            rows.delete()
    if removed:
        detail = {"on": min(link.on for link in links), "units": removed}
        log.append("rules.undo_follow", by=by, subject="rules", detail=detail)


def _takeovers(news: set[int]) -> Takeovers:
    """The takeovers by these units and by all their successors, the earliest first."""
    news = news | {link.new_id for ahead in succession_steps(news).values() for link in ahead}
    into: dict[Unit, list[tuple[Unit, Fraction]]] = defaultdict(list)
    links = Succession.objects.filter(new__in=news).select_related("old", "new").order_by("on", "pk")
    for link in links:
        into[link.new].append((link.old, Fraction(link.share_numerator, link.share_denominator)))
    days = stored_calendar()
    return {new: takeover(new.tier, new.active_from, parts, days) for new, parts in into.items()}


def _changed_rows(
    kind: SettingKind, takeovers: Takeovers, rows: dict[int, Sequence[SettingRow]]
) -> tuple[list[SettingRow], list[SettingRow]]:
    """Rows to delete and rows to create, so that each new unit has the settings that it inherits."""
    gone: list[SettingRow] = []
    made: list[SettingRow] = []
    fixed = _latest_edition_months(takeovers) if kind is COLUMN_GROUP_SETTINGS and rows else {}
    for new, new_with in takeovers.items():
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


def _latest_edition_months(takeovers: Takeovers) -> dict[int, int]:
    """Id of a unit → latest month with an edition of it or of a unit below, whose count of blanks must not change. One
    query.
    """
    first = min(taking.month for taking in takeovers.values())
    since: date = min(taking.on for taking in takeovers.values())
    editions = Edition.objects.filter(submission__month__gte=first, submission__unit__active_from__gte=since)
    latest: dict[int, int] = defaultdict(int)
    months = editions.order_by().values_list("submission__unit__path").annotate(Max("submission__month"))
    for path, month in months:
        for pk in map(int, path.strip("/").split("/")):
            latest[pk] = max(latest[pk], month)
    return latest
