"""Pages of one section of a draft, of the outline and of the phrases, with the phrases as a file."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Page, Paginator
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from core import clock, web
from core.web import Right, outcome_message, problem_response, requires
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
    """Heading and words of one section. What a colleague has saved meanwhile is not overwritten: both are shown."""
    found = review_for(request, pk, Right.EDIT)
    one = get_object_or_404(found.sections.select_related("review"), pk=section)
    if found.is_frozen:
        return _frozen(request, found)
    known = drafting_queries.review_facts(found)
    form = SectionForm(request.POST if request.method == "POST" else None, one, known)
    status = 200 if request.method != "POST" else _saved(request, one, form)
    one.refresh_from_db()
    if web.accepts_only_json(request):
        return _told(status, found, one, form)
    if status == 302:
        messages.success(request, f"Đã lưu mục {one.heading}.")
        return redirect(reverse("review", args=[pk]) + f"#muc-{one.order}")
    sections = list(found.sections.all())
    place = sections.index(one)
    # Sending this page again must not overwrite either: it keeps the version that it was opened with.
    seen = request.POST.get("version", "") if status == 409 else section_version(one)
    written = str(form["body"].value() or "")
    quoted = facts_named(
        known, bound_text.fact_keys(bound_text.parse_paragraphs(written + "\n\n" + one.body))
    )
    context: dict[str, Any] = {
        "found": found,
        "section": one,
        "form": form,
        "version": seen,
        "theirs": _theirs(found, one) if status == 409 else None,
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
    """What the words of a draft may quote: searched (`q`) or named (`keys`, with commas), as a page or as JSON."""
    found = review_for(request, pk, Right.EDIT)
    if found.is_frozen:
        return _frozen(request, found)
    known = drafting_queries.review_facts(found)
    if web.accepts_only_json(request):
        return facts_response(request, known)
    asked, page = _searched(request, known)
    return render(request, "reports/drafting/facts.html", {"found": found, "asked": asked, "page": page})


def facts_response(request: HttpRequest, known: Mapping[str, Fact]) -> HttpResponse:
    """Those of some facts that the editor asks for, searched or named."""
    if "keys" in request.GET:
        named = facts_named(known, request.GET["keys"].split(",")[:MOST_KEYS])
        return _json({"total": len(named), "facts": [one.as_dict() for one in named]})
    page = _searched(request, known)[1]
    return _json({"total": page.paginator.count, "facts": [one.as_dict() for one in page.object_list]})


def _searched(request: HttpRequest, known: Mapping[str, Fact]) -> tuple[str, Page]:
    asked = request.GET.get("q", "")[:LONGEST_SEARCH]
    found = search_facts(known, asked)
    return asked, Paginator(found, PER_PAGE).get_page(request.GET.get("page"))


def _saved(request: HttpRequest, section: ReviewSection, form: SectionForm) -> int:
    """The status of saving what was sent: 302 saved, 409 another version, 422 wrong. `over` names the version of a
    colleague that whoever sends this has seen and replaces.
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


def _theirs(found: Review, section: ReviewSection) -> dict[str, Any]:
    """What stands in the section now, and who changed the review last."""
    last = last_change(found)
    return {
        "heading": section.heading,
        "paragraphs": bound_text.parse_paragraphs(section.body),
        "by": last.actor if last else "",
        "at": last.at if last else None,
        "version": section_version(section),
    }


def _told(status: int, found: Review, section: ReviewSection, form: SectionForm) -> HttpResponse:
    """The answer for the page's own script."""
    now = {
        "heading": section.heading,
        "body": section.body,
        "version": section_version(section),
    }
    if status == 409:
        theirs = _theirs(found, section)
        at = timezone.localtime(theirs["at"]).isoformat() if theirs["at"] else ""
        return problem_response(409, "stale", STALE, by=theirs["by"], at=at, **now)
    if status == 422:
        errors = {name: list(told) for name, told in form.errors.items()}
        return problem_response(422, "invalid", "Chưa lưu được.", errors=errors)
    return _json({**now, "at": timezone.localtime(clock.now()).isoformat()})


def _frozen(request: HttpRequest, found: Review) -> HttpResponse:
    if web.accepts_only_json(request):
        return problem_response(409, "frozen", FROZEN)
    messages.error(request, FROZEN)
    return redirect("review", found.pk)


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
    """The phrases that drafts are written from, by section, in their order."""
    rows = (
        (name, one.key, one.text, str(one.conditions or ""), "Đang dùng" if one.in_use else "Không dùng")
        for name, ones in sections
        for one in ones
    )
    return TableFile("cau-mau", "Câu mẫu của báo cáo", PHRASES, rows, at)


YEARS_BACK, YEARS_ON = 3, 1


