"""Refusals of actions, with findings that name the cells; messages are Vietnamese."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import PermissionDenied

from figures import rule_catalogue


@dataclass(frozen=True)
class Finding:
    """A broken rule with its place: codes of field and procedure ("" for the whole edition). `short`: a warning without
    advice to the clerk, for reviewers.
    """

    field: str
    procedure: str
    measure: str | None
    code: str
    message: str
    severity: str
    short: str = ""

    @property
    def blocks(self) -> bool:
        """Whether it blocks sending."""
        return self.severity == "error"

    @classmethod
    def of(
        cls, fault: rule_catalogue.RuleViolation, field: str = "", procedure: str = "", short: str = ""
    ) -> "Finding":
        return cls(field, procedure, fault.measure, fault.code, fault.message, fault.severity, short)


class ActionRefused(Exception):
    """The action is refused and nothing is stored. `code` is for programs, `findings` name cells."""

    def __init__(self, code: str, message: str, findings: Sequence[Finding] = ()) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.findings = tuple(findings)


class StaleEdition(ActionRefused):
    """Somebody else saved first. `cells`: every cell that differs, with the new and the stored value:
    {(field id, procedure id or None): {measure: (mine, theirs)}}.
    """

    def __init__(
        self, edition: Any, cells: Mapping[Any, Mapping[str, tuple[int | None, int | None]]]
    ) -> None:
        super().__init__(
            "stale",
            f"{edition.saved_by or 'Người khác'} đã lưu báo cáo này sau khi bạn mở. "
            "Số của bạn chưa được lưu; hãy so sánh hai bên rồi lưu lại.",
        )
        self.edition = edition
        self.cells = cells


class OwnEntries(PermissionDenied):
    """Nobody approves an edition in which they wrote a value (acceptance S4)."""


class OwnRequest(PermissionDenied):
    """Nobody decides on their own request to unlock (acceptance S5)."""
