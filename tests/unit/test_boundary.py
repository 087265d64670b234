"""What a command says of an error that nobody foresaw."""

import errno

import pytest

from notelog.cli import main


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (MemoryError(), "there is not enough memory"),
        (SystemError("error return without exception set"), "there is not enough memory"),
        (RuntimeError("can't start new thread"), "there is not enough memory"),
        (ImportError("x.so: failed to map segment from shared object"), "not enough memory"),
        (OSError(errno.ENOMEM, "Cannot allocate memory"), "there is not enough memory"),
        (ImportError("no module named x"), "a defect of notelog itself: ImportError"),
        (ZeroDivisionError(), "a defect of notelog itself: ZeroDivisionError"),
    ],
)
def test_no_traceback_is_shown(
    error: Exception,
    sentence: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """One sentence and what to do, and the exit code of a failure."""

    def broken(*_: object) -> int:
        raise error

    monkeypatch.setattr(main, "_invoke", broken)
    assert main.run_command(["show", "note.md"]) == 1
    shown = capsys.readouterr().err
    assert sentence in shown
    assert "Traceback" not in shown
