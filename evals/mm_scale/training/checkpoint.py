"""A training run's folder: what is written when, so that a killed run carries on where its last checkpoint stands.

    config.json              the recipe, versions of packages, which images are held out
    losses.jsonl             a line a step
    checkpoints/step-000050/ weights.safetensors (what is trained), optimizer.safetensors (moments, random generators), trainer.json
    before.json, after.json  figures on the held-out images; before.jsonl, after.jsonl: every answer to them
    held_out/                their items, as a deck that `run --items` takes
    adapter/, model/, merged/  what was trained, as other programs read it

Nothing is pickled. A checkpoint is written under another name and renamed when it is whole; the two newest are kept.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from environments.catalogue.storing import write_whole
from personas.errors import SpecError, StorageFailed

__all__ = ["Log", "kept", "load_checkpoint", "newest_checkpoint", "read_json", "save_checkpoint", "write_json"]

_KEEP = 2


@contextmanager
def kept(folder: Path) -> Iterator[None]:
    """An OSError within is StorageFailed, in one line."""
    try:
        yield
    except OSError as error:
        raise StorageFailed(f"cannot write to {folder}: {error.strerror or error}; give an --out with room that can be written") from error


def write_json(path: Path, value: Mapping[str, Any]) -> None:
    """Whole or not at all. Raises StorageFailed."""
    with kept(path.parent):
        write_whole(path, (json.dumps(value, ensure_ascii=False, indent=1) + "\n").encode())


def read_json(path: Path) -> dict[str, Any]:
    """A file of a run. Raises SpecError where it is no JSON object."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        found = None
    if not isinstance(found, dict):
        raise SpecError(f"{path} cannot be read as JSON; train into another --out")
    return found


class Log:
    """losses.jsonl. `step`: how many steps of it are kept, the rest (a torn line too) was written after the checkpoint, and is redone."""

    def __init__(self, path: Path, step: int) -> None:
        lines = path.read_bytes().splitlines(keepends=True)[:step] if path.is_file() else []
        if len(lines) < step:
            raise SpecError(f"{path} holds {len(lines)} steps, the checkpoint {step}: they are not of one run; train into another --out")
        with kept(path.parent):
            write_whole(path, b"".join(lines))
        self._path = path

    def add(self, line: Mapping[str, Any]) -> None:
        """A step, on the disk when this returns."""
        with kept(self._path.parent), self._path.open("ab") as file:
            file.write((json.dumps(line) + "\n").encode())


def save_checkpoint(folder: Path, step: int, model: Any, optimizer: Any) -> None:
    """After `step` steps. Raises StorageFailed."""
    from safetensors.torch import save_file  # noqa: PLC0415 - an extra: loads when used

    place, part = _checkpoints(folder) / f"step-{step:06}", _checkpoints(folder) / f".step-{step:06}.part"
    with kept(folder):
        shutil.rmtree(part, ignore_errors=True)
        part.mkdir(parents=True)
        save_file({name: weight.detach().cpu().contiguous() for name, weight in _trained(model).items()}, part / "weights.safetensors")
        save_file(_state(optimizer), part / "optimizer.safetensors")
        write_whole(part / "trainer.json", json.dumps({"step": step}).encode())
        for file in part.iterdir():
            _flush(file)
        shutil.rmtree(place, ignore_errors=True)
        part.replace(place)
        for old in sorted(_checkpoints(folder).glob("step-*"))[:-_KEEP]:
            shutil.rmtree(old)


def newest_checkpoint(folder: Path) -> Path | None:
    """The checkpoint to carry on from, None where there is none."""
    return max(_checkpoints(folder).glob("step-*"), default=None)


def load_checkpoint(place: Path, model: Any, optimizer: Any) -> int:
    """Weights, optimizer and random generators as they were. Returns the number of steps that were made. Raises SpecError."""
    import torch  # noqa: PLC0415
    from safetensors import SafetensorError  # noqa: PLC0415
    from safetensors.torch import load_file  # noqa: PLC0415

    step = read_json(place / "trainer.json").get("step")
    trained = _trained(model)
    try:
        weights, state = load_file(place / "weights.safetensors"), load_file(place / "optimizer.safetensors")
    except (OSError, SafetensorError) as error:
        raise SpecError(
            f"the checkpoint {place} is broken ({type(error).__name__}): remove its folder, and the one before is taken"
        ) from None
    if not isinstance(step, int) or set(weights) != set(trained) or any(weights[name].shape != trained[name].shape for name in weights):
        raise SpecError(f"the checkpoint {place} is of another model; train into another --out")
    with torch.no_grad():
        for name, weight in weights.items():
            trained[name].copy_(weight)
    torch.set_rng_state(state.pop("random.cpu"))
    if (cuda := state.pop("random.cuda", None)) is not None and torch.cuda.is_available():
        torch.cuda.set_rng_state(cuda)
    moments: dict[int, dict[str, Any]] = {}
    for name, value in state.items():
        number, _, moment = name.partition(".")
        moments.setdefault(int(number), {})[moment] = value
    optimizer.load_state_dict({"state": moments, "param_groups": optimizer.state_dict()["param_groups"]})
    return step


def _state(optimizer: Any) -> dict[str, Any]:
    """The optimizer's moments by number of the parameter, and the random generators."""
    import torch  # noqa: PLC0415

    state = {
        f"{number}.{moment}": value.detach().cpu().contiguous()
        for number, moments in optimizer.state_dict()["state"].items()
        for moment, value in moments.items()
    }
    state["random.cpu"] = torch.get_rng_state()
    if torch.cuda.is_available():
        state["random.cuda"] = torch.cuda.get_rng_state()
    return state


def _trained(model: Any) -> dict[str, Any]:
    return {name: weight for name, weight in model.named_parameters() if weight.requires_grad}


def _checkpoints(folder: Path) -> Path:
    return folder / "checkpoints"


def _flush(path: Path) -> None:
    with path.open("rb") as file:
        os.fsync(file.fileno())
