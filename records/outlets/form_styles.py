"""How the cells of the Excel form look."""

from typing import Any

_LINE = {"border": 1, "border_color": "#B8BFC7"}
_NUMBER = {**_LINE, "num_format": "#,##0", "align": "right"}
_WORDS = {**_LINE, "text_wrap": True, "valign": "top"}
_SUM = {**_NUMBER, "bg_color": "#EEF1F4"}
_BALANCE = {**_LINE, "bg_color": "#EEF1F4", "align": "center"}
_INPUT = {"locked": False, "bg_color": "#FFFBE6"}
_WRONG = {"bg_color": "#F8B4B4", "bold": True}
_ODD = {"bg_color": "#FBD38D"}


class Styles:
    """Formats of one workbook; what is not told otherwise is locked by the sheet's protection."""

    def __init__(self, book: Any) -> None:
        add = book.add_format
        self.title = add({"bold": True, "font_size": 14})
        self.note = add({"font_color": "#4A5560"})
        self.text = add({"text_wrap": True, "valign": "top"})
        self.head = add({**_LINE, "bold": True, "text_wrap": True, "align": "center", "valign": "vcenter"})
        # Over its neighbours without merging them.
        self.group = add({**_LINE, "bold": True, "align": "center_across"})
        self.label = add({**_WORDS, "bold": True})
        self.sum = add(_SUM)
        self.total = add({**_NUMBER, "bg_color": "#EEF1F4", "bold": True})
        self.number = add({**_NUMBER, "font_color": "#4A5560"})
        self.balance = add(_BALANCE)
        self.off = add({"font_color": "#B42318", "bold": True})
        self.not_served = add(
            {**_LINE, "pattern": 14, "fg_color": "#D5DAE0", "font_color": "#4A5560", "align": "center"}
        )
        states = (("", {}), ("odd", _ODD), ("wrong", _WRONG))
        looks = (("number", _NUMBER), ("words", _WORDS))
        self._inputs = {
            (kind, state): add({**look, **_INPUT, **more}) for kind, look in looks for state, more in states
        }
        looks = (("number", _SUM), ("words", _BALANCE))
        self._locked = {
            (kind, state): add({**look, **more}) for kind, look in looks for state, more in states
        }

    def input(self, state: str = "", *, words: bool = False) -> Any:
        """A cell to fill in; state: "", "odd" or "wrong"."""
        return self._inputs["words" if words else "number", state]

    def locked(self, state: str = "", *, words: bool) -> Any:
        """A sum, or the words that tell whether a row closes."""
        return self._locked["words" if words else "number", state]
