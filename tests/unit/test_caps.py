"""Caps: when one says no, what is said then, and when there is room again."""

import pytest

from notelog.core.cap import Cap
from notelog.core.caps import Charge, Planned, Spent, check_caps, reply_bound
from notelog.core.models import Cost, ModelSpec
from notelog.errors import BudgetError

NOW = 1_000_000.0
HOUR, DAY = 3_600.0, 86_400.0


def dollars(amount: float) -> Cost:
    """Money."""
    return Cost(amount=amount, currency="USD")


def charge(
    ago_s: float,
    *,
    tokens: int = 100,
    cost: Cost | None = None,
    of_note: bool = False,
    in_doubt: bool = False,
) -> Charge:
    """A request that was made some seconds ago."""
    return Charge(at=NOW - ago_s, tokens=tokens, cost=cost, of_note=of_note, in_doubt=in_doubt)


def refusal(
    name: str, most: float, *charges: Charge, tokens: int = 100, cost: Cost | None = None
) -> BudgetError | None:
    """What one cap says to the next request."""
    return check_caps(
        (Cap(name=name, most=most),),
        Spent(charges=charges),
        Planned(model="m", tokens=tokens, cost=cost),
        profile="work",
        currency="USD",
        now=NOW,
        origins={f"profiles.work.caps.{name}": "config.toml:12"},
    )


@pytest.mark.parametrize(
    ("name", "span"),
    [("hour", HOUR), ("day", DAY), ("month", 30 * DAY)],
)
def test_a_cap_counts_what_is_younger_than_its_span(name: str, span: float) -> None:
    """A request counts until it is exactly as old as the span."""
    cap = f"requests_per_{name}"
    assert refusal(cap, 1, charge(span - 0.001)) is not None
    assert refusal(cap, 1, charge(span)) is None
    assert refusal(cap, 2, charge(0)) is None


@pytest.mark.parametrize("unit", ["requests", "tokens", "cost"])
def test_a_cap_is_the_most_that_fits(unit: str) -> None:
    """What comes to exactly the cap is sent, the smallest bit more is not."""
    name, each = f"{unit}_per_day", {"requests": 1.0, "tokens": 100.0, "cost": 0.1}[unit]
    spent = [charge(60, cost=dollars(0.1)), charge(30, cost=dollars(0.1))]
    assert refusal(name, 3 * each, *spent, cost=dollars(0.1)) is None
    assert refusal(name, 3 * each - 1e-6, *spent, cost=dollars(0.1)) is not None


def test_a_cap_of_a_note_counts_that_note_only() -> None:
    """Requests for other notes are of no account to it."""
    cap = "requests_per_note_per_day"
    assert refusal(cap, 1, charge(5), charge(6)) is None
    assert refusal(cap, 1, charge(5), charge(6, of_note=True)) is not None


def test_a_cap_of_one_request_knows_no_past() -> None:
    """It bounds the request alone."""
    assert refusal("tokens_per_request", 100, charge(0), charge(0)) is None
    error = refusal("tokens_per_request", 99)
    assert error is not None
    assert (error.again_in_s, error.cap) == (None, "tokens_per_request")
    assert "max_tokens" in error.hint


def test_zero_allows_nothing() -> None:
    """A cap of 0 means what it says, and no waiting helps; what costs nothing is within it."""
    error = refusal("requests_per_day", 0)
    assert error is not None
    assert error.again_in_s is None
    assert "no request at all" in error.hint
    assert refusal("cost_per_day", 0, cost=dollars(0)) is None


def test_the_sentence_tells_cap_place_and_what_was_spent() -> None:
    """A person reads which cap, on which line, what counts against it, and when it frees."""
    error = refusal("requests_per_hour", 2, charge(HOUR - 700), charge(60, in_doubt=True))
    assert error is not None
    assert error.message == (
        "the cap requests_per_hour = 2 of profile work (config.toml:12) is reached: "
        "2 requests in the last hour, 1 request of it in doubt; nothing was sent"
    )
    assert error.hint == "again in 12 min, or raise the cap"
    assert error.again_in_s == pytest.approx(700)


