"""Checks that only signatures were appended to a PDF; called by `reading`. The only module that imports pyHanko."""

import hashlib
import logging
import re
from collections.abc import Iterator
from io import BytesIO
from typing import Any

from asn1crypto import parser
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.misc import PdfReadError
from pyhanko.pdf_utils.reader import PdfFileReader, RawPdfPath
from pyhanko.pdf_utils.xref import ObjStreamRef
from pyhanko.sign.diff_analysis import (
    DEFAULT_DIFF_POLICY,
    CatalogModificationRule,
    FormUpdatingRule,
    ModificationLevel,
    StandardDiffPolicy,
    SuspiciousModification,
)
from pyhanko.sign.diff_analysis.commons import compare_key_refs, qualify_transforming
from pyhanko.sign.diff_analysis.constants import ROOT_EXEMPT_STRICT_COMPARISON
from pyhanko.sign.diff_analysis.form_rules_api import FieldComparisonContext, FieldComparisonSpec, FormUpdate
from pyhanko.sign.diff_analysis.rules_api import Context, ReferenceUpdate
from pyhanko.sign.validation.generic_cms import validate_sig_integrity
from pyhanko.sign.validation.pdf_embedded import EmbeddedPdfSignature
from pyhanko.sign.validation.status import SignatureCoverageLevel

NOTHING, SIGNATURES, OTHER = "nothing", "signatures", "other"
MOST_REVISIONS = 20
MOST_PAGES = 500
_LONGEST_NAME = 200
_HEX = re.compile(rb"<(?:[0-9a-f]*|[0-9A-F]*)>")
_FORM_KEYS = {"/Fields", "/SigFlags", "/DA", "/DR", "/NeedAppearances"}


class FastPdfReader(PdfFileReader):
    """Reads the list of an object stream once. pyHanko reads it again for each object, which takes a minute for
    WeasyPrint's documents, with all objects in one stream.
    """

    def __init__(self, content: bytes) -> None:
        self._lists: dict[int, tuple[bytes, int, list[int]]] = {}
        super().__init__(BytesIO(content), strict=True)

    def get_object(
        self, ref: generic.Reference, revision: int | None = None, *args: Any, **options: Any
    ) -> Any:
        current = revision is None
        place = self.xrefs[ref] if current else self.xrefs.get_historical_ref(ref, revision)
        if not isinstance(place, ObjStreamRef):
            return super().get_object(ref, revision, *args, **options)
        value = self.cache_get_indirect_object(ref.generation, ref.idnum) if current else None
        if value is None:
            value = self._in_stream(ref.idnum, place)
            if current:
                self.cache_indirect_object(ref.generation, ref.idnum, value)
        return value

    def _in_stream(self, object_id: int, place: ObjStreamRef) -> Any:
        if place.obj_stream_id not in self._lists:
            stream = generic.Reference(place.obj_stream_id, 0, self).get_object()
            if not isinstance(stream, generic.StreamObject) or stream["/Type"] != "/ObjStm":
                raise PdfReadError("no object stream")
            first = int(stream["/First"])
            listed = [int(text) for text in stream.data[:first].split()]
            self._lists[place.obj_stream_id] = stream.data, first, listed
        data, first, numbers = self._lists[place.obj_stream_id]
        at = 2 * place.ix_in_stream
        if not 0 <= at + 1 < len(numbers) or numbers[at] != object_id:
            raise PdfReadError("object is not where the table says")
        source = BytesIO(data)
        source.seek(first + numbers[at + 1])
        value = generic.read_object(source, generic.Reference(object_id, 0, self))
        if isinstance(value, generic.StreamObject | generic.IndirectObject):
            raise PdfReadError("stream or reference inside an object stream")
        return value


