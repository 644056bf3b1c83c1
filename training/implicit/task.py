"""What the one loop of implicit networks trains: a module, the loss of a batch, figures held out."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from typing import Any

from torch import Tensor, nn

Figures = Mapping[str, float]
"""Numbers by name; `loss`, less is better, decides which state of the module is kept."""
Told = Callable[[int, int, str], None]
"""Called with what is done, of how much, and a line about it."""


class ImplicitTask(ABC):
    """Everything that is particular to one kind of network.

    A batch depends on the task's seed and the step alone, so that a run which was stopped and goes on sees
    what an uninterrupted one would have.
    """

    name: str
    """As the command has it."""

    @property
    @abstractmethod
    def module(self) -> nn.Module:
        """What is trained, in place."""

    @abstractmethod
    def batch_loss(self, step: int) -> tuple[Tensor, Figures]:
        """The loss of the batch of this step, to be differentiated, and what else is to be logged of it."""

    @abstractmethod
    def validate(self) -> Figures:
        """Of the module as it is, on held-out data that nothing is trained on; among them `loss`.

        Called without gradients and with the module in evaluation mode.
        """

    @abstractmethod
    def test(self) -> dict[str, Any]:
        """For the card: of the finished module, on data that decided nothing; plain JSON."""

    @abstractmethod
    def description(self) -> dict[str, Any]:
        """For the card: `data`, what it was trained on; `network`, what it is made of again; `limits`, a
        list of sentences; plain JSON."""