def test_tokens_and_money_are_told_with_what_is_asked() -> None:
    """What the next request may take is part of the sentence."""
    tokens = refusal("tokens_per_day", 50_000, charge(5, tokens=48_000), tokens=5_120)
    assert tokens is not None
    assert "= 50000 of profile work" in tokens.message
    assert "48,000 tokens in the last 24 hours, and this one may take 5,120" in tokens.message
    money = refusal("cost_per_month", 5.0, charge(5, cost=dollars(4.9)), cost=dollars(0.25))
    assert money is not None
    assert "= 5 of profile work" in money.message
    assert "4.9000 USD in the last 30 days, and this one may cost 0.2500" in money.message
    assert money.hint.startswith("again in 30 days")


def test_it_frees_when_enough_is_old() -> None:
    """One old request may not be enough to make room."""
    spent = [charge(HOUR - 10, tokens=1), charge(HOUR - 600, tokens=900), charge(5, tokens=50)]
    error = refusal("tokens_per_hour", 1_000, *spent, tokens=500)
    assert error is not None
    assert error.again_in_s == pytest.approx(600)


def test_the_cap_that_frees_last_is_told() -> None:
    """Who waits as long as told is not refused by another cap then."""
    caps = [Cap(name="requests_per_hour", most=1), Cap(name="requests_per_day", most=1)]
    error = check_caps(
        caps,
        Spent(charges=(charge(60),)),
        Planned(model="m", tokens=1, cost=None),
        profile="work",
        currency="USD",
        now=NOW,
        origins={},
    )
    assert error is not None
    assert (error.cap, error.again_in_s) == ("requests_per_day", DAY - 60)


def test_a_cap_on_money_needs_a_price() -> None:
    """Without a price, or with one in other money, nothing is sent, and the way out is said."""
    unpriced = refusal("cost_per_month", 5)
    assert unpriced is not None
    assert "no price is known for m" in unpriced.message
    assert "price = [PROMPT, REPLY]" in unpriced.hint
    elsewhere = refusal("cost_per_month", 5, cost=Cost(amount=0.1, currency="CNY"))
    assert elsewhere is not None
    assert "in CNY, not in USD" in elsewhere.message


def test_what_was_unpriced_counts_as_requests_and_tokens_only() -> None:
    """Nobody knows what it cost; other money is not added up."""
    spent = [charge(5), charge(6, cost=Cost(amount=9.0, currency="CNY"))]
    assert refusal("cost_per_day", 1, *spent, cost=dollars(1)) is None
    assert refusal("tokens_per_day", 299, *spent) is not None


def test_a_clock_that_was_wrong_does_not_lock_out_for_years() -> None:
    """What lies in the future counts while it is near, and not when it is a span away."""
    assert refusal("requests_per_hour", 1, charge(-HOUR + 1)) is not None
    assert refusal("requests_per_hour", 1, charge(-30 * DAY)) is None


@pytest.mark.parametrize(
    ("seconds", "told"),
    [(0.2, "1 s"), (59.1, "60 s"), (91, "2 min"), (3_600, "60 min"), (7_201, "3 h")],
)
def test_waits_are_never_told_too_short(seconds: float, told: str) -> None:
    """The wait is rounded up."""
    error = refusal("requests_per_day", 1, charge(DAY - seconds))
    assert error is not None
    assert error.hint.startswith(f"again in {told},")


@pytest.mark.parametrize(
    ("max_tokens", "output_limit", "bound"),
    [(50, 100, 50), (None, 100, 100), (None, None, 900), (None, 5_000, 900)],
)
def test_the_longest_reply(max_tokens: int | None, output_limit: int | None, bound: int) -> None:
    """It is what was asked for, else what the model can give beside the prompt."""
    spec = ModelSpec(name="m", context_window=1_000, output_limit=output_limit)
    assert reply_bound(max_tokens, spec=spec, window=1_000, prompt_tokens=100) == bound
    assert reply_bound(None, spec=spec, window=1_000, prompt_tokens=2_000) == 0
