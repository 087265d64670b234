"""What a watcher says of notes: each thing once, and kept for whoever asks why."""

from collections.abc import Mapping

from notelog.app.watch_tools import Watching
from notelog.app.watch_words import SAID, said_of_changed
from notelog.core.triggers import Pass, Passed
from notelog.core.watching import Action, Ending, Event, Seen
from notelog.errors import BudgetError, ProfileStoppedError
from notelog.ports.watch_place import MOST_TOLD
from notelog.ports.watch_view import Kind
from notelog.ports.watch_work import JobResult

_HOLDS = frozenset({BudgetError.code, ProfileStoppedError.code})
_QUIET = frozenset({Passed.NOT_A_CHAT, Passed.ANSWERED, Passed.NOTHING, Passed.OFF})


class Telling:
    """What was said of which note.

    Args:
        tools: the ports.
        once: the watcher makes one pass.
    """

    def __init__(self, tools: Watching, *, once: bool) -> None:
        self._tools = tools
        self._once = once
        self._said: dict[str, str] = {}
        self._unanswered: dict[str, str] = {}

    def __len__(self) -> int:
        """Of how many notes something is remembered."""
        return len(self._said.keys() | self._unanswered.keys())

    @property
    def unanswered(self) -> Mapping[str, str]:
        """Why a marked note is not being answered, by its path in the vault; of the newest some."""
        newest = list(self._unanswered.items())[-MOST_TOLD:]
        return {self._tools.files.relative(path): words for path, words in newest}

    def is_busy(self, path: str) -> bool:
        """Whether it was last said of a note that another program has it open."""
        return self._said.get(path) == Action.SAY_BUSY

    def keep(self, path: str, sentence: str, hint: str) -> None:
        """Keeps why a note is not answered."""
        self._unanswered[path] = f"{sentence}; {hint}" if hint else sentence

    def drop(self, path: str) -> bool:
        """It is not so any more; gives whether anything was kept."""
        return self._unanswered.pop(path, None) is not None

    def result(self, result: JobResult) -> None:
        """How a request ended; what holds requests back once, however often it is tried again."""
        path, told = result.job.path, result.told
        held = told.figures.get("code") in _HOLDS and f"{result.job.key} {told.sentence}"
        if not held or self._said.get(path) != held:
            self._tools.tell(told)
        if held:
            self._said[path] = held
        elif not result.job.tells:
            self._said.pop(path, None)

    def keep_result(self, result: JobResult) -> None:
        """Keeps why a request brought no answer."""
        if not result.job.tells and result.ending is not Ending.LANDED:
            self.keep(result.job.path, result.told.sentence, result.told.hint)

    def action(self, path: str, action: Action, event: Event) -> None:
        """Why a note is not answered though its message is marked."""
        sentence, hint = SAID[action]
        if action is Action.SAY_CHANGED and isinstance(event, Seen):
            how = self._tools.looking.reading.end_marks.how_to_send
            sentence, hint = said_of_changed(event, how, once=self._once)
        self.keep(path, sentence, hint)
        self._say_once(path, action, sentence, hint)

    def passed(self, path: str, verdict: Pass) -> None:
        """Why a note that changed is passed over."""
        self.drop(path)  # whoever asks why is told by the note itself
        if verdict.because is Passed.HISTORY:  # what the start told of, perhaps renamed
            self.keep(path, verdict.sentence, verdict.hint)
        elif verdict.because in _QUIET:
            self._said.pop(path, None)
        else:
            self._say_once(path, verdict.because, verdict.sentence, verdict.hint)

    def _say_once(self, path: str, what: str, sentence: str, hint: str) -> None:
        if self._said.get(path) != what:
            self._said[path] = what
            self._tools.say(Kind.WAITING, sentence, path, hint=hint)
