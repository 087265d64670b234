"""Parsing beside markdown-it-py's block parse (inline rules off), and hostile notes.

Prints CPU ratios measured side by side in one run: ``python bench/bench_parse.py``.
``parse`` finds the structure; ``+ turns`` also makes every turn, message and diagnostic.
"""

import gc
import random
import time
from collections.abc import Callable
from pathlib import Path

from markdown_it import MarkdownIt  # noqa: TID253  # the opponent

from notelog import parse
from notelog.core.note import Note

SEPARATOR = '<hr class="__chatgpt_plugin">'
MEGABYTE = 1_000_000
HOSTILE_BYTES = 100_000
LIMIT_MS = 50
SEEDS = Path(__file__).parent.parent / "tests" / "seeds"
WORDS = (
    *("the", "of", "a", "model", "answer", "question", "window", "token", "server", "note"),
    *("chat", "write", "read", "long", "short", "because", "however", "example", "system"),
    *("prompt", "reply", "people", "often", "think", "about"),
)


def prose(pick: random.Random) -> str:
    """A turn of three paragraphs, as models write them: each one line."""
    return "\n\n".join(" ".join(pick.choices(WORDS, k=70)).capitalize() + "." for _ in range(3))


def chinese(pick: random.Random) -> str:
    """A turn of some paragraphs of the Chinese seed texts."""
    text = (SEEDS / "000_chat_note.md").read_text("utf-8")
    text += (SEEDS / "002_blog_archive.txt").read_text("utf-8")
    lines = [line for line in text.split("\n") if len(line) > 20 and "`" not in line]
    return "\n\n".join(pick.choices([line for line in lines if "<" not in line], k=6))


def code(pick: random.Random) -> str:
    """A turn with code fences."""
    block = "```python\n" + "for x in range(10):\n    print(x, {'a': 1})\n\n" * 3 + "```"
    return "\n\n".join(f"{' '.join(pick.choices(WORDS, k=9))}:\n\n{block}" for _ in range(4))


def chat(turn: Callable[[random.Random], str]) -> str:
    """A chat note of about a megabyte."""
    pick = random.Random(1)
    turns = [turn(pick) for _ in range(40)]
    parts: list[str] = []
    size = 0
    while size < MEGABYTE:
        role = "assistant" if len(parts) % 2 == 0 else "user"
        parts.append(f"{turns[len(parts) % 40]}\n\n{SEPARATOR}\n\nrole::{role}\n\n")
        size += len(parts[-1].encode())
    return "".join(parts)


def cpu_ms(run: Callable[[], object], rounds: int = 5) -> float:
    """The least CPU time of some rounds in milliseconds, the collector off."""
    best = float("inf")
    for _ in range(rounds):
        gc.collect()
        gc.disable()
        begun = time.process_time()
        run()
        best = min(best, time.process_time() - begun)
        gc.enable()
    return best * 1000


def whole(data: bytes) -> Note:
    """Parses and makes everything."""
    note = parse(data)
    assert note.turns
    return note


def hostile() -> dict[str, str]:
    """Notes of 100 kB that try to make parsing slow."""
    units = {
        **{name: name for name in ("[", ">", "`", "$", "%", "<", "<!--", "\\", "[[", "![", "```")},
        "> lines": "> > > >\n",
        "separators": f"{SEPARATOR}\n",
        "tabs": "\t",
        "blanks": " ",
        "blank lines": "\n",
        "fence openers": "```\n~~~\n",
        "fence openers with names": "```a\n~~~b\n",
        "comment openers": "<!--\n",
        "pre openers": "<pre>\n",
        "math lines": "$$\n\n",
        "nested on a line": "- ",
        "comment blocks": "=begin-chatgpt-md-comment ",
        "attributes": "<a a='",
        "half markers": "role::",
        "brackets": "[]()",
        "deep": " " * 500 + "x\n",
    }
    notes = {name: unit * (HOSTILE_BYTES // len(unit)) for name, unit in units.items()}
    notes["nested lists"] = "".join("  " * depth + "- x\n" for depth in range(310))
    notes["growing fences"] = "".join("`" * size + "\n" for size in range(3, 440))
    notes["shrinking fences"] = "".join("`" * size + "x\n" for size in range(440, 3, -1))
    notes["backtick runs"] = "%% " + "".join("`" * size + " " for size in range(440))
    return notes


def main() -> None:
    """Prints the tables."""
    markdown = MarkdownIt("commonmark")
    print(
        f"{'1 MB of':<10} {'markdown-it':>12} {'parse':>9} {'ratio':>7} {'+ turns':>9} {'ratio':>7}"
    )
    for name, turn in (("prose", prose), ("Chinese", chinese), ("code", code)):
        text = chat(turn)
        data = text.encode()
        theirs = cpu_ms(lambda text=text: markdown.block.parse(text, markdown, {}, []), 3)  # type: ignore[misc]  # a default argument
        ours = cpu_ms(lambda data=data: parse(data))  # type: ignore[misc]  # as above
        turns = cpu_ms(lambda data=data: whole(data))  # type: ignore[misc]  # as above
        print(
            f"{name:<10} {theirs:>9.1f} ms {ours:>6.1f} ms {theirs / ours:>7.1f}"
            f" {turns:>6.1f} ms {theirs / turns:>7.1f}"
        )
    print(f"\nhostile notes of 100 kB: at most {LIMIT_MS} ms; twice the text, twice the time")
    head = f"Q\n\n{SEPARATOR}\n\nrole::assistant\n\n"
    for name, text in hostile().items():
        once = cpu_ms(lambda text=text: whole((head + text).encode()), 2)  # type: ignore[misc]  # as above
        twice = cpu_ms(lambda text=text: whole((head + text + text).encode()), 2)  # type: ignore[misc]  # as above
        flag = "  TOO SLOW" if once > LIMIT_MS else ""
        print(f"{name:<26} {once:>7.1f} ms {twice:>7.1f} ms{flag}")


if __name__ == "__main__":
    main()
