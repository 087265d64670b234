"""What ``notelog tokens`` says where it is read by a program, or through a pipe: plain lines."""

from typing import TYPE_CHECKING

from notelog.core.counting import TokenCount
from notelog.core.models import Cost
from notelog.core.numbers import counted
from notelog.core.trim_report import Fate
from notelog.core.visible import shortened, visible_line

if TYPE_CHECKING:
    from collections.abc import Sequence

    from notelog.app.tokens import CountedTurn, Tally
    from notelog.core.trim import TrimPlan

FIRST_WORDS_CHARS = 60
BAR_CHARS = 40

_Row = tuple[str, str, str, str, str, str, str]
TEXT_COLUMNS: _Row = ("tokens", "count", "lines", "words", "chars", "bytes", "name")


def turn_lines(tally: "Tally") -> list[str]:
    """A chat note: its turns, the line where the cut falls, and the figures."""
    rows = [("#", "role", "lines", "tokens", "share", "sent", "text")]
    rows += [(str(number), *turn_cells(turn)) for number, turn in enumerate(tally.turns, start=1)]
    lines = _aligned(rows, right={0, 3, 4})
    place = cut_place(tally)
    if place:
        lines.insert(place + 1, f"---- {cut_sentence(tally)} ----")
    return [*lines, "", *figure_lines(tally, bar=plain_bar(tally))]


def turn_cells(turn: "CountedTurn") -> tuple[str, str, str, str, str, str]:
    """A turn as the cells of a row, the number apart."""
    first, last = turn.message.lines
    place = "config" if not first else str(first) if first == last else f"{first}-{last}"
    sent = "pinned" if turn.message.pinned else "yes"
    if turn.fate is Fate.LEFT_OUT:
        sent = "no"
    elif turn.fate is Fate.SHORTENED:
        sent = f"{turn.sent_tokens:,}"
    words = shortened(turn.message.content, FIRST_WORDS_CHARS)
    role = str(turn.message.role)
    return role, place, f"{turn.tokens:,}", f"{turn.share:.1%}", sent, words


def cut_place(tally: "Tally") -> int:
    """How many turns stand above the cut; 0 where nothing is left out."""
    return max(
        (n for n, turn in enumerate(tally.turns, start=1) if turn.fate is Fate.LEFT_OUT), default=0
    )


def cut_sentence(tally: "Tally", *, brief: bool = False) -> str:
    """Where the cut falls, and what it leaves out; ``brief`` for a narrow column."""
    dropped = [turn for turn in tally.turns if turn.fate is Fate.LEFT_OUT]
    tokens = sum(turn.tokens for turn in dropped)
    below = tally.turns[cut_place(tally) :]
    line = f" before line {below[0].message.lines[0]}" if below else ""
    if brief:
        return f"cut{line}: {counted(len(dropped), 'message')} left out, {counted(tokens, 'token')}"
    kept = "" if len(dropped) == cut_place(tally) else "; what is always sent stays"
    return (
        f"cut{line}: {counted(len(dropped), 'message')} above, {counted(tokens, 'token')},"
        f" {'is' if len(dropped) == 1 else 'are'} left out{kept}"
    )


def figure_lines(tally: "Tally", bar: str = "") -> list[str]:
    """The figures below the turns: each count says what it is worth."""
    spec, plan = tally.spec, tally.plan
    messages = counted(len(tally.turns), "message")
    lines = [
        f"tokens:   {_tokens(tally)} in {messages} ({worth(tally.tokens)})",
        f"model:    {visible_line(spec.name)} ({tally.model_origin})",
        f"window:   {counted(spec.context_window, 'token')} ({tally.window_origin})",
    ]
    if plan is not None:
        share = plan.prompt_tokens / max(1, plan.budget)
        lines.append(
            f"prompt:   {_about(tally.tokens)}{counted(plan.prompt_tokens, 'token')} of"
            f" {plan.budget:,} that it may have ({share:.1%}); {plan.reserve:,} at least are kept"
            f" for the reply, {plan.margin:,} as a margin"
        )
        lines += _plan_lines(plan)
        lines += [f"          {bar}"] if bar else []
    if tally.too_large is not None:
        lines.append(f"prompt:   {visible_line(tally.too_large.message)}")
        lines.append(f"          {visible_line(tally.too_large.hint)}")
    return [*lines, f"cost:     {cost_words(tally)}"]


def _plan_lines(plan: "TrimPlan") -> list[str]:
    """What else is done so that the prompt fits."""
    lines = [
        f"          message {item.index + 1} is shortened to its beginning and end:"
        f" {item.sent_tokens:,} of {counted(item.tokens, 'token')}"
        for item in plan.shortened
    ]
    if plan.notice is not None:
        lines.append(f"          the model is told: {visible_line(plan.notice.content)}")
    return lines


def text_lines(tallies: "Sequence[Tally]") -> list[str]:
    """Several notes, or plain texts: a row each as ``wc`` has it, and the total."""
    return _aligned([TEXT_COLUMNS, *text_rows(tallies)], right={0, 2, 3, 4, 5})


