"""Faults to plant: each takes one defence away. `old` stands exactly once in its file; one of `tests` must fail."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Fault:
    """What is taken away, in words; where; what stands there and what is put in its place; the tests that are near."""

    name: str
    file: str
    old: str
    new: str
    tests: str


FAULTS = (
    Fault(
        "a view asks for reading where it should ask for approval",
        "records/views/approval.py",
        "@acting(Right.APPROVE)\ndef approve(",
        "@acting(Right.READ)\ndef approve(",
        "tests/records/pages/test_approval.py",
    ),
    Fault(
        "another unit's number is not looked at",
        "units/access.py",
        "if unit is None or not allowed(user, Right.READ, unit, day):",
        "if unit is None:",
        "tests/test_matrix.py",
    ),
    Fault(
        "a view without a declared right runs",
        "units/access.py",
        'raise PermissionDenied("Trang này chưa khai báo quyền.")',
        "return None",
        "tests/test_routes.py",
    ),
    Fault(
        "own entries are approved",
        "records/actions/decisions.py",
        "if by is not None and edition.writers.filter(pk=by.pk).exists():",
        "if False:",
        "tests/records/pages/test_approval.py",
    ),
    Fault(
        "who sent it approves it",
        "records/actions/decisions.py",
        "if by is not None and edition.sender_id == by.pk:",
        "if False:",
        "tests/records/pages/test_approval.py",
    ),
    Fault(
        "an unlocking is granted by who asked for it",
        "records/actions/unlocking.py",
        "if by is not None and asked.requester_id == by.pk:",
        "if False:",
        "tests/records/test_unlocking.py",
    ),
    Fault(
        "a version is not compared",
        "records/actions/entry.py",
        "if edition.revision != revision:",
        "if False:",
        "tests/records/test_actions.py",
    ),
    Fault(
        "a locked month is written",
        "records/actions/common.py",
        "    if lock is not None:",
        "    if False:",
        "tests/records/test_locks.py",
    ),
    Fault(
        "sums are not written at approval",
        "records/actions/decisions.py",
        "    edition = _put_in_force(edition, by, at, revision)\n    _refresh(edition)\n",
        "    edition = _put_in_force(edition, by, at, revision)\n",
        "tests/records/test_sums.py",
    ),
    Fault(
        "an approval is not logged",
        "records/actions/decisions.py",
        '    record("approve", edition, by=by, at=at)\n    return edition\n',
        "    return edition\n",
        "tests/records/test_actions.py",
    ),
    Fault(
        "the log's hash leaves out what was done",
        "ledger/log.py",
        "        entry.detail,\n        entry.previous_hash,",
        "        entry.previous_hash,",
        "tests/ledger/test_verify.py",
    ),
    Fault(
        "the database lets log entries be changed",
        "ledger/triggers.py",
        'yield _sqlite(table, "update", "UPDATE", "1")',
        'yield _sqlite(table, "update", "UPDATE", "0")',
        "tests/ledger/test_append_only.py",
    ),
    Fault(
        "errors of a file are swallowed",
        "records/imports/counts.py",
        "    if report.errors:\n        return report\n    report.written",
        "    report.written",
        "tests/records/test_import_counts.py",
    ),
    Fault(
        "a file is written row by row, not all or nothing",
        "records/imports/counts.py",
        "            with transaction.atomic():\n                report = _judge",
        "            if True:\n                report = _judge",
        "tests/records/test_import_counts.py",
    ),
    Fault(
        "a request is carried out again under its key",
        "ledger/keys.py",
        "return kept.status, kept.answer",
        "return do()",
        "tests/ledger/test_keys.py",
    ),
    Fault(
        "a cell of a CSV is a formula",
        "units/tablefile.py",
        """return f"'{text}" if text.startswith(FORMULA_STARTS) else text""",
        "return text",
        "tests/units/test_tablefile.py",
    ),
    Fault(
        "a token is stored in clear",
        "units/actions/tokens.py",
        'return hashlib.sha256(secret.encode("utf-8", "surrogateescape")).hexdigest()',
        "return secret[:64]",
        "tests/units/test_tokens.py",
    ),
    Fault(
        "a token reaches beyond its subtree",
        "units/access.py",
        "return bool(granted) and unit.path.startswith(user.token.unit.path)",
        "return bool(granted)",
        "tests/units/test_tokens.py tests/records/pages/test_api_rights.py",
    ),
    Fault(
        "a revoked token opens",
        "units/models/systems.py",
        "return self.revoked_at is None and self.expires_at > at",
        "return self.expires_at > at",
        "tests/units/test_tokens.py",
    ),
    Fault(
        "passwords are tried without end",
        "cchc_dashboard/settings.py",
        'AXES_FAILURE_LIMIT = whole("CCHC_LOGIN_FAILURES", 5)',
        "AXES_FAILURE_LIMIT = 10_000",
        "tests/units/test_accounts.py",
    ),
    Fault(
        "a session never ends",
        "cchc_dashboard/middleware.py",
        "if too_old or safety.too_idle(moment - seen) or not request.user.is_active:",
        "if not request.user.is_active:",
        "tests/units/test_sessions.py",
    ),
    Fault(
        "a secret of a second factor is stored in clear",
        "units/sealing.py",
        "    sealed = _ciphers()[0].encrypt(nonce, secret, about.encode())\n",
        "    sealed = secret\n",
        "tests/units/test_second_factor.py",
    ),
    Fault(
        "a sign-on for another program is taken",
        "units/oidc.py",
        '"aud": {"essential": True, "value": settings.OIDC_CLIENT_ID},',
        '"aud": {"essential": True},',
        "tests/units/test_sso.py",
    ),
    Fault(
        "a cookie without Secure",
        "cchc_dashboard/settings.py",
        "    SESSION_COOKIE_SECURE = True\n",
        "",
        "tests/test_production_answers.py",
    ),
    Fault(
        "inline scripts run",
        "cchc_dashboard/middleware.py",
        """"script-src 'self'",""",
        """"script-src 'self' 'unsafe-inline'",""",
        "tests/test_production_answers.py",
    ),
    Fault(
        "a text of a person is markup",
        "templates/records/history.html",
        "{{ act.reason }}",
        "{{ act.reason|safe }}",
        "tests/bad_inputs/test_markup.py",
    ),
    Fault(
        "a comment is markup",
        "templates/reports/review/comments.html",
        '<p class="said">{{ thread.comment.text }}</p>',
        '<p class="said">{{ thread.comment.text|safe }}</p>',
        "tests/bad_inputs/test_markup.py",
    ),
    Fault(
        "a workbook may declare entities",
        "units/xlsxfile.py",
        'if not re.match(rb"<[A-Za-z_]", text):',
        "if False:",
        "tests/bad_inputs/test_files.py",
    ),
    Fault(
        "NUL passes",
        "cchc_dashboard/middleware.py",
        'raise SuspiciousOperation("NUL")',
        "pass",
        "tests/bad_inputs/test_requests.py",
    ),
    Fault(
        "a forwarded address is believed as it comes",
        "units/pace.py",
        "    if not 1 <= settings.PROXIES <= len(told):\n        return neighbour\n",
        "",
        "tests/units/test_addresses.py",
    ),
    Fault(
        "drawing a PDF fetches any address",
        "reports/outlets/pdf/renderer/drawing.py",
        "if url not in self.allowed:",
        "if False:",
        "tests/reports/reviews/test_pdf.py",
    ),
    Fault(
        "a changed PDF is called valid",
        "reports/outlets/checking.py",
        "    if copies.sha256(content) != review.pdf_sha256:\n",
        "    if False:\n",
        "tests/reports/reviews/test_frozen.py",
    ),
)
