"""Pages and forms for asking units and for contributions; their part of the work list."""

from collections.abc import Container, Iterable, Sequence
from datetime import datetime
from typing import Any

from django import forms
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.text import capfirst
from django.views.decorators.http import require_safe

from core import clock
from core.forms import ListChoiceField
from core.web import Right, outcome_message, requires
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
    """Whom to ask for what, by when."""

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
        if not self.errors and not self.asked():
            self.add_error("units", "Chưa chọn đơn vị nào.")
        return self.cleaned_data

    def asked(self) -> list[Unit]:
        """The units that are meant."""
        whom, chosen = self.cleaned_data["whom"], set(self.cleaned_data["units"])
        if whom == OFFICES:
            return [unit for unit in self._units if unit.kind == "office"]
        if whom == BELOW:
            return [unit for unit in self._units if unit.kind == "committee"]
        return [unit for unit in self._units if str(unit.pk) in chosen]

    def about(self) -> ReviewSection | None:
        """The section that is meant; None for the whole draft."""
        return next(
            (section for section in self._sections if str(section.pk) == self.cleaned_data["section"]), None
        )


class CommentForm(forms.Form):
    """What somebody says about a section, or about the whole."""

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
        self.fields["unit"].choices = [(str(one.pk), one.name) for one in voices]

    def chosen(self) -> tuple[ReviewSection | None, Unit]:
        """Section and unit of a valid form."""
        section = next(
            (section for section in self._sections if str(section.pk) == self.cleaned_data["section"]), None
        )
        unit = next(one for one in self._voices if str(one.pk) == self.cleaned_data["unit"])
        return section, unit


class ReplyForm(forms.Form):
    """An answer to a comment, in the name of a unit; with a resolution it settles the comment."""

    text = text_field("Trả lời", 2)
    resolution = forms.ChoiceField(
        required=False,
        choices=[("", "Chưa giải quyết"), *Resolution.choices],
        error_messages={"invalid_choice": "Hãy chọn tiếp thu hay giải trình."},
    )


class ContributionForm(SectionForm):
    """The words alone, looked at as those of a section: a figure is one of the unit's own, or stood there before."""

    revision = forms.IntegerField(
        min_value=0,
        max_value=2**31 - 1,
        widget=forms.HiddenInput,
        error_messages=dict.fromkeys(("required", "invalid", "min_value", "max_value"), REVISION),
    )

    def __init__(self, data: Any, asking: Asking, known: Container[str]) -> None:
        forms.Form.__init__(self, data, initial={"body": asking.body, "revision": asking.revision})
        del self.fields["heading"]
        self.known, self.before = known, set(bound_text.fact_keys(bound_text.parse_paragraphs(asking.body)))


ASKINGS = (
    TableColumn("heading", "Mục", lambda one: one.asking.heading or "Toàn văn dự thảo: xin ý kiến", width=40),
    TableColumn("unit", "Đơn vị", "asking.unit.name", width=34),
    TableColumn("due_on", "Hạn gửi", "asking.due_on"),
    TableColumn("state", "Tình trạng", "word", width=24),
    TableColumn("sent_by", "Người gửi", "asking.sent_by", width=30),
    TableColumn("sent_at", "Gửi lúc", "asking.sent_at", width=20),
)


def askings_file(title: str, standings: Iterable, at: datetime) -> TableFile:
    """Whom a review asks for what, and what has come."""
    return TableFile("gop-y", title, ASKINGS, table_rows(ASKINGS, standings), at)


A_PAGE = 100


