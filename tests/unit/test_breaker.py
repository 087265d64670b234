"""What stops a profile, what lets it be asked again, and who is told what."""

from pathlib import Path

import pytest
from asking import KEY, Listener, StillClock

from notelog.adapters.breaker_file import FILE_NAME, BreakerFile
from notelog.app.breaking import under_breaker
from notelog.core.breaker import (
    LONGEST_PAUSE_S,
    PAUSE_S,
    RUN,
    WITHIN_S,
    Asker,
    Breaker,
    after_failure,
    failure_of,
    fingerprint_of,
    refusal_by,
)
from notelog.core.profiles import READY_MADE
from notelog.errors import (
    ConfigurationError,
    ContextOverflowError,
    InDoubtError,
    InterruptedByUserError,
    NotelogError,
    ProfileStoppedError,
    ProviderRefusedError,
    ProviderUnavailableError,
)
from notelog.ports.servers import Endpoint

SALT = b"0123456789abcdef"
KEY_REFUSED = ProviderRefusedError("p does not accept the key (401)", status=401, reason="key")
NO_CREDIT = ProviderRefusedError("p says: no credit (429)", status=429, reason="quota")
SERVER_ERROR = InDoubtError('p answered 500: "request 17 failed"')
UNREACHED = ProviderUnavailableError("p cannot be reached: refused")


def failed(
    *errors: NotelogError, billed: bool = True, step_s: float = 1.0, fingerprint: str = "f"
) -> Breaker:
    """A breaker after these failures, one every ``step_s`` seconds, the first at 0."""
    breaker: Breaker | None = None
    for number, error in enumerate(errors):
        failure = failure_of(error, billed=billed)
        assert failure is not None
        breaker = after_failure(
            breaker, failure, profile="p", fingerprint=fingerprint, now=number * step_s
        )
    assert breaker is not None
    return breaker


def may_ask(breaker: Breaker, asker: Asker, *, now: float, fingerprint: str = "f") -> bool:
    """Whether a profile may be asked."""
    return refusal_by(breaker, fingerprint, asker=asker, now=now) is None


@pytest.mark.parametrize("error", [KEY_REFUSED, NO_CREDIT])
def test_a_refused_key_or_account_stops_for_good(error: ProviderRefusedError) -> None:
    """No time opens it; another key or address does, and the person's word for one try."""
    breaker = failed(error)
    assert breaker.is_open
    assert breaker.until is None
    for now in (1.0, 1e9):
        assert not may_ask(breaker, Asker.WATCHER, now=now)
        assert not may_ask(breaker, Asker.COMMAND, now=now)
    assert may_ask(breaker, Asker.WORD, now=1.0)
    assert may_ask(breaker, Asker.WATCHER, now=1.0, fingerprint="another")


def test_a_run_of_equal_errors_stops_for_a_time() -> None:
    """One fewer does nothing; time opens it again by itself."""
    assert not failed(*[SERVER_ERROR] * (RUN - 1)).is_open
    breaker = failed(*[SERVER_ERROR] * RUN)
    opened = RUN - 1
    assert breaker.until == opened + PAUSE_S
    assert not may_ask(breaker, Asker.COMMAND, now=opened + PAUSE_S - 1)
    assert may_ask(breaker, Asker.WATCHER, now=opened + PAUSE_S)
    refusal = refusal_by(breaker, "f", asker=Asker.WATCHER, now=opened + PAUSE_S - 60)
    assert refusal is not None
    assert refusal.again_in_s == 60
    assert "answered 500" in refusal.message


def test_errors_that_differ_or_lie_far_apart_are_no_run() -> None:
    """Another error begins a new count, and so does one that comes long after."""
    assert not failed(*[SERVER_ERROR, UNREACHED] * RUN).is_open
    assert not failed(*[SERVER_ERROR] * 2 * RUN, step_s=WITHIN_S + 1).is_open
    other = InDoubtError('p answered 500: "request 18 failed"')
    assert failed(*[SERVER_ERROR] * (RUN - 1), other).is_open


def test_what_cannot_cost_anything_a_typed_command_may_always_try() -> None:
    """The watcher obeys; a person who has just plugged the network in is not kept waiting."""
    breaker = failed(*[UNREACHED] * RUN)
    assert not may_ask(breaker, Asker.WATCHER, now=RUN)
    assert may_ask(breaker, Asker.COMMAND, now=RUN)
    free = failed(*[SERVER_ERROR] * RUN, billed=False)
    assert may_ask(free, Asker.COMMAND, now=RUN)


@pytest.mark.parametrize(
    "error",
    [
        InterruptedByUserError("stopped"),
        ConfigurationError("no"),
        ContextOverflowError("too long", status=400),
    ],
)
def test_what_says_nothing_about_the_profile_is_not_counted(error: NotelogError) -> None:
    """The person, the configuration and the length of one note are not the server's fault."""
    assert failure_of(error, billed=True) is None


def test_a_fingerprint_tells_keys_apart_and_tells_no_key() -> None:
    """Another key, address or salt gives another one."""
    profile = READY_MADE["openai"]
    prints = {
        fingerprint_of(profile, KEY, SALT),
        fingerprint_of(profile, KEY + "x", SALT),
        fingerprint_of(READY_MADE["deepseek"], KEY, SALT),
        fingerprint_of(profile, KEY, SALT[::-1]),
    }
    assert len(prints) == 4
    assert not any(KEY in item for item in prints)


