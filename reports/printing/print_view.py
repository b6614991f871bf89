"""Builds the context of page and print templates from a review's document, and its text with every figure marked."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from itertools import count
from typing import Any

from django.utils.text import capfirst

from figures import formatting
from figures.formatting import format_count, format_day, format_decimal, format_percent, tier_name
from figures.measures import online_labels
from figures.periods import Period
from figures.rates import WITH_TARGET, Placement, Share, rates_in
from figures.summary import Figures, Summary
from reports import document, review_access
from reports.official_forms import sheet
from reports.review_text import sentences, text_figures, typed_numbers
from reports.year_on_year.comparison import ComparedSummaries

from .charts import UnitBars, channel_bar, trend_chart, unit_bars

LETTERS = "ABCDEG"
# The template of each block.
BLOCKS = {
    "channels": "reports/printing/blocks/channels.html",
    "indicators": "reports/printing/blocks/indicators.html",
    "outcomes": "reports/printing/blocks/outcomes.html",
    "tasks": "reports/printing/blocks/tasks.html",
}


@dataclass(frozen=True)
class PrintedRow:
    """A line of a table of the review: a tier, a unit or the total, now and in the same period last year."""

    mark: str
    name: str
    now: Figures
    before: Figures | None = None
    is_total: bool = False


@dataclass(frozen=True)
class PrintedResult:
    """A rate or indicator against its target, as text: what a line of the table of results prints."""

    name: str
    parts: str
    now: str
    target: str
    before: str
    verdict: str
    reached: bool | None = None


def print_context(doc: dict[str, Any]) -> dict[str, Any]:
    """The context of templates/reports/printing/review.html and of the screen page.

    Raises KeyError for a document of another form.
    """
    now, before = Summary.from_dict(doc["figures"]), Summary.from_dict(doc["last_year"])
    end = date.fromisoformat(doc["review"]["to"])
    label = Period.parse(doc["review"]["period"]).label
    tiers = tier_rows(now, before, doc["review"]["unit_name"])
    return {
        "doc": doc,
        "period_label": label,
        "day_from": format_day(date.fromisoformat(doc["review"]["from"])),
        "day_to": format_day(end),
        "online_label": online_labels(end)["online"],
        "one_month": now.period.one_month,
        "basis_name": formatting.basis_label(now.units_of),
        "notes": notes(doc, now),
        "completeness_text": now.completeness_text,
        "opening": _opening(doc, now),
        "closing": _closing(doc),
        "sections": [
            _section(section, paragraphs)
            for section, paragraphs in zip(
                doc["sections"], text_figures.sentences_by_section(doc), strict=True
            )
        ],
        # Documents of the first format hold these sentences outside the text.
        "drafted": doc.get("drafted", {}),
        "tier_rows": tiers,
        # A single unit needs no annex by unit.
        "single": len(now.rows) < 2,
        "period_rows": period_rows(now, before) if len(tiers) == 1 else [],
        "bars": [
            channel_bar(row.name, row.now, online_labels(end)["online"])
            for row in tiers
            if row.now.counts["received"]
        ],
        "trend": trend_chart(doc.get("by_month", [])),
        "unit_charts": unit_charts(doc, now),
        "rate_results": rate_results(doc, now, before),
        "indicator_results": [indicator_result(indicator) for indicator in doc["indicators"]],
        "tasks": [{**task, "note": task_note(task), "day": _day(task["deadline"])} for task in doc["tasks"]],
        "last_tasks": [{**task, "day": _day(task["deadline"])} for task in doc.get("last_tasks", ())],
        "meeting_day": _day(doc["header"]["meeting_day"]) or "—",
        "unit_rows": unit_rows(doc, now),
        "missing_lines": missing_lines(now),
        "typed_note": typed_note(doc),
        "definitions": [f"{rate.name} = {_lower(rate.definition)}" for rate in rates_in(Placement.PRINTED)],
        "rounding_note": rounding_notes(tiers),
        "unit_rounding_note": rounding_notes(unit_rows(doc, now), "một số đơn vị"),
        **sheet.form_table(doc),
        "verify": review_access.printed_code(doc),
    }


def expected_pages(doc: dict[str, Any]) -> int:
    """Estimates the pages of a document, precisely enough to separate short from long ones."""
    letters = sum(
        len(run if isinstance(run, str) else run["text"])
        for section in doc["sections"]
        for runs in section["paragraphs"]
        for run in runs
    )
    lines = len(doc["figures"]["rows"]) + sum(len(part["figures"]["rows"]) for part in doc["by_field"])
    return 7 + letters // 2_400 + lines // 24


def tier_rows(now: Summary, before: Summary, unit_name: str) -> list[PrintedRow]:
    """A row for each tier, and the total if there are several."""
    earlier = dict(before.tiers)
    rows = [
        PrintedRow(LETTERS[place], tier_name(tier), figures, earlier.get(tier))
        for place, (tier, figures) in enumerate(now.tiers)
    ]
    total = PrintedRow(
        "", f"Chung {unit_name}" if len(rows) > 1 else unit_name, now.total, before.total, True
    )
    return [*rows, total] if len(rows) != 1 else [PrintedRow("A", rows[0].name, now.total, before.total)]


def period_rows(now: Summary, before: Summary) -> list[PrintedRow]:
    """Rows used instead of tiers if there is only one: this period and the same period last year."""
    return [
        PrintedRow("", now.period.label, now.total),
        PrintedRow("", f"Cùng kỳ ({before.period.label})", before.total),
    ]


def unit_rows(doc: dict[str, Any], now: Summary) -> list[PrintedRow]:
    """The tiers, each followed by its units, and the total at the end; groups of several tiers stand last."""
    rows: list[PrintedRow] = []
    placed: set[str] = set()
    for place, (tier, figures) in enumerate(now.tiers):
        units = [row for row in now.rows if doc["unit_tiers"].get(row.key) == tier]
        kind = f" ({len(units)} đơn vị)" if units else ""
        rows.append(PrintedRow(LETTERS[place], tier_name(tier) + kind, figures, is_total=True))
        rows += [
            PrintedRow(str(number), capfirst(row.name), row.figures) for number, row in enumerate(units, 1)
        ]
        placed |= {row.key for row in units}
    others = [row for row in now.rows if row.key not in placed]
    rows += [PrintedRow(str(number), capfirst(row.name), row.figures) for number, row in enumerate(others, 1)]
    if len(now.tiers) > 1:
        letters = " + ".join(LETTERS[: len(now.tiers)])
        rows.append(PrintedRow("", f"Tổng cộng ({letters})", now.total, is_total=True))
    return rows


def unit_charts(doc: dict[str, Any], now: Summary) -> list[UnitBars]:
    """The unit bars of each tier that has enough units."""
    tiers = (
        (tier, figures, [row for row in now.rows if doc["unit_tiers"].get(row.key) == tier])
        for tier, figures in now.tiers
    )
    return [chart for tier, figures, rows in tiers if (chart := unit_bars(tier, figures, rows))]


def rate_results(doc: dict[str, Any], now: Summary, before: Summary) -> list[PrintedResult]:
    """The rates that have a target, tier by tier, against it and the same period last year."""
    targets = {(target["rate"], target["tier"]): target["percent"] for target in doc["targets"]}
    earlier = dict(before.tiers)
    results = []
    for rate in WITH_TARGET:
        for tier, figures in now.tiers:
            goal = targets.get((rate.key, tier), targets.get((rate.key, "")))
            if goal is not None:
                old = earlier[tier].share(rate.key) if tier in earlier else None
                name = f"{rate.name}, {tier_name(tier).lower()}"
                results.append(rate_result(name, figures.share(rate.key), goal, old))
    return results


def rate_result(name: str, share: Share, goal: str | None, old: Share | None) -> PrintedResult:
    sound = share.percent is not None and not share.partial
    return PrintedResult(
        name,
        f"{format_count(share.numerator)} / {format_count(share.denominator)}",
        format_percent(share.percent) + (" (chưa đủ)" if share.partial else ""),
        format_percent(goal),
        format_percent(old.percent if old else None),
        sentences.target_gap(share.percent, goal) if sound else "",
        sentences.reached(share.percent, goal) if sound else None,
    )


def indicator_result(indicator: dict[str, Any]) -> PrintedResult:
    if indicator.get("quoted") is not None:
        on = f"công bố ngày {_day(indicator['quoted_on'])}"
        return PrintedResult(indicator["name"], on, _published_value(indicator), "—", "—", "")
    if not indicator["is_share"]:
        amount = (
            f"{format_count(indicator['numerator'])} {indicator['counted_in']}"
            if indicator["numerator"] is not None
            else "—"
        )
        earlier = indicator["before_numerator"]
        return PrintedResult(
            indicator["name"], format_count(indicator["numerator"]), amount, "—", format_count(earlier), ""
        )
    return PrintedResult(
        indicator["name"],
        f"{format_count(indicator['numerator'])} / {format_count(indicator['denominator'])}",
        format_percent(indicator["percent"]),
        format_percent(indicator["target"]),
        format_percent(indicator["before_percent"]),
        sentences.target_gap(indicator["percent"], indicator["target"]),
        sentences.reached(indicator["percent"], indicator["target"]),
    )


def _published_value(indicator: dict[str, Any]) -> str:
    """A number published elsewhere, with its unit: "85,4%", "78,25 điểm"."""
    number = format_decimal(indicator["quoted"])
    return f"{number}%" if indicator["counted_in"] == "%" else f"{number} {indicator['counted_in']}"


def missing_lines(now: Summary) -> list[str]:
    """The missing months of each unit; empty if all are reported."""
    return [
        f"{capfirst(months[0].name or unit)}: {', '.join(month.month.label for month in months)}"
        for unit, months in now.total.completeness.by_unit().items()
    ]


def typed_note(doc: dict[str, Any]) -> str:
    """Names the numbers typed into the text, with their places: they have no source in the system."""
    by_place: dict[str, list[str]] = {}
    for figure in doc.get("typed", ()):
        if figure["state"] != typed_numbers.SAME:
            by_place.setdefault(figure["where"], []).append(figure["text"])
    places = [f"{'; '.join(dict.fromkeys(texts))} ({where})" for where, texts in by_place.items()]
    return f"Số do người soạn ghi, không lấy từ số liệu của hệ thống: {'; '.join(places)}." if places else ""


def rounding_notes(rows: Iterable[PrintedRow], whom: str = "") -> str:
    """The footnote "do làm tròn" for the rows whose printed shares do not total 100."""
    notes = [(row.name, note) for row in rows if (note := sentences.rounding_note(row.now))]
    if whom and notes:
        return f"Tổng các tỷ lệ theo hình thức của {whom} khác 100% do làm tròn."
    return " ".join(f"{name}: {_lower(note)}" for name, note in notes)


def task_note(task: dict[str, Any]) -> str:
    """Who answers for a task and by when."""
    deadline = f"chậm nhất ngày {_day(task['deadline'])}" if task["deadline"] else ""
    return "; ".join(part for part in (task["responsible"], deadline) if part)


def _opening(doc: dict[str, Any], now: Summary) -> list[str]:
    start, end = (format_day(date.fromisoformat(doc["review"][name])) for name in ("from", "to"))
    scope = f"Kỳ số liệu từ ngày {start} đến ngày {end}, chỉ tính báo cáo đã duyệt"
    scope += f", {formatting.basis_label(now.units_of)}" if now.units_of else ""
    texts = [sentences.completeness_sentence(now.total.completeness, now.period.one_month), *notes(doc, now)]
    return [
        text for text in (doc["header"]["opening"], " ".join([f"{scope}.", *filter(None, texts)])) if text
    ]


def notes(doc: dict[str, Any], now: Summary) -> list[str]:
    """Notes on comparability: territory, handovers within a month, estimates, and units left out of the comparison
    with the same period last year.
    """
    texts = [*(now.territory.in_words() if now.territory else ()), *now.handover.sentences()]
    texts += (
        [formatting.ESTIMATED]
        if now.total.estimated or any(row.figures.estimated for row in now.rows)
        else []
    )
    return texts + ([ComparedSummaries.from_dict(doc["compared"]).sentence] if "compared" in doc else [])


def _section(section: dict[str, Any], paragraphs: list[list[text_figures.TextSentence]]) -> dict[str, Any]:
    """A section with its paragraphs as figures (text, key, state) and as sentences, for any document format, and
    the template of its block.
    """
    runs = [
        tuple(figure for sentence in paragraph for figure in sentence.figures) for paragraph in paragraphs
    ]
    return {
        **section,
        "paragraphs": runs,
        "sentences": paragraphs,
        "template": BLOCKS.get(section["block"], ""),
    }


def _closing(doc: dict[str, Any]) -> list[str]:
    header, texts = doc["header"], []
    if header["meeting_day"]:
        kind = "tổng kết" if Period.parse(doc["review"]["period"]).kind == "year" else "sơ kết"
        texts.append(
            f"Báo cáo trình hội nghị {kind} ngày {format_day(date.fromisoformat(header['meeting_day']))}"
        )
        if header["meeting_place"]:
            texts[0] += f" tại {header['meeting_place']}"
        texts[0] += f"; chủ trì: {header['chaired']}" if header["chaired"] else ""
        texts[0] += f"; dự hội nghị: {header['attended']}" if header["attended"] else ""
        texts[0] += "."
    return [*texts, *([header["closing"]] if header["closing"] else [])]


def _day(text: str) -> str:
    """A day of the document (ISO text or "") in Vietnamese form."""
    return format_day(date.fromisoformat(text)) if text else ""


def _lower(text: str) -> str:
    return text[:1].lower() + text[1:]


@dataclass(frozen=True)
class MarkedPiece:
    """A piece of a sentence; figures have a number on the page, and a link to the units behind them, if any."""

    figure: text_figures.TextFigure
    number: int = 0
    link: str = ""


@dataclass(frozen=True)
class MarkedSentence:
    """A sentence with its pieces; `anchor` is its fragment on the page."""

    sentence: text_figures.TextSentence
    pieces: tuple[MarkedPiece, ...]

    @property
    def anchor(self) -> str:
        return "cau-" + self.sentence.name.replace(".", "-")


@dataclass(frozen=True)
class FigureMark:
    """A figure to check: `number` on the page (0 outside the sections), `accept` is the form value that binds it, if it
    can be bound.
    """

    marked: text_figures.FigureToCheck
    number: int
    accept: str = ""


@dataclass(frozen=True)
class MarkedText:
    """The text of a document by section and paragraph, and what has to be checked in it."""

    sections: list[list[list[MarkedSentence]]]
    stale: list[MarkedSentence] = field(default_factory=list)
    lost: list[FigureMark] = field(default_factory=list)
    looks_like: list[FigureMark] = field(default_factory=list)
    unsourced: list[FigureMark] = field(default_factory=list)
    same: list[FigureMark] = field(default_factory=list)

    @property
    def points(self) -> int:
        """The count of figures and sentences to check before signing; correct typed numbers do not count."""
        return sum(len(ones) for ones in (self.stale, self.lost, self.looks_like, self.unsourced))


def mark_text(doc: dict[str, Any]) -> MarkedText:
    """The text of a document with all its marks."""
    now = text_figures.text_figures(doc)
    facts = document.document_facts(doc) if doc.get("facts") else {}
    links = {key: fact.link for key, fact in facts.items()}
    numbers = count(1)
    sections = [
        [[_sentence(sentence, links, numbers) for sentence in paragraph] for paragraph in section]
        for section in now.sections
    ]
    every = [marked for section in sections for paragraph in section for marked in paragraph]
    places: dict[str, list[int]] = {}
    for piece in (piece for marked in every for piece in marked.pieces):
        places.setdefault(piece.figure.state, []).append(piece.number)
    return MarkedText(
        sections,
        [marked for marked in every if marked.sentence.stale],
        _figure_marks(now.lost, places.get(text_figures.LOST, [])),
        _figure_marks(now.looks_like, places.get(typed_numbers.LOOKS_LIKE, [])),
        _figure_marks(now.unsourced, places.get(typed_numbers.UNSOURCED, [])),
        _figure_marks(now.same, places.get(typed_numbers.SAME, [])),
    )


def _sentence(
    sentence: text_figures.TextSentence, links: Mapping[str, str], numbers: Iterator[int]
) -> MarkedSentence:
    pieces = tuple(
        MarkedPiece(figure, next(numbers), links.get(figure.key, "")) if figure.state else MarkedPiece(figure)
        for figure in sentence.figures
    )
    return MarkedSentence(sentence, pieces)


def _figure_marks(figures: tuple[text_figures.FigureToCheck, ...], places: list[int]) -> list[FigureMark]:
    """Pairs figures with their `places`, both in text order; figures outside the sections have none."""
    left = iter(places)
    return [
        FigureMark(figure, next(left, 0) if figure.section else 0, f"={figure.name}" if figure.name else "")
        for figure in figures
    ]
