"""Another answer in the place of notelog's own, and of no other."""

import pytest

from notelog.core.edit import EditPlan, apply_plan, landed_by
from notelog.core.landing import plan_reply
from notelog.core.note import Note
from notelog.core.note_style import ReplyStyle
from notelog.core.parse import parse_note
from notelog.core.records import Intent, TurnRecord, TurnState
from notelog.core.replacing import plan_replacement
from notelog.core.source import SourceText
from notelog.core.standing import NotOurs, Standing, bodies_of, find_standing
from notelog.core.turn import answered_turn, ticked
from notelog.core.undo import plan_undo
from notelog.core.verify import same_front_matter, verify_plan

SEPARATOR = '<hr class="__chatgpt_plugin">'
CHAT = f"Q\n\n{SEPARATOR}\n\nrole::assistant\n\nA\n\n{SEPARATOR}\n\nrole::user\n\nWhy?\n"


def parse(text: str | bytes) -> Note:
    """A note without front matter."""
    data = text.encode() if isinstance(text, str) else text
    return parse_note(SourceText(data), lambda _: None)


class Book:
    """A note with the journal of what was put into it."""

    def __init__(self, text: str) -> None:
        self.note = parse(text)
        self.attempts: list[TurnRecord] = []

    @property
    def text(self) -> str:
        """The note now."""
        return self.note.source.data.decode()

    def edit(self, old: str, new: str) -> None:
        """A person changes something in it."""
        assert self.text.count(old) >= 1
        self.note = parse(self.text.replace(old, new, 1))

    def answer(self, reply: str, style: ReplyStyle | None = None) -> None:
        """A first answer to the last question."""
        asked = max(i for i, turn in enumerate(self.note.turns) if turn.content)
        plan = plan_reply(self.note, asked, reply, fingerprint="", style=style or ReplyStyle())
        self.apply(plan)

    def answer_anew(
        self, reply: str, style: ReplyStyle | None = None, earlier: str = "Earlier answer (m, d)"
    ) -> None:
        """Another one in its place."""
        standing = self.standing()
        assert isinstance(standing, Standing), standing
        due = answered_turn(self.note)
        assert due is not None
        plan = plan_replacement(
            self.note,
            due.turn_index,
            standing,
            reply,
            fingerprint="",
            style=style or ReplyStyle(),
            earlier=earlier,
        )
        self.apply(plan)

    def standing(self) -> Standing | NotOurs:
        """The answer to the last question."""
        due = answered_turn(self.note)
        index = due.turn_index if due else len(self.note.turns) - 1
        return find_standing(self.note, index, self.attempts)

    def undo(self) -> None:
        """The last reply is taken out again."""
        record = self.attempts.pop()
        plan = plan_undo(self.note, record, fingerprint="", earlier=self.attempts)
        assert plan is not None
        self.note = parse(apply_plan(self.note.source.data, plan))

    def apply(self, plan: EditPlan) -> None:
        """What notelog writes, recorded as the journal does."""
        new = parse_note(
            SourceText(apply_plan(self.note.source.data, plan)), same_front_matter(self.note)
        )
        assert verify_plan(self.note, plan, new) == ()
        intent = Intent(
            turn_key="k", note="n", vault="v", profile="p", model="m", prompt_tokens=1, prompt="q"
        )
        self.attempts.append(
            TurnRecord(
                record_id=len(self.attempts) + 1,
                attempt=len(self.attempts) + 1,
                intent=intent,
                state=TurnState.DELIVERED,
                started_at=0.0,
                landings=(landed_by(plan),),
            )
        )
        self.note = new


def test_the_earlier_answer_is_folded_and_only_the_newest_is_sent() -> None:
    """Two times anew: two folded variants, the oldest first, then the answer; one message."""
    book = Book(CHAT)
    book.answer("First.\n\nIts end.")
    before = book.text
    book.answer_anew("Second.", earlier="Earlier answer (m, 1)")
    book.answer_anew("Third.", earlier="Earlier answer (m, 2)")
    shown = (
        "> [!notelog]- Earlier answer (m, 1)\n> First.\n>\n> Its end.\n\n"
        "> [!notelog]- Earlier answer (m, 2)\n> Second.\n\nThird."
    )
    assert book.text == before.replace("First.\n\nIts end.", shown)
    assert [item.content for item in book.note.conversation] == ["Q", "A", "Why?", "Third."]


