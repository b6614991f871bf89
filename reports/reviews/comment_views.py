"""Commenting on a draft from its page."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse

from core import clock
from core.web.pagination import outcome_message
from core.web.rights import Right, requires
from reports.consultation import actions
from reports.consultation.forms import CommentForm, ReplyForm
from reports.consultation.queries import comment_units
from reports.models import Asking, AskKind, Review, SectionComment
from reports.review_access.actions import ReviewError
from reports.review_access.queries import review_for
from units.access.queries import is_allowed, require_right
from units.models import Unit

from .views import review_page


def _back(found: Review) -> HttpResponse:
    return redirect(reverse("review", args=[found.pk]) + "#gop-y")


def _voices(request: HttpRequest, found: Review) -> list[Unit]:
    """In whose name the sender may speak; 403 for who only reads."""
    voices = comment_units(request.user, found, request.day)
    if not voices and not is_allowed(request.user, Right.COMMENT, found.unit, request.day):
        raise PermissionDenied("Bạn chỉ được xem dự thảo này.")
    return voices


@requires(Right.COMMENT)
def review_comment(request: HttpRequest, pk: int) -> HttpResponse:
    """POST a comment on a section or the whole draft."""
    found = review_for(request, pk)
    voices = _voices(request, found)
    if request.method != "POST":
        return _back(found)
    if not voices:
        return review_page(request, found, status=409, refused=actions.CLOSED)
    form = CommentForm(request.POST, list(found.sections.order_by("order")), voices)
    if not form.is_valid():
        return review_page(request, found, status=422, comment_form=form)
    section, unit = form.chosen()
    words = form.cleaned_data["text"]
    try:
        actions.add_comment(found, words, unit=unit, section=section, by=request.user, at=clock.now())
    except ReviewError as refused:
        return review_page(request, found, status=409, refused=str(refused), comment_form=form)
    messages.success(request, "Đã ghi ý kiến.")
    return _back(found)


@requires(Right.SIGNED_IN)
def comment_reply(request: HttpRequest, pk: int) -> HttpResponse:
    """POST a reply to a comment; an editor of the review may settle it at once."""
    said = SectionComment.objects.select_related("review__unit").filter(pk=pk).first()
    if said is None:
        raise Http404
    found = review_for(request, said.review_id)
    edits = is_allowed(request.user, Right.EDIT, found.unit, request.day)
    voices = _voices(request, found)
    if request.method != "POST":
        return _back(found)
    form = ReplyForm(request.POST)
    if not form.is_valid():
        told = " ".join(message for each in form.errors.values() for message in each)
        return review_page(request, found, status=422, comment_wrong=told)
    resolution, words = form.cleaned_data["resolution"], form.cleaned_data["text"]
    try:
        if resolution:
            if not edits:
                raise PermissionDenied("Người tổng hợp báo cáo giải quyết ý kiến.")
            actions.resolve_comment(said, resolution, words, unit=found.unit, by=request.user, at=clock.now())
        elif voices:
            unit = found.unit if found.unit in voices else voices[0]
            actions.add_comment(found, words, unit=unit, parent=said, by=request.user, at=clock.now())
        else:
            raise ReviewError(actions.CLOSED)
    except ReviewError as refused:
        return review_page(request, found, status=409, comment_wrong=str(refused))
    messages.success(request, "Đã giải quyết ý kiến." if resolution else "Đã trả lời.")
    return _back(found)


@requires(Right.SIGNED_IN)
def agree(request: HttpRequest, pk: int) -> HttpResponse:
    """POST: the asked unit has nothing to say to the draft."""
    one = Asking.objects.select_related("unit", "review__unit").filter(pk=pk, kind=AskKind.COMMENT).first()
    if one is None or not is_allowed(request.user, Right.READ, one.unit, request.day):
        raise Http404
    require_right(request.user, Right.FILL, one.unit, request.day)
    if request.method == "POST":
        with outcome_message(request, "Đã ghi: đơn vị nhất trí, không có ý kiến thêm.", ReviewError):
            actions.agree(one, by=request.user, at=clock.now())
    return redirect("records:worklist")
