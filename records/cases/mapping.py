"""How the columns and words of an export are read: guessed, then settled by a person and saved by name."""

from collections.abc import Iterable, Sequence
from collections.abc import Mapping as Given
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Self

from .column_filter import (
    DUE,
    ENDED,
    FIELD,
    FLAW_MARK,
    NEEDED,
    PROCEDURE,
    ROLES,
    STATE,
    TARGETS,
    CaseColumn,
    WordTargets,
    folded_text,
    target_of_word,
)


class MappingGap(NamedTuple):
    """What a mapping still needs: the role it is about, the word of its column ("" for the column itself), why."""

    role: str
    word: str
    message: str


@dataclass(frozen=True)
class ColumnMapping:
    """`columns`: role → head as it stands in the file; `words`: role → folded word → target; `undue`: whether a dossier
    without a due date is in time (else it is a fault).
    """

    columns: dict[str, str] = field(default_factory=dict)
    words: dict[str, dict[str, str]] = field(default_factory=dict)
    undue: bool = False

    @classmethod
    def of(cls, content: dict[str, Any]) -> Self:
        """As the database keeps it."""
        return cls(content.get("columns", {}), content.get("words", {}), content.get("undue", False))

    def as_dict(self) -> dict[str, Any]:
        """For the database."""
        return {"columns": self.columns, "words": self.words, "undue": self.undue}

    def fitted(self, columns: Iterable[CaseColumn], targets: WordTargets = TARGETS) -> Self:
        """The same for the columns of another file: heads by their folded form, words that are new are guessed."""
        heads = {folded_text(column.head): column.head for column in columns}
        found = {role: heads.get(folded_text(head), "") for role, head in self.columns.items()}
        known = {role: head for role, head in found.items() if head}
        return type(self)(known, self.words, self.undue).with_words(columns, targets)

    def with_words(self, columns: Iterable[CaseColumn], targets: WordTargets = TARGETS) -> Self:
        """The same, with a guess for each word of its columns that it says nothing of."""
        by_head = {column.head: column for column in columns}
        words = {role: dict(known) for role, known in self.words.items()}
        for role in targets:
            column = by_head.get(self.columns.get(role, ""))
            for word in words_of_column(column):
                if target := target_of_word(role, word, targets):
                    words.setdefault(role, {}).setdefault(folded_text(word), target)
        return type(self)(self.columns, words, self.undue)

    def lacks(self, columns: Sequence[CaseColumn], targets: WordTargets = TARGETS) -> list[MappingGap]:
        """What keeps it from being read by; empty when it is whole."""
        found = [
            MappingGap(role, "", f"Chọn cột “{ROLES[role]}”.")
            for role in NEEDED
            if not self.columns.get(role)
        ]
        if STATE not in self.columns and ENDED not in self.columns:
            found.append(MappingGap(ENDED, "", "Cần cột “Ngày trả kết quả” hoặc cột “Trạng thái”."))
        if DUE not in self.columns and not self.undue:
            found.append(
                MappingGap(
                    DUE, "", "Chọn cột “Ngày hẹn trả”, hoặc đánh dấu tính hồ sơ không hẹn là trong hạn."
                )
            )
        if FIELD in targets and FIELD not in self.columns and PROCEDURE not in self.columns:
            found.append(MappingGap(FIELD, "", "Chọn cột “Lĩnh vực” hoặc cột “Thủ tục”."))
        for role, known in targets.items():
            column = next((column for column in columns if column.head == self.columns.get(role)), None)
            # A field need not be told where the procedure tells it.
            if column is not None and (role != FIELD or PROCEDURE not in self.columns):
                found += self._unknown(role, column, known)
        return found

    def _unknown(self, role: str, column: CaseColumn, known: Given[str, str]) -> list[MappingGap]:
        if column.words is None:
            message = f"Cột “{column.head}” có quá nhiều giá trị khác nhau để là “{ROLES[role]}”."
            return [MappingGap(role, "", message)]
        told = self.words.get(role, {})
        return [
            MappingGap(role, word, f"Chọn nghĩa của “{word}”.")
            for word in words_of_column(column)
            if told.get(folded_text(word)) not in known
        ]


def words_of_column(column: CaseColumn | None) -> list[str]:
    """The different values of a column, without cells that cannot be read."""
    if column is None or column.words is None:
        return []
    return [word for word in column.words if not word.startswith(FLAW_MARK)]


def guess_mapping(columns: Sequence[CaseColumn], targets: WordTargets = TARGETS) -> ColumnMapping:
    """By heads and values alone; what is not plain is left to the person."""
    found = {column.role: column.head for column in columns if column.role}
    return ColumnMapping(found).with_words(columns, targets)
