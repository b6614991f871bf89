"""Pages of a section of a draft, of outlines and of phrases."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Page
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from core import clock, web
from core.web import Right, outcome_message, page_of, problem_response, requires
from figures.periods import Period, PeriodError
from records.calendar.queries import stored_calendar
from reports import document, review_access
from reports.models import Review, ReviewSection
from reports.review_access import ReviewError, drafting_units, review_for, visible_reviews
from reports.review_text import bound_text
from reports.review_text.facts import Fact
from reports.review_text.phrases import PhraseError
from spreadsheets.table_writer import TableColumn, TableFile, requested_file
from units.access.queries import home_unit, is_root_administrator, require_right, unit_for
from units.models import Unit

from . import actions
from . import queries as drafting_queries
from .actions import drop_outline, drop_phrase, save_outline, save_phrase
from .forms import PhraseForm, SectionForm, section_forms
from .queries import (
    PhraseTemplate,
    drafts_in_year,
    facts_named,
    last_change,
    outline_for,
    phrase_scopes,
    phrase_template,
    phrase_templates,
    responsible_offices,
    search_facts,
    section_due_on,
    section_names,
    section_version,
    try_phrase,
)

FROZEN = "Báo cáo đã chốt số liệu, không sửa được nữa. Hãy lập bản thay thế."
STALE = "Chưa lưu: người khác vừa lưu mục này."
PER_PAGE = 50
LONGEST_SEARCH = 100
MOST_KEYS = 500


@requires(Right.EDIT)
def review_section(request: HttpRequest, pk: int, section: int) -> HttpResponse:
    """Edit heading and text of a section. If somebody else has saved it meanwhile, both versions are shown (409)."""
    review = review_for(request, pk, Right.EDIT)
    stored = get_object_or_404(review.sections.select_related("review"), pk=section)
    if review.is_frozen:
        return _frozen(request, review)
    facts = drafting_queries.review_facts(review)
    form = SectionForm(request.POST if request.method == "POST" else None, stored, facts)
    status = 200 if request.method != "POST" else _saved(request, stored, form)
    stored.refresh_from_db()
    if web.accepts_only_json(request):
        return _json_answer(status, review, stored, form)
    if status == 302:
        messages.success(request, f"Đã lưu mục {stored.heading}.")
        return redirect(reverse("review", args=[pk]) + f"#muc-{stored.order}")
    sections = list(review.sections.all())
    place = sections.index(stored)
    # After a conflict the page keeps the version that it was opened with, so that sending it again conflicts too.
    version = request.POST.get("version", "") if status == 409 else section_version(stored)
    written = str(form["body"].value() or "")
    quoted = facts_named(
        facts, bound_text.fact_keys(bound_text.parse_paragraphs(written + "\n\n" + stored.body))
    )
    context: dict[str, Any] = {
        "found": review,
        "section": stored,
        "form": form,
        "version": version,
        "theirs": _theirs(review, stored) if status == 409 else None,
        "wrong": status == 422,
        "sections": sections,
        "earlier": sections[place - 1] if place else None,
        "later": sections[place + 1] if place + 1 < len(sections) else None,
        "quoted": [fact.as_dict() for fact in quoted],
    }
    return render(request, "reports/drafting/section.html", context, status=status)


@requires(Right.EDIT)
@require_safe
def review_facts(request: HttpRequest, pk: int) -> HttpResponse:
    """The facts that a draft may quote, searched (`q`) or by key (`keys`, with commas), as a page or as JSON."""
    review = review_for(request, pk, Right.EDIT)
    if review.is_frozen:
        return _frozen(request, review)
    facts = drafting_queries.review_facts(review)
    if web.accepts_only_json(request):
        return facts_response(request, facts)
    query, page = _searched(request, facts)
    return render(request, "reports/drafting/facts.html", {"found": review, "asked": query, "page": page})


def facts_response(request: HttpRequest, facts: Mapping[str, Fact]) -> HttpResponse:
    """The requested facts as JSON, searched or by key."""
    if "keys" in request.GET:
        named = facts_named(facts, request.GET["keys"].split(",")[:MOST_KEYS])
        return _json({"total": len(named), "facts": [quotable.as_dict() for quotable in named]})
    page = _searched(request, facts)[1]
    return _json(
        {"total": page.paginator.count, "facts": [quotable.as_dict() for quotable in page.object_list]}
    )


def _searched(request: HttpRequest, facts: Mapping[str, Fact]) -> tuple[str, Page]:
    query = request.GET.get("q", "")[:LONGEST_SEARCH]
    matches = search_facts(facts, query)
    return query, page_of(request, matches, PER_PAGE)


def _saved(request: HttpRequest, section: ReviewSection, form: SectionForm) -> int:
    """Save the section; returns 302 (saved), 409 (another version) or 422 (invalid). `over` is a colleague's version
    that the user has seen and replaces.
    """
    version = request.POST.get("over") or request.POST.get("version", "")
    if version != section_version(section):
        return 409
    if not form.is_valid():
        return 422
    data = form.cleaned_data
    try:
        actions.write_section(
            section, data["heading"], data["body"], by=request.user, at=clock.now(), version=version
        )
    except review_access.ReviewError:
        return 409
    return 302


def _theirs(review: Review, section: ReviewSection) -> dict[str, Any]:
    """The stored section, and who changed the review last."""
    last = last_change(review)
    return {
        "heading": section.heading,
        "paragraphs": bound_text.parse_paragraphs(section.body),
        "by": last.actor if last else "",
        "at": last.at if last else None,
        "version": section_version(section),
    }


def _json_answer(status: int, review: Review, section: ReviewSection, form: SectionForm) -> HttpResponse:
    """The response for the page's script."""
    current = {
        "heading": section.heading,
        "body": section.body,
        "version": section_version(section),
    }
    if status == 409:
        theirs = _theirs(review, section)
        at = timezone.localtime(theirs["at"]).isoformat() if theirs["at"] else ""
        return problem_response(409, "stale", STALE, by=theirs["by"], at=at, **current)
    if status == 422:
        errors = {name: list(texts) for name, texts in form.errors.items()}
        return problem_response(422, "invalid", "Chưa lưu được.", errors=errors)
    return _json({**current, "at": timezone.localtime(clock.now()).isoformat()})