def text_rows(tallies: "Sequence[Tally]") -> "list[_Row]":
    """The cells of these rows; the total of several is the last one."""
    rows = [
        _text_row(
            tally.tokens,
            [tally.size.lines, tally.size.words, tally.size.chars, tally.size.size_bytes],
            visible_line(tally.path),
        )
        for tally in tallies
    ]
    if len(tallies) > 1:
        sizes = [(t.size.lines, t.size.words, t.size.chars, t.size.size_bytes) for t in tallies]
        total = TokenCount(
            sum(int(tally.tokens) for tally in tallies),
            exact=all(tally.tokens.exact for tally in tallies),
            source="",
        )
        rows.append(_text_row(total, [sum(column) for column in zip(*sizes, strict=True)], "total"))
    return rows


def text_remarks(tallies: "Sequence[Tally]") -> list[str]:
    """What is said beside the rows: whose tokens they are, what they would cost, what fits."""
    kinds: dict[str, list[str]] = {}
    for tally in tallies:
        kind = f"{visible_line(tally.spec.name)} ({tally.model_origin}): {worth(tally.tokens)}"
        kinds.setdefault(kind, []).append(visible_line(tally.path))
    lines = [
        f"counted for {kind}" + (f": {', '.join(names)}" if len(kinds) > 1 else "")
        for kind, names in kinds.items()
    ]
    for tally in tallies:
        lines += _fit_lines(tally, f"{visible_line(tally.path)}: " if len(tallies) > 1 else "")
    return [*lines, *_cost_lines(tallies)]


def _cost_lines(tallies: "Sequence[Tally]") -> list[str]:
    """What the prompts would cost: of several the sums, by currency."""
    if len(tallies) == 1:
        return [f"cost: {cost_words(tallies[0])}"]
    sums: dict[str, float] = {}
    for tally in tallies:
        if tally.cost is not None:
            currency = tally.cost.currency
            sums[currency] = sums.get(currency, 0.0) + tally.cost.amount
    prompts = counted(len(tallies), "prompt")
    priced = sum(tally.cost is not None for tally in tallies)
    of = prompts if priced == len(tallies) else f"{priced:,} of {prompts}; the rest are unpriced"
    amounts = [money(Cost(amount=amount, currency=name)) for name, amount in sums.items()]
    return [f"cost: {' and '.join(amounts)} for {of}"] if amounts else ["cost: unpriced"]


def _fit_lines(tally: "Tally", name: str) -> list[str]:
    """What of a note or text fits the window; of several only those that do not fit."""
    plan = tally.plan
    if tally.too_large is not None:
        return [f"{name}{tally.too_large.message}"]
    if cut_place(tally):
        return [f"{name}{cut_sentence(tally)}"]
    if plan is None or name:
        return []
    share = plan.prompt_tokens / max(1, plan.budget)
    prompt = f"{_about(tally.tokens)}{counted(plan.prompt_tokens, 'token')}"
    sentence = (
        f"as one question it makes a prompt of {prompt}: {share:.1%} of what the window of"
        f" {plan.window:,} leaves for it"
    )
    return [sentence]


def worth(tokens: TokenCount) -> str:
    """What a count is worth, and where it comes from."""
    return f"exact: {tokens.source}" if tokens.exact else tokens.source


def cost_words(tally: "Tally") -> str:
    """What the prompt would cost, or that its model is unpriced."""
    price = tally.spec.price
    if tally.cost is None or price is None:
        return "unpriced"
    day = f", price as of {price.as_of}" if price.as_of else ""
    return f"{money(tally.cost)} for the prompt{day}"


def money(cost: Cost) -> str:
    """An amount with its currency, small ones with enough places to see them."""
    places = 4 if cost.amount >= 0.01 or not cost.amount else 6  # noqa: PLR2004  # a cent
    return f"{cost.amount:.{places}f} {cost.currency}"


def bar_parts(tally: "Tally", width: int) -> tuple[int, int, int]:
    """The window as a bar: how wide the prompt, what is free, and the reply's part are."""
    plan = tally.plan
    if plan is None:
        return (width, 0, 0)
    window = max(1, plan.window)
    prompt = min(width, round(width * plan.prompt_tokens / window))
    if plan.prompt_tokens:
        prompt = max(1, prompt)
    free = max(0, round(width * plan.budget / window) - prompt)
    return prompt, free, max(0, width - prompt - free)


def plain_bar(tally: "Tally") -> str:
    """The window in ASCII: ``#`` the prompt, ``.`` free, ``r`` kept for the reply."""
    if tally.plan is None:
        return ""
    prompt, free, reply = bar_parts(tally, BAR_CHARS)
    return f"[{'#' * prompt}{'.' * free}{'r' * reply}]"


def _tokens(tally: "Tally") -> str:
    return f"{_about(tally.tokens)}{counted(int(tally.tokens), 'token')}"


def _about(tokens: TokenCount) -> str:
    return "" if tokens.exact else "about "


def _text_row(tokens: TokenCount, sizes: list[int], name: str) -> _Row:
    lines, words, chars, size_bytes = map(str, sizes)
    kind = "exact" if tokens.exact else "estimate"
    return str(int(tokens)), kind, lines, words, chars, size_bytes, name


def _aligned(rows: list[_Row], right: set[int]) -> list[str]:
    """Rows in columns; the last one is left as it is."""
    widths = [max(len(row[column]) for row in rows) for column in range(6)]
    return [
        "  ".join(
            [
                *(
                    cell.rjust(width) if column in right else cell.ljust(width)
                    for column, (cell, width) in enumerate(zip(row, widths, strict=False))
                ),
                row[-1],
            ]
        ).rstrip()
        for row in rows
    ]
