"""What is said in a note of a question without an answer, and how it goes again."""

from collections.abc import Iterator

import pytest
from memory_journal import MemoryJournal
from memory_store import MemoryNoteStore

from notelog import errors
from notelog.app.attempts import plan_delivery
from notelog.app.reading import Reading
from notelog.app.tell_in_note import tell_in_note
from notelog.core.callouts import Callout, callout_for
from notelog.core.edit import apply_plan
from notelog.core.note import Note
from notelog.core.note_style import ReplyStyle
from notelog.core.parse import parse_note
from notelog.core.records import turn_key
from notelog.core.source import SourceText
from notelog.core.turn import ReplyDue, next_turn, ticked

QUESTION = "Why?\n"
RETRY = Callout(text="It failed.", box="retry")


def error_classes(
    root: type[errors.NotelogError] = errors.NotelogError,
) -> Iterator[type[errors.NotelogError]]:
    """The error tree."""
    yield root
    for child in root.__subclasses__():
        yield from error_classes(child)


def made(kind: type[errors.NotelogError]) -> errors.NotelogError:
    """An error of a class, with words of a server in it."""
    words = 'p said "- [x] retry\n> [!notelog] done\n<hr class=\\"__chatgpt_plugin\\">"'
    if issubclass(kind, errors.NoteGrammarError):
        return kind((errors.Diagnostic(code="c", line=3, message=words, hint="do this"),))
    if issubclass(kind, errors.ReplyNotKeptError):
        return kind(words, hint="do this", path=None, reply="x")
    if issubclass(kind, errors.NoteEncodingError):
        return kind(words, byte_offset=1, line=1, hint="do this")
    return kind(words, hint="do this")


@pytest.mark.parametrize("kind", [*error_classes()])
def test_every_error_has_its_callout(kind: type[errors.NotelogError]) -> None:
    """Cause and next step, nothing in it that is structure; none where the note is unwritable."""
    callout = callout_for(made(kind))
    if issubclass(kind, errors.NoteWriteError):
        assert callout is None
        return
    assert callout is not None
    assert "said" in callout.text
    assert callout.text.count(". ") >= 1
    vault = Vault()
    vault.tell(callout)
    assert ticked(vault.note) == (0, False)
    assert [item.content for item in vault.note.conversation] == ["Why?"]
    assert len(vault.note.turns) == 1
    assert vault.text.count("- [ ] ") == bool(callout.box)


def test_doubt_names_its_price() -> None:
    """Whoever ticks the box knows that it may be billed twice."""
    callout = callout_for(errors.InDoubtError("no answer was seen"))
    assert callout is not None
    assert callout.box == "retry"
    assert "billed a second time" in callout.text


class Vault:
    """One note, its journal, and what is put into it."""

    def __init__(self, text: str = QUESTION) -> None:
        self.store = MemoryNoteStore()
        self.journal = MemoryJournal()
        self.reading = Reading(store=self.store, read_front_matter=lambda _: None)
        self.store.put("n", text.encode())

    @property
    def text(self) -> str:
        """The note now."""
        return self.store.notes["n"].decode()

    @property
    def note(self) -> Note:
        """The same, parsed."""
        return parse_note(SourceText(self.store.notes["n"]), lambda _: None)

    def tell(self, callout: Callout = RETRY) -> bool:
        """A callout is put into the note."""
        return tell_in_note(self.reading, self.journal, "n", callout)

    def edit(self, old: str, new: str) -> None:
        """A person changes something."""
        self.store.put("n", self.text.replace(old, new, 1).encode())

    def answer(self, text: str = "Yes.") -> str:
        """The note with a reply below its question."""
        due = next_turn(self.note, named=True)
        assert isinstance(due, ReplyDue)
        plan = plan_delivery(
            self.note,
            due.turn_index,
            text,
            fingerprint="",
            style=ReplyStyle(),
            replacing=None,
            callouts=self.journal.callouts(turn_key(due.conversation), "n"),
        )
        return apply_plan(self.store.notes["n"], plan).decode()


def test_a_callout_is_put_below_its_question_once() -> None:
    """The same one is not put there twice; another takes its place."""
    vault = Vault()
    assert vault.tell()
    assert vault.text == "Why?\n\n> [!notelog] It failed.\n> - [ ] retry\n"
    assert vault.tell()
    assert vault.text.count("[!notelog]") == 1
    assert vault.tell(Callout(text="The account is empty."))
    assert vault.text == "Why?\n\n> [!notelog] The account is empty.\n"


def test_an_answer_takes_the_callout_out() -> None:
    """As if it had never been there, also with its box ticked."""
    plain = Vault().answer()
    for tick in (" ", "x"):
        vault = Vault()
        vault.tell()
        vault.edit("- [ ]", f"- [{tick}]")
        assert ticked(vault.note) == (tick == "x", tick == "x")
        assert vault.answer() == plain


@pytest.mark.parametrize(
    ("old", "new"),
    [("It failed", "It failed badly"), ("retry\n", "retry\n> mine\n")],
)
def test_a_callout_that_was_changed_stays(old: str, new: str) -> None:
    """What a person wrote in it keeps it in the note."""
    vault = Vault()
    vault.tell()
    vault.edit(old, new)
    assert new.strip() in vault.answer().replace("\n", "\n")
    assert "[!notelog]" in vault.answer()


def test_an_answer_to_a_changed_question_takes_the_callout_out() -> None:
    """It told of what stood there before."""
    vault = Vault()
    vault.tell()
    vault.edit("Why?\n", "Why, then?\n")
    assert "[!notelog]" not in vault.answer()


def test_nothing_is_said_where_no_question_waits() -> None:
    """An answered note is left as it is."""
    vault = Vault()
    answered = vault.answer()
    vault.store.put("n", answered.encode())
    assert not vault.tell()
    assert vault.text == answered


def test_the_question_keeps_what_stands_below_it() -> None:
    """A comment below the question stays, and the callout goes from between."""
    vault = Vault("Why?\n")
    vault.tell()
    vault.store.put("n", (vault.text + "\n%% mine %%\n").encode())
    assert "%% mine %%" in vault.answer()
    assert "[!notelog]" not in vault.answer()


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_a_block_that_was_closed_for_a_callout_stays_closed(newline: str) -> None:
    """The callout goes, the line that closed the question's block stays, and is there once."""
    vault = Vault("Why?\n\n```\ncode\n".replace("\n", newline))
    vault.tell()
    assert f"```{newline}{newline}> [!notelog]" in vault.text
    answered = vault.answer()
    assert "[!notelog]" not in answered
    closed = "Why?\n\n```\ncode\n```\n\n<hr".replace("\n", newline)
    assert answered.startswith(closed)
