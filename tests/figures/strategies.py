"""Hypothesis strategies for counts, tallies and months."""

from hypothesis import strategies as st

from figures.measures import MEASURES, WHOLES
from figures.periods import Month
from figures.tally import Tally

COUNTS = st.integers(0, 10**6)
VALUES = st.fixed_dictionaries({name: st.none() | COUNTS for name in MEASURES})
BLANKS = st.fixed_dictionaries({whole: st.integers(0, 9) for whole in WHOLES})
TALLIES = st.builds(Tally.of, VALUES, blanks=BLANKS, reported=st.integers(0, 99), expected=st.integers(0, 99))
MONTHS = st.builds(Month, st.integers(1991, 2099), st.integers(1, 12))