def _frozen(request: HttpRequest, review: Review) -> HttpResponse:
    if web.accepts_only_json(request):
        return problem_response(409, "frozen", FROZEN)
    messages.error(request, FROZEN)
    return redirect("review", review.pk)


def _json(body: dict[str, Any]) -> HttpResponse:
    return JsonResponse(body, json_dumps_params={"ensure_ascii": False})


PHRASES = (
    TableColumn("section", "Mục", width=34),
    TableColumn("key", "Mã", width=30),
    TableColumn("text", "Câu", width=80),
    TableColumn("conditions", "Điều kiện", width=40),
    TableColumn("state", "Mẫu"),
)


def phrases_file(sections: Iterable[tuple[str, Iterable]], at: datetime) -> TableFile:
    """The phrases by section as a table file."""
    rows = (
        (
            name,
            template.key,
            template.text,
            str(template.conditions or ""),
            "Đang dùng" if template.in_use else "Không dùng",
        )
        for name, templates in sections
        for template in templates
    )
    return TableFile("cau-mau", "Câu mẫu của báo cáo", PHRASES, rows, at)


YEARS_BACK, YEARS_ON = 3, 1


@requires(Right.EDIT)
def outline(request: HttpRequest) -> HttpResponse:
    """The outline that applies to `unit` and `year`; POST saves it as the unit's own from that year on, or with `drop`
    deletes the unit's own of that year.
    """
    data = request.POST if request.method == "POST" else request.GET
    unit, year = _unit(request, data.get("unit", "")), _year(request, data.get("year", ""))
    in_force = outline_for(unit, year)
    own = in_force.of is not None and (in_force.of.unit_id, in_force.of.year) == (unit.pk, year)
    sent = request.POST if request.method == "POST" and "drop" not in request.POST else None
    offices = responsible_offices(unit, request.day)
    forms = section_forms(sent, in_force.sections, offices, section_names())
    if request.method == "POST":
        try:
            if "drop" in request.POST:
                drop_outline(unit, year, by=request.user, at=clock.now())
                messages.success(request, "Đã bỏ đề cương riêng.")
                return redirect(_address(unit, year))
            if forms.is_valid():
                save_outline(unit, year, forms.sections(), by=request.user, at=clock.now())
                messages.success(request, f"Đã lưu đề cương của {unit.name} từ năm {year}.")
                return redirect(_address(unit, year))
        except ReviewError as error:
            messages.error(request, str(error))
    end = stored_calendar().bounds(Period.parse(f"{year}-H1"))[1]
    context = {
        "unit": unit,
        "year": year,
        "units": drafting_units(request.user, request.day),
        "years": range(request.day.year - YEARS_BACK, request.day.year + YEARS_ON + 1),
        "now": in_force,
        "own": own,
        "forms": forms,
        "dues": [section_due_on(section, end) for section in in_force.sections],
        "begun": drafts_in_year(unit, year),
    }
    wrong = request.method == "POST"
    return render(request, "reports/drafting/outline.html", context, status=422 if wrong else 200)


