"""The window that Ollama has loaded a model with.

Its OpenAI-compatible side says nothing of the window and cuts the front of a longer prompt
silently, whatever the model could hold. Its own API beside it tells: ``GET /api/ps`` lists the
loaded models, each with its ``context_length`` (Ollama's API reference, "List Running Models").
"""

from typing import Final, cast

from notelog.adapters.server_json import asked_json
from notelog.ports.servers import Endpoint

TIMEOUT_S: Final = 2.0
_MOST_TOKENS: Final = 10**9


class OllamaFigures:
    """Implements ``ports.LoadedWindows``."""

    def loaded_window(self, endpoint: Endpoint, model: str) -> int | None:
        """The window in tokens of a model that is loaded; None where it is not, or not known."""
        base = endpoint.base_url.rstrip("/").removesuffix("/v1")
        answer = asked_json(f"{base}/api/ps", key=endpoint.key, timeout_s=TIMEOUT_S)
        wanted = _full_name(model)
        for loaded in _loaded(answer):
            names = {_full_name(str(loaded.get(key) or "")) for key in ("name", "model")}
            if wanted in names:
                return _tokens(loaded.get("context_length"))
        return None


def _loaded(answer: object) -> list[dict[str, object]]:
    fields = cast("dict[str, object]", answer) if isinstance(answer, dict) else {}
    models = fields.get("models")
    rows = cast("list[object]", models) if isinstance(models, list) else []
    return [cast("dict[str, object]", row) for row in rows if isinstance(row, dict)]


def _full_name(model: str) -> str:
    """The name with its tag: without one Ollama means ``latest``."""
    name = model.strip().casefold()
    return name if ":" in name.rpartition("/")[2] else f"{name}:latest"


def _tokens(value: object) -> int | None:
    if not isinstance(value, int) or isinstance(value, bool):
        return None
    return value if 0 < value <= _MOST_TOKENS else None
