"""What a server refused is not asked again by itself while nothing about it has changed.

A complete answer that says no is final (``docs/promises.md``, P2): the journal keeps what was asked
of whom, as a hash, and a watcher that would ask the same says so instead, also after a restart.
"""

from notelog.app.due import Completing, Job, Turn
from notelog.core.breaker import fingerprint_of
from notelog.core.records import TurnRecord, TurnState
from notelog.errors import ProviderRefusedError
from notelog.ports.servers import Endpoint


def mark_of(tools: Completing, turn: Turn, endpoint: Endpoint, salt: bytes = b"") -> str:
    """What is asked of whom besides the question itself, as a salted hash with its salt."""
    wished = turn.prepared.settings
    said = (
        tools.config.system_commands,
        wished.model,
        sorted(wished.sampling.items()),
        wished.max_tokens,
        wished.context_window,
        wished.stream,
        wished.context,
    )
    salt = salt or tools.breakers.salt()
    return f"{salt.hex()}:{fingerprint_of(endpoint.profile, endpoint.key, salt, repr(said))}"


def check_not_refused(
    tools: Completing, turn: Turn, endpoint: Endpoint, job: Job, last: TurnRecord | None
) -> None:
    """Lets a watcher make no request that was refused before; a person's word is obeyed.

    Raises:
        ProviderRefusedError: as the server said it then.
    """
    if not job.only or last is None or last.state is not TurnState.FAILED or not last.refused:
        return
    if job.by_box and job.ticks > last.intent.ticks:
        return
    salt = bytes.fromhex(last.refused.partition(":")[0])
    if mark_of(tools, turn, endpoint, salt) == last.refused:
        raise ProviderRefusedError(
            last.reason,
            hint="it was refused before, and neither the note nor its profile is another: nothing "
            "was sent; notelog retry NOTE asks once more",
            before=True,
        )
