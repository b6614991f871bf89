"""The numbers that country.sql generates, for rows that are entered through the product."""

from figures.measures import MEASURES


def values(unit: int, field: int, place: int) -> dict[str, int]:
    """Measures of one unit and field in the month at `place` (1 is the first generated one): they balance, and
    the opening is the closing that country.sql wrote for the month before.
    """
    opening = (unit * 7 + field * 3 + (place - 1) * 5) % 6
    pending = (unit * 7 + field * 3 + place * 5) % 6
    direct = 8 + (unit * 13 + field * 29 + place * 37) % 30
    partial = (unit * 11 + field * 5 + place * 19) % 9
    full = (unit * 17 + field * 23 + place * 3) % 7
    resolved = opening + direct + partial + full - pending
    return dict.fromkeys(MEASURES[:15], 0) | {
        "opening": opening,
        "received_direct": direct,
        "received_online_partial": partial,
        "received_online_full": full,
        "returned_direct": resolved - 1,
        "returned_online": 1,
        "resolved_early": resolved // 2,
        "resolved_on_time": resolved - resolved // 2,
        "pending_in_time": pending,
    }