class Shop:
    """A profile under its breaker, with a real file and a clock that stands still."""

    def __init__(self, folder: Path, *, profile: str = "openai") -> None:
        self.listener = Listener()
        self.clock = StillClock()
        self.file = BreakerFile(str(folder), notice=self.listener.notice)
        self.endpoint = Endpoint(profile=READY_MADE[profile], base_url="", key=KEY)
        self.asked = 0

    def ask(self, error: NotelogError | None = None, asker: Asker = Asker.WATCHER) -> None:
        """Asks once, and is answered or not."""
        with under_breaker(
            self.file, self.endpoint, asker, clock=self.clock, reporter=self.listener
        ):
            self.asked += 1
            if error is not None:
                raise error

    def fails(self, error: NotelogError, asker: Asker = Asker.WATCHER) -> None:
        """Asks once and is refused."""
        with pytest.raises(type(error)):
            self.ask(error, asker)


def test_after_the_stop_one_try_closes_or_doubles_it(tmp_path: Path) -> None:
    """While that try is made nobody else asks; its failure stops for twice as long, up to a cap."""
    shop = Shop(tmp_path)
    for _ in range(RUN):
        shop.fails(SERVER_ERROR)
    pause_s = PAUSE_S
    for _ in range(6):
        with pytest.raises(ProfileStoppedError):
            shop.ask()
        shop.clock.at += pause_s
        shop.fails(SERVER_ERROR)
        pause_s = min(pause_s * 2, LONGEST_PAUSE_S)
        (breaker,) = shop.file.all()
        assert breaker.until == shop.clock.at + pause_s
    shop.clock.at += pause_s
    with (
        under_breaker(
            shop.file, shop.endpoint, Asker.WATCHER, clock=shop.clock, reporter=shop.listener
        ),
        pytest.raises(ProfileStoppedError),
    ):
        shop.ask()
    shop.ask()
    assert shop.file.all() == ()


def test_a_word_tries_once_and_success_opens_the_profile(tmp_path: Path) -> None:
    """A failing try leaves it stopped, with the time at which it was."""
    shop = Shop(tmp_path)
    shop.fails(KEY_REFUSED)
    shop.clock.at += 100
    shop.fails(KEY_REFUSED, Asker.WORD)
    (breaker,) = shop.file.all()
    assert breaker.since == shop.clock.at - 100
    with pytest.raises(ProfileStoppedError):
        shop.ask()
    assert shop.asked == 2
    shop.ask(asker=Asker.WORD)
    shop.ask()
    assert any("tried once" in notice for notice in shop.listener.notices)


def test_a_try_that_tells_nothing_leaves_the_breaker_as_it_was(tmp_path: Path) -> None:
    """Ctrl-C in the middle of the one try does not close it, nor use it up."""
    shop = Shop(tmp_path)
    for _ in range(RUN):
        shop.fails(SERVER_ERROR)
    before = shop.file.all()
    shop.clock.at += PAUSE_S
    shop.fails(InterruptedByUserError("stopped"))
    assert shop.file.all() == before


def test_early_tries_make_nobody_wait_longer(tmp_path: Path) -> None:
    """What a person tries before the time is over does not lengthen the stop."""
    shop = Shop(tmp_path)
    for _ in range(RUN):
        shop.fails(UNREACHED)
    until = shop.file.all()[0].until
    shop.fails(UNREACHED, Asker.COMMAND)
    assert shop.file.all()[0].until == until


def test_the_embedded_model_has_no_breaker(tmp_path: Path) -> None:
    """It is a child process, and nothing is remembered of it."""
    shop = Shop(tmp_path, profile="local")
    for _ in range(RUN + 1):
        shop.fails(UNREACHED)
    assert not (tmp_path / FILE_NAME).exists()


def test_the_file_is_private_and_holds_no_key(tmp_path: Path) -> None:
    """Mode 0600, and of the key no more than a salted hash."""
    shop = Shop(tmp_path)
    shop.fails(KEY_REFUSED)
    path = tmp_path / FILE_NAME
    assert path.stat().st_mode & 0o777 == 0o600
    assert KEY.encode() not in path.read_bytes()


@pytest.mark.parametrize("data", [b"", b"{", b'{"version": 2}', b'{"version": 1, "salt": 3}'])
def test_a_damaged_file_is_said_and_stops_nothing(tmp_path: Path, data: bytes) -> None:
    """It is replaced by the next failure."""
    (tmp_path / FILE_NAME).write_bytes(data)
    shop = Shop(tmp_path)
    shop.ask()
    assert any("damaged" in notice for notice in shop.listener.notices)
    shop.fails(KEY_REFUSED)
    assert len(BreakerFile(str(tmp_path), notice=print).all()) == 1


def test_a_folder_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    """The failure itself is still what is raised."""
    folder = tmp_path / "file"
    folder.write_bytes(b"")
    shop = Shop(folder)
    shop.fails(KEY_REFUSED)
    assert any("not remembered" in notice for notice in shop.listener.notices)
