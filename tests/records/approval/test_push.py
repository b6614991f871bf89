"""Push of approved figures to a real receiver: stored with the approval, signed, in order, retried until accepted."""

import base64
import hashlib
import hmac
import json
import time

import pytest
from django.core.management import call_command
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from figures.measures import MEASURES
from ledger.models import Delivery, Entry, Message
from ledger.outbox import PAUSES
from records.approval import actions
from records.bulk_import.counts import import_counts
from records.bulk_import.validation import APPROVED
from records.models import Edition
from tests.records.conftest import AT, JULY, balanced, entered
from tests.support.push_receiver import HigherSystem, higher_system
from units import push
from units.push import BadPushAddress, checked_address, create_receiver, stop_receiver


@pytest.fixture
def system(settings):
    """A listening receiver; plain HTTP to this machine is allowed."""
    with higher_system() as listening:
        settings.PUSH_HOSTS = frozenset({listening.host, "baocao.example.gov.vn"})
        settings.PUSH_SCHEMES = ("https", "http")
        yield listening


@pytest.fixture
def created(system, people):
    """The district's receiver and its secret."""
    return create_receiver(
        "Tỉnh", people.district, f"http://{system.host}/nhan?x=1", by=None, at=timezone.now()
    )


def approve(people, fields, unit, month=JULY):
    rows = {(fields.chung_thuc.pk, None): balanced(40, postal=None), (fields.ho_tich.pk, None): balanced(10)}
    return entered(unit, month, rows, by=people.clerk, reviewer=people.reviewer)


def later() -> None:
    """End the pause before the next attempt."""
    Message.objects.update(next_at=timezone.now())


def genuine(secret: str, request) -> bool:
    """The receiver's check of a signature, as documented."""
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signed = b".".join(
        [request.headers["webhook-id"].encode(), request.headers["webhook-timestamp"].encode(), request.body]
    )
    right = "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    fresh = abs(time.time() - int(request.headers["webhook-timestamp"])) < 300
    return fresh and hmac.compare_digest(right, request.headers["webhook-signature"])


def deliver() -> int:
    try:
        call_command("deliver")
    except SystemExit as left:
        return left.code
    return 0


def test_a_receiver_fails_twice_and_then_takes_all_in_order(
    created, system: HigherSystem, people, fields, capsys
):
    for unit in (people.alpha, people.beta):
        approve(people, fields, unit)
    assert system.requests == [], "nothing is sent during the request"
    system.answers = [500, 503]
    assert [deliver(), deliver()] == [1, 0], "the second run came before the pause was over"
    later()
    assert deliver() == 1
    later()
    assert deliver() == 0
    bodies = [json.loads(request.body) for request in system.requests]
    assert [body["data"]["unit"] for body in bodies] == ["13441", "13441", "13441", "13450"]
    assert len({body["id"] for body in bodies}) == 2 and len({body["id"] for body in bodies[:3]}) == 1
    assert all(genuine(created[1], request) for request in system.requests)
    assert {request.path for request in system.requests} == {"/nhan?x=1"}
    first = Message.objects.get(destination=created[0].pk, attempts=3)
    assert [attempt.status for attempt in first.tries.all()] == [500, 503, 204]
    assert "Đã gửi 2 tin" in capsys.readouterr().out


def test_content_of_a_message(created, system: HigherSystem, people, fields):
    edition = approve(people, fields, people.alpha)
    deliver()
    body = json.loads(system.requests[0].body)
    assert body["type"] == "submission.approved" and body["data"]["month"] == "2022-M07"
    assert body["data"]["totals"]["received"] == 50 and body["data"]["edition"] == 1
    row = next(line for line in body["data"]["rows"] if line["field"] == "ho-tich")
    assert set(row["counts"]) == set(MEASURES) and row["counts"]["received_direct"] == 10
    assert body["data"]["revision"] == edition.revision
    assert system.requests[0].headers["content-type"] == "application/json"


