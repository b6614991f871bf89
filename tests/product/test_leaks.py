"""No page, file or answer shows anything outside the reader's subtree, and no request changes it (S2, S3).

All routes are found by reflection and requested with the ids and codes of a neighbour, a closed unit, its successor and
the units above these, by reporting and by current units.
"""

import re
from datetime import UTC, date, datetime
from types import SimpleNamespace
from urllib.parse import urlencode
from uuid import uuid4

import pytest
from django.apps import apps
from django.contrib.auth import SESSION_KEY
from django.db import transaction
from django.test import Client

from accounts.models import Identity, User
from figures.periods import Month
from ledger.models import Message
from records.approval import actions as approval_actions
from records.models import CaseFile, ClosingTime, Edition, Field, Submission
from records.submissions import actions as submissions_actions
from reports.models import Asking, AskKind, PlanTask, Review, ReviewSection, SectionComment
from tests.units.succession import successions
from units import tokens
from units.lifecycle import actions as lifecycle_actions
from units.models import Membership, Receiver, Role, Token, Unit
from units.people import actions as people_actions
from units.tree import rules

from .test_docs import HOUSE
from .test_routes import routes

START, CLOSED = date(2020, 1, 1), date(2022, 5, 14)
AT = datetime(2022, 7, 15, 2, 0, tzinfo=UTC)
# Each unit has a unique name and each month a unique number, so that a leak can be recognized.
TREE = [
    ("35", "province", None),
    ("351", "district", "35"),
    ("352", "district", "35"),
    ("13474", "commune", "351"),
]
TREE += [("13480", "commune", "351"), ("13500", "commune", "352"), ("13501", "commune", "352")]
# Routes for which the test data has no object, with the reason.
NOT_THERE = {
    "units/people/<int:pk>/link/": "only with single sign-on",
    "records/rules/<slug:kind>/<int:pk>/remove/": "rules that hold for all are nobody's own",
    "records/indicators/list/<int:pk>/retire/": "indicators are for all",
    "records/<int:pk>/official/<slug:token>/": "an upload of its owner's, by a name that nobody guesses",
    "api/v1/reviews/<int:pk>/pdf": "of frozen reviews only: tests/records/api/test_rights.py",
}
# This user has every right in the district, so that only the subtree limits access: what this user may not see or
# change, no single role may.
EVERY_ROLE = "every role 351"
READERS = ("viewer 351", EVERY_ROLE, "clerk 13474", "clerk of the closed one")
SENDERS = READERS[1:]
NUMBERS = {"13500": 7_000_123, "13501": 7_000_124, "13502": 7_000_125}


def draft(code: str, tier: str, parent: str | None, start: date = START) -> rules.UnitDraft:
    return rules.UnitDraft(code, f"đơn vị MOC{code}X", "committee", tier, start, parent=parent)


def create_report(unit: Unit, month: Month, number: int) -> Submission:
    found = submissions_actions.open_submission(unit, month, by=None, at=AT)
    edition = found.editions.get()
    row = {"opening": 0, "received_direct": number, "pending_in_time": number}
    field = Field.objects.get(code=Field.UNDIVIDED).pk
    edition = (
        submissions_actions.save_counts(
            edition, {(field, None): row}, by=None, revision=edition.revision, at=AT
        )
        or edition
    )
    edition.refresh_from_db()
    reviewer = User.objects.get_or_create(username="nguoi-duyet")[0]
    approval_actions.approve_edition(
        submissions_actions.send_edition(edition, by=None, at=AT), by=reviewer, at=AT
    )
    return found


