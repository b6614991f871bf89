"""Judges what was appended to a PDF: only signatures may follow. The only module that imports pyHanko."""

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
    """pyHanko's reader goes through the list of a stream's objects anew for each of them, which takes a minute for a
    document with all its objects in one stream, as WeasyPrint writes it; this one reads the list once.
    """

    def __init__(self, content: bytes) -> None:
        self._lists: dict[int, tuple[bytes, int, list[int]]] = {}
        super().__init__(BytesIO(content), strict=True)

    def get_object(
        self, ref: generic.Reference, revision: int | None = None, *given: Any, **more: Any
    ) -> Any:
        current = revision is None
        place = self.xrefs[ref] if current else self.xrefs.get_historical_ref(ref, revision)
        if not isinstance(place, ObjStreamRef):
            return super().get_object(ref, revision, *given, **more)
        found = self.cache_get_indirect_object(ref.generation, ref.idnum) if current else None
        if found is None:
            found = self._in_stream(ref.idnum, place)
            if current:
                self.cache_indirect_object(ref.generation, ref.idnum, found)
        return found

    def _in_stream(self, number: int, place: ObjStreamRef) -> Any:
        if place.obj_stream_id not in self._lists:
            stream = generic.Reference(place.obj_stream_id, 0, self).get_object()
            if not isinstance(stream, generic.StreamObject) or stream["/Type"] != "/ObjStm":
                raise PdfReadError("no object stream")
            first = int(stream["/First"])
            listed = [int(one) for one in stream.data[:first].split()]
            self._lists[place.obj_stream_id] = stream.data, first, listed
        data, first, numbers = self._lists[place.obj_stream_id]
        at = 2 * place.ix_in_stream
        if not 0 <= at + 1 < len(numbers) or numbers[at] != number:
            raise PdfReadError("object is not where the table says")
        source = BytesIO(data)
        source.seek(first + numbers[at + 1])
        found = generic.read_object(source, generic.Reference(number, 0, self))
        if isinstance(found, generic.StreamObject | generic.IndirectObject):
            raise PdfReadError("stream or reference inside an object stream")
        return found