@requires(Right.EDIT)
def review_asking(request: HttpRequest, pk: int) -> HttpResponse:
    """GET: what was asked and what has come (`?muc=` chooses a section); POST asks units."""
    found = review_for(request, pk, Right.EDIT)
    sections = list(found.sections.select_related("responsible").order_by("order"))
    end = stored_calendar().bounds(Period.parse(found.period))[1]
    units = children_at(found.unit, end)
    form = AskForm(
        request.POST if request.method == "POST" else None, sections, units, _first(request, sections)
    )
    status = 200
    if form.is_bound:
        status = 422
        if form.is_valid():
            try:
                new = actions.ask_units(
                    found,
                    form.asked(),
                    section=form.about(),
                    due_on=form.cleaned_data["due_on"],
                    words=form.cleaned_data["words"],
                    by=request.user,
                    at=clock.now(),
                )
            except ReviewError as refused:
                form.add_error(None, str(refused))
                status = 409
            else:
                _tell(request, len(new))
                return redirect("review_asking", pk)
    standings = request_statuses(found, request.day)
    table = {"": lambda: askings_file(f"Góp ý, nội dung: {found.title}", standings, clock.now())}
    if file := requested_file(request, table):
        return file
    asked = {(one.asking.section_id, one.asking.unit_id) for one in standings}
    left = [
        section
        for section in sections
        if section.responsible_id not in (None, found.unit_id)
        and (section.pk, section.responsible_id) not in asked
    ]
    page = Paginator(standings, A_PAGE).get_page(request.GET.get("page"))
    context = {
        "found": found,
        "form": form,
        "standings": page.object_list,
        "page": page,
        "tally": request_counts(found, request.day),
        "left": len(left),
    }
    return render(request, "reports/consultation/requests.html", context, status=status)


def _first(request: HttpRequest, sections: list) -> dict[str, Any]:
    """What the form begins with: the section of the address, its office and due date."""
    chosen = next((section for section in sections if str(section.pk) == request.GET.get("muc")), None)
    if chosen is None:
        return {"whom": CHOSEN}
    units = [str(chosen.responsible_id)] if chosen.responsible_id else []
    return {"section": str(chosen.pk), "whom": CHOSEN, "units": units, "due_on": chosen.due_on}


def _tell(request: HttpRequest, number: int) -> None:
    if number:
        messages.success(request, f"Đã gửi {format_count(number)} yêu cầu; đơn vị thấy trong Việc của tôi.")
    else:
        messages.info(request, "Các đơn vị này đã được hỏi trước đó.")


@requires(Right.EDIT)
def ask_responsible(request: HttpRequest, pk: int) -> HttpResponse:
    """POST: asks the responsible office of each section at once."""
    found = review_for(request, pk, Right.EDIT)
    if request.method == "POST":
        try:
            new = actions.ask_responsible(found, by=request.user, at=clock.now())
            if new:
                _tell(request, len(new))
        except ReviewError as refused:
            messages.error(request, str(refused))
    return redirect("review_asking", pk)


def request_for(request: HttpRequest, pk: int) -> Asking:
    """An asking for the editors of its review; 404 for who may not read that, 403 for who only reads."""
    one = (
        Asking.objects.select_related("unit", "section", "review__unit")
        .defer("review__frozen")
        .filter(pk=pk)
        .first()
    )
    if one is None:
        raise Http404
    require_right(request.user, Right.EDIT, one.review.unit, request.day)
    return one


@requires(Right.SIGNED_IN)
def withdraw(request: HttpRequest, pk: int) -> HttpResponse:
    """POST: ask no more."""
    one = request_for(request, pk)
    if request.method == "POST":
        with outcome_message(request, "Đã rút yêu cầu.", ReviewError):
            actions.withdraw_request(one, by=request.user, at=clock.now())
    return redirect("review_asking", one.review_id)


