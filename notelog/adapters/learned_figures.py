"""What servers said of their models, kept in the user's state folder: figures, no word of a note.

One small JSON file, replaced whole each time. Whatever is wrong with it costs no more than a
refusal that is met again, so that nothing here ever stops a turn.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Final, cast

from notelog.adapters.places import private_folder, replace_private
from notelog.core.calibration import LEAST_RATIO, MOST_RATIO
from notelog.core.learned import Learned
from notelog.errors import JournalError
from notelog.ports.learned import LearnedFigure

FILE_NAME: Final = "learned.json"
HOLDS_DAYS: Final = 30
"""How long figures hold: a server may be given a larger window, and would never be asked for it."""

_VERSION: Final = 1
_FILE_BYTES: Final = 1 << 20
_MOST_FIGURES: Final = 500
_NAME_CHARS: Final = 300
_MOST_TOKENS: Final = 10**9


class LearnedFile:
    """Implements ``ports.LearnedFigures``.

    Args:
        folder: the state folder; made when something is kept.
        now: seconds since the epoch.
        notice: is told, in a sentence, when the file cannot be read or written.
    """

    def __init__(
        self, folder: str, *, now: Callable[[], float], notice: Callable[[str], None]
    ) -> None:
        self._path = Path(folder, FILE_NAME)
        self._now = now
        self._notice = notice
        self._noticed = False

    def read(self, server: str, model: str) -> Learned | None:
        """What a server said of a model, if that is not too long ago."""
        for figure in self.all():
            if (figure.server, figure.model) == (server, model):
                return figure.learned
        return None

    def all(self) -> tuple[LearnedFigure, ...]:
        """Everything that holds, the newest last."""
        try:
            with self._path.open("rb") as file:
                data = file.read(_FILE_BYTES + 1)
        except (FileNotFoundError, NotADirectoryError):
            return ()
        except OSError as error:
            self._tell(f"{self._path} cannot be read ({error.strerror}): nothing is known from it")
            return ()
        try:
            figures = _decoded(data)
        except (ValueError, TypeError, KeyError, RecursionError):
            self._tell(f"{self._path} is damaged: what servers said of their windows is lost")
            return ()
        return tuple(figure for figure in figures if self._holds(figure))

    def keep(self, server: str, model: str, learned: Learned) -> None:
        """Keeps what a server said; what it said before of something else stays."""
        before = self.read(server, model)
        if before is not None:
            learned = _merged(before, learned)
        new = LearnedFigure(server=server[:_NAME_CHARS], model=model[:_NAME_CHARS], learned=learned)
        others = [item for item in self.all() if (item.server, item.model) != (server, model)]
        try:
            private_folder(str(self._path.parent))
            replace_private(self._path, _encoded([*others[1 - _MOST_FIGURES :], new]))
        except (OSError, JournalError) as error:
            self._tell(f"{self._path} cannot be written ({error}): the window is not remembered")

    def _tell(self, sentence: str) -> None:
        """Tells of a fault, once: the file is read several times in a turn."""
        if not self._noticed:
            self._noticed = True
            self._notice(sentence)

    def _holds(self, figure: LearnedFigure) -> bool:
        today = datetime.fromtimestamp(self._now(), UTC).date()
        age = today - date.fromisoformat(figure.learned.learned_on)
        return age.days <= HOLDS_DAYS


def _merged(before: Learned, learned: Learned) -> Learned:
    """New figures beside older ones of another kind."""
    if learned.window is None:
        window, prompt_only = before.window, before.prompt_only
    else:
        window, prompt_only = learned.window, learned.prompt_only
    named = replace(
        learned,
        window=window,
        prompt_only=prompt_only,
        output_limit=learned.output_limit or before.output_limit,
        ratio=learned.ratio or before.ratio,
    )
    if learned.window is None and learned.output_limit is None and _names_limits(before):
        # what it named is no younger for a reply that tells how it counts
        return replace(named, learned_on=before.learned_on, source=before.source)
    return named


def _names_limits(learned: Learned) -> bool:
    return learned.window is not None or learned.output_limit is not None


def _encoded(figures: list[LearnedFigure]) -> bytes:
    rows = [
        {
            "server": item.server,
            "model": item.model,
            "window": item.learned.window,
            "prompt_only": item.learned.prompt_only,
            "output_limit": item.learned.output_limit,
            "ratio": item.learned.ratio,
            "learned_on": item.learned.learned_on,
            "source": item.learned.source,
        }
        for item in figures
    ]
    text = json.dumps({"version": _VERSION, "figures": rows}, ensure_ascii=False, indent=1)
    return text.encode("utf-8", "surrogatepass")


def _decoded(data: bytes) -> tuple[LearnedFigure, ...]:
    """The figures in a file.

    Raises:
        ValueError: it is no such file; so do TypeError and KeyError.
    """
    if len(data) > _FILE_BYTES:
        raise ValueError("too large")
    value = cast("dict[str, object]", json.loads(data.decode("utf-8", "surrogatepass")))
    if value["version"] != _VERSION:
        raise ValueError("another version")
    return tuple(_figure(row) for row in cast("list[object]", value["figures"]))


def _figure(row: object) -> LearnedFigure:
    if not isinstance(row, dict):
        raise TypeError("no figure")
    fields = cast("Mapping[str, object]", row)
    day = _text(fields["learned_on"])
    date.fromisoformat(day)
    learned = Learned(
        window=_tokens(fields["window"]),
        prompt_only=fields["prompt_only"] is True,
        output_limit=_tokens(fields["output_limit"]),
        ratio=_ratio(fields.get("ratio")),
        learned_on=day,
        source=_text(fields["source"]),
    )
    return LearnedFigure(
        server=_text(fields["server"]), model=_text(fields["model"]), learned=learned
    )


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError("no text")
    return value


def _ratio(value: object) -> float | None:
    if value is None:
        return None
    if not isinstance(value, float) or not LEAST_RATIO <= value <= MOST_RATIO:
        raise ValueError("no ratio of tokens")
    return value


def _tokens(value: object) -> int | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or not 0 < value <= _MOST_TOKENS:
        raise ValueError("no number of tokens")
    return value
