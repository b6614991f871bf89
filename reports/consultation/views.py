"""Pages and forms of requests and contributions, and their part of the work list."""

from collections.abc import Container, Iterable, Sequence
from datetime import datetime
from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.text import capfirst
from django.views.decorators.http import require_safe

from core import clock
from core.forms import ListChoiceField
from core.web import Right, outcome_message, page_of, requires
from figures.formatting import format_count
from figures.periods import Period
from records.calendar.queries import stored_calendar
from reports.drafting.forms import SectionForm
from reports.drafting.queries import facts_named
from reports.drafting.views import facts_response
from reports.models import Asking, AskKind, Resolution, ReviewSection
from reports.review_access import REVISION, ReviewDayField, ReviewError, StaleReview, review_for, text_field
from reports.review_text import bound_text
from spreadsheets.table_writer import TableColumn, TableFile, requested_file, table_rows
from units.access.queries import is_allowed, require_right
from units.models import Unit

from . import actions
from . import queries as consultation_queries
from .queries import (
    children_at,
    offered_facts,
    open_requests,
    own_section,
    request_counts,
    request_status,
    request_statuses,
    translate_facts,
)

WHOLE = ""
OFFICES, BELOW, CHOSEN = "offices", "below", "chosen"


class AskForm(forms.Form):
    """A request: which units, about what, by when."""

    required_unmarked = True

    section = ListChoiceField(label="Hỏi về", required=False)
    whom = ListChoiceField(
        label="Hỏi những đơn vị nào",
        choices=[
            (CHOSEN, "Chọn từng đơn vị ở danh sách dưới"),
            (OFFICES, "Mọi phòng, ban"),
            (BELOW, "Mọi đơn vị hành chính trực thuộc"),
        ],
    )
    units = forms.MultipleChoiceField(
        label="Đơn vị",
        required=False,
        widget=forms.CheckboxSelectMultiple,
        error_messages={"invalid_choice": "Không chọn được đơn vị này."},
    )
    due_on = ReviewDayField("Hạn gửi", required=True)
    words = text_field("Yêu cầu cụ thể", 2)

    def __init__(
        self,
        data: Any,
        sections: Sequence[ReviewSection],
        units: Sequence[Unit],
        initial: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(data, initial=initial)
        self._sections, self._units = sections, units
        self.fields["section"].choices = [
            (WHOLE, "Toàn văn dự thảo: xin ý kiến"),
            *((str(section.pk), f"Nội dung mục: {section.heading}"[:120]) for section in sections),
        ]
        self.fields["units"].choices = [(str(unit.pk), capfirst(unit.name)) for unit in units]

    def clean(self) -> dict[str, Any]:
        if not self.errors and not self.chosen_units():
            self.add_error("units", "Chưa chọn đơn vị nào.")
        return self.cleaned_data

    def chosen_units(self) -> list[Unit]:
        whom, chosen = self.cleaned_data["whom"], set(self.cleaned_data["units"])
        if whom == OFFICES:
            return [unit for unit in self._units if unit.kind == "office"]
        if whom == BELOW:
            return [unit for unit in self._units if unit.kind == "committee"]
        return [unit for unit in self._units if str(unit.pk) in chosen]

    def chosen_section(self) -> ReviewSection | None:
        """The section; None for the whole draft."""
        return next(
            (section for section in self._sections if str(section.pk) == self.cleaned_data["section"]), None
        )


class CommentForm(forms.Form):
    """A comment on a section or on the whole."""

    required_unmarked = True

    section = ListChoiceField(label="Về mục", required=False)
    unit = ListChoiceField(label="Ý kiến của")
    text = text_field("Ý kiến", 4, required=True)

    def __init__(self, data: Any, sections: Sequence[ReviewSection], voices: Sequence[Unit]) -> None:
        super().__init__(data, auto_id="id_y_kien_%s")
        self._sections, self._voices = sections, voices
        self.fields["section"].choices = [
            (WHOLE, "Toàn văn dự thảo"),
            *((str(section.pk), section.heading[:120]) for section in sections),
        ]
        self.fields["unit"].choices = [(str(unit.pk), unit.name) for unit in voices]

    def chosen(self) -> tuple[ReviewSection | None, Unit]:
        """Section and unit of a valid form."""
        section = next(
            (section for section in self._sections if str(section.pk) == self.cleaned_data["section"]), None
        )
        unit = next(voice for voice in self._voices if str(voice.pk) == self.cleaned_data["unit"])
        return section, unit


class ReplyForm(forms.Form):
    """A reply to a comment; with a resolution it resolves the comment."""

    text = text_field("Trả lời", 2)
    resolution = forms.ChoiceField(
        required=False,
        choices=[("", "Chưa giải quyết"), *Resolution.choices],
        error_messages={"invalid_choice": "Hãy chọn tiếp thu hay giải trình."},
    )


class ContributionForm(SectionForm):
    """A section form without the heading: a figure must be one of the unit's own or in the stored text."""

    revision = forms.IntegerField(
        min_value=0,
        max_value=2**31 - 1,
        widget=forms.HiddenInput,
        error_messages=dict.fromkeys(("required", "invalid", "min_value", "max_value"), REVISION),
    )

    def __init__(self, data: Any, asking: Asking, facts: Container[str]) -> None:
        forms.Form.__init__(self, data, initial={"body": asking.body, "revision": asking.revision})
        del self.fields["heading"]
        self.facts, self.before = facts, set(bound_text.fact_keys(bound_text.parse_paragraphs(asking.body)))


ASKINGS = (
    TableColumn("heading", "Mục", lambda row: row.asking.heading or "Toàn văn dự thảo: xin ý kiến", width=40),
    TableColumn("unit", "Đơn vị", "asking.unit.name", width=34),
    TableColumn("due_on", "Hạn gửi", "asking.due_on"),
    TableColumn("state", "Tình trạng", "word", width=24),
    TableColumn("sent_by", "Người gửi", "asking.sent_by", width=30),
    TableColumn("sent_at", "Gửi lúc", "asking.sent_at", width=20),
)


def askings_file(title: str, statuses: Iterable, at: datetime) -> TableFile:
    """The requests of a review as a table file."""
    return TableFile("gop-y", title, ASKINGS, table_rows(ASKINGS, statuses), at)


@requires(Right.EDIT)
def review_asking(request: HttpRequest, pk: int) -> HttpResponse:
    """GET: the requests of a review (`?muc=` chooses a section in the form); POST asks units."""
    review = review_for(request, pk, Right.EDIT)
    sections = list(review.sections.select_related("responsible").order_by("order"))
    end = stored_calendar().bounds(Period.parse(review.period))[1]
    units = children_at(review.unit, end)
    form = AskForm(
        request.POST if request.method == "POST" else None, sections, units, _first(request, sections)
    )
    status = 200
    if form.is_bound:
        status = 422
        if form.is_valid():
            try:
                new = actions.ask_units(
                    review,
                    form.chosen_units(),
                    section=form.chosen_section(),
                    due_on=form.cleaned_data["due_on"],
                    words=form.cleaned_data["words"],
                    by=request.user,
                    at=clock.now(),
                )
            except ReviewError as error:
                form.add_error(None, str(error))
                status = 409
            else:
                _confirm(request, len(new))
                return redirect("review_asking", pk)
    statuses = request_statuses(review, request.day)
    table = {"": lambda: askings_file(f"Góp ý, nội dung: {review.title}", statuses, clock.now())}
    if file := requested_file(request, table):
        return file
    asked_pairs = {(row.asking.section_id, row.asking.unit_id) for row in statuses}
    not_asked = [
        section
        for section in sections
        if section.responsible_id not in (None, review.unit_id)
        and (section.pk, section.responsible_id) not in asked_pairs
    ]
    page = page_of(request, statuses)
    context = {
        "found": review,
        "form": form,
        "standings": page.object_list,
        "page": page,
        "tally": request_counts(review, request.day),
        "left": len(not_asked),
    }
    return render(request, "reports/consultation/requests.html", context, status=status)


def _first(request: HttpRequest, sections: list) -> dict[str, Any]:
    """The form's initial values: the section of the address, its office and due day."""
    chosen = next((section for section in sections if str(section.pk) == request.GET.get("muc")), None)
    if chosen is None:
        return {"whom": CHOSEN}
    units = [str(chosen.responsible_id)] if chosen.responsible_id else []
    return {"section": str(chosen.pk), "whom": CHOSEN, "units": units, "due_on": chosen.due_on}


def _confirm(request: HttpRequest, count: int) -> None:
    if count:
        messages.success(request, f"Đã gửi {format_count(count)} yêu cầu; đơn vị thấy trong Việc của tôi.")
    else:
        messages.info(request, "Các đơn vị này đã được hỏi trước đó.")


@requires(Right.EDIT)
def ask_responsible(request: HttpRequest, pk: int) -> HttpResponse:
    """POST: ask the responsible office of each section."""
    review = review_for(request, pk, Right.EDIT)
    if request.method == "POST":
        try:
            new = actions.ask_responsible(review, by=request.user, at=clock.now())
            if new:
                _confirm(request, len(new))
        except ReviewError as error:
            messages.error(request, str(error))
    return redirect("review_asking", pk)


def request_for(request: HttpRequest, pk: int) -> Asking:
    """A request, for editors of its review; 404 for users who may not read the review, 403 for those who only read."""
    asking = (
        Asking.objects.select_related("unit", "section", "review__unit")
        .defer("review__frozen")
        .filter(pk=pk)
        .first()
    )
    if asking is None:
        raise Http404
    require_right(request.user, Right.EDIT, asking.review.unit, request.day)
    return asking


@requires(Right.SIGNED_IN)
def withdraw(request: HttpRequest, pk: int) -> HttpResponse:
    """POST: delete the request."""
    asking = request_for(request, pk)
    if request.method == "POST":
        with outcome_message(request, "Đã rút yêu cầu.", ReviewError):
            actions.withdraw_request(asking, by=request.user, at=clock.now())
    return redirect("review_asking", asking.review_id)


@requires(Right.SIGNED_IN)
def contribution(request: HttpRequest, pk: int) -> HttpResponse:
    """GET: the request, the text so far, and the unit's figures to quote (`?lay=1` starts from the text of the unit's
    own review); POST stores the text, with `send` sends it.
    """
    asking = _request_to_answer(request, pk)
    fills = is_allowed(request.user, Right.FILL, asking.unit, request.day)
    if request.method == "POST":
        require_right(request.user, Right.FILL, asking.unit, request.day)
    writes = fills and not asking.sent_at and not asking.review.is_frozen
    facts = consultation_queries.contribution_facts(asking) if writes else {}
    own = own_section(asking) if writes else None
    form, status, refused = ContributionForm(request.POST or None, asking, facts), 200, ""
    if request.method == "POST":
        status, refused = _store(request, asking, form, writes)
        if status == 302:
            return redirect("asked", pk)
    elif own and request.GET.get("lay") == "1":
        form.initial["body"] = translate_facts(asking, own.body, facts)
    written = str(form["body"].value() or "")
    context = {
        "quoted": [
            fact.as_dict()
            for fact in facts_named(facts, bound_text.fact_keys(bound_text.parse_paragraphs(written)))
        ],
        "one": request_status(asking, request.day),
        "asking": asking,
        "form": form,
        "writes": writes,
        "recalls": fills and bool(asking.sent_at) and not asking.taken_at and not asking.review.is_frozen,
        "paragraphs": bound_text.parse_paragraphs(asking.body),
        "facts": [(quoted.fact.name.split(", ")[0], quoted) for quoted in offered_facts(asking, facts)],
        "own": own,
        "refused": refused,
    }
    return render(request, "reports/consultation/contribution.html", context, status=status)


@requires(Right.SIGNED_IN)
@require_safe
def contribution_facts(request: HttpRequest, pk: int) -> HttpResponse:
    """The unit's own figures for the editor as JSON, searched (`q`) or by key (`keys`)."""
    asking = _request_to_answer(request, pk)
    require_right(request.user, Right.FILL, asking.unit, request.day)
    return facts_response(
        request, {} if asking.review.is_frozen else consultation_queries.contribution_facts(asking)
    )


def _request_to_answer(request: HttpRequest, pk: int) -> Asking:
    """A request for text with its unit; 404 for unknown ids and for users without access."""
    rows = Asking.objects.select_related("unit", "section", "review__unit__parent")
    asking = rows.filter(pk=pk, kind=AskKind.TEXT).first()
    if asking is None or not is_allowed(request.user, Right.READ, asking.unit, request.day):
        raise Http404
    return asking


def _store(request: HttpRequest, asking: Asking, form: ContributionForm, writes: bool) -> tuple[int, str]:
    """Store the text; returns the HTTP status and an error message."""
    if not writes:
        return 409, "Nội dung đã gửi, hoặc báo cáo đã chốt số liệu: không sửa được nữa."
    if not form.is_valid():
        return 422, ""
    data, send = form.cleaned_data, "send" in request.POST
    try:
        actions.write_contribution(
            asking, data["body"], by=request.user, at=clock.now(), revision=data["revision"], send=send
        )
    except StaleReview as error:
        return 409, f"{error} Mở lại trang ở thẻ khác, chép phần cần giữ sang."
    except ReviewError as error:
        return 409, str(error)
    messages.success(request, "Đã gửi nội dung." if send else "Đã lưu, chưa gửi.")
    return 302, ""


@requires(Right.SIGNED_IN)
def recall(request: HttpRequest, pk: int) -> HttpResponse:
    """POST: the unit withdraws what it sent, unless it is in the section already."""
    asking = _request_to_answer(request, pk)
    require_right(request.user, Right.FILL, asking.unit, request.day)
    if request.method == "POST":
        with outcome_message(request, "Đã rút lại; sửa rồi gửi lại.", ReviewError):
            actions.recall_contribution(asking, by=request.user, at=clock.now())
    return redirect("asked", pk)


@requires(Right.SIGNED_IN)
def take(request: HttpRequest, pk: int) -> HttpResponse:
    """POST: the drafter copies the sent text into its section."""
    asking = request_for(request, pk)
    if request.method == "POST":
        message = f"Đã lấy nội dung của {asking.unit.name} vào cuối mục {asking.heading}."
        with outcome_message(request, message, ReviewError):
            actions.take_contribution(asking, by=request.user, at=clock.now())
    return redirect("review_asking", asking.review_id)


@requires(Right.SIGNED_IN)
def send_back(request: HttpRequest, pk: int) -> HttpResponse:
    """POST: the drafter returns the text with a reason."""
    asking = request_for(request, pk)
    if request.method == "POST":
        reason = request.POST.get("reason", "")[:2000]
        with outcome_message(request, f"Đã trả lại cho {asking.unit.name}.", ReviewError):
            actions.return_contribution(asking, reason, by=request.user, at=clock.now())
    return redirect("review_asking", asking.review_id)


def worklist_part(request: HttpRequest) -> tuple[str, dict] | None:
    """The open requests to the user's units, for the work list."""
    askings = open_requests(request.user, request.day)
    if not askings:
        return None
    return "reports/consultation/worklist.html", {
        "to_answer": [request_status(asking, request.day) for asking in askings]
    }
