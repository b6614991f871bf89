"""Texts made from a review: the notice of a meeting's conclusions (decree 30/2020) and the news item."""

from collections.abc import Iterable, Sequence
from datetime import date
from typing import Any

from django.utils.text import capfirst

from core.text import CONTROLS
from figures.formatting import format_day, lower_first, tier_name
from figures.periods import Period
from figures.summary import Summary
from reports import document
from reports.drafting.queries import news_phrases, review_words
from reports.meeting import MeetingRecord
from reports.printing import print_view
from reports.review_text import bound_text, phrases
from reports.review_text.facts import TOTAL
from reports.review_text.phrases import PhraseSubject

TEMPLATE = "reports/printing/notice.html"
KIND = "THÔNG BÁO"


def notice_context(doc: dict[str, Any], meeting: MeetingRecord, *, unfrozen: bool) -> dict[str, Any]:
    """The context of templates/reports/printing/notice.html; `doc` is the review's document, `unfrozen` marks a
    notice whose figures may still change.
    """
    texts = {key: fact.text for key, fact in document.document_facts(doc).items()}
    concluded = _with_document_figures(meeting.concluded_parts, texts)
    directed = _with_document_figures(meeting.directed_parts, texts)
    tasks = print_view.print_context(doc)["tasks"]
    named = [("Kết luận", concluded), ("Ý kiến chỉ đạo", directed), ("Nhiệm vụ", tasks)]
    headings = {
        name: f"{place}. {name}" for place, (name, _) in enumerate([part for part in named if part[1]], 1)
    }
    title = lower_first(doc["review"]["title"])
    return {
        "doc": {
            **doc,
            "header": doc["header"] | {"number_form": _number(doc["header"]["number_form"]), "replaces": ""},
            "review": doc["review"] | {"title": f"Kết luận tại Hội nghị {_kept_together(doc, title)}"},
        },
        "kind": KIND,
        "unfrozen": unfrozen,
        "lead": [_notice_lead(doc, meeting, title), *_scope(doc, [*concluded, *directed])],
        "turn": f"Sau khi nghe báo cáo và ý kiến của các đại biểu, {_chair(meeting)} kết luận như sau:",
        "parts": [(headings[name], paragraphs) for name, paragraphs in named[:2] if paragraphs],
        "tasks_heading": headings.get("Nhiệm vụ", ""),
        "tasks": tasks,
        "closing": f"Trên đây là kết luận tại Hội nghị {title}; {doc['review']['issuer_name']} thông báo để "
        "các cơ quan, đơn vị biết, thực hiện./.",
    }


def has_notice(meeting: MeetingRecord) -> bool:
    """Whether the meeting has conclusions or directions, which a notice needs."""
    return bool(meeting.concluded_parts or meeting.directed_parts)


def _with_document_figures(
    parts: Iterable[bound_text.Paragraph], texts: dict[str, str]
) -> list[bound_text.Paragraph]:
    """The paragraphs with each figure replaced by the document's."""
    return [
        tuple(bound_text.TextRun(texts.get(run.key, run.text), run.key) for run in runs) for runs in parts
    ]


def _notice_lead(doc: dict[str, Any], meeting: MeetingRecord, title: str) -> str:
    """When and where the meeting was held, who chaired and who attended."""
    issuer, place = doc["review"]["issuer_name"], _line(meeting.place)
    when = f"Ngày {format_day(meeting.day)}, " if meeting.day else ""
    where = f"tại {place}, " if place not in ("", issuer) else ""
    start = f"{when}{where}{issuer}"
    lead = f"{capfirst(start)} tổ chức Hội nghị {title}."
    lead += f" {_line(meeting.chaired)} chủ trì Hội nghị." if _line(meeting.chaired) else ""
    return lead + (
        f" Dự Hội nghị có: {lower_first(_line(meeting.attended))}." if _line(meeting.attended) else ""
    )


def _scope(doc: dict[str, Any], parts: list[bound_text.Paragraph]) -> list[str]:
    """Period and completeness of the figures in the words, where there are any."""
    if not bound_text.fact_keys(parts):
        return []
    first, last = (format_day(date.fromisoformat(doc["review"][name])) for name in ("from", "to"))
    whole = Summary.from_dict(doc["figures"]).completeness_text
    return [f"Số liệu nêu trong Thông báo tính từ ngày {first} đến ngày {last}, theo {whole} đã duyệt."]


