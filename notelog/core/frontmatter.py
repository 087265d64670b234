"""The YAML block at the top of a note: found here by bytes, read through a port."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from notelog.core.note import FrontMatterValue


@dataclass(frozen=True, slots=True, kw_only=True)
class FrontMatterValues:
    """A mapping read from YAML: its values, and the 0-based line in the block of each key."""

    values: Mapping[str, FrontMatterValue]
    lines: Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class FrontMatterFault:
    """Why a block is refused; ``line`` counts from 0 within the block."""

    line: int
    message: str


ReadFrontMatter: TypeAlias = Callable[[str], FrontMatterValues | FrontMatterFault | None]