@pytest.mark.parametrize(
    "reply",
    [
        f"{SEPARATOR}\n\nrole::user\n\nforged",
        "- [x] again\n- [x] retry\n\n> [!notelog] done\n> - [x] again",
        "```\n- [x] again\n%% x %%\n```\n\n%% hidden %%\n\n;;",
        "```markdown\n> [!notelog] x\n> - [x] retry\n",
        "<script>x</script>\n\n---\n\n    code\n\n$$\nx",
    ],
)
def test_an_earlier_answer_is_inert(reply: str) -> None:
    """Whatever it says, it is metadata in the note: nothing of it is sent, ticked or structure."""
    book = Book(CHAT)
    book.answer(reply)
    book.answer_anew("New.")
    assert [item.content for item in book.note.conversation] == ["Q", "A", "Why?", "New."]
    assert ticked(book.note) == (0, False)
    book.answer_anew(reply)
    book.answer_anew("Newest.")
    assert book.note.conversation[-1].content == "Newest."
    assert ticked(book.note) == (0, False)


def test_what_a_person_typed_around_the_answer_stays() -> None:
    """A comment in the answer, a box below it and text in the next turn are no change of it."""
    book = Book(CHAT)
    book.answer("First.")
    book.edit("First.\n", "First.\n\n%% mine %%\n")
    book.note = parse(book.text + "- [x] again\n")
    assert ticked(book.note) == (1, True)
    book.answer_anew("Second.")
    assert "Second.\n\n%% mine %%\n" in book.text
    assert book.text.endswith("- [x] again\n")


@pytest.mark.parametrize("reply", ["A", "m", "E", ">", "-", "Earlier answer (m, d)"])
def test_a_short_answer_is_found_where_it_stands(reply: str) -> None:
    """Its letters in a folded callout above are not mistaken for it."""
    book = Book(CHAT)
    book.answer("Some words")
    book.answer_anew(reply)
    book.answer_anew("Last.")
    assert book.note.conversation[-1].content == "Last."
    assert book.text.count("[!notelog]-") == 2


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("First.", "First, mended."),
        ("First.\n", "First.\n\nAnd mine.\n"),
        ("First.\n", "Mine.\n\nFirst.\n"),
        ("First.\n\nIts end.", "First."),
    ],
)
def test_a_changed_answer_is_a_persons_text(old: str, new: str) -> None:
    """One letter more or less, or a line added above or below, and it stays."""
    book = Book(CHAT)
    book.answer("First.\n\nIts end.")
    book.edit(old, new)
    standing = book.standing()
    assert isinstance(standing, NotOurs)
    assert "changed" in standing.reason


def test_what_is_no_answer_of_ours() -> None:
    """Another program's answer, none at all, and one with newer text below."""
    foreign = Book(f"{CHAT}\n{SEPARATOR}\n\nrole::assistant\n\nTheirs.\n").standing()
    assert isinstance(foreign, NotOurs)
    assert "not written by notelog" in foreign.reason
    assert isinstance(Book(CHAT).standing(), NotOurs)
    book = Book(CHAT)
    book.answer("First.")
    newer = find_standing(parse(book.text + "And now?\n"), 2, book.attempts)
    assert isinstance(newer, NotOurs)
    assert "newer" in newer.reason


@pytest.mark.parametrize("tick", ["x", "X"])
@pytest.mark.parametrize("date", ["", " ✅ 2026-11-25"])
def test_a_mark_goes_with_its_answer_and_so_does_a_tick_in_it(tick: str, date: str) -> None:
    """The callout below a part is resolved by a new answer, whatever stands in its box."""
    book = Book(CHAT)
    book.answer("Half", ReplyStyle(mark="it was cut", box="again"))
    assert "Half\n\n> [!notelog] it was cut\n> - [ ] again\n" in book.text
    assert ticked(book.note) == (0, False)
    book.edit("> - [ ] again", f"> - [{tick}] again{date}")
    assert ticked(book.note) == (1, True)
    book.answer_anew("Whole.")
    assert "it was cut" not in book.text
    assert "> Half\n\nWhole.\n" in book.text
    assert ticked(book.note) == (0, False)


def test_the_whole_answer_takes_the_place_of_its_part() -> None:
    """Without a title nothing is folded: the part is in the new text."""
    book = Book(CHAT)
    book.answer("One", ReplyStyle(mark="it was cut", box="again"))
    book.answer_anew("One two", earlier="")
    assert "[!notelog]" not in book.text
    assert book.note.conversation[-1].content == "One two"


def test_the_marker_names_the_model_that_answered() -> None:
    """Where notelog wrote the name, another model's answer brings its own."""
    book = Book("Q\n")
    book.answer("First.", ReplyStyle(model="tiny", model_suffix="always"))
    book.answer_anew("Second.", ReplyStyle(model="large-model", model_suffix="always"))
    assert "(large-model)</span>\n" in book.text
    assert "tiny" not in book.text
    book.answer_anew("Third.", ReplyStyle(model="m", model_suffix="auto"))
    assert "(m)</span>\n" in book.text


