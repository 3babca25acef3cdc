"""Training for real, on a tiny random model: what it learns, what it writes, and that a killed run is the same run."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from evals.mm_scale.__main__ import main
from evals.mm_scale.training.loading import few_threads
from evals.mm_scale.training.recipe import Recipe
from evals.mm_scale.training.trainer import rate_at, train
from personas.errors import ModelSetupError, SpecError

pytestmark = pytest.mark.skipif(
    any(find_spec(package) is None for package in ("torch", "transformers", "peft", "accelerate")),
    reason="the extra `train` (torch, transformers, peft, accelerate) is not installed",
)

SMALL = Recipe("synthetic:images=24,scenarios=5,noise=.3", "tiny", "listwise", epochs=7, lr=5e-3, batch_images=4, lora_rank=0)
SHORT = replace(SMALL, items="synthetic:images=8,scenarios=3", batch_images=1, max_steps=12, save_every=4, lora_rank=4)


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """On a busy machine threads that wait for each other take twenty times as long."""
    import torch

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def lines(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "losses.jsonl").read_text(encoding="utf-8").splitlines()]


@pytest.mark.parametrize("loss", ["listwise", "pairwise"])
def test_training_improves_the_order_on_images_never_trained_on(loss: str, tmp_path: Path) -> None:
    """τ-b on held-out images rises far above that of the untrained model, and the model answers with a number from 1 to 5."""
    found = train(replace(SMALL, loss=loss), tmp_path / "out", tell=lambda line: None)
    before, after = found["before"], found["after"]
    assert after["tau_b"]["estimate"] > before["tau_b"]["estimate"] + 0.4
    assert after["tau_b"]["estimate"] > 0.35
    assert after["ndcg"]["estimate"] > before["ndcg"]["estimate"] + 0.05
    assert after["form"] > 0.8 > before["form"]
    config = json.loads((tmp_path / "out" / "config.json").read_text(encoding="utf-8"))
    assert not set(config["training"]) & set(config["held_out"])
    assert len(lines(tmp_path / "out")) == found["steps"] == 35


def test_a_run_killed_and_resumed_is_the_same_run(tmp_path: Path) -> None:
    """Killed between checkpoints with SIGKILL, then resumed: losses, answers and adapter are those of a run that was let be, bit by bit."""
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    train(SHORT, whole, tell=lambda line: None)
    code = f"import torch, pathlib; torch.set_num_threads(1); train({SHORT!r}, pathlib.Path({str(killed)!r}))"
    code = f"from evals.mm_scale.training.trainer import train; from evals.mm_scale.training.recipe import Recipe; {code}"
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.DEVNULL, env={**os.environ, "OMP_NUM_THREADS": "1"})
    log, deadline = killed / "losses.jsonl", time.monotonic() + 120
    while process.poll() is None and time.monotonic() < deadline and not (log.is_file() and log.read_bytes().count(b"\n") >= 6):
        time.sleep(0.002)
    process.send_signal(signal.SIGKILL)
    process.wait()
    made = log.read_bytes()
    assert 6 <= made.count(b"\n") < 12, "it was killed in the middle"
    log.write_bytes(made + b'{"step": 9')  # as a line that was being written
    told: list[str] = []
    train(SHORT, killed, resume=True, tell=told.append)
    assert any("carrying on after step" in line for line in told)
    assert log.read_bytes() == (whole / "losses.jsonl").read_bytes()
    for name in ("after.jsonl", "before.json", "adapter/adapter_model.safetensors"):
        assert (killed / name).read_bytes() == (whole / name).read_bytes(), name


def test_an_adapter_is_on_the_attention_of_the_language_model_alone(tmp_path: Path) -> None:
    """The adapter's tensors lie in the decoder; the merged model answers as the adapted one; the held-out items are a deck for `run`."""
    from safetensors.torch import load_file

    from evals.mm_scale.items import open_items
    from evals.mm_scale.training.evaluating import answers_to
    from evals.mm_scale.training.graded import image_sets, shown_items
    from evals.mm_scale.training.loading import trainable

    recipe = replace(SHORT, max_steps=3, lr=0.02)
    found = train(recipe, tmp_path / "out", merge=True, tell=lambda line: None)
    names = load_file(tmp_path / "out" / "adapter" / "adapter_model.safetensors")
    assert names
    assert all(".language_model." in name and "self_attn" in name for name in names)
    sets = image_sets(open_items(str(tmp_path / "out" / "held_out")))
    merged = trainable(replace(recipe, model=found["written"]["merged"], lora_rank=0), tmp_path / "none")
    answers = answers_to(sets, merged, lambda images: merged.ask(merged.read(shown_items(images, 0))))
    told = {row["item"]: row["rating"] for row in map(json.loads, (tmp_path / "out" / "after.jsonl").read_text().splitlines())}
    assert {each.item: each.rating for each in answers} == pytest.approx(told, abs=1e-4)
    assert not [path for path in (tmp_path / "out").rglob("*") if path.suffix in {".bin", ".pt", ".pkl", ".pth"}], "nothing is pickled"