@requires(Right.SIGNED_IN)
def contribution(request: HttpRequest, pk: int) -> HttpResponse:
    """GET: what is asked, the text so far, and the unit's figures to quote (`?lay=1` begins with the words of the
    unit's own review); POST stores it, with `send` hands it over.
    """
    one = _request_to_answer(request, pk)
    fills = is_allowed(request.user, Right.FILL, one.unit, request.day)
    if request.method == "POST":
        require_right(request.user, Right.FILL, one.unit, request.day)
    writes = fills and not one.sent_at and not one.review.is_frozen
    known = consultation_queries.contribution_facts(one) if writes else {}
    own = own_section(one) if writes else None
    form, status, refused = ContributionForm(request.POST or None, one, known), 200, ""
    if request.method == "POST":
        status, refused = _store(request, one, form, writes)
        if status == 302:
            return redirect("asked", pk)
    elif own and request.GET.get("lay") == "1":
        form.initial["body"] = translate_facts(one, own.body, known)
    written = str(form["body"].value() or "")
    context = {
        "quoted": [
            fact.as_dict()
            for fact in facts_named(known, bound_text.fact_keys(bound_text.parse_paragraphs(written)))
        ],
        "one": request_status(one, request.day),
        "asking": one,
        "form": form,
        "writes": writes,
        "recalls": fills and bool(one.sent_at) and not one.taken_at and not one.review.is_frozen,
        "paragraphs": bound_text.parse_paragraphs(one.body),
        "facts": [(quoted.fact.name.split(", ")[0], quoted) for quoted in offered_facts(one, known)],
        "own": own,
        "refused": refused,
    }
    return render(request, "reports/consultation/contribution.html", context, status=status)


@requires(Right.SIGNED_IN)
@require_safe
def contribution_facts(request: HttpRequest, pk: int) -> HttpResponse:
    """What the editor may quote there, as JSON: the unit's own figures, searched (`q`) or named (`keys`)."""
    one = _request_to_answer(request, pk)
    require_right(request.user, Right.FILL, one.unit, request.day)
    return facts_response(
        request, {} if one.review.is_frozen else consultation_queries.contribution_facts(one)
    )


def _request_to_answer(request: HttpRequest, pk: int) -> Asking:
    """What is asked for text, with its unit; 404 for outsiders and unknown numbers."""
    rows = Asking.objects.select_related("unit", "section", "review__unit__parent")
    one = rows.filter(pk=pk, kind=AskKind.TEXT).first()
    if one is None or not is_allowed(request.user, Right.READ, one.unit, request.day):
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
        actions.write_contribution(
            one, given["body"], by=request.user, at=clock.now(), revision=given["revision"], send=send
        )
    except StaleReview as refused:
        return 409, f"{refused} Mở lại trang ở thẻ khác, chép phần cần giữ sang."
    except ReviewError as refused:
        return 409, str(refused)
    messages.success(request, "Đã gửi nội dung." if send else "Đã lưu, chưa gửi.")
    return 302, ""


@requires(Right.SIGNED_IN)
def recall(request: HttpRequest, pk: int) -> HttpResponse:
    """POST: the unit takes back what it sent, as long as nobody has taken it over."""
    one = _request_to_answer(request, pk)
    require_right(request.user, Right.FILL, one.unit, request.day)
    if request.method == "POST":
        with outcome_message(request, "Đã rút lại; sửa rồi gửi lại.", ReviewError):
            actions.recall_contribution(one, by=request.user, at=clock.now())
    return redirect("asked", pk)


@requires(Right.SIGNED_IN)
def take(request: HttpRequest, pk: int) -> HttpResponse:
    """POST: the drafter takes what was sent over into its section."""
    one = request_for(request, pk)
    if request.method == "POST":
        told = f"Đã lấy nội dung của {one.unit.name} vào cuối mục {one.heading}."
        with outcome_message(request, told, ReviewError):
            actions.take_contribution(one, by=request.user, at=clock.now())
    return redirect("review_asking", one.review_id)


@requires(Right.SIGNED_IN)
def send_back(request: HttpRequest, pk: int) -> HttpResponse:
    """POST: the drafter sends it back with a reason."""
    one = request_for(request, pk)
    if request.method == "POST":
        reason = request.POST.get("reason", "")[:2000]
        with outcome_message(request, f"Đã trả lại cho {one.unit.name}.", ReviewError):
            actions.return_contribution(one, reason, by=request.user, at=clock.now())
    return redirect("review_asking", one.review_id)


def worklist_part(request: HttpRequest) -> tuple[str, dict] | None:
    """What the work list shows of this: what the reader's units are asked for."""
    found = open_requests(request.user, request.day)
    if not found:
        return None
    return "reports/consultation/worklist.html", {
        "to_answer": [request_status(one, request.day) for one in found]
    }