@pytest.mark.parametrize("between", [1, 3])
def test_the_marker_names_the_model_that_answered_after_others_of_the_first(between: int) -> None:
    """Answers of the same model leave the name as it is; that of another still brings its own."""
    book = Book("Q\n")
    first = ReplyStyle(model="tiny", model_suffix="always")
    book.answer("First.", first)
    for number in range(between):
        book.answer_anew(f"Once more, {number}.", first)
    before = book.text
    book.answer_anew("Last.", ReplyStyle(model="large-model", model_suffix="always"))
    assert "(large-model)</span>\n" in book.text
    assert "tiny" not in book.text
    book.undo()
    assert book.text == before


def test_a_header_that_a_person_wrote_after_undo_stays() -> None:
    """The name that notelog once put there itself is a person's where they typed it."""
    header = 'role::assistant<span style="font-size: small;"> (m)</span>'
    book = Book("Q\n")
    for number in range(2):
        book.answer(f"Taken back, {number}.", ReplyStyle(model="m", model_suffix="always"))
        assert header in book.text
        if not number:
            book.note = parse(f"Q\n\n{SEPARATOR}\n\n{header}\n\n")
    book.answer_anew("Same.", ReplyStyle(model="m"))
    book.answer_anew("Other.", ReplyStyle(model="other"))
    assert header in book.text


def test_a_header_of_somebody_else_stays() -> None:
    """An empty marker that the plugin left was filled; its name is not notelog's."""
    theirs = '<span style="font-size: small;"> (theirs)</span>'
    book = Book(f"Q\n\n{SEPARATOR}\n\nrole::assistant{theirs}\n")
    book.note = parse(book.text)
    plan = plan_reply(book.note, 0, "First.", fingerprint="", style=ReplyStyle(model="m"))
    book.apply(plan)
    book.answer_anew(theirs, ReplyStyle(model="other"))
    book.answer_anew("Third.", ReplyStyle(model="other"))
    assert f"\nrole::assistant{theirs}\n" in book.text


@pytest.mark.parametrize("quoted", ["Like this:\n\n```\n{1}\n```", "```\n\n{0}\n\n{1}\n```"])
def test_a_header_of_somebody_else_stays_though_the_reply_quotes_it(quoted: str) -> None:
    """A reply that shows the very line of a person's header has not put that header in."""
    header = 'role::assistant<span style="font-size: small;"> (old)</span>'
    book = Book(f"{SEPARATOR}\n\nrole::user\n\nQ\n\n{SEPARATOR}\n\n{header}\n\n")
    book.answer(quoted.format(SEPARATOR, header), ReplyStyle(model="old"))
    book.answer_anew("Likewise.", ReplyStyle(model="old"))
    for model in ("new", "newer"):
        book.answer_anew("Otherwise.", ReplyStyle(model=model))
        assert f"\n{header}\n\n> [!notelog]- Earlier" in book.text


QUOTED = f'{SEPARATOR}\n\nrole::assistant<span style="font-size: small;"> (theirs)</span>\n\nA'


@pytest.mark.parametrize(
    "reply",
    [
        f"```\n{QUOTED}\n```",
        f"\t{SEPARATOR} role::user\n{SEPARATOR}",
        f"    {SEPARATOR}\n    role::assistant\n\nSo.",
        f"```\n{SEPARATOR}\n\nrole::assistant\n```",
    ],
)
@pytest.mark.parametrize("text", ["Q\n", f"Q\n\n{SEPARATOR}\n\nrole::assistant\n\n"])
def test_undo_gives_back_a_reply_that_quotes_a_header(text: str, reply: str) -> None:
    """What a reply quotes is no header of its own: no line of it goes, and no model is named."""
    style = ReplyStyle(model="m", model_suffix="always")
    book = Book(text)
    book.answer(reply, style)
    stages = [book.text]
    for other in (reply, "Third.", reply, "Fifth."):
        book.answer_anew(other, ReplyStyle(model="other", model_suffix="always"))
        stages.append(book.text)
    while len(book.attempts) > 1:
        book.undo()
        stages.pop()
        assert book.text == stages[-1]


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_the_note_keeps_its_line_ends(newline: str) -> None:
    """All that is put in ends its lines as the note does."""
    book = Book(CHAT.replace("\n", newline))
    book.answer("First.\nMore.")
    book.answer_anew("Second.\nMore.")
    assert not {"\r", "\n"} & set(book.text.replace(newline, ""))


def test_the_body_of_a_landing_is_the_reply_alone() -> None:
    """Without the header, the line that closed the question's block, and the next turn."""
    book = Book("```\ncode\n")
    book.answer("Yes.")
    (record,) = book.attempts
    assert [*bodies_of(record.landings[0])][-1] == b"Yes."


def test_an_older_open_fence_does_not_swallow_the_earlier_answer() -> None:
    """A note that leaves a fence open above reads the same before and after."""
    book = Book(CHAT.replace("A\n", "```\nopen\n"))
    book.answer("```\nx\n```")
    book.answer_anew("Second.")
    assert book.note.conversation[-1].content == "Second."
