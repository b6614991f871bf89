"""The counts of a dossier row: names, groups, sums, Vietnamese labels, and what a channel serves.

A measure is an integer of dossiers >= 0, or None for "not reported". The names are those of files and of the
JSON shape; once published they stay.
"""

from collections.abc import Mapping
from datetime import date
from types import MappingProxyType

OPENING = ("opening",)
RECEIVED = ("received_direct", "received_online_partial", "received_online_full", "received_postal")
RECEIVED_ONLINE = ("received_online_partial", "received_online_full")
RETURNED = ("returned_direct", "returned_online", "returned_postal")
RESOLVED = ("resolved_early", "resolved_on_time", "resolved_late")
PENDING = ("pending_in_time", "pending_late")
TRANSFERRED = ("transferred_in", "transferred_out")

# State at the end of a month; of a period, that of its last month. `awaiting` stays apart from pending.
CLOSING = (*PENDING, "awaiting")
FLOWS = (*RECEIVED, *RETURNED, *RESOLVED, "withdrawn", *TRANSFERRED)

MEASURES = (*OPENING, *RECEIVED, *RETURNED, *RESOLVED, "withdrawn", *CLOSING, *TRANSFERRED)

SUMS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "received": RECEIVED,
        "received_online": RECEIVED_ONLINE,
        "returned": RETURNED,
        "resolved": RESOLVED,
        "pending": PENDING,
    }
)

# Wholes that can be incomplete: a served part left blank makes every share of them partial.
WHOLES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {"opening": OPENING, "received": RECEIVED, "returned": RETURNED, "resolved": RESOLVED, "pending": PENDING}
)

CHANNELS = ("direct", "online_partial", "online_full", "postal")
CHANNEL_LABELS: Mapping[str, str] = MappingProxyType(
    {
        "direct": "Trực tiếp",
        "online": "Trực tuyến",
        "online_partial": "Trực tuyến một phần",
        "online_full": "Trực tuyến toàn trình",
        "postal": "Bưu chính công ích",
    }
)

LABELS: Mapping[str, str] = MappingProxyType(
    {
        "opening": "Kỳ trước chuyển sang",
        "received_direct": "Tiếp nhận trực tiếp",
        "received_online_partial": "Tiếp nhận trực tuyến một phần",
        "received_online_full": "Tiếp nhận trực tuyến toàn trình",
        "received_postal": "Tiếp nhận qua bưu chính công ích",
        "returned_direct": "Trả kết quả trực tiếp",
        "returned_online": "Trả kết quả trực tuyến",
        "returned_postal": "Trả kết quả qua bưu chính công ích",
        "resolved_early": "Đã giải quyết trước hạn",
        "resolved_on_time": "Đã giải quyết đúng hạn",
        "resolved_late": "Đã giải quyết quá hạn",
        "withdrawn": "Rút, trả lại",
        "pending_in_time": "Đang giải quyết trong hạn",
        "pending_late": "Đang giải quyết quá hạn",
        "awaiting": "Chờ bổ sung",
        "transferred_in": "Nhận từ nơi khác chuyển đến",
        "transferred_out": "Chuyển nơi khác giải quyết",
        "received": "Tiếp nhận",
        "received_online": "Tiếp nhận trực tuyến",
        "returned": "Trả kết quả",
        "resolved": "Đã giải quyết",
        "pending": "Đang giải quyết",
    }
)

# Decree 42/2022/NĐ-CP, in force from this day, renamed the online levels.
ONLINE_RENAMED_ON = date(2022, 8, 15)


def served_measures(channels: frozenset[str]) -> frozenset[str]:
    """The measures that may hold a number where these channels are served.

    Results can be fetched in person anywhere, so ``returned_direct`` is served. Raises ValueError for a
    name that is no channel.
    """
    if unknown := channels - set(CHANNELS):
        raise ValueError(f"not a channel: {', '.join(sorted(unknown))}")
    served = set(MEASURES)
    served -= {f"received_{channel}" for channel in CHANNELS if channel not in channels}
    if "postal" not in channels:
        served.discard("returned_postal")
    if not channels & {"online_partial", "online_full"}:
        served.discard("returned_online")
    return frozenset(served)


ALL_SERVED = served_measures(frozenset(CHANNELS))


def online_labels(day: date) -> dict[str, str]:
    """What the online levels are called on a day, by channel; ``online`` is both together.

    History is never relabelled: give the last day of the period, not today.
    """
    if day < ONLINE_RENAMED_ON:
        return {"online_partial": "mức độ 3", "online_full": "mức độ 4", "online": "mức độ 3, 4"}
    return {"online_partial": "một phần", "online_full": "toàn trình", "online": "một phần, toàn trình"}


def measure_label(name: str, day: date) -> str:
    """The label of a measure or sum as it was called on a day."""
    level = {"received_online_partial": "online_partial", "received_online_full": "online_full"}.get(name)
    return f"Tiếp nhận trực tuyến {online_labels(day)[level]}" if level else LABELS[name]
