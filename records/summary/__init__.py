"""The computed figures of a unit and period, with their completeness: what pages, exports, API and reviews
ask.
"""
