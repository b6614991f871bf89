"""The page of one section of a draft, and the list of facts that it may quote."""

from collections.abc import Mapping
from typing import Any

from django.contrib import messages
from django.core.paginator import Page, Paginator
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from core import clock
from core.web import problem_json
from core.web.problem_json import problem_response
from core.web.rights import Right, requires
from reports.models import Review, ReviewSection
from reports.review_access import actions as review_access_actions
from reports.review_access.queries import review_for
from reports.review_text import bound_text
from reports.review_text.facts import Fact

from . import actions as drafting_actions
from . import queries as drafting_queries
from .forms import SectionForm
from .queries import facts_named, last_change, search_facts, section_version

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
    if problem_json.accepts_only_json(request):
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
    if problem_json.accepts_only_json(request):
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
        drafting_actions.write_section(
            section, data["heading"], data["body"], by=request.user, at=clock.now(), version=version
        )
    except review_access_actions.ReviewError:
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
    if problem_json.accepts_only_json(request):
        return problem_response(409, "frozen", FROZEN)
    messages.error(request, FROZEN)
    return redirect("review", found.pk)


def _json(body: dict[str, Any]) -> HttpResponse:
    return JsonResponse(body, json_dumps_params={"ensure_ascii": False})
