"""The live view of ``notelog watch``, as it stands on a person's screen."""

from collections.abc import Callable, Iterator
from typing import IO, cast

import pytest
from screen import Screen

from notelog.adapters.watch_view import LiveView
from notelog.core.usage import Sum, UsageRow
from notelog.ports.watch_view import Kind, Progress, Told, View

HELD = "30 requests in an hour are the most (watch.asks_per_hour): waiting"
LONG = "Chats/2026/11/what we said about tea, coffee and everything else.md"
ASKING = Progress(note=LONG, what="asking gpt-4o-mini at openai", tokens=1234)


class Person:
    """Who looks at a terminal of some width, at a time that stands still unless it is moved on."""

    def __init__(self, columns: int) -> None:
        from rich.console import Console

        self.screen = Screen(columns)
        self.console = Console(
            file=cast("IO[str]", self.screen),  # what is used of a file
            force_terminal=True,
            color_system="standard",
            highlight=False,
            markup=False,
            emoji=False,
            width=columns,
            height=25,
            legacy_windows=False,
        )
        self.at = 0.0
        self.view = LiveView(
            "vault",
            monotonic_s=lambda: self.at,
            now=lambda: 1e9 + self.at,
            console=self.console,
        )

    def resize(self, columns: int) -> None:
        """Makes the terminal wider or narrower; that takes a second."""
        self.at += 1
        self.screen.columns = columns
        self.console.width = columns

    @property
    def text(self) -> str:
        """All that is on the screen, as one line."""
        return " ".join(" ".join(self.screen.lines).split())


def spent() -> UsageRow:
    """Some money."""
    known = Sum(requests=1, prompt_tokens=10, completion_tokens=5, costs={"USD": 0.0123})
    return UsageRow("today", known=known)


@pytest.fixture
def looks() -> Iterator[Callable[[int], Person]]:
    """Gives a person with a terminal of some width; the view is closed in the end."""
    people: list[Person] = []

    def look(columns: int) -> Person:
        people.append(Person(columns))
        return people[-1]

    yield look
    for person in people:
        person.view.close()


@pytest.mark.parametrize("columns", [40, 80, 200])
def test_nothing_that_matters_is_cut(looks: Callable[[int], Person], columns: int) -> None:
    """Why nothing is asked, what was spent and how much has come is seen on a phone's terminal."""
    person = looks(columns)
    person.view.tell(Told(kind=Kind.START, sentence="watching /home/me/vault: 12 notes, 3 chats"))
    person.view.tell(
        Told(kind=Kind.FAILED, note=LONG, sentence="the server is away", hint="it is tried again")
    )
    view = View(notes=10_000, answered=3, asking=(ASKING,), held=HELD, today=spent())
    person.view.show(view)
    assert HELD in person.text
    assert "today 0.0123 USD" in person.text
    assert "1,234 tokens" in person.text
    assert "the server is away; it is tried again" in person.text
    assert person.screen.overlong == 0
    times = [line for line in person.screen.lines if line.count(":") >= 2 and line[2:3] == ":"]
    assert all(len(line.split()[0]) == 8 for line in times)
    assert len(times) == 2


@pytest.mark.parametrize("columns", [40, 80])
def test_the_state_stands_once_below_the_lines(
    looks: Callable[[int], Person], columns: int
) -> None:
    """However often it is drawn, and whatever is told meanwhile; in the end it is gone."""
    person = looks(columns)
    for number in range(30):
        person.at += 1
        asking = (Progress(note=LONG, what="asking m at test", tokens=number * 10),)
        person.view.show(View(notes=number, asking=asking if number % 3 else (), held=HELD))
        if number % 5 == 0:
            person.view.tell(Told(kind=Kind.NOTICE, note=f"{number}.md", sentence="here"))
    assert person.text.count("held: ") == 1
    assert person.text.count("vault · since") == 1
    assert person.text.endswith(HELD)
    person.view.close()
    assert [line.split()[-2:] for line in person.screen.lines] == [
        [f"{number}.md:", "here"] for number in range(0, 30, 5)
    ]


def test_it_is_drawn_anew_for_another_width(looks: Callable[[int], Person]) -> None:
    """Who makes the window wider or narrower sees the state in that width, at the next look."""
    person = looks(120)
    view = View(notes=7, waiting=tuple(f"{number:03} of many notes.md" for number in range(200)))
    person.view.show(view)
    assert "waiting (200): 000 of many notes.md, 001 of many notes.md, 002" in person.text
    person.resize(40)
    person.view.show(view)
    assert person.screen.lines[-1] == "  waiting (200): 000 of many notes.md, …"
    person.resize(200)
    person.view.show(view)
    assert person.screen.lines[-1].endswith("004 of many notes.md")
    assert person.screen.overlong == 0


def test_a_watch_of_days_says_since_which_day(looks: Callable[[int], Person]) -> None:
    """A time of day alone is today's."""
    person = looks(80)
    person.view.show(View(notes=1))
    assert "since 20" not in person.text
    person.at += 3 * 86_400
    person.view.show(View(notes=2))
    assert "since 2001-09-" in person.text


def test_growing_text_alone_is_drawn_five_times_a_second(looks: Callable[[int], Person]) -> None:
    """What comes in between is not drawn, and the next draw shows it."""
    person = looks(80)
    person.view.show(View(asking=(ASKING,)))
    person.at += 0.1
    person.view.show(View(asking=(Progress(note=LONG, what=ASKING.what, tokens=1300),)))
    assert "1,234 tokens" in person.text
    person.at += 0.2
    person.view.show(View(asking=(Progress(note=LONG, what=ASKING.what, tokens=1301),)))
    assert "1,301 tokens" in person.text
