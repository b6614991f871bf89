"""The mapping of an export's columns and words: guessed, then corrected by a user and saved by name."""

from collections.abc import Iterable, Mapping, Sequence
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
    """What a mapping still needs: the role, the word of its column ("" for the column itself), and a message."""

    role: str
    word: str
    message: str


@dataclass(frozen=True)
class ColumnMapping:
    """`columns`: role → head as it stands in the file; `words`: role → folded word → target; `undue`: a dossier
    without a due date is in time (else it is a fault).
    """

    columns: dict[str, str] = field(default_factory=dict)
    words: dict[str, dict[str, str]] = field(default_factory=dict)
    undue: bool = False

    @classmethod
    def of(cls, content: dict[str, Any]) -> Self:
        """From the database."""
        return cls(content.get("columns", {}), content.get("words", {}), content.get("undue", False))

    def as_dict(self) -> dict[str, Any]:
        """For the database."""
        return {"columns": self.columns, "words": self.words, "undue": self.undue}

    def fitted(self, columns: Iterable[CaseColumn], targets: WordTargets = TARGETS) -> Self:
        """The mapping for the columns of another file: heads match by their folded form, new words are guessed."""
        heads = {folded_text(column.head): column.head for column in columns}
        heads_by_role = {role: heads.get(folded_text(head), "") for role, head in self.columns.items()}
        existing = {role: head for role, head in heads_by_role.items() if head}
        return type(self)(existing, self.words, self.undue).with_words(columns, targets)

    def with_words(self, columns: Iterable[CaseColumn], targets: WordTargets = TARGETS) -> Self:
        """The mapping with a guess for each word that it has no meaning for."""
        by_head = {column.head: column for column in columns}
        words = {role: dict(word_targets) for role, word_targets in self.words.items()}
        for role in targets:
            column = by_head.get(self.columns.get(role, ""))
            for word in words_of_column(column):
                if target := target_of_word(role, word, targets):
                    words.setdefault(role, {}).setdefault(folded_text(word), target)
        return type(self)(self.columns, words, self.undue)

    def gaps(self, columns: Sequence[CaseColumn], targets: WordTargets = TARGETS) -> list[MappingGap]:
        """What the mapping still needs; empty when it is complete."""
        missing = [
            MappingGap(role, "", f"Chọn cột “{ROLES[role]}”.")
            for role in NEEDED
            if not self.columns.get(role)
        ]
        if STATE not in self.columns and ENDED not in self.columns:
            missing.append(MappingGap(ENDED, "", "Cần cột “Ngày trả kết quả” hoặc cột “Trạng thái”."))
        if DUE not in self.columns and not self.undue:
            missing.append(
                MappingGap(
                    DUE, "", "Chọn cột “Ngày hẹn trả”, hoặc đánh dấu tính hồ sơ không hẹn là trong hạn."
                )
            )
        if FIELD in targets and FIELD not in self.columns and PROCEDURE not in self.columns:
            missing.append(MappingGap(FIELD, "", "Chọn cột “Lĩnh vực” hoặc cột “Thủ tục”."))
        for role, meanings in targets.items():
            column = next((column for column in columns if column.head == self.columns.get(role)), None)
            # Where there is a procedure, it gives the field.
            if column is not None and (role != FIELD or PROCEDURE not in self.columns):
                missing += self._unknown(role, column, meanings)
        return missing

    def _unknown(self, role: str, column: CaseColumn, meanings: Mapping[str, str]) -> list[MappingGap]:
        if column.words is None:
            message = f"Cột “{column.head}” có quá nhiều giá trị khác nhau để là “{ROLES[role]}”."
            return [MappingGap(role, "", message)]
        word_targets = self.words.get(role, {})
        return [
            MappingGap(role, word, f"Chọn nghĩa của “{word}”.")
            for word in words_of_column(column)
            if word_targets.get(folded_text(word)) not in meanings
        ]


def words_of_column(column: CaseColumn | None) -> list[str]:
    """The distinct values of a column, without unreadable cells."""
    if column is None or column.words is None:
        return []
    return [word for word in column.words if not word.startswith(FLAW_MARK)]


def guess_mapping(columns: Sequence[CaseColumn], targets: WordTargets = TARGETS) -> ColumnMapping:
    """A mapping guessed from heads and values."""
    heads_by_role = {column.role: column.head for column in columns if column.role}
    return ColumnMapping(heads_by_role).with_words(columns, targets)
