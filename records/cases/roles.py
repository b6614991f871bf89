"""What a column of an export may be for us, and the heads and words by which it is recognised."""

import re
from collections.abc import Mapping
from types import MappingProxyType

from core.text import fold
from figures.cases import AWAITING, OPEN, RESOLVED, RETURN_CHANNELS, STATE_LABELS, WITHDRAWN
from figures.measures import CHANNEL_LABELS

CODE, PROCEDURE, FIELD, RECEIVED, CHANNEL = "code", "procedure", "field", "received", "channel"
DUE, ENDED, RETURNED_BY, STATE = "due", "ended", "returned_by", "state"
ROLES: Mapping[str, str] = MappingProxyType(
    {
        CODE: "Mã hồ sơ",
        PROCEDURE: "Thủ tục (mã hoặc tên)",
        FIELD: "Lĩnh vực",
        RECEIVED: "Ngày tiếp nhận",
        CHANNEL: "Hình thức tiếp nhận",
        DUE: "Ngày hẹn trả",
        ENDED: "Ngày trả kết quả",
        RETURNED_BY: "Hình thức trả kết quả",
        STATE: "Trạng thái",
    }
)
NEEDED = (CODE, RECEIVED, CHANNEL)
# Roles whose words a person maps, and what to.
ONLINE = "online"  # received online at the level that the catalogue gives the procedure
TARGETS: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        CHANNEL: MappingProxyType(
            {
                "direct": "Trực tiếp",
                ONLINE: "Trực tuyến, theo mức độ của thủ tục",
                "online_partial": "Trực tuyến một phần",
                "online_full": "Trực tuyến toàn trình",
                "postal": "Bưu chính công ích",
            }
        ),
        RETURNED_BY: MappingProxyType({name: CHANNEL_LABELS[name] for name in RETURN_CHANNELS}),
        STATE: STATE_LABELS,
    }
)

WordTargets = Mapping[str, Mapping[str, str]]

# The first pattern that fits a head gives its role; so "hinh thuc tra" stands before "hinh thuc", and so on.
_HEADS = (
    (CODE, r"(ma|so) (bien nhan|ho so|hs)|ma ?hs|ma ?ho ?so|so ?ho ?so|so ?bien ?nhan|case ?(code|id)|^code$"),
    (RETURNED_BY, r"(hinh thuc|cach thuc|kenh).*(tra|nhan ket qua|nhan kq)|returned.?by"),
    (CHANNEL, r"hinh thuc|cach thuc|kenh|nguon (tiep nhan|ho so)|channel"),
    (DUE, r"hen tra|ngay hen|han (tra|giai quyet|xu ly)|thoi han|^due"),
    (
        ENDED,
        r"(ngay|thoi gian|thoi diem).*(tra|nhan (ket qua|kq)|ket thuc|hoan thanh|co (ket qua|kq)|xong)"
        r"|^ended|returned.?(at|date)",
    ),
    (RECEIVED, r"(ngay|thoi gian|thoi diem).*(tiep nhan|nhan|nop)|^received"),
    (STATE, r"trang thai|tinh trang|ket qua (xu ly|giai quyet)|^state|status"),
    (FIELD, r"linh vuc|nhom thu tuc|^field"),
    (PROCEDURE, r"thu tuc|tthc|loai ho so|ten dich vu|procedure"),
)  # fmt: skip
_HEADS = tuple((role, re.compile(pattern)) for role, pattern in _HEADS)

# What such words mostly mean; the first that fits.
_WORDS = {
    CHANNEL: (
        ("online_full", r"toan trinh|muc do 4|muc 4"),
        ("online_partial", r"mot phan|muc do 3|muc 3"),
        ("postal", r"buu chinh|bcci|buu dien"),
        (ONLINE, r"truc tuyen|qua mang|online|dvc|cong dich vu|internet"),
        ("direct", r"truc tiep|tai quay|mot cua|bo phan|direct"),
    ),
    RETURNED_BY: (
        ("postal", r"buu chinh|bcci|buu dien|postal"),
        ("online", r"truc tuyen|qua mang|online|dien tu|dvc|cong dich vu"),
        ("direct", r"truc tiep|tai quay|mot cua|bo phan|direct"),
    ),
    STATE: (
        (WITHDRAWN, r"rut|tra lai|tu choi|khong (du|tiep|giai)|da huy|withdrawn"),
        (AWAITING, r"bo sung|awaiting"),
        (OPEN, r"dang|cho|moi|chua|trong han|chuyen|open"),
        (RESOLVED, r"da (tra|co|giai|xong|hoan|xu)|hoan thanh|ket thuc|xong|resolved"),
    ),
}
_WORDS = {
    role: tuple((target, re.compile(pattern)) for target, pattern in known) for role, known in _WORDS.items()
}

# Heads of columns that are about a person: never read on, whatever else fits.
_PERSONAL = re.compile(
    r"ho (va )?ten|ten (nguoi|chu|cong dan|khach|to chuc|ca nhan|can bo|doanh nghiep)|chu ho so|cong dan|can bo"
    r"|nguoi (nop|nhan|yeu cau|dai dien|xu ly|duoc)|dien thoai|so dt|sdt|di dong|phone|e-?mail|thu dien tu"
    r"|dia chi|noi (o|cu tru|sinh)|thuong tru|cmnd|cmt|cccd|can cuoc|giay to|ho chieu|ma so thue|mst"
    r"|ngay sinh|nam sinh|gioi tinh|dan toc|ton giao|quoc tich|tai khoan|name"
)
# A day or a manner is no person's, whomever its head names: "Ngày trả kết quả cho công dân".
_IMPERSONAL = re.compile(
    r"^(ngay|thoi (gian|diem|han)|han|hinh thuc|cach thuc|kenh|trang thai|tinh trang)\b(?!.*(sinh|cap))"
)


def is_personal(head: str) -> bool:
    """Whether a head names a person, or what belongs to one: name, telephone, address, papers, birth."""
    text = folded_text(head)
    return bool(_PERSONAL.search(text)) and not _IMPERSONAL.search(text)


def role_of_head(head: str) -> str:
    """The role that a head suggests; "" for none, and for every head about a person."""
    if is_personal(head):
        return ""
    text = folded_text(head)
    return next((role for role, pattern in _HEADS if pattern.search(text)), "")


def targets_with(fields: Mapping[str, str]) -> WordTargets:
    """TARGETS, and for a unit that reports by field what a word of that column may mean: code → name."""
    return {**TARGETS, FIELD: fields} if fields else TARGETS


def target_of_word(role: str, word: str, targets: WordTargets = TARGETS) -> str:
    """What a word in a column of that role mostly means; "" where nothing is known of it. A field is known by its code
    or name, or because its name alone stands within the word.
    """
    text = folded_text(word)
    if role != FIELD:
        return next((target for target, pattern in _WORDS[role] if pattern.search(text)), "")
    names = {code: _letters(name) for code, name in targets[FIELD].items()}
    bare = _letters(word)
    same = [code for code, name in names.items() if bare in (name, _letters(code))]
    within = [code for code, name in names.items() if f" {name} " in f" {bare} "]
    return (same or within)[0] if same or len(within) == 1 else ""


def _letters(text: str) -> str:
    return " ".join(re.findall(r"\w+", folded_text(text)))


def folded_text(text: str) -> str:
    """As heads and words are compared: small letters without marks, one space between words."""
    return " ".join(fold(text).replace("_", " ").split())
