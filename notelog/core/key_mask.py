"""A key that a server sends back within a reply is taken out before the reply is kept anywhere."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Final

from notelog.core.reply import ReplyDelta

_SHORTEST: Final = 12
"""A shorter "key" may be a word, such as ``ollama``, which a reply may well use."""

_MASK: Final = "[key]"


def without_key(parts: Iterable[ReplyDelta], key: str) -> Iterator[ReplyDelta]:
    """The parts of a reply without the key, however it was split; what follows a fault, too."""
    if len(key) < _SHORTEST:
        yield from parts
        return
    masked = _Masked(key)
    try:
        for part in parts:
            yield masked.rest(part) if part.finish_reason else masked.next(part)
    except Exception:
        yield masked.rest(ReplyDelta())
        raise
    yield masked.rest(ReplyDelta())


class _Masked:
    """What came and may be the beginning of the key waits here for what follows it."""

    def __init__(self, key: str) -> None:
        self._key = key
        self._held = ("", "", "")

    def next(self, part: ReplyDelta) -> ReplyDelta:
        """A part, but for an end that may be the beginning of the key."""
        return self._give(part, [self._split(text) for text in self._texts(part)])

    def rest(self, part: ReplyDelta) -> ReplyDelta:
        """A part, and all that was held back."""
        return self._give(part, [(text, "") for text in self._texts(part)])

    def _texts(self, part: ReplyDelta) -> list[str]:
        texts = (part.text, part.reasoning, part.refusal)
        return [
            (held + text).replace(self._key, _MASK)
            for held, text in zip(self._held, texts, strict=True)
        ]

    def _split(self, text: str) -> tuple[str, str]:
        longest = min(len(text), len(self._key) - 1)
        begun = (size for size in range(longest, 0, -1) if self._key.startswith(text[-size:]))
        end = len(text) - next(begun, 0)
        return text[:end], text[end:]

    def _give(self, part: ReplyDelta, split: list[tuple[str, str]]) -> ReplyDelta:
        (text, _), (reasoning, _), (refusal, _) = split
        self._held = (split[0][1], split[1][1], split[2][1])
        model = part.model.replace(self._key, _MASK)
        return replace(part, text=text, reasoning=reasoning, refusal=refusal, model=model)
