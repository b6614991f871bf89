"""A plain-text summary for the news page, from the review's own facts."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from core.text import CONTROLS
from figures.formatting import format_day, lower_first, tier_name
from figures.periods import Period
from reports.document import document
from reports.drafting import drafted_text
from reports.drafting.queries import news_phrases
from reports.meeting.queries import MeetingRecord
from reports.review_text import bound_text, phrase_renderer
from reports.review_text.facts import TOTAL
from reports.review_text.phrase_renderer import PhraseSubject


def news_bytes(doc: dict[str, Any], meeting: MeetingRecord, *, source: str, draft: bool) -> bytes:
    """The news item: UTF-8, a blank line between paragraphs, line ends that every editor knows. `source` names the
    report and its state; a draft says at the top that it is none to publish.
    """
    parts = ["DỰ THẢO: SỐ LIỆU CHƯA CHỐT, CHƯA ĐĂNG"] if draft else []
    parts += [f"{doc['header']['place']}: {doc['review']['title']}", _lead(doc, meeting)]
    parts += [bound_text.paragraph_text(runs) for runs in news_paragraphs(doc)]
    parts += [told for told in (_tasks(doc), source) if told]
    parts += ["Số liệu minh họa."] if doc["demo"] else []
    return "\r\n\r\n".join(map(_plain, parts)).encode() + b"\r\n"


def news_paragraphs(doc: dict[str, Any]) -> list[bound_text.Paragraph]:
    """The sentences with figures, each figure a run that names its fact."""
    return phrase_renderer.render_sentences(
        news_phrases(), document.document_facts(doc), news_subjects(doc), drafted_text.review_words(doc)
    )


def news_subjects(doc: dict[str, Any]) -> dict[str, Sequence[PhraseSubject]]:
    """What the news tells of: each tier, which keeps its name where a draft calls a unit that reports alone by its own
    (reports.drafting.drafted_text); the whole of several tiers; each indicator that is a share, of whatever group.
    """
    tiers = [PhraseSubject(one["tier"], tier_name(one["tier"]).lower()) for one in doc["figures"]["tiers"]]
    shares = [
        PhraseSubject(one["code"], lower_first(one["name"])) for one in doc["indicators"] if one["is_share"]
    ]
    return {"tier": tiers, "whole": [PhraseSubject(TOTAL)] if len(tiers) > 1 else [], "share": shares}


def _lead(doc: dict[str, Any], meeting: MeetingRecord) -> str:
    """The meeting: when and where, who chaired it, who came; without a day, whose results these are."""
    period, issuer = Period.parse(doc["review"]["period"]), doc["review"]["issuer_name"]
    first, last = (format_day(date.fromisoformat(doc["review"][name])) for name in ("from", "to"))
    of = f"công tác cải cách hành chính {period.label} (số liệu từ {first} đến {last})"
    if meeting.day is None:
        return f"{issuer} thông tin kết quả {of}."
    kind = "tổng kết" if period.kind == "year" else "sơ kết"
    where = f" tại {meeting.place}" if meeting.place not in ("", issuer) else ""
    told = [f"Ngày {format_day(meeting.day)},{where and f'{where},'} {issuer} tổ chức hội nghị {kind} {of}."]
    told += [f"{_stopless(meeting.chaired)} chủ trì hội nghị."] if meeting.chaired else []
    told += [f"Dự hội nghị có {lower_first(_stopless(meeting.attended))}."] if meeting.attended else []
    return " ".join(told)


def _tasks(doc: dict[str, Any]) -> str:
    texts = [
        f"({number}) {lower_first(_stopless(one['text']))}" for number, one in enumerate(doc["tasks"], 1)
    ]
    return f"Nhiệm vụ trọng tâm thời gian tới: {'; '.join(texts)}." if texts else ""


def _stopless(text: str) -> str:
    return " ".join(text.split()).rstrip(".;,")


def _plain(text: str) -> str:
    return " ".join(text.translate(CONTROLS).split())
