"""A plain-text summary for the news page, from the review's own facts: it cannot contradict the review."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from figures import bound, saying
from figures.facts import TOTAL
from figures.periods import Period
from figures.saying import Said
from figures.writing import day, lower, tier_name
from reports.queries import document, phrases, wording
from reports.queries.meeting import Told
from units.words import CONTROLS


def text_bytes(doc: dict[str, Any], meeting: Told, *, source: str, draft: bool) -> bytes:
    """The news item: UTF-8, a blank line between paragraphs, line ends that every editor knows. `source` names the
    report and its state; a draft says at the top that it is none to publish.
    """
    parts = ["DỰ THẢO: SỐ LIỆU CHƯA CHỐT, CHƯA ĐĂNG"] if draft else []
    parts += [f"{doc['header']['place']}: {doc['review']['title']}", _lead(doc, meeting)]
    parts += [bound.plain_of(runs) for runs in paragraphs(doc)]
    parts += [told for told in (_tasks(doc), source) if told]
    parts += ["Số liệu minh họa."] if doc["demo"] else []
    return "\r\n\r\n".join(map(_plain, parts)).encode() + b"\r\n"


def paragraphs(doc: dict[str, Any]) -> list[bound.Paragraph]:
    """The sentences with figures, each figure a run that names its fact."""
    return saying.sentences(phrases.news(), document.known(doc), said_of(doc), wording.words(doc))


def said_of(doc: dict[str, Any]) -> dict[str, Sequence[Said]]:
    """What the news tells of: each tier, which keeps its name where a draft calls a unit that reports alone by its own
    (reports.queries.wording); the whole of several tiers; each indicator that is a share, of whatever group.
    """
    tiers = [Said(one["tier"], tier_name(one["tier"]).lower()) for one in doc["figures"]["tiers"]]
    shares = [Said(one["code"], lower(one["name"])) for one in doc["indicators"] if one["is_share"]]
    return {"tier": tiers, "whole": [Said(TOTAL)] if len(tiers) > 1 else [], "share": shares}


def _lead(doc: dict[str, Any], meeting: Told) -> str:
    """The meeting: when and where, who chaired it, who came; without a day, whose results these are."""
    period, issuer = Period.parse(doc["review"]["period"]), doc["review"]["issuer_name"]
    first, last = (day(date.fromisoformat(doc["review"][name])) for name in ("from", "to"))
    of = f"công tác cải cách hành chính {period.label} (số liệu từ {first} đến {last})"
    if meeting.day is None:
        return f"{issuer} thông tin kết quả {of}."
    kind = "tổng kết" if period.kind == "year" else "sơ kết"
    where = f" tại {meeting.place}" if meeting.place not in ("", issuer) else ""
    told = [f"Ngày {day(meeting.day)},{where and f'{where},'} {issuer} tổ chức hội nghị {kind} {of}."]
    told += [f"{_stopless(meeting.chaired)} chủ trì hội nghị."] if meeting.chaired else []
    told += [f"Dự hội nghị có {lower(_stopless(meeting.attended))}."] if meeting.attended else []
    return " ".join(told)


def _tasks(doc: dict[str, Any]) -> str:
    texts = [f"({number}) {lower(_stopless(one['text']))}" for number, one in enumerate(doc["tasks"], 1)]
    return f"Nhiệm vụ trọng tâm thời gian tới: {'; '.join(texts)}." if texts else ""


def _stopless(text: str) -> str:
    return " ".join(text.split()).rstrip(".;,")


def _plain(text: str) -> str:
    return " ".join(text.translate(CONTROLS).split())