def _unit(request: HttpRequest, text: str) -> Unit:
    """The requested unit, else the first whose reviews the user drafts; 404 and 403 as everywhere."""
    if text:
        pk = int(text) if text.isdecimal() and len(text) < 19 else 0
        return unit_for(request.user, pk, request.day, Right.EDIT)
    units = drafting_units(request.user, request.day)
    first = units[0] if units else home_unit(request.user, request.day)
    return require_right(request.user, Right.EDIT, first, request.day)


def _year(request: HttpRequest, text: str) -> int:
    try:
        return Period.parse(text).first.year if text.isdecimal() else request.day.year
    except PeriodError:
        return request.day.year


def _address(unit: Unit, year: int) -> str:
    return f"{reverse('outline')}?unit={unit.pk}&year={year}"


SHOWN_FACTS = 400


def _only_top(request: HttpRequest) -> None:
    if not is_root_administrator(request.user, request.day):
        raise PermissionDenied("Chỉ người quản trị của đơn vị cao nhất sửa được câu mẫu.")


@requires(Right.MANAGE)
def phrase_list(request: HttpRequest) -> HttpResponse:
    """All phrases by section, in their order."""
    _only_top(request)
    by_section: dict[str, list[PhraseTemplate]] = {}
    for template in phrase_templates():
        by_section.setdefault(template.section, []).append(template)
    names = dict(section_names(tasks=True))
    sections = [(names.get(key, key), templates) for key, templates in by_section.items()]
    if file := requested_file(request, {"": lambda: phrases_file(sections, clock.now())}):
        return file
    return render(request, "reports/drafting/phrases.html", {"sections": sections})


@requires(Right.MANAGE)
def phrase_new(request: HttpRequest) -> HttpResponse:
    """A new phrase."""
    _only_top(request)
    return _phrase(request, None)


@requires(Right.MANAGE)
def phrase(request: HttpRequest, key: str) -> HttpResponse:
    """A phrase; POST saves it, with `drop` deletes the stored one."""
    _only_top(request)
    template = phrase_template(key)
    if template is None:
        raise Http404
    if request.method == "POST" and "drop" in request.POST:
        with outcome_message(request, "Đã bỏ câu đã sửa.", ReviewError):
            drop_phrase(key, by=request.user, at=clock.now())
        return redirect("phrases")
    return _phrase(request, template)


def _phrase(request: HttpRequest, template: PhraseTemplate | None) -> HttpResponse:
    form = PhraseForm(
        request.POST if request.method == "POST" else None,
        sections=section_names(tasks=True),
        kinds=phrase_scopes(),
        initial=_initial(template),
        new=template is None,
        used_keys={stored.key for stored in phrase_templates()} if template is None else set(),
    )
    if request.method == "POST" and form.is_valid():
        written = {name: value for name, value in form.cleaned_data.items() if name != "key"}
        key = template.key if template else form.cleaned_data["key"]
        try:
            save_phrase(key, written, by=request.user, at=clock.now())
        except PhraseError as error:
            form.add_error("text", str(error))
        else:
            messages.success(request, "Đã lưu câu mẫu. Dự thảo lập từ nay dùng câu này.")
            return redirect("phrase", key)
    context = {"found": template, "form": form, **_preview(request, template)}
    return render(request, "reports/drafting/phrase.html", context, status=422 if form.errors else 200)


def _initial(template: PhraseTemplate | None) -> dict[str, Any]:
    if template is None:
        return {"order": 100_000, "in_use": True}
    names = ("section", "slot", "order", "of", "conditions", "text", "begins_paragraph", "in_use")
    return {name: getattr(template, name) for name in names}


def _preview(request: HttpRequest, template: PhraseTemplate | None) -> dict[str, Any]:
    """The phrase rendered for the newest review that the user sees, and the facts that it could use there."""
    review = visible_reviews(request.user, request.day).order_by("-pk").first()
    if review is None:
        return {}
    doc = document.build_document(review, demo=settings.DEMO)
    facts = document.document_facts(doc)
    sentences = try_phrase(doc, facts, template.parsed()) if template else []
    shown = [(key, fact) for key, fact in facts.items() if not key.startswith("unit.")]
    return {"review": review, "said": sentences, "facts": shown[:SHOWN_FACTS]}