@pytest.fixture
def world(db) -> SimpleNamespace:
    """Two districts; in the other one a neighbour, a closed commune and its successor, each with approved figures."""
    units = {
        unit.code: unit for unit in lifecycle_actions.open_units([draft(*one) for one in TREE], by=None).new
    }
    later = draft("13502", "commune", "352", date(2022, 5, 15))
    successions.replace([units["13501"]], [successions.Part(later)], date(2022, 5, 15), by=None, basis="")
    units = {unit.code: unit for unit in Unit.objects.all()}
    months = {"13500": Month(2022, 6), "13501": Month(2022, 5), "13502": Month(2022, 6)}
    submissions = [create_report(units[code], months[code], number) for code, number in NUMBERS.items()]
    create_report(units["13474"], Month(2022, 6), 5)
    foreign = [units[code] for code in ("352", *NUMBERS)]
    reviews = [
        Review.objects.create(unit=unit, period="2022-H1", title=f"Báo cáo MOC{unit.code}X", created_at=AT)
        for unit in (*foreign, units["35"])
    ]
    # Not in the review of the closed unit, which its clerk may read.
    foreign_reviews = [review for review in reviews if review.unit != units["13501"]]
    written = [
        one for review in foreign_reviews for one in create_section(review, [units["13500"], units["13502"]])
    ]
    people = {}
    for role in (Role.VIEWER, Role.CLERK, Role.REVIEWER, Role.EDITOR, Role.LEADER, Role.ADMINISTRATOR):
        unit = units["13474" if role == Role.CLERK else "351"]
        people[f"{role} {unit.code}"] = create_member(role, unit)
    people["clerk of the closed one"] = create_member(Role.CLERK, units["13501"])
    people[EVERY_ROLE] = everything = User.objects.create(username=EVERY_ROLE)
    for role in Role.values:
        people_actions.add_membership(everything, units["351"], role, START, by=None)
    strangers = [create_member(role, units["352"]) for role in (Role.ADMINISTRATOR, Role.LEADER)]
    token, _ = tokens.create_token("MOC352X", units["352"], ["figures"], 30, by=strangers[0], at=AT)
    receiver = Receiver.objects.create(
        name="MAT352", unit=units["352"], url="https://x", nonce="n", created_at=AT
    )
    message = Message.objects.create(
        event=uuid4(),
        kind="k",
        destination=receiver.pk,
        subject="MAT352",
        body="MAT352",
        created_at=AT,
        next_at=AT,
    )
    identity = Identity.objects.create(user=strangers[0], issuer="https://sso", subject="MAT352")
    june = Month(2022, 6).number
    case_file = CaseFile.objects.create(
        unit=units["13500"],
        name="MAT13500",
        state="done",
        mapping={"columns": {}},
        first_month=june,
        last_month=june,
        asked_by=strangers[0],
        asked_at=AT,
    )
    closing = ClosingTime.objects.create(unit=units["352"], month=Month(2022, 6).number, closes_at=AT)
    return SimpleNamespace(
        units=units, people=people, foreign=foreign, submissions=submissions, reviews=reviews,
        strangers=strangers, tokens=[token], receivers=[receiver], messages=[message], identities=[identity],
        memberships=list(strangers[0].memberships.all()), closing=[closing], case_files=[case_file],
        tasks=[one for one in written if isinstance(one, PlanTask)],
        askings=[one for one in written if isinstance(one, Asking)],
        comments=[one for one in written if isinstance(one, SectionComment)],
        sections=[one for one in written if isinstance(one, ReviewSection)],
    )  # fmt: skip


def create_section(review: Review, units: list[Unit]) -> list:
    """Creates a section of a review and, for each unit, a task, a requested text, a requested comment and a comment."""
    section = ReviewSection.objects.create(
        review=review, order=1, heading="Mục", body=f"MAT{review.unit.code}"
    )
    found = [section]
    for order, unit in enumerate(units):
        shared = {"review": review, "unit": unit}
        words = f"MAT{unit.code}"
        fields = {"section": section, "heading": words, "asked_by": words, "asked_at": AT}
        found += [
            PlanTask.objects.create(**shared, order=order, text=words),
            Asking.objects.create(**shared, kind=AskKind.TEXT, body=words, words=words, **fields),
            Asking.objects.create(**shared, kind=AskKind.COMMENT, words=words, asked_by=words, asked_at=AT),
            SectionComment.objects.create(**shared, text=words, said_by=words, at=AT),
        ]
    return found


def create_member(role: str, unit: Unit) -> User:
    user = User.objects.create(username=f"{role}-{unit.code}", full_name=f"Người MOC{unit.code}X")
    people_actions.add_membership(user, unit, role, START, by=None)
    return user


