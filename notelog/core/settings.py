"""Settings: the configuration, what a note asks for, what the command line says, and the result.

Only the configuration outside the vault has authority. A note chooses among its profiles.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from notelog.core.cap import Cap
from notelog.core.json_value import JsonValue
from notelog.core.watch_settings import WatchSettings

Continuation: TypeAlias = Literal["message", "prefill", "prefix", "final_message"]


@dataclass(frozen=True, slots=True, kw_only=True)
class KeySource:
    """Where a profile's key comes from. The first that is set is used; never from a vault.

    Attributes:
        environment: the name of an environment variable.
        file: the path of a file that only its owner can read (mode 0600).
        keyring: the name of an entry in the system's keyring.
        command: an argument list whose first output line is the key.
        required: whether the server needs a key at all.
    """

    environment: str = ""
    file: str = ""
    keyring: str = ""
    command: tuple[str, ...] = ()
    required: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """A named server with its key.

    Attributes:
        name: as notes and the command line call it.
        base_url: explicit, https unless the host is loopback.
        key: where its key comes from.
        model: the model it uses where a note names none; may be empty.
        serves: glob patterns of the model names it serves, ``!`` before one excluding; empty
            means any.
        providers: the provider prefixes (``openai@...``) that mean this profile.
        billed: whether a request costs money: decides what is retried.
        embedded: it is the embedded local model: a child process, no base_url.
        model_path: the GGUF file of an embedded model; empty for the installed one.
        context_window: overrides the model table; in tokens.
        max_tokens: the most tokens of a reply where a note says nothing.
        api_version: Azure's ``api-version`` query parameter; empty elsewhere.
        connect_timeout_s: for DNS, TCP and TLS.
        read_timeout_s: the longest silence between two parts.
        deadline_s: the longest a whole reply may take.
        price: (prompt, completion) for 1,000,000 tokens, or None for the model table's.
        currency: of that price, and of the caps on money.
        requests_at_once: how many requests may be under way together, where a question needs
            several; the embedded model takes one.
        caps: what may be asked of it and spent, checked before each request.
        continuation: how its server is asked to go on from a reply that ended early; see
            ``core.continuing``.
    """

    name: str
    base_url: str
    key: KeySource
    model: str = ""
    serves: tuple[str, ...] = ()
    providers: tuple[str, ...] = ()
    billed: bool = True
    embedded: bool = False
    model_path: str = ""
    context_window: int | None = None
    max_tokens: int | None = None
    api_version: str = ""
    connect_timeout_s: float = 10.0
    read_timeout_s: float = 120.0
    deadline_s: float = 900.0
    price: tuple[float, float] | None = None
    currency: str = "USD"
    requests_at_once: int = 3
    caps: tuple[Cap, ...] = ()
    continuation: Continuation = "message"


@dataclass(frozen=True, slots=True, kw_only=True)
class ContextSettings:
    """How a conversation is fitted to the window.

    Attributes:
        shorten: where the question does not fit, keep its beginning and end instead of stopping.
        notice: tell the model, in a short system message, where messages were left out.
        mark_left_out: tell it in the note too, in a callout below the reply.
        summary: ask for a summary of what was left out, and send it along.
    """

    shorten: bool = False
    notice: bool = True
    mark_left_out: bool = False
    summary: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """The whole configuration.

    Attributes:
        profiles: by name, the ready-made ones too.
        default_profile: the one used where nothing names another; empty until chosen.
        defaults: what is asked of a model where neither note nor command line says, by the
            names of the front matter keys.
        model_aliases: a name in a note -> ``[provider@]model``.
        ignore_note_keys: front matter keys that are not to be sent.
        system_commands: sent before those of each note.
        reasoning: ``drop``, or ``callout`` to keep the model's reasoning folded in the note.
        model_suffix: ``auto`` (as the note's other markers), ``always`` or ``never``.
        inert_replies: make replies inert for other plugins.
        partial_replies: ``note``: what came of a reply that ended early is in the note, with a
            mark; ``journal``: only there.
        note_size_limit_bytes: larger notes are refused.
        forget_after_days: what was said is forgotten after so many days, once its turn is settled;
            0 keeps it for good.
        context: how conversations are fitted to the window.
        watch: how vaults are watched.
        origins: where each value comes from, by dotted name: ``config.toml:12``, ``default``,
            ``environment NOTELOG_PROFILE``.
        path: the configuration file, whether or not it exists; may be empty.
    """

    profiles: Mapping[str, Profile]
    default_profile: str = ""
    defaults: Mapping[str, JsonValue] = field(default_factory=dict[str, JsonValue])
    model_aliases: Mapping[str, str] = field(default_factory=dict[str, str])
    ignore_note_keys: frozenset[str] = frozenset()
    system_commands: tuple[str, ...] = ()
    reasoning: str = "drop"
    model_suffix: str = "auto"
    inert_replies: bool = True
    partial_replies: str = "note"
    note_size_limit_bytes: int = 8 * 1024 * 1024
    forget_after_days: int = 0
    context: ContextSettings = field(default_factory=ContextSettings)
    watch: WatchSettings = field(default_factory=WatchSettings)
    origins: Mapping[str, str] = field(default_factory=dict[str, str])
    path: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What the command line says, None where it is silent; it wins over note and configuration."""

    profile: str | None = None
    model: str | None = None
    context_window: int | None = None
    max_tokens: int | None = None
    temperature: float | None = None
    stream: bool | None = None
    shorten: bool | None = None
    summary: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What is used for one request.

    Attributes:
        profile: the server.
        model: the model's name as the server knows it.
        sampling: parameters of the body besides model, messages and token limit.
        max_tokens: the most tokens wished for the reply, or None.
        context_window: overrides the model's, or None.
        stream: whether the reply comes in parts.
        context: how the conversation is fitted to the window.
        origins: where each came from, for a person, by name.
    """

    profile: Profile
    model: str
    sampling: Mapping[str, JsonValue]
    max_tokens: int | None
    context_window: int | None
    stream: bool
    context: ContextSettings = field(default_factory=ContextSettings)
    origins: Mapping[str, str]
