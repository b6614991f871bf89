"""Lists stand in a statement as if they were written out, whether the database is given them or they are too long."""

from hypothesis import given
from hypothesis import strategies as st

from core.db.list_statements import _MAX_PARAMETERS, fill_lists

TEXT = "DELETE FROM a WHERE u IN ({groups}) AND m IN ({months}) OR p IN ({groups})"
numbers = st.lists(st.integers(1, 10**6), min_size=1, max_size=4)
long = st.integers(_MAX_PARAMETERS + 1, _MAX_PARAMETERS + 3).map(lambda size: list(range(size)))


@given(numbers | long, numbers | long)
def test_equals_the_lists_written_out(groups, months):
    found = fill_lists(TEXT, groups=groups, months=months)
    written = {"groups": ", ".join(map(str, groups)), "months": ", ".join(map(str, months))}
    assert found.text % found.given == TEXT.format(**written)
    assert len(found.given) == sum(
        len(one) for one in (groups, groups, months) if len(one) <= _MAX_PARAMETERS
    )


def test_one_text_serves_all_lists_of_a_length():
    assert len({fill_lists(TEXT, groups=[one], months=[202201]).text for one in range(5)}) == 1