def hidden_pattern(world: SimpleNamespace, name: str) -> re.Pattern:
    """Matches what this user may not see. A closed unit's page names its successor, but not the successor's figures."""
    hidden = {"13500": "13500", "13502": "13502"} if "closed" in name else dict.fromkeys(("352", *NUMBERS))
    named = [f"MOC{code}X" for code in hidden if not ("closed" in name and code == "13502")]
    numbers = [NUMBERS[code] for code in hidden if code in NUMBERS]
    sums = [7_000_123 + 7_000_125, sum(NUMBERS.values())]
    written = [
        form for number in (*numbers, *sums) for form in (str(number), f"{number:,}".replace(",", "."))
    ]
    secrets = [f"MAT{code}" for code in (*hidden, "352")]
    return re.compile("|".join(map(re.escape, (*named, *secrets, *written))))


def foreign_ids(world: SimpleNamespace, route: str) -> list[int]:
    """Ids of other units' objects that fit a route; unit ids by default."""
    found = next(
        (things for start, things in objects_by_route(world).items() if route.startswith(start)),
        world.foreign,
    )
    return [thing.pk for thing in found]


def objects_by_route(world: SimpleNamespace) -> dict[str, list]:
    """The objects whose ids a route takes, by the beginning of the route."""
    return {
        "units/people": world.strangers,
        "units/tokens": world.tokens,
        "units/receivers/messages": world.messages,
        "units/receivers": world.receivers,
        "records/indicators": world.foreign,
        "records/targets": world.foreign,
        "records/closing": world.closing,
        "records/": world.submissions,
        "reports/forms/months": world.submissions,
        "reports/reviews": world.reviews,
        "reports/tasks": world.tasks,
        "reports/asking": world.askings,
        "reports/asked": [one for one in world.askings if one.kind == AskKind.TEXT],
        "reports/comments": world.comments,
        "api/v1/reviews": world.reviews,
    }


def addresses_with_ids(world: SimpleNamespace, route: str) -> list[str]:
    """Addresses of a route with the ids of other units' objects."""
    parts = {
        "membership": world.memberships,
        "identity": world.identities,
        "section": world.sections,
        "number": world.case_files,
    }
    for name, things in parts.items():
        route = route.replace(f"<int:{name}>", str(things[0].pk))
    return [re.sub(r"<int:\w+>", str(number), route) for number in foreign_ids(world, route)]


def foreign_addresses(world: SimpleNamespace, route: str) -> list[str]:
    """Addresses of a route that request objects and figures of other units."""
    if "<int:" in route:
        addresses = ["/" + re.sub(r"<\w+:\w+>", "x", address) for address in addresses_with_ids(world, route)]
        return addresses + [f"{address}?basis=today&period=2022-H1" for address in addresses]
    codes = ("352", "13500", "13501", "13501@2022-05-14", "13502")
    if "<path:unit>" in route:
        addresses = [
            f"/{route}".replace("<path:unit>", code).replace("<str:month>", "2022-M06") for code in codes
        ]
        return addresses + [f"{address}?basis=today" for address in addresses]
    plain = "/" + re.sub(r"<\w+:\w+>", "received", route)
    queries = [f"unit={code}&period=2022-H1&include=submitted" for code in codes]
    return [
        plain,
        f"{plain}?q=13500&state=&basis=today",
        *(f"{plain}?{query}&basis={basis}" for query in queries for basis in ("today", "reported")),
    ]


def text_of(answer) -> str:
    return b"".join(answer.streaming_content if answer.streaming else [answer.content]).decode(
        "utf-8", "replace"
    )


def test_a_reader_of_everything_sees_all_marks(world, client):
    """Checks the test itself: a user who may read everything sees all names and numbers."""
    client.force_login(create_member(Role.VIEWER, world.units["35"]))
    expected = {f"MOC{unit.code}X" for unit in world.foreign} | {
        "7.000.123",
        "7.000.125",
        "7000123",
        "7000125",
    }
    seen = set()
    for route, _ in routes():
        if not route.startswith("accounts/") and "<" not in route:
            for address in foreign_addresses(world, route):
                seen |= set(re.findall("|".join(map(re.escape, expected)), text_of(client.get(address))))
    assert seen == expected


def test_every_requested_id_exists(world, client):
    """Checks the test itself: a 404 proves nothing if the id does not exist. A user with all rights gets no 404."""
    all_rights = User.objects.create(username="làm được tất cả")
    for unit in Unit.objects.all():
        for role in Role.values:
            people_actions.add_membership(all_rights, unit, role, START, by=None)
    client.force_login(all_rights)
    found = (route for route, _ in routes() if "<int:" in route and route not in NOT_THERE)
    assert not [
        route
        for route in found
        if not any(address_exists(client, one) for one in addresses_with_ids(world, route)[:2])
    ]


