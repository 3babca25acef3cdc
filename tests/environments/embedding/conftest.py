"""Tiny random models, written once for all tests of this folder."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.environments.embedding.tiny_models import write_clip, write_siglip, write_siglip2, write_whisper


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], Path]]:
    """The folder of a tiny model by its kind, written when it is first asked for. Not to be changed: copy it."""
    import torch

    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # on a busy machine threads that wait for each other take twenty times as long
    writers = {
        "clip": write_clip,
        "siglip": write_siglip,
        "siglip2": write_siglip2,
        "whisper": lambda folder: write_whisper(folder, seed=2),
    }
    written: dict[str, Path] = {}

    def folder(kind: str) -> Path:
        if kind not in written:
            written[kind] = writers[kind](tmp_path_factory.mktemp(kind))
        return written[kind]

    yield folder
    torch.set_num_threads(threads)
