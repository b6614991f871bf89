"""The error of an action that the rules forbid, with the field of the form that it belongs to."""


class ChangeDenied(Exception):
    """A change of people that the rules forbid; `field` of the form and a Vietnamese message."""

    def __init__(self, field: str, message: str):
        super().__init__(message)
        self.field = field
