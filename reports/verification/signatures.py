"""What digital signatures appended to a frozen PDF say, in words."""

from collections.abc import Iterator
from dataclasses import dataclass

from django.utils.timezone import localtime

from figures.formatting import format_day
from reports.pdf import foreign
from reports.pdf.foreign import PdfSignature

OTHER = "Phần thêm vào sau bản đã chốt không chỉ có chữ ký số: nội dung nhìn thấy có thể đã bị thay đổi."
NO_SIGNATURE = "Sau bản đã chốt có thêm dữ liệu không phải chữ ký số."
UNREAD = "Không đọc được phần thêm vào sau bản đã chốt."
UNTRUSTED = (
    "Tên là theo chứng thư kèm trong tệp. Hệ thống không xác nhận chứng thư đáng tin hay còn hiệu lực: "
    "hãy kiểm tra bằng phần mềm ký số."
)


@dataclass(frozen=True)
class AppendedContent:
    """What follows the frozen bytes of a file: faults for what must not be there, notes for its sound signatures."""

    signatures: tuple[PdfSignature, ...] = ()
    faults: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def read_appended(content: bytes, length: int) -> AppendedContent:
    """Read what was appended to the first `length` bytes, which are a frozen file. Raises foreign.Busy."""
    try:
        read = foreign.read_foreign_file(content, "added", prefix=length)
    except foreign.ReaderBusy:
        raise
    except foreign.UnreadablePdf:
        return AppendedContent(faults=(UNREAD,))
    if read.added != "signatures":
        told = {"nothing": NO_SIGNATURE, "other": OTHER}.get(read.added or "", UNREAD)
        return AppendedContent(read.signatures, (told,))
    faults = tuple(
        f"{signature_title(one)} không khớp nội dung tệp." for one in read.signatures if not one.sound
    )
    return AppendedContent(read.signatures, faults, () if faults else tuple(signature_notes(read.signatures)))


def signature_notes(found: tuple[PdfSignature, ...]) -> Iterator[str]:
    """What to know of sound signatures."""
    yield f"Tệp gồm bản đã chốt, nguyên từng byte, và {len(found)} chữ ký số gắn thêm ở cuối."
    for one in found:
        at = localtime(one.at) if one.at else None
        when = f", đồng hồ bên ký ghi {at:%H:%M} ngày {format_day(at.date())}" if at else ""
        yield f"{signature_title(one)}: khớp nội dung tệp{when}."
    yield UNTRUSTED
    pages = sorted({one.page for one in found if one.page is not None})
    if pages:
        where = ", ".join(f"trang {page}" for page in pages if page) or "một trang"
        yield f"Chữ ký có hình ở {where}: hãy nhìn xem hình có che chữ, số nào của báo cáo không."


def signature_title(one: PdfSignature) -> str:
    """A signature by whom its certificate names: "Chữ ký số mang tên Nguyễn Văn A, UBND huyện Thanh Liêm"."""
    kind = "Dấu thời gian" if one.stamp else "Chữ ký số"
    return f"{kind} mang tên {one.signer}" if one.signer else f"{kind} không ghi tên (ô {one.field})"
