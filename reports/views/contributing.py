"""What a unit is asked to write for a review: its own page, and what the drafter does with what has come."""

from collections.abc import Callable

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_safe

from cchc_dashboard import clock
from figures import bound
from reports.actions import Refused, Stale, contributing
from reports.forms.contribution import ContributionForm
from reports.models import Asking, AskKind
from reports.queries import asking, contribution, quotable
from units import access
from units.access import Right, requires

from .asking import asking_for
from .sections import facts_told


@requires(Right.SIGNED_IN)
def asked(request: HttpRequest, pk: int) -> HttpResponse:
    """GET: what is asked, the text so far, and the unit's figures to quote (`?lay=1` begins with the words of the
    unit's own review); POST stores it, with `send` hands it over.
    """
    one = _asked_of(request, pk)
    fills = access.allowed(request.user, Right.FILL, one.unit, request.day)
    if request.method == "POST":
        access.check(request.user, Right.FILL, one.unit, request.day)
    writes = fills and not one.sent_at and not one.review.is_frozen
    known = contribution.known(one) if writes else {}
    own = contribution.own_section(one) if writes else None
    form, status, refused = ContributionForm(request.POST or None, one, known), 200, ""
    if request.method == "POST":
        status, refused = _store(request, one, form, writes)
        if status == 302:
            return redirect("asked", pk)
    elif own and request.GET.get("lay") == "1":
        form.initial["body"] = contribution.translated(one, own.body, known)
    written = str(form["body"].value() or "")
    context = {
        "quoted": [fact.as_dict() for fact in quotable.named(known, bound.keys(bound.paragraphs(written)))],
        "one": asking.standing(one, request.day),
        "asking": one,
        "form": form,
        "writes": writes,
        "recalls": fills and bool(one.sent_at) and not one.taken_at and not one.review.is_frozen,
        "paragraphs": bound.paragraphs(one.body),
        "facts": [(quoted.fact.name.split(", ")[0], quoted) for quoted in contribution.offered(one, known)],
        "own": own,
        "refused": refused,
    }
    return render(request, "reports/asked.html", context, status=status)


@requires(Right.SIGNED_IN)
@require_safe
def asked_facts(request: HttpRequest, pk: int) -> HttpResponse:
    """What the editor may quote there, as JSON: the unit's own figures, searched (`q`) or named (`keys`)."""
    one = _asked_of(request, pk)
    access.check(request.user, Right.FILL, one.unit, request.day)
    return facts_told(request, {} if one.review.is_frozen else contribution.known(one))


def _asked_of(request: HttpRequest, pk: int) -> Asking:
    """What is asked for text, with its unit; 404 for outsiders and unknown numbers."""
    rows = Asking.objects.select_related("unit", "section", "review__unit__parent")
    one = rows.filter(pk=pk, kind=AskKind.TEXT).first()
    if one is None or not access.allowed(request.user, Right.READ, one.unit, request.day):
        raise Http404
    return one


def _store(request: HttpRequest, one: Asking, form: ContributionForm, writes: bool) -> tuple[int, str]:
    """The status of storing what was sent, with what is refused."""
    if not writes:
        return 409, "Nội dung đã gửi, hoặc báo cáo đã chốt số liệu: không sửa được nữa."
    if not form.is_valid():
        return 422, ""
    given, send = form.cleaned_data, "send" in request.POST
    try:
        contributing.write(
            one, given["body"], by=request.user, at=clock.now(), revision=given["revision"], send=send
        )
    except Stale as refused:
        return 409, f"{refused} Mở lại trang ở thẻ khác, chép phần cần giữ sang."
    except Refused as refused:
        return 409, str(refused)
    messages.success(request, "Đã gửi nội dung." if send else "Đã lưu, chưa gửi.")
    return 302, ""


@requires(Right.SIGNED_IN)
def recall(request: HttpRequest, pk: int) -> HttpResponse:
    """POST: the unit takes back what it sent, as long as nobody has taken it over."""
    one = _asked_of(request, pk)
    access.check(request.user, Right.FILL, one.unit, request.day)
    if request.method == "POST":
        _do(request, contributing.recall, one, "Đã rút lại; sửa rồi gửi lại.")
    return redirect("asked", pk)


@requires(Right.SIGNED_IN)
def take(request: HttpRequest, pk: int) -> HttpResponse:
    """POST: the drafter takes what was sent over into its section."""
    one = asking_for(request, pk)
    if request.method == "POST":
        _do(
            request,
            contributing.take,
            one,
            f"Đã lấy nội dung của {one.unit.name} vào cuối mục {one.heading}.",
        )
    return redirect("review_asking", one.review_id)


@requires(Right.SIGNED_IN)
def send_back(request: HttpRequest, pk: int) -> HttpResponse:
    """POST: the drafter sends it back with a reason."""
    one = asking_for(request, pk)
    if request.method == "POST":
        reason = request.POST.get("reason", "")[:2000]
        _do(
            request,
            lambda kept, **by: contributing.send_back(kept, reason, **by),
            one,
            f"Đã trả lại cho {one.unit.name}.",
        )
    return redirect("review_asking", one.review_id)


def _do(request: HttpRequest, act: Callable, one: Asking, told: str) -> None:
    try:
        act(one, by=request.user, at=clock.now())
    except Refused as refused:
        messages.error(request, str(refused))
    else:
        messages.success(request, told)


def worklist_part(request: HttpRequest) -> tuple[str, dict] | None:
    """What the work list shows of this (setting WORKLIST_PARTS): what the reader's units are asked for."""
    found = asking.to_answer(request.user, request.day)
    if not found:
        return None
    return "reports/parts/to_answer.html", {"to_answer": [asking.standing(one, request.day) for one in found]}
