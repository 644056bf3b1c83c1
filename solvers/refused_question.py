"""What the errors of every kind of question have in common; nothing here needs anything else."""

from __future__ import annotations

from typing import ClassVar


class RefusedQuestion(Exception):
    """A question that has no answer as it stands.

    `type` and `title` are what `service.errors` shows a kind under.

    Attributes:
        detail: what is wrong.
        hint: what to do about it, or None.
    """

    type: ClassVar[str]
    title: ClassVar[str]

    def __init__(self, detail: str, *, hint: str | None = None) -> None:
        super().__init__(detail if hint is None else f"{detail} ({hint})")
        self.detail = detail
        self.hint = hint
