"""The room of pure arithmetic: numbers and months in, shares and sentences out.

Standard library only: no Django, no database, no clock, no float. Everything here is a function of its
arguments, so a test reads like a table of examples. The map, in the order of what builds on what:

==============  ==================================================================================
months          ``Month`` and ``Period``: 2022-M06, 2022-H1, their codes and names
periods         the dated cut-off rule (which days a month has), and the door to months
measures        the counts of a dossier row: names, groups, sums, labels, what a channel serves
writing         how numbers and dates are written and read in Vietnamese: 14.700 · 87,4% · —
rounding        the one place where anything is rounded: half up, never hiding a dossier
counts          ``Tally``: measures added up, where None (nobody reported) is not 0
completeness    how many reports are there of those expected, and which are missing
rates           every percentage by name, with one formula and one sentence
rules           what a row of counts must satisfy: codes, and sentences that say how to mend it
outliers        numbers that look mistyped against their own past
results         ``Figures`` of one tier, row or total: completeness, counts, shares, rates
summary         the one frozen ``Summary`` that page, chart, table, file, API and PDF receive
narrative       sentences drafted from a Summary
facts           every figure that a text may quote, under a key, with its name, source and formula
bound           text whose figures stay bound to their facts
==============  ==================================================================================
"""
