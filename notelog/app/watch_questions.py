"""What a person is asked before a vault is watched."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # it is imported with all that answers a note, which a start need not wait for
    from notelog.app.watch_backlog import BacklogOffer


@dataclass(frozen=True, slots=True, kw_only=True)
class AutoOffer:
    """A folder may be answered without a mark.

    Attributes:
        suggestion: a folder with chats, relative to the vault.
        settle_s: a note is answered when it was left alone for so many seconds.
        asks_per_hour: the most requests in an hour.
        end_mark: a line that marks a message as finished; empty where only a ticked box does.
        glob: gives the glob of a folder as a person names it; raises ``UsageError`` with what is
            wrong with the name.
    """

    suggestion: str
    settle_s: float
    asks_per_hour: int
    end_mark: str
    glob: Callable[[str], str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Questions:
    """Asks the person.

    Attributes:
        backlog: raises ``NotAgreedError`` where the person does not agree.
        auto: gives the glob of the folder that is answered without a mark; empty for none. None
            where nobody can be asked.
        anew: ask about ``auto`` although that was done before.
    """

    backlog: "Callable[[BacklogOffer], None]"
    auto: Callable[[AutoOffer], str] | None = None
    anew: bool = False
