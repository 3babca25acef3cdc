"""Sound and speech: real clips made here, and a tiny random Whisper that writes noise."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from environments.embedding.sound import RATE, read_sound
from environments.embedding.speech import WhisperTranscriber, circles, make_transcriber, windows
from personas.errors import FeedError, ModelSetupError
from tests.environments.embedding.tiny_models import NEEDS_TORCH, WHISPER_LENGTH, write_whisper

Tiny = Callable[[str], Path]
Sound = NDArray[np.float32]


def noise(seconds: float, loudness: float = 0.2, seed: int = 0) -> Sound:
    return (loudness * np.random.default_rng(seed).normal(size=round(seconds * RATE))).clip(-1, 1).astype(np.float32)


def tone(seconds: float, rate: int, hertz: float = 440.0) -> Sound:
    return (0.5 * np.sin(2 * np.pi * hertz * np.arange(round(seconds * rate)) / rate)).astype(np.float32)


def write_clip(path: Path, sound: Sound | None, *, rate: int = RATE, channels: int = 1, codec: str = "pcm_s16le") -> Path:
    """A clip of one dark picture a second with `sound`."""
    import av

    with av.open(str(path), "w") as container:
        video = container.add_stream("mpeg4", rate=1)
        video.width, video.height, video.pix_fmt = 48, 64, "yuv420p"
        audio = None if sound is None else container.add_stream(codec, rate=rate, layout="mono" if channels == 1 else "stereo")
        for _ in range(1 if sound is None else max(1, len(sound) // rate)):
            container.mux(video.encode(av.VideoFrame.from_ndarray(np.zeros((64, 48, 3), np.uint8), format="rgb24")))
        container.mux(video.encode())
        if audio is not None and sound is not None:
            kind = "s16" if codec.startswith("pcm") else "fltp"
            samples = np.repeat(sound[None], channels, axis=0)
            data = (samples.T.reshape(1, -1) * 32767).astype(np.int16) if kind == "s16" else samples
            frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(data), format=kind, layout=audio.layout.name)
            frame.rate = rate
            for piece in _pieces(frame, audio):
                container.mux(audio.encode(piece))
            container.mux(audio.encode())
    return path


def _pieces(frame: object, audio: object) -> list[object]:
    """Frames of the size that the codec takes."""
    import av

    fifo = av.AudioFifo()
    fifo.write(frame)
    return [*fifo.read_many(1024), fifo.read(0, partial=True)] if fifo.samples % 1024 else fifo.read_many(1024)


def test_sound_is_read_as_16_khz_mono(tmp_path: Path) -> None:
    """Stereo AAC at 44.1 kHz comes out at 16 kHz with its pitch and loudness; the length is that of the clip, or what was asked for."""
    path = write_clip(tmp_path / "a.mp4", tone(3, 44_100), rate=44_100, channels=2, codec="aac")
    sound = read_sound(path, 60)
    assert sound.dtype == np.float32
    assert abs(len(sound) / RATE - 3) < 0.15
    middle = sound[RATE : 2 * RATE]
    assert np.argmax(np.abs(np.fft.rfft(middle))) == pytest.approx(440, abs=2)
    assert np.sqrt(np.mean(middle**2)) == pytest.approx(0.5 / np.sqrt(2), rel=0.05)
    assert len(read_sound(path, 1.5)) == 1.5 * RATE
    plain = write_clip(tmp_path / "b.mkv", tone(1, 48_000), rate=48_000)
    assert len(read_sound(plain, 60)) == RATE  # to the last sample


def test_a_clip_without_sound_has_no_samples(tmp_path: Path) -> None:
    """No audio stream is no error; what is no video is one, in one line."""
    assert len(read_sound(write_clip(tmp_path / "mute.mp4", None), 60)) == 0
    (tmp_path / "text.mp4").write_text("not a video", encoding="utf-8")
    with pytest.raises(FeedError, match=r"text\.mp4: it is no video"):
        read_sound(tmp_path / "text.mp4", 60)


def test_windows_are_whole_and_end_in_the_quiet() -> None:
    """Pieces of at most 30 s make up the sound again; a pause in the last five seconds of a window is where it ends."""
    sound = noise(70)
    sound[int(27.0 * RATE) : int(27.6 * RATE)] = 0
    pieces = windows(sound)
    assert np.array_equal(np.concatenate(pieces), sound)
    assert all(0 < len(piece) <= 30 * RATE for piece in pieces)
    assert 27.0 * RATE <= len(pieces[0]) <= 27.6 * RATE
    assert [len(piece) for piece in windows(noise(30))] == [30 * RATE]
    assert [len(piece) for piece in windows(noise(0))] == [0]
    assert len(windows(np.zeros(61 * RATE, dtype=np.float32))) == 3


def test_answers_that_go_round_in_circles_are_told() -> None:
    """Repeated words are noticed; ordinary speech of any length is not."""
    assert circles("thank you for watching " * 12)
    assert circles("謝謝觀看" * 30)
    assert not circles("")
    assert not circles("Today we make my grandmother's soup: onions first, slowly, then the carrots, and no salt before the very end.")


@NEEDS_TORCH
def test_a_clip_is_heard_window_by_window(tiny: Tiny, tmp_path: Path) -> None:
    """What the library writes for each window, joined; the same again, also from four threads; silence and a mute clip give ""."""
    import torch
    from transformers import WhisperFeatureExtractor, WhisperForConditionalGeneration, WhisperTokenizer

    folder = tiny("whisper")
    path = write_clip(tmp_path / "speech.mkv", np.concatenate([noise(20), noise(25, seed=1)]))
    heard = make_transcriber(str(folder))
    assert heard.name == str(folder)
    text = heard.transcribe(path)
    model, listen = WhisperForConditionalGeneration.from_pretrained(folder), WhisperFeatureExtractor.from_pretrained(folder)
    tokenizer = WhisperTokenizer.from_pretrained(folder)
    expected = []
    for piece in windows(read_sound(path, 600)):
        with torch.no_grad():
            tokens = model.generate(**listen(piece, sampling_rate=RATE, return_tensors="pt"), task="transcribe", max_length=WHISPER_LENGTH)
        expected.append(" ".join(tokenizer.decode(tokens[0], skip_special_tokens=True).split()))
    assert len(expected) == 2
    assert all(expected)
    assert text == " ".join(piece for piece in expected if not circles(piece))
    with ThreadPoolExecutor(4) as pool:
        assert set(pool.map(heard.transcribe, [path] * 4)) == {text}
    silence = write_clip(tmp_path / "silence.mkv", noise(40, loudness=0.0002))
    assert heard.transcribe(silence) == ""
    assert heard.transcribe(write_clip(tmp_path / "mute.mkv", None)) == ""


@NEEDS_TORCH
def test_length_is_bounded(tiny: Tiny, tmp_path: Path) -> None:
    """Of a long clip the beginning is heard, and a window gives no more than the model can write."""
    path = write_clip(tmp_path / "speech.mkv", noise(45))
    start = WhisperTranscriber(str(tiny("whisper")), longest_s=5.0).transcribe(path)
    assert 0 < len(start) <= WHISPER_LENGTH
    assert start == make_transcriber(str(tiny("whisper"))).transcribe(write_clip(tmp_path / "short.mkv", noise(45)[: 5 * RATE]))


@NEEDS_TORCH
def test_languages_are_checked_when_it_is_made(tiny: Tiny, tmp_path: Path) -> None:
    """A language that the model does not know, or any where it knows English only, is one line."""
    path = write_clip(tmp_path / "speech.mkv", noise(3))
    assert make_transcriber(str(tiny("whisper")), language="de").transcribe(path)
    english = write_whisper(tmp_path / "english", seed=2, multilingual=False)
    assert make_transcriber(str(english), language="en").transcribe(path)
    for folder, language in ((tiny("whisper"), "xx"), (english, "de")):
        with pytest.raises(ModelSetupError) as caught:
            make_transcriber(str(folder), language=language)
        assert "\n" not in str(caught.value)


@NEEDS_TORCH
def test_other_models_are_refused(tiny: Tiny, tmp_path: Path) -> None:
    """A CLIP is no Whisper, and a Whisper with pickled weights only, or that hears another rate, is none that is used."""
    with pytest.raises(ModelSetupError, match="of type clip"):
        make_transcriber(str(tiny("clip")))
    pickled = Path(shutil.copytree(tiny("whisper"), tmp_path / "pickled"))
    (pickled / "model.safetensors").rename(pickled / "pytorch_model.bin")
    with pytest.raises(ModelSetupError, match="pickled ones"):
        make_transcriber(str(pickled))
    slow = Path(shutil.copytree(tiny("whisper"), tmp_path / "slow"))
    settings = json.loads((slow / "preprocessor_config.json").read_text(encoding="utf-8"))
    (slow / "preprocessor_config.json").write_text(json.dumps(settings | {"sampling_rate": 8000}), encoding="utf-8")
    with pytest.raises(ModelSetupError, match="8000 samples"):
        make_transcriber(str(slow))