def _chair(meeting: MeetingRecord) -> str:
    chair = _line(meeting.chaired)
    return lower_first(chair) if chair else "người chủ trì Hội nghị"


def _kept_together(doc: dict[str, Any], title: str) -> str:
    """A title whose period is not torn: "6 tháng đầu năm 2022" goes to the next line whole."""
    label = doc["review"]["period_label"]
    return title.replace(label, label.replace(" ", "\N{NO-BREAK SPACE}"))


def _number(report: str) -> str:
    """The form of the notice's number from that of the report: "/BC-UBND" → "/TB-UBND"."""
    kind, dash, office = report.lstrip("/").partition("-")
    return f"/TB-{office}" if dash and office else "/TB-UBND"


def _line(text: str) -> str:
    return " ".join(text.split()).rstrip(".;,")


def news_bytes(doc: dict[str, Any], meeting: MeetingRecord, *, source: str, draft: bool) -> bytes:
    """The news item: UTF-8, a blank line between paragraphs, CRLF. `source` names the report and its state; a draft
    starts with a line that forbids publishing.
    """
    parts = ["DỰ THẢO: SỐ LIỆU CHƯA CHỐT, CHƯA ĐĂNG"] if draft else []
    parts += [f"{doc['header']['place']}: {doc['review']['title']}", _news_lead(doc, meeting)]
    parts += [bound_text.paragraph_text(runs) for runs in news_paragraphs(doc)]
    parts += [text for text in (_tasks(doc), source) if text]
    parts += ["Số liệu minh họa."] if doc["demo"] else []
    return "\r\n\r\n".join(map(_plain, parts)).encode() + b"\r\n"


def news_paragraphs(doc: dict[str, Any]) -> list[bound_text.Paragraph]:
    """The sentences with figures; each figure is a run with its fact's key."""
    return phrases.render_sentences(
        news_phrases(), document.document_facts(doc), news_subjects(doc), review_words(doc)
    )


def news_subjects(doc: dict[str, Any]) -> dict[str, Sequence[PhraseSubject]]:
    """The subjects of the news: each tier by its own name (unlike reports.drafting.queries), the total of several
    tiers, and each indicator that is a share.
    """
    tiers = [PhraseSubject(tier["tier"], tier_name(tier["tier"]).lower()) for tier in doc["figures"]["tiers"]]
    shares = [
        PhraseSubject(indicator["code"], lower_first(indicator["name"]))
        for indicator in doc["indicators"]
        if indicator["is_share"]
    ]
    return {"tier": tiers, "whole": [PhraseSubject(TOTAL)] if len(tiers) > 1 else [], "share": shares}


def _news_lead(doc: dict[str, Any], meeting: MeetingRecord) -> str:
    """When and where the meeting was, who chaired and attended; without a day, only whose results these are."""
    period, issuer = Period.parse(doc["review"]["period"]), doc["review"]["issuer_name"]
    first, last = (format_day(date.fromisoformat(doc["review"][name])) for name in ("from", "to"))
    of = f"công tác cải cách hành chính {period.label} (số liệu từ {first} đến {last})"
    if meeting.day is None:
        return f"{issuer} thông tin kết quả {of}."
    kind = "tổng kết" if period.kind == "year" else "sơ kết"
    where = f" tại {meeting.place}" if meeting.place not in ("", issuer) else ""
    sentences = [
        f"Ngày {format_day(meeting.day)},{where and f'{where},'} {issuer} tổ chức hội nghị {kind} {of}."
    ]
    sentences += [f"{_line(meeting.chaired)} chủ trì hội nghị."] if meeting.chaired else []
    sentences += [f"Dự hội nghị có {lower_first(_line(meeting.attended))}."] if meeting.attended else []
    return " ".join(sentences)


def _tasks(doc: dict[str, Any]) -> str:
    texts = [f"({number}) {lower_first(_line(task['text']))}" for number, task in enumerate(doc["tasks"], 1)]
    return f"Nhiệm vụ trọng tâm thời gian tới: {'; '.join(texts)}." if texts else ""


def _plain(text: str) -> str:
    return " ".join(text.translate(CONTROLS).split())
