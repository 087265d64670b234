"""Beginning a turn: the last thing before a request, and the one place that may say no to it."""

from collections.abc import Sequence

from notelog.app.prepare import Prepared
from notelog.core.cap import Cap
from notelog.core.caps import Planned, Spent, check_caps, reply_bound
from notelog.core.derived import Purpose
from notelog.core.models import Cost, cost_of_usage
from notelog.core.records import Intent, TurnRecord
from notelog.core.reply import Usage
from notelog.core.settings import Config, Profile
from notelog.ports.asked import AskingJournal
from notelog.ports.people import Clock, Reporter


def needs_exact_counts(config: Config) -> bool:
    """Whether a cap could say no to a prompt that was only bounded by its bytes."""
    caps = (cap for profile in config.profiles.values() for cap in profile.caps)
    return any(cap.unit != "requests" for cap in caps)


def intent_of(
    prepared: Prepared,
    *,
    turn_key: str,
    note: str,
    prompt: str,
    purpose: Purpose = Purpose.REPLY,
) -> Intent:
    """What is about to be asked, with the most that it may take.

    Args:
        prepared: the request.
        turn_key: names the turn.
        note: the note's real path.
        prompt: the text of the user turn, or a name for a derived request.
        purpose: what for.
    """
    plan, request = prepared.plan, prepared.request
    return Intent(
        turn_key=turn_key,
        note=note,
        vault="",
        profile=prepared.settings.profile.name,
        model=request.model,
        prompt_tokens=plan.prompt_tokens,
        prompt=prompt,
        reply_tokens=reply_bound(
            request.max_tokens,
            spec=prepared.spec,
            window=plan.window,
            prompt_tokens=plan.prompt_tokens,
        ),
        price=prepared.spec.price,
        purpose=purpose,
    )


def begin(
    journal: AskingJournal,
    intent: Intent,
    profile: Profile,
    config: Config,
    *,
    clock: Clock,
    reporter: Reporter,
) -> TurnRecord:
    """Records an intent, if the caps of its profile have room for it.

    Raises:
        BudgetError: they have not; nothing is recorded and nothing may be sent.
    """
    if not profile.caps:
        return journal.begin(intent)

    def allowed(spent: Spent) -> None:
        for sentence in spent.unread:
            reporter.notice(sentence)
        check(profile.caps, spent, _planned(intent, profile), profile, config, clock=clock)

    return journal.begin(intent, allowed)


def check(  # as ``check_caps`` has them
    caps: Sequence[Cap],
    spent: Spent,
    planned: Planned,
    profile: Profile,
    config: Config,
    *,
    clock: Clock,
) -> None:
    """Says no where caps have no room for what is planned.

    Raises:
        BudgetError: they have not.
    """
    refusal = check_caps(
        caps,
        spent,
        planned,
        profile=profile.name,
        currency=profile.currency,
        now=clock.now(),
        origins=config.origins,
    )
    if refusal is not None:
        raise refusal


def _planned(intent: Intent, profile: Profile) -> Planned:
    most = Usage(prompt_tokens=intent.prompt_tokens, completion_tokens=intent.reply_tokens)
    return most_of(intent.model, most, cost_of_usage(intent.price, most), profile)


def most_of(
    model: str, most: Usage, cost: Cost | None, profile: Profile, *, requests: int = 1
) -> Planned:
    """What one request, or several together, may take at most.

    Args:
        model: which is asked.
        most: the most tokens.
        cost: of them; None where the model is unpriced, which is no cost where nothing is billed.
        profile: the server.
        requests: how many.
    """
    free = None if profile.billed else Cost(amount=0.0, currency=profile.currency)
    return Planned(
        model=model,
        tokens=most.prompt_tokens + most.completion_tokens,
        cost=cost or free,
        requests=requests,
    )