class _Catalog(CatalogModificationRule):
    """pyHanko's rule for the catalog, which also allows the first signature to add /Perms (permitted changes)."""

    def __init__(self) -> None:
        super().__init__(ROOT_EXEMPT_STRICT_COMPARISON | {"/Perms"})

    def apply_qualified(self, old: Any, new: Any) -> Iterator[Any]:
        yield from super().apply_qualified(old, new)
        yield from qualify_transforming(
            ModificationLevel.LTA_UPDATES,
            compare_key_refs("/Perms", old, old.root, new.root),
            transform=lambda ref: ReferenceUpdate(
                ref, context_checked=Context.from_absolute(old, RawPdfPath("/Root", "/Perms"))
            ),
        )


class _FirstForm(FormUpdatingRule):
    """Allows a first form. pyHanko compares changes after a signature and so expects a form; the frozen file has none
    and counts as an empty one. The new form may hold only fields, which pyHanko's field rules check.
    """

    def apply(self, old: Any, new: Any) -> Iterator[Any]:
        if "/AcroForm" in old.root:
            yield from super().apply(old, new)
            return
        if "/AcroForm" not in new.root:
            return
        form = new.root["/AcroForm"]
        if not isinstance(form, generic.DictionaryObject) or set(form) - _FORM_KEYS:
            raise SuspiciousModification("A form with more than fields")
        for holder, key in ((new.root, "/AcroForm"), (form, "/Fields")):
            value = holder.raw_get(key)
            if isinstance(value, generic.IndirectObject) and old.is_ref_unassignable(value.reference):
                yield ModificationLevel.LTA_UPDATES, FormUpdate(value.reference, field_name=None)
        if "/DR" in form:
            for ref in new.collect_dependencies(form.raw_get("/DR"), since_revision=old.revision + 1):
                yield ModificationLevel.FORM_FILLING, FormUpdate(ref, field_name=None)
        context = FieldComparisonContext(dict(_new_fields(form["/Fields"])), old=old, new=new)
        for rule in self.field_rules:
            yield from rule.apply(context)


def _new_fields(
    fields: Any, above: str = "", inherited: Any = None
) -> Iterator[tuple[str, FieldComparisonSpec]]:
    """All fields of a new form and their descendants, by full name."""
    if not isinstance(fields, generic.ArrayObject):
        raise SuspiciousModification("Fields that are no list")
    names: set[str] = set()
    for link in fields:
        field = link.get_object() if isinstance(link, generic.IndirectObject) else None
        if not isinstance(field, generic.DictionaryObject):
            raise SuspiciousModification("A field that is no dictionary of its own")
        if "/T" not in field:
            continue
        name = field.raw_get("/T")
        if not isinstance(name, generic.TextStringObject | generic.ByteStringObject) or "." in name:
            raise SuspiciousModification("A field whose name is none")
        if name in names:
            raise SuspiciousModification("Two fields of one name")
        names.add(name)
        full = f"{above}.{name}" if above else name
        kind = field.raw_get("/FT") if "/FT" in field else inherited
        below = field["/Kids"] if "/Kids" in field else generic.ArrayObject()
        if not below and kind is None:
            raise SuspiciousModification("A field of no type")
        spec = FieldComparisonSpec(kind, None, link.reference, old_canonical_path=None)
        yield full, spec
        yield from _new_fields(below, full, kind)


_POLICY = StandardDiffPolicy(
    [
        _Catalog(),
        *(
            global_rule
            for global_rule in DEFAULT_DIFF_POLICY.global_rules
            if not isinstance(global_rule, CatalogModificationRule)
        ),
    ],
    _FirstForm(DEFAULT_DIFF_POLICY.form_rule.field_rules),
)


def read(content: bytes, prefix: int) -> dict[str, Any]:
    """`signatures` of the whole file; `added`: what follows the first `prefix` bytes (None for 0). Raises pyHanko's
    errors for an unreadable file.
    """
    reader = FastPdfReader(content)
    signatures = list(reader.embedded_signatures)[:MOST_REVISIONS]
    kind = _kind(content[:prefix], reader, signatures) if prefix else None
    return {"signatures": [_signature(signature) for signature in signatures], "added": kind}