def test_only_approvals_below_are_pushed_and_none_after_the_end(created, system, people, fields, as_):
    receiver, _ = created
    create_receiver("Xã", people.beta, f"http://{system.host}/", by=None, at=timezone.now())
    july = {(fields.ho_tich.pk, None): balanced(10)}
    entered(people.alpha, JULY, july, by=people.clerk, upto="sent")
    assert not Message.objects.exists()
    actions.approve_editions([(Edition.objects.get(), None)], by=people.reviewer, at=AT)
    assert [message.destination for message in Message.objects.all()] == [receiver.pk]
    stop_receiver(receiver, by=None, at=timezone.now())
    waited = Message.objects.get()
    assert (waited.state, waited.attempts) == (Delivery.FAILED, 0), "waiting messages fail at once"
    assert Entry.objects.get(action="receiver.stop").detail["given_up"] == 1
    admin = as_("administrator")
    assert admin.post(f"/units/receivers/messages/{waited.pk}/again/").status_code == 404
    page = admin.get("/units/receivers/").content.decode()
    assert "Đơn vị 13441, tháng 7/2022" in page and "Gửi lại" not in page
    approve(people, fields, people.beta)
    assert Message.objects.filter(destination=receiver.pk).count() == 1
    deliver()
    assert [request.path for request in system.requests] == ["/"], (
        "messages of a stopped receiver are not sent"
    )


def test_a_rolled_back_approval_is_not_pushed(created, people, fields):
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        approve(people, fields, people.alpha)
        raise ZeroDivisionError
    assert not Message.objects.exists()


def test_approval_by_a_file_is_pushed_too(created, people, fields, django_assert_max_num_queries):
    head = ",".join(["unit", "month", "field", "received_direct"])
    lines = [
        f"{code},2022-M07,{field},5" for code in ("13441", "13450") for field in ("ho-tich", "chung-thuc")
    ]
    report = import_counts("\n".join([head, *lines]).encode(), "so-lieu.csv", at=AT, becomes=APPROVED)
    assert report.errors == []
    assert [message.subject for message in Message.objects.all()] == [
        "Đơn vị 13441, tháng 7/2022",
        "Đơn vị 13450, tháng 7/2022",
    ]


@pytest.mark.parametrize("status", [301, 302, 307, 400, 404])
def test_redirections_are_not_followed(created, system: HigherSystem, people, fields, status):
    approve(people, fields, people.alpha)
    system.answers = [status]
    assert deliver() == 1
    assert [request.path for request in system.requests] == ["/nhan?x=1"]


def test_a_receiver_that_is_away(settings, people, fields):
    settings.PUSH_HOSTS, settings.PUSH_SCHEMES = frozenset({"127.0.0.1:9"}), ("http",)
    create_receiver("Tỉnh", people.district, "http://127.0.0.1:9/", by=None, at=timezone.now())
    approve(people, fields, people.alpha)
    assert deliver() == 1
    (attempt,) = Message.objects.get().tries.all()
    assert (attempt.status, attempt.error) == (None, "Không kết nối được.")


def test_an_address_that_is_no_longer_allowed_is_not_reached(
    created, system: HigherSystem, people, fields, settings
):
    approve(people, fields, people.alpha)
    settings.PUSH_HOSTS = frozenset()
    assert deliver() == 1 and system.requests == []


@pytest.mark.parametrize(
    "url",
    [
        "http://baocao.example.gov.vn/",
        "https://other.example.gov.vn/",
        "https://baocao.example.gov.vn:8443/",
        "https://baocao.example.gov.vn@169.254.169.254/",
        "https://169.254.169.254/latest",
        "https://127.0.0.1/",
        "https://[::1]/",
        "https://baocao.example.gov.vn.evil.com/",
        "https://baocao.example.gov.vn\\@evil.com/",
        "https://baocao.example.gov.vn/#x",
        "https://baocao.example.gov.vn/\r\nHost: x",
        "https://baocao.example.gov.vn/a b",
        "https://baocao.example.gov.vn:x/",
        "file:///etc/passwd",
        "//baocao.example.gov.vn/",
        "https:///x",
        "",
        "https://baocao.example.gov.vn/" + "x" * 300,
        "https://xã.example.vn/",
    ],
)
def test_only_named_hosts_over_tls(settings, url):
    settings.PUSH_HOSTS = frozenset({"baocao.example.gov.vn"})
    assert checked_address("https://BAOCAO.example.gov.vn/nhan?x=1")
    with pytest.raises(BadPushAddress):
        checked_address(url)


