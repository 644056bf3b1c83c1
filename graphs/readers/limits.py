"""How large an instance may be before it is refused."""

from __future__ import annotations

from dataclasses import dataclass

from graphs.errors import InstanceTooLarge

_MEBIBYTE = 1 << 20


@dataclass(frozen=True)
class ReadLimits:
    """Upper limits, each inclusive; the defaults suit one machine with a few GiB to spare.

    Attributes:
        compressed_bytes: size of gzip data as it arrives.
        inflated_bytes: size of the text, after inflating where it was compressed.
        rows: constraint rows, the objective and other N rows not counted.
        columns: variables.
        nonzeros: coefficients the file lists, objective included.
        lp_seconds: wall clock HiGHS may take to confirm a CPLEX-LP text, once more for every 16 MiB of it.
        lp_memory_bytes: address space of the process in which it does.
    """

    compressed_bytes: int = 256 * _MEBIBYTE
    inflated_bytes: int = 2048 * _MEBIBYTE
    rows: int = 10_000_000
    columns: int = 10_000_000
    nonzeros: int = 100_000_000
    lp_seconds: float = 10.0
    lp_memory_bytes: int = 4096 * _MEBIBYTE

    def check(self, what: str, size: int, *, file: str, line: int | None = None) -> None:
        """Raise InstanceTooLarge where `size` is beyond the limit called `what`."""
        limit: int = getattr(self, what)
        if size > limit:
            raise InstanceTooLarge(
                f"{what.replace('_', ' ')}: more than the limit of {limit:,}",
                file=file,
                line=line,
                hint="raise the limit, or send a smaller instance",
            )


DEFAULT_LIMITS = ReadLimits()