def _kind(frozen: bytes, reader: FastPdfReader, signatures: list[EmbeddedPdfSignature]) -> str:
    first, starts = _starts(FastPdfReader(frozen)), _starts(reader)
    # The file must begin with the frozen file's revisions, else it is another document behind the frozen bytes.
    if len(starts) > MOST_REVISIONS or starts[: len(first)] != first:
        return OTHER
    if starts == first:
        return OTHER if signatures else NOTHING
    # The last signature must cover the whole file.
    last = [signature for signature in signatures if signature.signed_revision == len(starts) - 1]
    if any(sign.evaluate_signature_coverage() != SignatureCoverageLevel.ENTIRE_FILE for sign in last):
        return OTHER
    review = _POLICY.review_file(reader, len(first) - 1)
    if isinstance(review, SuspiciousModification):
        return OTHER
    sound = review.modification_level <= ModificationLevel.FORM_FILLING
    return SIGNATURES if sound and signatures else OTHER


def _starts(reader: FastPdfReader) -> list[int]:
    """The offset of each revision's cross-reference table, oldest first."""
    xrefs = reader.xrefs
    return [xrefs.get_startxref_for_revision(number) for number in range(xrefs.total_revisions)]


def _signature(signature: EmbeddedPdfSignature) -> dict[str, Any]:
    """The data of a `foreign.PdfSignature`, as JSON."""
    at = signature.self_reported_timestamp
    return {
        "field": _short(str(signature.field_name)),
        "stamp": signature.sig_object_type == "/DocTimeStamp",
        "at": at.isoformat() if at else None,
        "signer": _name(signature.signer_cert.subject.native),
        "issuer": _name(signature.signer_cert.issuer.native),
        "page": _page(signature),
        "sound": _sound(signature),
    }


def _sound(signature: EmbeddedPdfSignature) -> bool:
    stamp = signature.sig_object_type == "/DocTimeStamp"
    try:
        digest, signed = signature.compute_digest(), signature.signed_data["encap_content_info"]["content"]
        covered = (
            signature.evaluate_signature_coverage() >= SignatureCoverageLevel.ENTIRE_REVISION
            and _plain(signature)
        )
        if stamp:
            covered = covered and bytes(signed.parsed["message_imprint"]["hashed_message"]) == digest
            digest = hashlib.new(signature.md_algorithm, bytes(signed)).digest()
        kind = "tst_info" if stamp else "data"
        return covered and all(
            validate_sig_integrity(signature.signer_info, signature.signer_cert, kind, digest)
        )
    except Exception as fault:
        logging.debug("signature %s: %s", signature.field_name, fault)
        return False


def _plain(signature: EmbeddedPdfSignature) -> bool:
    """Whether the signature's own place, which it cannot cover, holds only hexadecimal digits of one case, and zeros
    after its end.
    """
    _, length, start, _ = (int(number) for number in signature.byte_range)
    signature.reader.stream.seek(length)
    digits = signature.reader.stream.read(start - length)
    rest = signature.pkcs7_content[parser.peek(signature.pkcs7_content) :]
    return bool(_HEX.fullmatch(digits)) and not any(rest)


def _name(names: dict[str, Any]) -> str:
    """The name in a certificate: person or organisation, then what it belongs to."""
    parts: list[str] = []
    for key in ("common_name", "organizational_unit_name", "organization_name"):
        values = names.get(key) or []
        for value in [values] if isinstance(values, str) else values:
            text = _short(str(value))
            if text and text not in parts:
                parts.append(text)
    return ", ".join(parts)


def _short(text: str) -> str:
    return "".join(char for char in text if char.isprintable())[:_LONGEST_NAME]


def _page(signature: EmbeddedPdfSignature) -> int | None:
    """The page of the signature's picture, 0 if unknown, None without a picture."""
    box = signature.sig_field.get("/Rect")
    if box is None or not (float(box[2]) - float(box[0])) * (float(box[3]) - float(box[1])):
        return None
    page = signature.sig_field.raw_get("/P") if "/P" in signature.sig_field else None
    for number in range(min(int(signature.reader.root["/Pages"]["/Count"]), MOST_PAGES)):
        if page is not None and signature.reader.find_page_for_modification(number)[0] == page:
            return number + 1
    return 0