def test_the_secret_is_in_no_table(created):
    receiver, secret = created
    assert (
        push.receiver_secret(receiver) == secret
        and len(base64.b64decode(secret.removeprefix("whsec_"))) == 32
    )
    assert secret not in str(Entry.objects.get(action="receiver.create").detail)
    assert receiver.nonce not in secret


def test_the_page_shows_what_waits_and_sends_it_again(created, system: HigherSystem, as_, people, fields):
    admin = as_("administrator")
    approve(people, fields, people.alpha)
    system.answers = [500]
    deliver()
    page = admin.get("/units/receivers/").content.decode()
    for words in ("Đơn vị 13441, tháng 7/2022", "Chờ gửi", "trả lời 500", "Gửi lại"):
        assert words in page, words
    message = Message.objects.get()
    assert message.next_at > timezone.now() + PAUSES[0] / 2
    assert admin.post(f"/units/receivers/messages/{message.pk}/again/").status_code == 302
    deliver()
    assert len(system.requests) == 2
    assert "Đã gửi</span>" in admin.get("/units/receivers/").content.decode()
    assert Entry.objects.get(action="outbox.send_again").actor == "quantri"


def test_receivers_and_messages_are_downloaded_as_they_are_listed(created, system, as_, people, fields):
    admin = as_("administrator")
    approve(people, fields, people.alpha)
    page = admin.get("/units/receivers/").content.decode()
    for table, words in (("noi-nhan", "Địa chỉ nhận"), ("tin", "Đơn vị 13441, tháng 7/2022")):
        address = f"?tai=csv&bang={table}"
        assert address.replace("&", "&amp;") in page
        answer = admin.get(f"/units/receivers/{address}")
        assert answer.headers["Content-Type"].startswith("text/csv")
        assert words in b"".join(answer.streaming_content).decode()
    assert admin.get("/units/receivers/?tai=csv&bang=khac").status_code == 400


def test_receivers_are_set_on_the_page_for_the_own_units(system, as_, people):
    admin = as_("administrator")
    form = {"name": "Tỉnh", "unit": "351", "url": "https://baocao.example.gov.vn/nhan"}
    page = admin.post("/units/receivers/", form).content.decode()
    assert "whsec_" in page and "whsec_" not in admin.get("/units/receivers/").content.decode()
    for field, value in (
        ("unit", "khong-co"),
        ("url", "https://evil.example.com/"),
        ("url", ""),
        ("name", ""),
    ):
        answer = admin.post("/units/receivers/", form | {field: value})
        assert answer.status_code == 422 and answer.context["form"].errors.keys() == {field}
    number = answer.context["receivers"][0].pk
    assert admin.post(f"/units/receivers/{number}/stop/").status_code == 302
    assert "Đã ngừng" in admin.get("/units/receivers/").content.decode()
    for name in ("reviewer", "clerk", "leader"):
        assert as_(name).get("/units/receivers/").status_code == 403
    assert admin.post("/units/receivers/messages/987654/again/").status_code == 404


def test_the_page_takes_a_fixed_number_of_queries(created, as_, people, fields, django_assert_num_queries):
    admin = as_("administrator")
    approve(people, fields, people.alpha)
    admin.get("/units/receivers/")
    with CaptureQueriesContext(connection) as queries:
        admin.get("/units/receivers/")
    approve(people, fields, people.beta)
    with django_assert_num_queries(len(queries)):
        admin.get("/units/receivers/")
