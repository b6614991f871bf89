"""The meeting of a review: entered by its editors before and after freezing, outside the frozen document."""

from datetime import date

import pytest

from ledger.models import Entry
from reports import meeting
from reports.meeting import MeetingText, meeting_of
from reports.models import Meeting, Review, ReviewState
from tests.support.loaded_demo import NOW

SENT = {
    "revision": "0",
    "day": "12/8/2022",
    "place": "Hội trường UBND huyện",
    "chaired": "Chủ tịch UBND huyện",
    "attended": "Lãnh đạo các phòng, ban",
    "directed": "Các xã gửi báo cáo đúng hạn.\n\nBộ phận một cửa niêm yết đủ.",
    "conclusions": "Giao Phòng Nội vụ theo dõi.",
}


def address(review: Review) -> str:
    return f"/reports/reviews/{review.pk}/meeting/"


@pytest.mark.parametrize(
    ("name", "status"), [("tonghop", 200), ("lanhdao", 403), ("quantri", 403), ("xa-13474", 404)]
)
def test_rights(signed_in, review, name, status):
    client = signed_in(name)
    assert client.get(address(review)).status_code == status
    posted = client.post(address(review), SENT).status_code
    assert posted == (302 if status == 200 else status)
    assert Meeting.objects.exists() == (status == 200)


def test_the_header_is_proposed_and_follows(signed_in, review):
    client = signed_in("tonghop")
    form = client.get(address(review)).context["form"]
    assert form["chaired"].value() == review.header["chaired"]
    assert client.post(address(review), SENT).status_code == 302
    header = Review.objects.get(pk=review.pk).header
    assert (header["meeting_day"], header["meeting_place"]) == ("2022-08-12", SENT["place"])
    page = client.get(f"/reports/reviews/{review.pk}/").content.decode()
    assert "<p>Bộ phận một cửa niêm yết đủ.</p>" in page and "<p>Giao Phòng Nội vụ theo dõi.</p>" in page
    entry = Entry.objects.filter(action="review.meeting").get()
    assert entry.actor == "tonghop"
    assert entry.detail["changed"]["conclusions"] == {"old": "", "new": SENT["conclusions"]}


def test_the_same_again_is_no_change(review):
    text = MeetingText(place="Hội trường", conclusions="Xong.")
    meeting.record_meeting(review, text, by=None, at=NOW, revision=0)
    meeting.record_meeting(review, text, by=None, at=NOW, revision=1)
    assert Meeting.objects.get().revision == 1
    assert Entry.objects.filter(action="review.meeting").count() == 1


def test_what_somebody_else_stored_is_not_overwritten(signed_in, review):
    meeting.record_meeting(review, MeetingText(conclusions="Của người khác."), by=None, at=NOW, revision=0)
    answer = signed_in("tonghop").post(address(review), SENT)
    assert answer.status_code == 409 and SENT["conclusions"] in answer.content.decode()
    assert Meeting.objects.get().conclusions == "Của người khác."


@pytest.mark.parametrize(
    "change", [{"day": "32/8/2022"}, {"conclusions": "x" * 10_001}, {"revision": "x"}, {"directed": None}]
)
def test_wrong_input_stores_nothing(signed_in, review, change):
    data = {name: value for name, value in (SENT | change).items() if value is not None}
    answer = signed_in("tonghop").post(address(review), data)
    assert answer.status_code == 422 and "msg--err" in answer.content.decode()
    assert not Meeting.objects.exists()


def test_a_frozen_review_keeps_its_header(review):
    Review.objects.filter(pk=review.pk).update(
        state=ReviewState.FROZEN, frozen_at=NOW, pdf_sha256="0" * 64, frozen={}
    )
    review.refresh_from_db()
    header = dict(review.header)
    text = MeetingText(day=date(2022, 8, 20), place="Nơi khác", conclusions="Kết luận sau.")
    meeting.record_meeting(review, text, by=None, at=NOW, revision=0)
    review.refresh_from_db()
    assert review.header == header
    stored = meeting_of(review)
    assert (stored.day, stored.place, stored.conclusions) == (date(2022, 8, 20), "Nơi khác", "Kết luận sau.")
