"""What is said of a question that is read in parts."""

from typing import TYPE_CHECKING

from notelog.core.numbers import counted
from notelog.core.visible import shortened
from notelog.errors import NotAgreedError

if TYPE_CHECKING:
    from notelog.app.digest import DigestOffer

_SHOWN_CHARS = 200


def offer_lines(offer: "DigestOffer") -> list[str]:
    """What a person agrees to: what is done with what, in how many requests, and for how much."""
    task, settings = offer.task, offer.settings
    asked = shortened(" ".join(task.instructions.split()), _SHOWN_CHARS) or "see there"
    spared = [
        *([f"{offer.known:,} of them answered before"] if offer.known else []),
        *([f"{offer.alike:,} word for word like another"] if offer.alike else []),
    ]
    known = f" ({', '.join(spared)})" if spared else ""
    merges = f", {counted(offer.merges, 'merge')}" if offer.merges else ""
    about = "" if offer.exact else "about "
    server = f"{settings.model} at {settings.profile.name}"
    answer = counted(offer.answer_tokens, "token")
    left = counted(offer.parts - offer.known - offer.alike, "part")
    first, last = task.lines
    rows = {
        "asked": f"{asked} ({task.found})",
        "text": f"{counted(len(task.text), 'character')} in lines {first}-{last}",
        "model": f"{server}, window {counted(offer.window, 'token')}",
        "parts": f"{offer.parts:,}{known}, each answered in at most {answer}",
        "requests": f"at most {offer.requests:,}: {left}{merges}, the reply",
        "tokens": f"at most {about}{offer.prompt_tokens:,} in, {offer.reply_tokens:,} out",
        "price": _price(offer),
    }
    return [f"{name + ':':<11} {words}" for name, words in rows.items()]


def _price(offer: "DigestOffer") -> str:
    if not offer.settings.profile.billed:
        return "nothing is billed"
    if offer.cost is None:
        return "unpriced: what it costs is not known"
    return f"at most {offer.cost.amount:.4f} {offer.cost.currency}"


def unasked(offer: "DigestOffer") -> NotAgreedError:
    """Why nothing is sent where nobody can be asked, and what to do."""
    requests = counted(offer.requests, "request")
    return NotAgreedError(
        f"to read the question in parts takes up to {requests} ({_price(offer)}), and nobody "
        "agreed to them; nothing was sent",
        hint="say --yes to send them, or --dry-run to see the plan",
    )