def test_an_answer_does_not_depend_on_the_others_in_the_batch(tmp_path: Path) -> None:
    """Scenarios of other lengths beside it, hence padding, leave a rating as it is; large pictures are made smaller."""
    from evals.mm_scale.training.graded import image_sets, shown_items
    from evals.mm_scale.training.loading import trainable
    from evals.mm_scale.training.sources import items_of

    model = trainable(SHORT, tmp_path / "tiny")
    shown = shown_items(image_sets(items_of(SHORT, tmp_path / "items"))[0], 0)
    longer = replace(shown[1], words=f"{shown[1].words} {'the dog ' * 20}")
    together = model.ask(model.read([shown[0], longer])).rating
    assert float(together[0].detach()) == pytest.approx(float(model.ask(model.read(shown[:1])).rating.detach()), abs=1e-5)
    assert replace(model, most_pixels=200)._picture(shown[0]).size == (14, 14)


def test_the_learning_rate_rises_and_falls() -> None:
    """Over 40 steps: half at the first, the highest after two, near 0 at the last."""
    rates = [rate_at(step, 40, 1.0) for step in range(40)]
    assert rates[:3] == [0.5, 1.0, 1.0]
    assert rates[3:] == sorted(rates[3:], reverse=True)
    assert rates[-1] < 0.01


def test_folders_and_models_that_do_not_fit_are_one_line(tmp_path: Path) -> None:
    """A folder that is not empty, other options on --resume, no such model or device, a model without eyes."""
    out = tmp_path / "out"
    train(replace(SHORT, max_steps=1), out, tell=lambda line: None)
    with pytest.raises(SpecError, match="not empty: --resume"):
        train(SHORT, out)
    with pytest.raises(SpecError, match=r"other options \(--loss, --max-steps\)"):
        train(replace(SHORT, loss="pairwise"), out, resume=True)
    with pytest.raises(SpecError, match="nothing to resume"):
        train(SHORT, tmp_path / "new", resume=True)
    for _ in range(2):  # what failed before it began leaves nothing that is in the way
        with pytest.raises(ModelSetupError, match="there is no folder"):
            train(replace(SHORT, model="./nothing"), tmp_path / "a")
        assert not (tmp_path / "a").exists()
    with pytest.raises(SpecError, match="--device 'tpu': PyTorch finds cpu"):
        train(replace(SHORT, device="tpu"), tmp_path / "b")
    (broken := tmp_path / "text").mkdir()
    (broken / "config.json").write_text('{"model_type": "llama"}')
    (broken / "model.safetensors").write_bytes(b"")
    with pytest.raises(ModelSetupError, match=r"cannot be loaded|does not take pictures"):
        train(replace(SHORT, model=str(broken)), tmp_path / "c")


def test_the_tiny_model_is_computed_in_one_thread() -> None:
    """On a CPU; afterwards there are as many threads as before, and a larger model has them all."""
    import torch

    torch.set_num_threads(2)
    with few_threads(SMALL):
        assert torch.get_num_threads() == 1
    assert torch.get_num_threads() == 2
    with few_threads(replace(SMALL, model="OWNER/MODEL")):
        assert torch.get_num_threads() == 2


def test_the_command_prints_figures_and_how_to_go_on(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Two seeds: a table of means, and the lines that serve and evaluate what was trained; a bad option ends with code 2."""
    given = ["train", "--items", "synthetic:images=8,scenarios=3", "--model", "tiny", "--loss", "pointwise", "--max-steps", "1", "--quiet"]
    assert main([*given, "--seeds", "0,1", "--out", str(tmp_path / "out")]) == 0
    printed = capsys.readouterr().out
    assert "means over seeds" in printed
    assert "vllm serve" in printed
    assert "python -m evals.mm_scale run --items" in printed
    assert (tmp_path / "out" / "seed-1" / "model" / "model.safetensors").is_file()
    assert main([*given, "--out", str(tmp_path / "other"), "--lr", "-1"]) == 2
    assert "--lr must be above 0" in capsys.readouterr().err
