"""The two GGUF files of a local vision-language model: found, checked before anything is loaded, and named by their content.

A GGUF file begins with the magic "GGUF", a version, two counts and its metadata, of which `general.architecture` comes first
(https://github.com/ggml-org/ggml/blob/master/docs/gguf.md). Projectors have the architecture "clip".
"""

from __future__ import annotations

import hashlib
import struct
from dataclasses import dataclass
from pathlib import Path

from personas.errors import ModelSetupError

__all__ = ["GgufFiles", "architecture", "find_files"]

_MAGIC = b"GGUF"
_HEADER = struct.Struct("<4sIQQ")  # magic, version, tensors, metadata entries
_TEXT = 8  # the metadata type "string"
_FIRST_KEY = b"general.architecture"
_PROJECTOR_HINT = "download the model's mmproj file too and put it beside the model, or name it with --model-option projector=FILE"


@dataclass(frozen=True)
class GgufFiles:
    """A model and the projector through which it sees."""

    model: Path
    projector: Path

    def version(self) -> str:
        """Both file names, each with the first 12 digits of its SHA-256. Reads the files whole: about a second per GB."""
        return " + ".join(f"{path.name}@sha256:{_sha256(path)[:12]}" for path in (self.model, self.projector))


def find_files(model: str, projector: str | None) -> GgufFiles:
    """The files for `llamacpp/model`; without `projector`, the one `*mmproj*.gguf` beside the model.

    Raises ModelSetupError for a missing file, one that is no GGUF, a projector in the model's place, and none or several projectors.
    """
    path = _checked(Path(model).expanduser(), "model")
    if architecture(path) == "clip":
        raise ModelSetupError(f"{path} is a projector, not a language model: name the other GGUF file of the pair")
    beside = Path(projector).expanduser() if projector is not None else _projector_beside(path)
    found = GgufFiles(path, _checked(beside, "projector"))
    if architecture(found.projector) not in ("clip", None):
        raise ModelSetupError(f"{found.projector} is a language model, not a projector: {_PROJECTOR_HINT}")
    return found


def architecture(path: Path) -> str | None:
    """What the file says it holds, such as "llama" or "clip"; None where it does not say so in its first metadata entry."""
    with path.open("rb") as file:
        file.seek(_HEADER.size)
        if _text(file.read(8 + len(_FIRST_KEY))) != _FIRST_KEY or file.read(4) != struct.pack("<I", _TEXT):
            return None
        size = file.read(8)
        named = file.read(min(int.from_bytes(size, "little"), 64))
    return named.decode("utf-8", "replace")


def _text(data: bytes) -> bytes:
    """The bytes of a length-prefixed string that fills `data`."""
    return data[8:] if len(data) >= 8 and int.from_bytes(data[:8], "little") == len(data) - 8 else b""


def _checked(path: Path, role: str) -> Path:
    """`path`, when it begins like a GGUF file."""
    try:
        with path.open("rb") as file:
            header = file.read(_HEADER.size)
    except OSError as error:
        raise ModelSetupError(f"cannot read the {role} {path}: {error.strerror} (llamacpp takes the path of a GGUF file)") from None
    if not header.startswith(_MAGIC):
        raise ModelSetupError(
            f"{path} is not a GGUF file: llamacpp needs the {role} in GGUF form (docs/local_models.md says where to get one)"
        )
    if len(header) < _HEADER.size:
        raise ModelSetupError(f"{path} is cut short: download it again")
    return path


def _projector_beside(model: Path) -> Path:
    found = sorted(path for path in model.parent.glob("*.gguf") if "mmproj" in path.name.lower() and path != model)
    if not found:
        raise ModelSetupError(f"{model.name} cannot see: there is no projector (*mmproj*.gguf) beside it; {_PROJECTOR_HINT}")
    if len(found) > 1:
        names = ", ".join(path.name for path in found[:5])
        raise ModelSetupError(f"several projectors lie beside {model.name} ({names}): choose one with --model-option projector=FILE")
    return found[0]


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