def address_exists(client: Client, address: str) -> bool:
    """Whether the address exists; changes by the POST request are rolled back."""
    if client.get(f"/{address}").status_code not in (404, 405):
        return True
    with transaction.atomic():
        code = client.post(f"/{address}").status_code
        transaction.set_rollback(True)
    return code not in (404, 405)


def test_nothing_of_other_units_is_shown_anywhere(world, client):
    cases = 0
    for name in READERS:
        user = world.people[name]
        client.force_login(user)
        hidden = hidden_pattern(world, name)
        for route, _ in routes():
            if route in ("accounts/logout/", "accounts/login/"):
                continue
            for address in foreign_addresses(world, route):
                if "closed" in name and str(world.units["13501"].pk) in re.findall(r"/(\d+)/", address):
                    continue
                answer = client.get(address)
                found = hidden.search(text_of(answer)) or hidden.search(str(answer.headers))
                assert not found, (name, address, found[0])
                assert answer.status_code < 500, (name, address)
                cases += 1
    print(f"\n{cases} cases")
    assert cases > 2000


def foreign_rows(world: SimpleNamespace) -> dict[str, list]:
    """Every row of every table that belongs to other units, found by its foreign keys."""
    editions = Edition.objects.filter(submission__in=world.submissions)
    foreign_objects = {
        PlanTask: world.tasks,
        Asking: world.askings,
        SectionComment: world.comments,
        ReviewSection: world.sections,
        Receiver: world.receivers,
        Identity: world.identities,
        Membership: world.memberships,
        ClosingTime: world.closing,
        CaseFile: world.case_files,
        Unit: world.foreign,
        Submission: world.submissions,
        Edition: editions,
        Review: world.reviews,
        User: world.strangers,
        Token: world.tokens,
    }
    found = {}
    for model in (model for room in HOUSE for model in apps.get_app_config(room).get_models()):
        if model in foreign_objects:
            found[model.__name__] = list(
                model.objects.filter(pk__in=[one.pk for one in foreign_objects[model]])
                .order_by("pk")
                .values()
            )
        for field in model._meta.fields:
            if field.related_model in foreign_objects:
                rows = model.objects.filter(**{f"{field.name}__in": foreign_objects[field.related_model]})
                found[f"{model.__name__}.{field.name}"] = list(rows.order_by("pk").values())
    return found


def field_names(world: SimpleNamespace) -> set[str]:
    """The names of all fields on the pages that these users see."""
    found = {"unit", "units", "submission", "edition", "pk", "id", "month", "months"}
    for user in world.people.values():
        reader = Client()
        reader.force_login(user)
        for route, _ in routes():
            if "<" not in route and "logout" not in route:
                answer = reader.get(f"/{route}")
                if "html" in answer.headers.get("Content-Type", ""):
                    found |= set(re.findall(r'name="([^"]+)"', text_of(answer)))
    return found - {"csrfmiddlewaretoken"}


def test_no_request_changes_anything_of_other_units(world, client):
    """Each route gets the id or code of another unit's object in every field that any page has."""
    names, before, cases = field_names(world), foreign_rows(world), 0
    submission = world.submissions[0]
    values = [
        world.foreign[1].pk,
        world.foreign[1].code,
        submission.pk,
        submission.editions.get().pk,
        "13501@2022-05-14",
    ]
    for user in (world.people[name] for name in SENDERS):
        for route, _ in routes():
            if "logout" in route or "login" in route or route.startswith("accounts/"):
                continue
            addresses = [one for one in foreign_addresses(world, route) if "?" not in one]
            for address in addresses:
                for value in values if "<" not in route else values[:1]:
                    if client.session.get(SESSION_KEY) != str(user.pk):
                        client.force_login(user)
                    fields = urlencode(dict.fromkeys(names, str(value)) | {"month": "2022-M06"})
                    answer = client.post(address, fields, "application/x-www-form-urlencoded")
                    assert answer.status_code < 500, (user, address)
                    cases += 1
    assert foreign_rows(world) == before
    print(f"\n{cases} cases")
    assert cases > 1000
