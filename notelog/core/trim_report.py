"""What became of each message of a conversation that was fitted to a window, and why."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, cast, overload

from notelog.core.messages import Message

if TYPE_CHECKING:
    from notelog.core.trim import TrimPlan


class Fate(StrEnum):
    """What became of a message."""

    KEPT = "kept"
    SHORTENED = "shortened"
    LEFT_OUT = "left out"


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnReport:
    """What became of one message.

    Attributes:
        index: its place in the conversation, from 0.
        role: who spoke.
        fate: kept, shortened or left out.
        tokens: what it costs as it stands.
        sent_tokens: what it costs as it is sent; 0 where it is left out.
        reason: why it is left out or shortened; empty where it is kept.
        lines: its first and last line in the note; (0, 0) where it is in none.
    """

    index: int
    role: str
    fate: Fate
    tokens: int
    sent_tokens: int
    reason: str = ""
    lines: tuple[int, int] = (0, 0)


class TrimReport(Sequence[TurnReport]):
    """A report for every message, in order. ``str`` gives it for a person, a line a message."""

    def __init__(self, plan: "TrimPlan[object]") -> None:
        self._plan = plan
        self._kept = {index: place for place, index in enumerate(plan.kept_indices)}
        self._dropped = {item.index: item for item in plan.dropped}
        self._shortened = {item.index: item for item in plan.shortened}

    def __len__(self) -> int:
        return len(self._kept) + len(self._dropped)

    @overload
    def __getitem__(self, place: int) -> TurnReport: ...
    @overload
    def __getitem__(self, place: slice) -> tuple[TurnReport, ...]: ...
    def __getitem__(self, place: int | slice) -> TurnReport | tuple[TurnReport, ...]:
        if isinstance(place, slice):
            return tuple(map(self._read, range(len(self))[place]))
        return self._read(range(len(self))[place])

    def __repr__(self) -> str:
        return f"<TrimReport: {self._summary()}>"

    def __str__(self) -> str:
        return "\n".join(self._lines())

    def _read(self, index: int) -> TurnReport:
        dropped = self._dropped.get(index)
        if dropped is not None:
            return TurnReport(
                index=index,
                role=dropped.role,
                fate=Fate.LEFT_OUT,
                tokens=dropped.tokens,
                sent_tokens=0,
                reason=dropped.reason,
                lines=dropped.lines,
            )
        place = self._kept[index]
        message, sent = self._plan.kept[place], self._plan.kept_tokens[place]
        shortened = self._shortened.get(index)
        return TurnReport(
            index=index,
            role=_role(message),
            fate=Fate.KEPT if shortened is None else Fate.SHORTENED,
            tokens=sent if shortened is None else shortened.tokens,
            sent_tokens=sent,
            reason="" if shortened is None else "larger than what fits the window",
            lines=message.lines if isinstance(message, Message) else (0, 0),
        )

    def _summary(self) -> str:
        plan = self._plan
        kind = "at most " if plan.bounded else "" if plan.exact else "about "
        left_out = sum(item.tokens for item in plan.dropped)
        parts = [
            f"{len(plan.kept):,} of {len(self):,} messages are sent",
            f"{kind}{plan.prompt_tokens:,} of {plan.budget:,} tokens",
        ]
        if plan.dropped:
            counted = plan.exact and all(item.counted for item in plan.dropped)
            about = "" if counted else "about "
            parts.append(f"{len(plan.dropped):,} are left out ({about}{left_out:,} tokens)")
        if plan.shortened:
            parts.append(f"{len(plan.shortened):,} shortened")
        return ", ".join(parts)

    def _lines(self) -> Iterator[str]:
        plan = self._plan
        yield self._summary()
        yield (
            f"window {plan.window:,}: {plan.reserve:,} kept free for the reply, {plan.margin:,} as"
            f" a margin; {plan.count_source}"
        )
        if plan.notice is not None:
            yield "the model is told that earlier messages were left out"
        for item in self:
            yield f"{item.index:>5}  {item.role:<9}  {item.tokens:>9,}  {fate_words(item)}"


def left_out_words(plan: "TrimPlan[object]") -> str:
    """What was left out of a conversation, or of a message of it; empty where nothing was."""
    parts: list[str] = []
    if plan.dropped:
        total = sum(item.tokens for item in plan.dropped)
        about = "" if plan.exact and all(item.counted for item in plan.dropped) else "about "
        many = len(plan.dropped)
        place = _place((plan.dropped[0].lines[0], plan.dropped[-1].lines[1]))
        parts.append(f"{many:,} message{'' if many == 1 else 's'} ({place}{about}{total:,} tokens)")
    for item in (plan.report[shorter.index] for shorter in plan.shortened):
        cut, about = item.tokens - item.sent_tokens, "" if plan.exact else "about "
        figures = f"{_place(item.lines)}{about}{cut:,} of {item.tokens:,} tokens"
        parts.append(f"the middle of a message ({figures})")
    return f"left out to fit the window: {' and '.join(parts)}" if parts else ""


def _place(lines: tuple[int, int]) -> str:
    first, last = lines
    if not first:
        return ""
    return f"line {first}, " if first == last else f"lines {first}-{last}, "


def fate_words(item: TurnReport) -> str:
    """What became of a message, in words."""
    match item.fate:
        case Fate.KEPT:
            return str(item.fate)
        case Fate.LEFT_OUT:
            return f"{item.fate}: {item.reason}"
        case Fate.SHORTENED:
            cut = item.tokens - item.sent_tokens
            return f"{item.fate} to {item.sent_tokens:,} ({cut:,} tokens left out): {item.reason}"


def _role(message: object) -> str:
    if isinstance(message, Message):
        return str(message.role)
    return str(cast("Mapping[str, object]", message)["role"])
