"""What is said in a clip: Whisper-family models of the `transformers` package (Radford et al. 2022, arXiv:2212.04356), on this machine.

Whisper makes words up where nobody speaks, and repeats itself (Koenecke et al. 2024, doi:10.1145/3630106.3658996), so a window that is
silent is not asked about, and an answer that goes round in circles is left out.
"""

from __future__ import annotations

import zlib
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from environments.embedding.sound import RATE, read_sound
from environments.embedding.weights import load_model, load_part, load_transformers, loading, model_folder
from personas.errors import ModelSetupError

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["SILENCE", "Transcriber", "WhisperTranscriber", "circles", "make_transcriber", "windows"]

SILENCE = 1e-3
"""A window whose root mean square is below this (−60 dB of full scale) is silent."""

_WINDOW_S = 30  # what Whisper hears at once
_SEARCH_S = 5  # a window ends in the quietest place of its last seconds
_HUSH_S = 0.2
_COMPRESSION = 2.4  # Whisper's own limit (§4.5)
_FEWEST_SAMPLES = RATE // 10


class Transcriber(Protocol):
    """From a clip to what is said in it. `name` says which weights."""

    name: str

    def transcribe(self, path: Path) -> str:
        """One line of text, "" where nothing is said or there is no sound. Safe to call from threads."""
        ...


class WhisperTranscriber:
    """One Whisper. Words are written in the language that is spoken, greedily, so that the same clip gives the same text.

    model      a folder, or OWNER/MODEL[@REVISION] on Hugging Face
    language   a code such as "en"; None lets a multilingual model tell, window by window
    longest_s  of a clip, so many seconds from its beginning are heard
    """

    def __init__(self, model: str, *, language: str | None = None, longest_s: float = 600.0) -> None:
        transformers = load_transformers(f"transcribing with {model}")
        folder = model_folder(model)
        self.name = model
        self._longest_s = longest_s
        self._lock = Lock()
        with loading(model):
            config = load_part(transformers.AutoConfig, folder)
            if config.model_type != "whisper":
                raise ModelSetupError(f"{model} is of type {config.model_type}: give a Whisper, such as openai/whisper-small")
            self._model = load_model(transformers.WhisperForConditionalGeneration, folder, model)
            self._hearing = load_part(transformers.AutoFeatureExtractor, folder)
            self._tokenizer = load_part(transformers.AutoTokenizer, folder)
            if self._hearing.sampling_rate != RATE:
                raise ModelSetupError(f"{model} hears {self._hearing.sampling_rate} samples a second: give a Whisper, which hears {RATE}")
            self._asked = _request(self._model, language)
            self._hear(np.full(RATE, 0.1, dtype=np.float32))  # a language it does not know is told now

    def transcribe(self, path: Path) -> str:
        """See `Transcriber.transcribe`. Raises FeedError for a file that is no video."""
        said = [self._hear(window) for window in windows(read_sound(path, self._longest_s)) if not _silent(window)]
        return " ".join(text for text in said if text and not circles(text))

    def _hear(self, window: NDArray[np.float32]) -> str:
        import torch  # noqa: PLC0415 - loads when used

        # Whole windows one at a time: `generate` is not made for threads, and uses all cores by itself.
        with self._lock, torch.inference_mode():
            heard = self._hearing(window, sampling_rate=RATE, return_tensors="pt", return_attention_mask=True)
            tokens = self._model.generate(
                heard["input_features"].to(self._model.device),
                attention_mask=heard["attention_mask"].to(self._model.device),
                **self._asked,
            )
        return " ".join(self._tokenizer.decode(tokens[0], skip_special_tokens=True).split())


def make_transcriber(name: str, *, language: str | None = None) -> Transcriber:
    """The Whisper in the folder `name`, or of that id on Hugging Face, such as openai/whisper-small. Blocks while weights load.

    Raises ModelSetupError for whatever is wrong with the model, the language or the installation.
    """
    return WhisperTranscriber(name.strip(), language=language)


def windows(sound: NDArray[np.float32]) -> list[NDArray[np.float32]]:
    """`sound` (16 kHz) in pieces of at most 30 s, in order and without gaps. Each ends where it is quietest, so that few words are cut."""
    longest, search, hush = _WINDOW_S * RATE, _SEARCH_S * RATE, round(_HUSH_S * RATE)
    pieces = []
    start = 0
    while len(sound) - start > longest:
        tail = sound[start + longest - search : start + longest].astype(np.float64)
        loudness = np.square(tail).reshape(-1, hush).mean(axis=1)
        quietest = len(loudness) - 1 - int(np.argmin(loudness[::-1]))  # of equally quiet places the last
        end = start + longest - search + quietest * hush + hush // 2
        pieces.append(sound[start:end])
        start = end
    return [*pieces, sound[start:]]


def circles(text: str) -> bool:
    """Whether `text` repeats itself, by how well it compresses: Whisper's own rule for an answer that went wrong."""
    data = text.encode("utf-8", "replace")
    return len(data) / len(zlib.compress(data)) > _COMPRESSION


def _silent(window: NDArray[np.float32]) -> bool:
    return len(window) < _FEWEST_SAMPLES or float(np.sqrt(np.mean(np.square(window, dtype=np.float64)))) < SILENCE


def _request(model: Any, language: str | None) -> dict[str, Any]:
    """How the model is asked: greedily, to transcribe rather than translate, and for no more than it can write."""
    longest = model.config.max_target_positions
    asked: dict[str, Any] = {"do_sample": False, "num_beams": 1, "return_timestamps": False, "max_length": longest}
    if getattr(model.generation_config, "is_multilingual", False):
        return asked | {"task": "transcribe", "language": language}
    if language not in {None, "en"}:
        raise ModelSetupError(f"this Whisper knows English only, not {language!r}: leave the language out, or take a multilingual one")
    return asked
