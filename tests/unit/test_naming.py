"""A command that a message advises names the note, quoted for a shell."""

import pytest

from notelog.cli.output import Output


@pytest.mark.parametrize(
    ("told", "named"),
    [
        ("notelog retry NOTE asks anew", "notelog retry 'a b.md' asks anew"),
        ("notelog complete --again NOTE", "notelog complete --again 'a b.md'"),
        ("see notelog log --reply 12 NOTE", "see notelog log --reply 12 'a b.md'"),
        (
            "notelog log NOTE lists them; notelog undo --reply N NOTE takes one out",
            "notelog log 'a b.md' lists them; notelog undo --reply N 'a b.md' takes one out",
        ),
        (
            "notelog complete --map-reduce --again NOTE",
            "notelog complete --map-reduce --again 'a b.md'",
        ),
        ("a NOTE of notelog log", "a NOTE of notelog log"),
    ],
)
def test_commands_name_the_note(told: str, named: str) -> None:
    """Options with a value and several commands in one sentence make no difference."""
    output = Output()
    assert output.naming(told) == told
    output.note = "a b.md"
    assert output.naming(told) == named