@requires(Right.EDIT)
def outline(request: HttpRequest) -> HttpResponse:
    """The outline that holds for `unit` and `year`; a POST makes it the unit's own from that year on, or with `drop`
    takes the unit's own of that year away.
    """
    given = request.POST if request.method == "POST" else request.GET
    unit, year = _unit(request, given.get("unit", "")), _year(request, given.get("year", ""))
    now = outline_for(unit, year)
    own = now.of is not None and (now.of.unit_id, now.of.year) == (unit.pk, year)
    sent = request.POST if request.method == "POST" and "drop" not in request.POST else None
    offices = responsible_offices(unit, request.day)
    forms = section_forms(sent, now.sections, offices, section_names())
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
        except ReviewError as refused:
            messages.error(request, str(refused))
    end = stored_calendar().bounds(Period.parse(f"{year}-H1"))[1]
    context = {
        "unit": unit,
        "year": year,
        "units": drafting_units(request.user, request.day),
        "years": range(request.day.year - YEARS_BACK, request.day.year + YEARS_ON + 1),
        "now": now,
        "own": own,
        "forms": forms,
        "dues": [section_due_on(section, end) for section in now.sections],
        "begun": drafts_in_year(unit, year),
    }
    wrong = request.method == "POST"
    return render(request, "reports/drafting/outline.html", context, status=422 if wrong else 200)


def _unit(request: HttpRequest, number: str) -> Unit:
    """The unit asked for, else the first that the reader drafts reviews of; 404 and 403 as everywhere."""
    if number:
        pk = int(number) if number.isdecimal() and len(number) < 19 else 0
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
    """All phrases by section, in the order in which they are said."""
    _only_top(request)
    by_section: dict[str, list[PhraseTemplate]] = {}
    for one in phrase_templates():
        by_section.setdefault(one.section, []).append(one)
    names = dict(section_names(tasks=True))
    sections = [(names.get(key, key), ones) for key, ones in by_section.items()]
    if file := requested_file(request, {"": lambda: phrases_file(sections, clock.now())}):
        return file
    return render(request, "reports/drafting/phrases.html", {"sections": sections})


@requires(Right.MANAGE)
def phrase_new(request: HttpRequest) -> HttpResponse:
    """A phrase under a key of its own."""
    _only_top(request)
    return _phrase(request, None)


@requires(Right.MANAGE)
def phrase(request: HttpRequest, key: str) -> HttpResponse:
    """One phrase; a POST writes it, with `drop` takes back what was written."""
    _only_top(request)
    found = phrase_template(key)
    if found is None:
        raise Http404
    if request.method == "POST" and "drop" in request.POST:
        with outcome_message(request, "Đã bỏ câu đã sửa.", ReviewError):
            drop_phrase(key, by=request.user, at=clock.now())
        return redirect("phrases")
    return _phrase(request, found)


def _phrase(request: HttpRequest, found: PhraseTemplate | None) -> HttpResponse:
    form = PhraseForm(
        request.POST if request.method == "POST" else None,
        sections=section_names(tasks=True),
        kinds=phrase_scopes(),
        initial=_initial(found),
        new=found is None,
        taken={one.key for one in phrase_templates()} if found is None else set(),
    )
    if request.method == "POST" and form.is_valid():
        written = {name: value for name, value in form.cleaned_data.items() if name != "key"}
        key = found.key if found else form.cleaned_data["key"]
        try:
            save_phrase(key, written, by=request.user, at=clock.now())
        except PhraseError as wrong:
            form.add_error("text", str(wrong))
        else:
            messages.success(request, "Đã lưu câu mẫu. Dự thảo lập từ nay dùng câu này.")
            return redirect("phrase", key)
    context = {"found": found, "form": form, **_tried(request, found)}
    return render(request, "reports/drafting/phrase.html", context, status=422 if form.errors else 200)


def _initial(found: PhraseTemplate | None) -> dict[str, Any]:
    if found is None:
        return {"order": 100_000, "in_use": True}
    names = ("section", "slot", "order", "of", "conditions", "text", "begins_paragraph", "in_use")
    return {name: getattr(found, name) for name in names}


def _tried(request: HttpRequest, found: PhraseTemplate | None) -> dict[str, Any]:
    """What a phrase says of the newest review that the reader sees, and the figures that it could name there."""
    review = visible_reviews(request.user, request.day).order_by("-pk").first()
    if review is None:
        return {}
    doc = document.build_document(review, demo=settings.DEMO)
    known = document.document_facts(doc)
    said = try_phrase(doc, known, found.parsed()) if found else []
    facts = [(key, fact) for key, fact in known.items() if not key.startswith("unit.")]
    return {"review": review, "said": said, "facts": facts[:SHOWN_FACTS]}
