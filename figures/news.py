"""Sentences for the news page from templates that are data: figures are facts under their keys, and nothing else.

A template is a paragraph of clauses (fixtures/news.json). ``[[now.{key}.received]]`` quotes the fact of that key; names
in braces are filled in. A clause whose figures are not all known, or whose ``if`` is nothing, is left out, and the
paragraph with its first clause: no figure, no claim.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from figures.bound import KEY, Paragraph, Run
from figures.facts import TOTAL, Fact

_QUOTED = re.compile(rf"\[\[({KEY})\]\]")


def paragraphs(
    templates: Sequence[Mapping[str, Any]],
    known: Mapping[str, Fact],
    *,
    tiers: Sequence[tuple[str, str]],
    indicators: Sequence[tuple[str, str]],
    online: str,
) -> list[Paragraph]:
    """The paragraphs that the facts allow. `tiers` and `indicators` are (key, name); `online` is what the online
    levels were called. Raises KeyError for a template that names what there is not.
    """
    found: list[Paragraph] = []
    for template in templates:
        clauses, kind = template["clauses"], template["for"]
        if kind == "indicators":
            told = [_runs(clauses, known, {"key": key, "name": lower(name)}) for key, name in indicators]
            found.append(_listed(one for one in told if one))
        elif kind == "tier":
            found += [
                _runs(clauses, known, {"key": key, "tier": name, "online": online}) for key, name in tiers
            ]
        elif kind == "once" or len(tiers) > 1:
            found.append(_runs(clauses, known, {"key": TOTAL, "online": online}))
    return [_ended(one) for one in found if one]


def lower(text: str) -> str:
    """A beginning inside a sentence; an abbreviation keeps its capitals: "Cấp xã" → "cấp xã", "UBND" → "UBND"."""
    return text if text[1:2].isupper() else text[:1].lower() + text[1:]


def _runs(
    clauses: Iterable[Mapping[str, str]], known: Mapping[str, Fact], names: Mapping[str, str]
) -> Paragraph:
    runs: list[Run] = []
    for place, clause in enumerate(clauses):
        needed = clause["if"].format_map(names) if "if" in clause else ""
        told = tuple(_parts(clause["text"], known, names))
        lacks = not told or (needed and not _is_some(known.get(needed)))
        if lacks and place == 0:
            return ()
        if not lacks:
            runs += told
    return tuple(runs)


def _parts(text: str, known: Mapping[str, Fact], names: Mapping[str, str]) -> Iterator[Run]:
    """A clause as runs, none where a figure in it is not known. Only the template's own words are filled in."""
    pieces = _QUOTED.split(re.sub(r"\[\[(.*?)\]\]", lambda one: one[0].format_map(names), text))
    facts = [known.get(key) for key in pieces[1::2]]
    if any(fact is None or fact.value is None for fact in facts):
        return
    for place, piece in enumerate(pieces):
        if place % 2:
            yield Run(known[piece].text, piece)
        elif piece:
            yield Run(piece.format_map(names))


def _is_some(fact: Fact | None) -> bool:
    """Whether a fact is known and not nothing: 0 dossiers are no clause."""
    return fact is not None and fact.value not in (None, 0, "") and str(fact.value).strip("0.") != ""


def _listed(parts: Iterable[Paragraph]) -> Paragraph:
    runs: list[Run] = []
    for one in parts:
        runs += [Run("; "), *one] if runs else one
    return tuple(runs)


def _ended(runs: Paragraph) -> Paragraph:
    first = runs[0]
    start = Run(first.text[:1].upper() + first.text[1:], first.key)
    return (start, *runs[1:], Run("."))
