"""The ready-made profiles, and which models a profile serves."""

from collections.abc import Mapping
from fnmatch import fnmatchcase

from notelog.core.origin import Origin, origin_of
from notelog.core.settings import Continuation, KeySource, Profile

PROVIDER_URL_KEYS: Mapping[str, str] = {
    "openaiUrl": "openai",
    "ollamaUrl": "ollama",
    "openrouterUrl": "openrouter",
    "lmstudioUrl": "lmstudio",
    "anthropicUrl": "anthropic",
    "geminiUrl": "gemini",
}
"""The front matter keys by which notes name a provider's address, and that provider."""

_ELSEWHERE = ("!gpt-[3-9]*", "!chatgpt-*", "!o1*", "!o3*", "!o4*")
_NOT_ON_OWN_MACHINE = ("*", *_ELSEWHERE, "!claude-*", "!gemini-*")
"""Models that only their maker serves: a note that names one was not written for this machine."""


def _cloud(
    name: str, base_url: str, variable: str, *, model: str = "", serves: tuple[str, ...] = ()
) -> Profile:
    return Profile(
        name=name,
        base_url=base_url,
        key=KeySource(environment=variable),
        model=model,
        serves=serves,
        providers=(name,),
    )


def _own_machine(
    name: str,
    base_url: str,
    *,
    variable: str = "",
    model: str = "",
    continuation: Continuation = "message",
) -> Profile:
    return Profile(
        name=name,
        base_url=base_url,
        key=KeySource(environment=variable, required=False),
        model=model,
        serves=_NOT_ON_OWN_MACHINE,
        providers=(name,),
        billed=False,
        continuation=continuation,
    )


_READY_MADE = (
    _cloud(
        "openai",
        "https://api.openai.com/v1",
        "OPENAI_API_KEY",
        model="gpt-4o-mini",
        # gpt-oss has open weights: in a note it means a server of one's own
        serves=("gpt-*", "chatgpt-*", "o1*", "o3*", "o4*", "codex-*", "ft:*", "!gpt-oss*"),
    ),
    _cloud(
        "deepseek",
        "https://api.deepseek.com/v1",
        "DEEPSEEK_API_KEY",
        model="deepseek-chat",
        # deepseek-r1:7b and deepseek-coder:6.7b are names of open weights at Ollama
        serves=("deepseek-*", "!*:*", "!*/*", "!deepseek-r1*"),
    ),
    _cloud("openrouter", "https://openrouter.ai/api/v1", "OPENROUTER_API_KEY", serves=("*/*",)),
    _cloud(
        "gemini",
        "https://generativelanguage.googleapis.com/v1beta/openai",
        "GEMINI_API_KEY",
        model="gemini-2.5-flash",
        serves=("gemini-*", "models/*"),
    ),
    _cloud(
        "anthropic",
        "https://api.anthropic.com/v1",
        "ANTHROPIC_API_KEY",
        model="claude-sonnet-4-5",
        serves=("claude-*",),
    ),
    _cloud("zai", "https://api.z.ai/api/paas/v4", "ZAI_API_KEY", serves=("glm-*", "!*:*")),
    _cloud("azure", "", "AZURE_OPENAI_API_KEY"),
    _own_machine("ollama", "http://127.0.0.1:11434/v1"),
    _own_machine("lmstudio", "http://127.0.0.1:1234/v1"),
    _own_machine(
        "llamacpp",
        "http://127.0.0.1:8080/v1",
        variable="LLAMA_API_KEY",
        model="default",
        continuation="prefill",
    ),
    Profile(
        name="local",
        base_url="",
        key=KeySource(required=False),
        model="SmolLM2-135M-Instruct",
        serves=("smollm2*", "local"),
        providers=("local",),
        billed=False,
        embedded=True,
        continuation="prefill",
    ),
)

READY_MADE: Mapping[str, Profile] = {profile.name: profile for profile in _READY_MADE}
"""The profiles that need no configuration but a key, by name."""

READY_MADE_INCOMPLETE: Mapping[str, tuple[str, ...]] = {"azure": ("base_url", "api_version")}
"""What must be set in the configuration before such a profile can be used."""


def serves_model(profile: Profile, model: str) -> bool:
    """Whether a profile serves a model.

    Args:
        profile: its own ``model`` is always served; ``serves`` holds glob patterns, those that
            begin with ``!`` excluding what others include.
        model: the name without a provider prefix.
    """
    name = model.casefold()
    if name == profile.model.casefold():
        return True
    included = [item.casefold() for item in profile.serves if not item.startswith("!")]
    excluded = [item[1:].casefold() for item in profile.serves if item.startswith("!")]
    if any(fnmatchcase(name, pattern) for pattern in excluded):
        return False
    return not included or any(fnmatchcase(name, pattern) for pattern in included)


def is_ready(profile: Profile) -> bool:
    """Whether a profile says where its server is."""
    return profile.embedded or bool(profile.base_url)


def profile_origin(profile: Profile) -> Origin | None:
    """The origin of a profile's base_url; None for the embedded model."""
    return origin_of(profile.base_url) if profile.base_url else None
