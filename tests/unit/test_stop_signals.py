"""Ctrl-C and its like as a wish."""

import os
import signal
import sys

import pytest

from notelog.adapters import stop_signals


class EndedError(Exception):
    """Stands for the end of the process."""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGHUP")
@pytest.mark.parametrize("first", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
@pytest.mark.parametrize("second", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_only_a_person_is_impatient(
    monkeypatch: pytest.MonkeyPatch, first: signal.Signals, second: signal.Signals
) -> None:
    """The second signal ends the process, but for SIGHUP: kernel and shell both send that."""
    ended: list[int] = []

    def end(code: int) -> None:
        ended.append(code)
        raise EndedError

    monkeypatch.setattr(os, "_exit", end)
    told: list[str] = []
    with stop_signals.stop_wishes(lambda: told.append("once")) as wished:
        assert not wished()
        os.kill(os.getpid(), first)
        assert wished()
        if second is signal.SIGHUP:
            os.kill(os.getpid(), second)
        else:
            with pytest.raises(EndedError):
                os.kill(os.getpid(), second)
    assert told == ["once"]
    assert ended == ([] if second is signal.SIGHUP else [128 + second])
