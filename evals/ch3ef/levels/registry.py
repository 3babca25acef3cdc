"""The formats that `import` reads: a line each."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from evals.ch3ef.levels.base import Reader

__all__ = ["FORMATS", "LEVELS", "Format"]

LEVELS = ("A1", "A2", "A3")
"""Perception, reasoning, human values."""


@dataclass(frozen=True)
class Format:
    """`module` holds `read(source, wanted)`; `dataset`: as items and tables name it; `level`: that its items stand at."""

    module: str
    dataset: str
    level: str

    @property
    def reader(self) -> Reader:
        """Loads the module."""
        return cast("Reader", import_module(self.module).read)


FORMATS = {
    "ch3ef": Format("evals.ch3ef.importing", "Ch3Ef", "A3"),
    "cifar10": Format("evals.ch3ef.levels.cifar10", "CIFAR-10", "A1"),
    "flickr30k": Format("evals.ch3ef.levels.flickr30k", "Flickr30k", "A1"),
    "voc": Format("evals.ch3ef.levels.voc", "PASCAL VOC", "A1"),
    "fsc147": Format("evals.ch3ef.levels.fsc147", "FSC147", "A1"),
    "scienceqa": Format("evals.ch3ef.levels.scienceqa", "ScienceQA", "A2"),
    "mmbench": Format("evals.ch3ef.levels.mmbench", "MMBench", "A2"),
    "mme": Format("evals.ch3ef.levels.mme", "MME", "A2"),
    "mmmu": Format("evals.ch3ef.levels.mmmu", "MMMU", "A2"),
}
