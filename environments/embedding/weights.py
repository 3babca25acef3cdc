"""Models of the `transformers` package: from a folder or a Hugging Face id to loaded weights, and one line for all that can go wrong.

Weights come from safetensors only, for pickles run code; code that a repository brings along is never run. A model with weights
missing is refused: the library would fill them in at random.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from personas.errors import ModelSetupError
from personas.one_line import one_line

__all__ = ["INSTALL", "best_device", "load_model", "load_part", "load_transformers", "loading", "model_folder"]

INSTALL = 'pip install "axiofeed[transformers]"'

_HUB_ID = re.compile(r"[\w.-]+/[\w.-]+(@[\w./-]+)?", re.ASCII)
_FILES = ("*.json", "*.safetensors", "*.txt", "*.model", "*.jinja")
_NOT = ("*/*", "open_clip*", "*fp16*", "*fp32*", "*flax*")  # other frameworks, and further copies of the same weights


def load_transformers(wanted_by: str) -> Any:
    """The package, with PyTorch known to be there. Raises ModelSetupError that says how to install both."""
    missing = [package for package in ("torch", "transformers") if find_spec(package) is None]
    if missing:
        raise ModelSetupError(f"{wanted_by} needs {' and '.join(missing)}: {INSTALL}")
    try:
        import_module("torch")
        return import_module("transformers")
    except ImportError as error:
        raise ModelSetupError(f"{wanted_by} needs torch and transformers, which do not load ({one_line(str(error), 120)})") from None


def model_folder(name: str) -> Path:
    """The folder of a model: `name` itself, or the Hugging Face cache for `owner/model` or `owner/model@revision`, downloaded if needed.

    Raises ModelSetupError: no such folder or model, no network and not in the cache, or no safetensors weights.
    """
    path = Path(name).expanduser()
    if path.is_dir():
        return _checked(path, name)
    if name.startswith((".", "/", "~")) or path.is_absolute() or path.exists():
        raise ModelSetupError(f"there is no folder {name!r}: give one that holds config.json and *.safetensors, or OWNER/MODEL")
    if not _HUB_ID.fullmatch(name):
        raise ModelSetupError(f"{name[:80]!r} is neither a folder nor OWNER/MODEL on Hugging Face (OWNER/MODEL@REVISION pins one version)")
    return _checked(_downloaded(name), name)


def _checked(folder: Path, name: str) -> Path:
    if not (folder / "config.json").is_file():
        raise ModelSetupError(f"{name}: config.json is missing, so this is no model of the transformers package")
    if not any(folder.glob("*.safetensors")):
        raise ModelSetupError(
            f"{name} has no *.safetensors weights; pickled ones (.bin, .pt) can run code and are not opened: save it anew with "
            "save_pretrained, or take a revision that has them"
        )
    return folder


def _downloaded(name: str) -> Path:
    """The model's files in the Hugging Face cache. Its own variables hold: HF_HOME, HF_TOKEN, HF_HUB_OFFLINE, HF_ENDPOINT."""
    from httpx2 import HTTPError  # noqa: PLC0415 - loads when used, with what uses it
    from huggingface_hub import errors, snapshot_download  # noqa: PLC0415

    repository, _, revision = name.partition("@")
    try:
        return Path(snapshot_download(repository, revision=revision or None, allow_patterns=list(_FILES), ignore_patterns=list(_NOT)))
    except errors.GatedRepoError:
        raise ModelSetupError(f"{repository} is gated: accept its terms on Hugging Face, and set HF_TOKEN to your token") from None
    except errors.RevisionNotFoundError:
        raise ModelSetupError(f"{repository} has no revision {revision!r} on Hugging Face") from None
    except (errors.RepositoryNotFoundError, errors.HFValidationError):
        raise ModelSetupError(
            f"there is no model {repository!r} on Hugging Face (a private one needs HF_TOKEN), and no such folder"
        ) from None
    except (errors.LocalEntryNotFoundError, errors.OfflineModeIsEnabled, errors.IncompleteSnapshotError):
        raise ModelSetupError(
            f"{repository} is not in the local cache, and Hugging Face cannot be reached: run `hf download {repository}` where there is "
            "a network, or give a folder"
        ) from None
    except (HTTPError, errors.XetDownloadError, errors.RevisionResolutionError, errors.CorruptedCacheException, OSError) as error:
        raise ModelSetupError(f"{repository} cannot be downloaded ({type(error).__name__}: {one_line(str(error), 160)})") from None


@contextmanager
def loading(name: str) -> Iterator[None]:
    """What a broken model raises within, as ModelSetupError in one line; the library's notices and bars are held back."""
    from huggingface_hub.errors import StrictDataclassError  # noqa: PLC0415
    from safetensors import SafetensorError  # noqa: PLC0415
    from transformers.utils import logging as transformers_logging  # noqa: PLC0415

    logging: Any = transformers_logging
    level, bars = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        yield
    except ImportError as error:  # some tokenizers need SentencePiece, which comes with the extra
        raise ModelSetupError(f"{name} needs a further package ({one_line(str(error), 160, fold=True)}): {INSTALL}") from None
    except (
        *(OSError, ValueError, TypeError, LookupError, RuntimeError, AttributeError, ArithmeticError, AssertionError),
        SafetensorError,
        StrictDataclassError,
    ) as error:
        raise ModelSetupError(f"{name} cannot be loaded: {one_line(str(error) or type(error).__name__, 240, fold=True)}") from None
    finally:
        logging.set_verbosity(level)
        if bars:
            logging.enable_progress_bar()


def load_part(kind: Any, folder: Path, **more: Any) -> Any:
    """A tokenizer, configuration or processor: `kind.from_pretrained` from that folder alone, without its code."""
    return kind.from_pretrained(str(folder), local_files_only=True, trust_remote_code=False, **more)


def load_model(kind: Any, folder: Path, name: str) -> Any:
    """A model in float32 for inference, every weight from the safetensors files. Call it within `loading`. Raises ModelSetupError."""
    import torch  # noqa: PLC0415

    model, info = load_part(kind, folder, use_safetensors=True, dtype=torch.float32, output_loading_info=True)
    if info["missing_keys"]:
        first = sorted(info["missing_keys"])[0]
        raise ModelSetupError(f"{name} lacks {len(info['missing_keys'])} of its weights, such as {first}: it cannot answer as trained")
    return model.eval().to(best_device())


def best_device() -> str:
    """ "cuda" where PyTorch finds one, else "cpu"."""
    import torch  # noqa: PLC0415

    return "cuda" if torch.cuda.is_available() else "cpu"
