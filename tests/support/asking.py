"""Asking in tests: a clock that does not wait, a fake of the port, one call that does it all."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from notelog.adapters.openai_chat import OpenAIChat
from notelog.app.ask import Asking, Refitted, ask, never_refitted
from notelog.core.json_value import JsonValue
from notelog.core.messages import Message, Role
from notelog.core.reply import Reply, ReplyBuilder, ReplyDelta
from notelog.core.request import ChatRequest
from notelog.core.settings import KeySource, Profile
from notelog.errors import InDoubtError, NotelogError
from notelog.ports.servers import Completions, Endpoint, Leaving

KEY = "sk-canary-0123456789abcdef"


class StillClock:
    """A clock that moves only when somebody sleeps.

    Attributes:
        at: the time of the clock that never goes back.
        ahead_s: how far the wall clock is ahead of it; it may be set.
    """

    def __init__(self) -> None:
        self.at = 1_000.0
        self.ahead_s = 0.0
        self.slept: list[float] = []

    def now(self) -> float:
        """Seconds since the epoch."""
        return self.at + self.ahead_s

    def monotonic(self) -> float:
        """Seconds from an arbitrary start."""
        return self.at

    def sleep(self, seconds: float) -> None:
        """Moves on."""
        self.slept.append(seconds)
        self.at += seconds


class Listener:
    """Remembers what a person would have been told."""

    def __init__(self) -> None:
        self.notices: list[str] = []

    def waiting(self, what: str) -> None:
        """Nothing is asserted of progress."""

    def progress(self, what: str) -> None:
        """Nor of this."""

    def delta(self, delta: ReplyDelta) -> None:
        """Parts are collected elsewhere."""

    def notice(self, sentence: str) -> None:
        """Remembers a sentence."""
        self.notices.append(sentence)


class FakeCompletions:
    """Plays attempts: each is a sequence of parts, and perhaps an error at its end."""

    def __init__(self, *attempts: Sequence[ReplyDelta | NotelogError]) -> None:
        self._left = list(attempts)
        self.requests: list[ChatRequest] = []

    def stream(
        self,
        request: ChatRequest,
        endpoint: Endpoint,
        *,
        cancelled: Callable[[], bool],
        leaving: Leaving,
    ) -> Iterator[ReplyDelta]:
        """Plays the next attempt."""
        leaving(lambda: None)
        self.requests.append(request)
        for item in self._left.pop(0):
            if isinstance(item, NotelogError):
                raise item
            if cancelled():
                return
            yield item


def endpoint_for(
    base_url: str,
    *,
    key: str = KEY,
    billed: bool = True,
    api_version: str = "",
    connect_timeout_s: float = 5.0,
    read_timeout_s: float = 5.0,
    deadline_s: float = 20.0,
) -> Endpoint:
    """An endpoint of a profile named ``scripted``."""
    profile = Profile(
        name="scripted",
        base_url=base_url,
        key=KeySource(environment="SCRIPTED_KEY"),
        billed=billed,
        api_version=api_version,
        connect_timeout_s=connect_timeout_s,
        read_timeout_s=read_timeout_s,
        deadline_s=deadline_s,
    )
    return Endpoint(profile=profile, base_url=base_url, key=key)


def question(
    *, max_tokens: int | None = None, stream: bool = True, **sampling: JsonValue
) -> ChatRequest:
    """A request with one message."""
    message = Message(role=Role.USER, content="How are you? 你好")
    return ChatRequest(
        model="scripted-model",
        messages=(message,),
        max_tokens=max_tokens,
        sampling=sampling,
        stream=stream,
    )


@dataclass
class Asked:
    """What came of asking.

    Attributes:
        reply: what arrived, also before an error.
        error: what was raised, if anything was.
        deltas: the parts.
        notices: what the person was told.
        waited_s: all sleeps together.
    """

    reply: Reply
    error: NotelogError | None = None
    deltas: list[ReplyDelta] = field(default_factory=list[ReplyDelta])
    notices: list[str] = field(default_factory=list[str])
    waited_s: float = 0.0


def recorded(meanwhile: Callable[[], None]) -> None:
    """A request that is recorded nowhere leaves at once."""
    meanwhile()


def asked(
    endpoint: Endpoint,
    request: ChatRequest | None = None,
    *,
    completions: Completions | None = None,
    cancelled: Callable[[], bool] = lambda: False,
    leaving: Leaving = recorded,
    refit: Refitted = never_refitted,
) -> Asked:
    """Asks as the program does, with a clock that does not wait; the chance is always 0."""
    clock, listener, builder = StillClock(), Listener(), ReplyBuilder()
    asking = Asking(
        completions=completions or OpenAIChat(),
        clock=clock,
        reporter=listener,
        chance=lambda: 0.0,
    )
    deltas: list[ReplyDelta] = []
    error: NotelogError | None = None
    try:
        wanted = request or question()
        for delta in ask(
            asking, wanted, endpoint, cancelled=cancelled, leaving=leaving, refit=refit
        ):
            deltas.append(delta)
            builder.add(delta)
    except InDoubtError as caught:
        error, builder.fault = caught, caught.message
    except NotelogError as caught:
        error = caught
    reply = builder.finish(interrupted=cancelled())
    return Asked(
        reply=reply,
        error=error,
        deltas=deltas,
        notices=listener.notices,
        waited_s=sum(clock.slept),
    )
