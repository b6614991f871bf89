"""Drafted text for any counts: bound to facts, contradicting none, reproducible."""

from decimal import Decimal

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from figures.periods import Period
from figures.summary import RowInput, build_summary
from reports.drafting.queries import _bundled, draft_sections, proposed_tasks
from reports.review_text import bound_text, facts, phrases, typed_numbers
from reports.review_text.facts import is_fact_name
from tests.figures.strategies import TALLIES

PHRASES = [phrase.parsed() for phrase in _bundled()]
GOALS = [
    {"rate": "on_time", "tier": "", "percent": "99.0", "source": "Kế hoạch"},
    {"rate": "online", "tier": "commune", "percent": "15.0", "source": "Kế hoạch"},
]
INDICATORS = [
    {
        "code": "tap-huan",
        "name": "Lớp tập huấn",
        "group": "Chỉ đạo, điều hành",
        "counted_in": "lớp",
        "numerator_name": "Lớp đã mở",
        "denominator_name": "",
        "is_share": False,
        "numerator": 3,
        "denominator": None,
        "percent": None,
        "target": None,
        "before_percent": None,
        "source": "Phòng Nội vụ",
    }
]
TIERS = st.dictionaries(
    st.sampled_from(["province", "district", "commune"]), st.lists(TALLIES, max_size=4), max_size=3
)
TASKS = st.lists(
    st.fixed_dictionaries(
        {
            "outcome": st.sampled_from(["open", "done", "not_done"]),
            "deadline": st.sampled_from(["", "2022-03-01", "2022-12-31"]),
        }
    ),
    max_size=3,
)


def drafted(now_by_tier, before_by_tier, tasks, code="2022-H1"):
    """A document from tallies by tier, its facts, and its text by section."""
    period = Period.parse(code)
    now = _summary(period, now_by_tier)
    before = _summary(period.same_last_year(), before_by_tier)
    tiers = {row.key: row.key.partition("-")[0] for row in now.rows}
    known_facts = facts.summary_facts(now, before, GOALS, INDICATORS)
    known_facts |= facts.ranking_facts(now, before, tiers, GOALS, tasks or None)
    doc = {
        "review": {"period": code, "to": now.period.end.isoformat(), "unit_name": "huyện A"},
        "figures": now.as_record(),
        "indicators": INDICATORS,
    }
    return doc, known_facts, draft_sections(doc, known_facts, PHRASES)


def _summary(period, by_tier):
    rows = [
        RowInput(f"{tier}-{place}", f"đơn vị {'abcd'[place]}", [(period.last, tally)])
        for tier, tallies in by_tier.items()
        for place, tally in enumerate(tallies)
    ]
    parts = {tier: [(period.last, tally) for tally in tallies] for tier, tallies in by_tier.items()}
    return build_summary(unit="1", unit_name="huyện A", period=period, tiers=parts, by="unit", rows=rows)


def figures_of(body: str) -> list[bound_text.TextRun]:
    return [run for runs in bound_text.parse_paragraphs(body) for run in runs if run.key]


def test_every_phrase_names_what_can_be_known():
    for phrase in _bundled():
        phrases.check_phrase(phrase.text, is_fact_name)
        phrases.check_conditions(phrase.conditions, is_fact_name)
    assert len({phrase.key for phrase in _bundled()}) == len(_bundled()) > 30


@settings(deadline=None, max_examples=150, suppress_health_check=[HealthCheck.too_slow])
@given(TIERS, TIERS, TASKS)
def test_a_draft_says_what_is_known_and_nothing_else(now, before, tasks):
    _, known_facts, text = drafted(now, before, tasks)
    for body in text.values():
        assert not set("{}*") & set(bound_text.plain_text(body)) and "  " not in bound_text.plain_text(body)
        for run in figures_of(body):
            assert known_facts[run.key].value is not None and known_facts[run.key].text == run.text
        words = [run.text for runs in bound_text.parse_paragraphs(body) for run in runs if not run.key]
        assert [number.text for word in words for number in typed_numbers.find_numbers(word)] == []
        for paragraph in bound_text.plain_text(body).split("\n\n"):
            assert paragraph[0].isupper() or paragraph[0].isdigit()
            assert paragraph.endswith((".", ":")) and " ." not in paragraph and " ;" not in paragraph


@settings(deadline=None, max_examples=150, suppress_health_check=[HealthCheck.too_slow])
@given(TIERS, TIERS)
def test_a_draft_contradicts_no_count(now, before):
    """Results list rises and reached targets, shortcomings falls and missed targets, recomputed here."""
    _, known_facts, text = drafted(now, before, [])
    goals = {("on_time", tier): Decimal("99.0") for tier in ("province", "district", "commune")}
    goals["online", "commune"] = Decimal("15.0")
    for section, good in (("ket-qua", True), ("ton-tai", False)):
        for run in figures_of(text.get(section, "")):
            side, first, second = (run.key.split(".") + [""])[:3]
            if side == "change":
                new, old = (
                    Decimal(known_facts[f"{when}.{first}.share.{second}"].value) for when in ("now", "before")
                )
                assert (new > old) is good and run.text.startswith("tăng" if good else "giảm")
            elif side == "gap":
                kind = "share" if first == "online" else "rate"
                reached = Decimal(known_facts[f"now.{second}.{kind}.{first}"].value)
                assert (reached >= goals[first, second]) is good
    for run in figures_of(text.get("ton-tai", "")):
        if run.key.endswith(("resolved_late", "pending_late")):
            assert run.text.isdigit() or "." in run.text


@settings(deadline=None, max_examples=50, suppress_health_check=[HealthCheck.too_slow])
@given(TIERS, TIERS, TASKS)
def test_the_same_figures_give_the_same_words(now, before, tasks):
    doc, known_facts, text = drafted(now, before, tasks)
    shuffled = dict(sorted(known_facts.items(), reverse=True))
    assert draft_sections(doc, shuffled, PHRASES) == text
    assert proposed_tasks(doc, shuffled, PHRASES) == proposed_tasks(doc, known_facts, PHRASES)


def test_nothing_known_claims_nothing():
    for code in ("2022-H1", "2022-M06", "2022", "2100"):
        _, _, text = drafted({}, {}, [], code)
        assert set(text) <= {"chi-dao", "phuong-huong", "tthc"}
        assert figures_of(text.get("tthc", "")) == []
