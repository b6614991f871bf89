"""The outbox: messages stored with their transaction, sent in order, retried, given up and sent again."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from django.db import transaction
from django.db.transaction import TransactionManagementError

from ledger import outbox
from ledger.models import Attempt, Delivery, Entry, Message
from ledger.outbox import KEPT, LEASE, PAUSES, DeliveryOutcome

AT = datetime(2022, 8, 12, tzinfo=UTC)


class World:
    """A clock (`at`), the destinations that fail (`down`), and what was `sent`."""

    def __init__(self) -> None:
        self.at, self.down, self.sent = AT, set(), []

    def run(self) -> outbox.DeliveryRun:
        return outbox.deliver(self.send, lambda: self.at)

    def send(self, message: Message) -> DeliveryOutcome:
        self.sent.append((message.destination, json.loads(message.body)["data"]["n"]))
        return DeliveryOutcome(503) if message.destination in self.down else DeliveryOutcome(204)


def put(n: int, *destinations: int) -> None:
    with transaction.atomic():
        outbox.put("test", f"số {n}", {"n": n}, destinations or (1,), at=AT)


def test_messages_are_stored_with_their_transaction_or_not_at_all(db):
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        outbox.put("test", "x", {}, [1], at=AT)
        raise ZeroDivisionError
    assert not Message.objects.exists()


def test_a_subject_of_any_length_is_stored(db):
    """PostgreSQL would refuse a longer one, and with it the approval that the message reports."""
    with transaction.atomic():
        outbox.put("test", "Ủ" * 500, {"n": 1}, [1], at=AT)
    assert Message.objects.get().subject == "Ủ" * 199 + "…"


@pytest.mark.django_db(transaction=True)
def test_nothing_is_stored_outside_a_transaction():
    with pytest.raises(TransactionManagementError):
        outbox.put("test", "x", {}, [1], at=AT)


def test_each_destination_gets_all_in_order(db):
    world = World()
    for n in range(3):
        put(n, 1, 2)
    assert world.run() == outbox.DeliveryRun(6, 0)
    assert [n for to, n in world.sent if to == 1] == [n for to, n in world.sent if to == 2] == [0, 1, 2]
    assert world.run() == outbox.DeliveryRun(0, 0)
    assert {message.state for message in Message.objects.all()} == {Delivery.DELIVERED}


def test_a_failed_one_holds_back_its_own_destination_only(db):
    world = World()
    world.down = {1}
    put(0, 1, 2)
    put(1, 1, 2)
    assert world.run() == outbox.DeliveryRun(2, 1)
    assert world.run() == outbox.DeliveryRun(0, 0), "its pause is not over"
    world.down, world.at = set(), AT + PAUSES[0]
    assert world.run() == outbox.DeliveryRun(2, 0)
    assert [n for to, n in world.sent if to == 1] == [0, 0, 1]


def test_pauses_grow_and_end(db):
    world = World()
    world.down = {1}
    put(0)
    put(1)
    for number, pause in enumerate(PAUSES, start=1):
        assert world.run().failed == 1
        message = Message.objects.first()
        assert (message.attempts, message.next_at) == (number, world.at + pause)
        world.at += pause
    assert world.run().failed == 1
    assert Message.objects.first().state == Delivery.FAILED
    # The next message is sent.
    world.down = set()
    assert world.run() == outbox.DeliveryRun(1, 0) and world.sent[-1] == (1, 1)
    assert Attempt.objects.filter(message=Message.objects.first(), status=503).count() == len(PAUSES) + 1
    assert list(PAUSES) == sorted(PAUSES) and sum(PAUSES, timedelta()) > timedelta(days=2)


def test_what_was_given_up_is_sent_again_by_hand(db):
    world = World()
    put(0)
    message = Message.objects.get()
    Message.objects.update(state=Delivery.FAILED, attempts=11)
    assert outbox.send_again(message, by=None, at=AT)
    assert world.run() == outbox.DeliveryRun(1, 0)
    assert Entry.objects.get(action="outbox.send_again").detail == {"event": str(message.event)}
    assert not outbox.send_again(message, by=None, at=AT), "delivered"
    assert Entry.objects.filter(action="outbox.send_again").count() == 1


def test_a_run_that_dies_leaves_its_message_to_a_later_one(db):
    world = World()
    put(0)

    def dies(message):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        outbox.deliver(dies, lambda: AT)
    assert world.run() == outbox.DeliveryRun(0, 0), "another run may still hold it"
    world.at = AT + LEASE
    assert world.run() == outbox.DeliveryRun(1, 0)


def test_two_runs_at_once_send_it_once(db):
    world = World()
    put(0)

    def meanwhile(message):
        assert world.run() == outbox.DeliveryRun(0, 0)
        return DeliveryOutcome(200)

    assert outbox.deliver(meanwhile, lambda: AT) == outbox.DeliveryRun(1, 0)
    assert world.sent == []


def test_an_event_is_the_same_for_all_and_every_time(db):
    world = World()
    world.down = {1}
    put(0, 1, 2)
    bodies = [message.body for message in Message.objects.all()]
    assert len({message.event for message in Message.objects.all()}) == 1 and len(set(bodies)) == 1
    world.run()
    assert [message.body for message in Message.objects.all()] == bodies
    assert json.loads(bodies[0])["id"] == str(Message.objects.first().event)


def test_what_was_taken_is_forgotten_after_its_time(db):
    world = World()
    world.down = {2}
    put(0, 1, 2)
    world.run()
    assert outbox.forget(at=AT + KEPT) == 0
    assert outbox.forget(at=AT + KEPT + timedelta(seconds=1)) == 1
    assert [message.destination for message in Message.objects.all()] == [2], "an unsent message was deleted"
    assert Attempt.objects.count() == 1
