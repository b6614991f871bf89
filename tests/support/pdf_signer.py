"""Signs PDFs as offices do outside the product: a self-signed certificate, a signature appended by pyHanko."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from functools import cache
from io import BytesIO

from asn1crypto import keys
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign import fields, signers
from pyhanko_certvalidator.registry import SimpleCertificateStore

SIGNER, OFFICE = "Nguyễn Văn A", "UBND huyện Thanh Liêm"


@cache
def signer(name: str = SIGNER, office: str = OFFICE) -> signers.SimpleSigner:
    """A signer with a key and a self-signed certificate."""
    key = rsa.generate_private_key(65537, 2048)
    names = x509.Name(
        [
            x509.NameAttribute(NameOID.COMMON_NAME, name),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, office),
        ]
    )
    begin = datetime(2022, 1, 1, tzinfo=UTC)
    usage = x509.KeyUsage(True, True, False, False, False, False, False, False, False)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(names)
        .issuer_name(names)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(begin)
        .not_valid_after(begin + timedelta(days=3650))
        .add_extension(usage, critical=True)
        .sign(key, hashes.SHA256())
    )
    plain = serialization.NoEncryption()
    der, pkcs8 = serialization.Encoding.DER, serialization.PrivateFormat.PKCS8
    return signers.SimpleSigner(
        signing_cert=asn1_x509.Certificate.load(certificate.public_bytes(der)),
        signing_key=keys.PrivateKeyInfo.load(key.private_bytes(der, pkcs8, plain)),
        cert_registry=SimpleCertificateStore(),
    )


def signed(
    content: bytes,
    field: str = "LanhDao",
    *,
    box: tuple[int, int, int, int] | None = None,
    certify: bool = False,
    by: signers.SimpleSigner | None = None,
) -> bytes:
    """A PDF with a signature appended; `box` makes it visible on the first page, `certify` forbids later changes except
    signatures.
    """
    writer = IncrementalPdfFileWriter(BytesIO(content))
    spec = fields.SigFieldSpec(field, on_page=0, box=box) if box else None
    about = signers.PdfSignatureMetadata(
        field_name=field,
        certify=certify,
        docmdp_permissions=fields.MDPPerm.FILL_FORMS,
    )
    with ThreadPoolExecutor(1) as apart:
        # pyHanko starts an event loop; in browser tests the thread already runs Playwright's.
        work = apart.submit(signers.sign_pdf, writer, about, signer=by or signer(), new_field_spec=spec)
        return work.result().getvalue()
