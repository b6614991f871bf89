"""The phrases that drafts are made of, for administrators of the top of the tree: list, one, a new one."""

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render

from cchc_dashboard import clock
from figures.phrases import PhraseError
from reports.actions import Refused
from reports.actions.outlines import drop_phrase, save_phrase
from reports.forms.outlines import PhraseForm
from reports.outlets.page_tables import phrases_file
from reports.queries import document, phrases, reviews, wording
from reports.queries.phrases import Template
from units import access
from units.access import Right, requires
from units.tablefile import file_of

SHOWN_FACTS = 400


def _only_top(request: HttpRequest) -> None:
    if not access.is_root_administrator(request.user, request.day):
        raise PermissionDenied("Chỉ người quản trị của đơn vị cao nhất sửa được câu mẫu.")


@requires(Right.MANAGE)
def phrase_list(request: HttpRequest) -> HttpResponse:
    """All phrases by section, in the order in which they are said."""
    _only_top(request)
    by_section: dict[str, list[Template]] = {}
    for one in phrases.templates():
        by_section.setdefault(one.section, []).append(one)
    names = dict(phrases.section_names(tasks=True))
    sections = [(names.get(key, key), ones) for key, ones in by_section.items()]
    if file := file_of(request, {"": lambda: phrases_file(sections, clock.now())}):
        return file
    return render(request, "reports/phrases.html", {"sections": sections})


@requires(Right.MANAGE)
def phrase_new(request: HttpRequest) -> HttpResponse:
    """A phrase under a key of its own."""
    _only_top(request)
    return _phrase(request, None)


@requires(Right.MANAGE)
def phrase(request: HttpRequest, key: str) -> HttpResponse:
    """One phrase; a POST writes it, with `drop` takes back what was written."""
    _only_top(request)
    found = phrases.template(key)
    if found is None:
        raise Http404
    if request.method == "POST" and "drop" in request.POST:
        try:
            drop_phrase(key, by=request.user, at=clock.now())
            messages.success(request, "Đã bỏ câu đã sửa.")
        except Refused as refused:
            messages.error(request, str(refused))
        return redirect("phrases")
    return _phrase(request, found)


def _phrase(request: HttpRequest, found: Template | None) -> HttpResponse:
    form = PhraseForm(
        request.POST if request.method == "POST" else None,
        sections=phrases.section_names(tasks=True),
        kinds=phrases.kinds(),
        initial=_initial(found),
        new=found is None,
        taken={one.key for one in phrases.templates()} if found is None else set(),
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
    return render(request, "reports/phrase.html", context, status=422 if form.errors else 200)


def _initial(found: Template | None) -> dict[str, Any]:
    if found is None:
        return {"order": 100_000, "in_use": True}
    names = ("section", "slot", "order", "of", "conditions", "text", "begins_paragraph", "in_use")
    return {name: getattr(found, name) for name in names}


def _tried(request: HttpRequest, found: Template | None) -> dict[str, Any]:
    """What a phrase says of the newest review that the reader sees, and the figures that it could name there."""
    review = reviews.visible(request.user, request.day).order_by("-pk").first()
    if review is None:
        return {}
    doc = document.build(review, demo=settings.DEMO)
    known = document.known(doc)
    said = wording.tried(doc, known, found.parsed()) if found else []
    facts = [(key, fact) for key, fact in known.items() if not key.startswith("unit.")]
    return {"review": review, "said": said, "facts": facts[:SHOWN_FACTS]}