class _Catalog(CatalogModificationRule):
    """The catalog, as pyHanko lets it change after a signature, and what a first signature may say of later changes."""

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
    """pyHanko compares what came after a signature, so it expects a form before. The frozen file has none: it counts
    as an empty one, and the new form may hold nothing but fields, which the rules for fields judge.
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
    """Every field of a form that was not there before, by its full name, with those below it."""
    if not isinstance(fields, generic.ArrayObject):
        raise SuspiciousModification("Fields that are no list")
    seen: set[str] = set()
    for link in fields:
        field = link.get_object() if isinstance(link, generic.IndirectObject) else None
        if not isinstance(field, generic.DictionaryObject):
            raise SuspiciousModification("A field that is no dictionary of its own")
        if "/T" not in field:
            continue
        name = field.raw_get("/T")
        if not isinstance(name, generic.TextStringObject | generic.ByteStringObject) or "." in name:
            raise SuspiciousModification("A field whose name is none")
        if name in seen:
            raise SuspiciousModification("Two fields of one name")
        seen.add(name)
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
    """`signatures` of the whole file; `added`: what its revisions after the first `prefix` bytes hold (None for 0).
    Raises what pyHanko raises for a file that it cannot read.
    """
    reader = FastPdfReader(content)
    found = list(reader.embedded_signatures)[:MOST_REVISIONS]
    kind = _kind(content[:prefix], reader, found) if prefix else None
    return {"signatures": [_signature(one) for one in found], "added": kind}


def _kind(frozen: bytes, reader: FastPdfReader, signatures: list[EmbeddedPdfSignature]) -> str:
    first, all_ = _starts(FastPdfReader(frozen)), _starts(reader)
    # The revisions of the frozen file are the first ones and all others build on them, else it is another document
    # that only carries the frozen one in front of it.
    if len(all_) > MOST_REVISIONS or all_[: len(first)] != first:
        return OTHER
    if all_ == first:
        return OTHER if signatures else NOTHING
    # Whoever signed last signed the file to its end.
    last = [signature for signature in signatures if signature.signed_revision == len(all_) - 1]
    if any(one.evaluate_signature_coverage() != SignatureCoverageLevel.ENTIRE_FILE for one in last):
        return OTHER
    judged = _POLICY.review_file(reader, len(first) - 1)
    if isinstance(judged, SuspiciousModification):
        return OTHER
    sound = judged.modification_level <= ModificationLevel.FORM_FILLING
    return SIGNATURES if sound and signatures else OTHER


def _starts(reader: FastPdfReader) -> list[int]:
    """Where the table of each revision stands, the oldest first."""
    xrefs = reader.xrefs
    return [xrefs.get_startxref_for_revision(number) for number in range(xrefs.total_revisions)]


def _signature(one: EmbeddedPdfSignature) -> dict[str, Any]:
    """What a signature field says: whom its certificate names, when (by the signer's own clock), on which page it
    shows a picture, and whether the signature fits the bytes that it covers.
    """
    at = one.self_reported_timestamp
    return {
        "field": _short(str(one.field_name)),
        "stamp": one.sig_object_type == "/DocTimeStamp",
        "at": at.isoformat() if at else None,
        "signer": _name(one.signer_cert.subject.native),
        "issuer": _name(one.signer_cert.issuer.native),
        "page": _page(one),
        "sound": _sound(one),
    }


def _sound(one: EmbeddedPdfSignature) -> bool:
    stamp = one.sig_object_type == "/DocTimeStamp"
    try:
        digest, signed = one.compute_digest(), one.signed_data["encap_content_info"]["content"]
        covered = one.evaluate_signature_coverage() >= SignatureCoverageLevel.ENTIRE_REVISION and _plain(one)
        if stamp:
            covered = covered and bytes(signed.parsed["message_imprint"]["hashed_message"]) == digest
            digest = hashlib.new(one.md_algorithm, bytes(signed)).digest()
        kind = "tst_info" if stamp else "data"
        return covered and all(validate_sig_integrity(one.signer_info, one.signer_cert, kind, digest))
    except Exception as fault:
        logging.debug("signature %s: %s", one.field_name, fault)
        return False


def _plain(one: EmbeddedPdfSignature) -> bool:
    """The one place that no signature covers is its own: it has to hold what a program writes there and nothing else,
    hexadecimal digits of one case, and zeros after the signature's end.
    """
    _, length, start, _ = (int(number) for number in one.byte_range)
    one.reader.stream.seek(length)
    digits = one.reader.stream.read(start - length)
    rest = one.pkcs7_content[parser.peek(one.pkcs7_content) :]
    return bool(_HEX.fullmatch(digits)) and not any(rest)


def _name(names: dict[str, Any]) -> str:
    """Whom a certificate names: person or organisation, then what it belongs to."""
    found: list[str] = []
    for key in ("common_name", "organizational_unit_name", "organization_name"):
        values = names.get(key) or []
        for value in [values] if isinstance(values, str) else values:
            text = _short(str(value))
            if text and text not in found:
                found.append(text)
    return ", ".join(found)


def _short(text: str) -> str:
    return "".join(sign for sign in text if sign.isprintable())[:_LONGEST_NAME]


def _page(one: EmbeddedPdfSignature) -> int | None:
    """The page on which the signature shows a picture, 0 where that cannot be told, None for one without a picture."""
    box = one.sig_field.get("/Rect")
    if box is None or not (float(box[2]) - float(box[0])) * (float(box[3]) - float(box[1])):
        return None
    page = one.sig_field.raw_get("/P") if "/P" in one.sig_field else None
    for number in range(min(int(one.reader.root["/Pages"]["/Count"]), MOST_PAGES)):
        if page is not None and one.reader.find_page_for_modification(number)[0] == page:
            return number + 1
    return 0
