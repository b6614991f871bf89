"""In words: which rules of old units go on when units open and take them over, which have to be set anew, which end."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from fractions import Fraction

from django.utils.text import capfirst

from figures.writing import count
from units.models import Unit
from units.signals import Opening

from .calendar import calendar
from .own_rules import KINDS, Key, Kind, Row, Taking, going_on, kept, taking

_NAMED = 8
Said = list[tuple[Kind, dict[Key, list[Row]], list[Row]]]


def rules_told(opening: Sequence[Opening], ending: Sequence[Unit], on: date) -> Iterator[str]:
    """Sentences in Vietnamese; none where no old unit has set anything for itself. Four queries at most."""
    days = calendar()
    heirs = [(one.name, taking(one.tier, on, one.parts, days)) for one in opening]
    over = [(unit.name, taking("", on, [(unit, Fraction(1))], days)) for unit in ending]
    olds = {unit.pk for _, one in (*heirs, *over) for unit in one.olds}
    rows = {kind: kept(kind, olds) for kind in KINDS}

    def said(one: Taking) -> Said:
        return [(kind, *going_on(kind, one, rows[kind])) for kind in KINDS]

    news = [(name, said(one)) for name, one in heirs]
    yield from _listed("tiếp tục áp dụng", ((name, _agreed(found)) for name, found in news))
    yield from _listed(
        "phải đặt lại, vì các đơn vị cũ đặt khác nhau", ((name, _disputed(found)) for name, found in news)
    )
    yield from _listed("chấm dứt hoạt động, thôi áp dụng", ((name, _agreed(said(one))) for name, one in over))


def _agreed(found: Said) -> list[str]:
    return [kind.name(rows[0]) + kind.value(rows[0]) for kind, agreed, _ in found for rows in agreed.values()]


def _disputed(found: Said) -> list[str]:
    return [kind.name(row) for kind, _, disputed in found for row in disputed]


def _listed(does: str, told: Iterable[tuple[str, list[str]]]) -> Iterator[str]:
    """Of each unit that has any what it does with them."""
    there = [(name, words) for name, words in told if words]
    for name, words in there[:_NAMED]:
        more = f" và {count(len(words) - _NAMED)} mục khác" if len(words) > _NAMED else ""
        yield f"{capfirst(name)} {does}: {'; '.join(words[:_NAMED])}{more}."
    if len(there) > _NAMED:
        yield f"và {count(len(there) - _NAMED)} đơn vị khác {does} như vậy."
