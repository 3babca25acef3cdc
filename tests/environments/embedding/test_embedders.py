"""From a name to an embedder, and what is said where there is none."""

from __future__ import annotations

import subprocess
import sys

import pytest

from environments.embed import Embedder
from environments.embedders import EMBEDDERS, make_embedder
from environments.embedding import weights
from personas.errors import ModelSetupError


def test_the_default_comes_by_both_its_names() -> None:
    """`wordllama` is the embedder of the package, and the name that it gives itself leads back to it."""
    embedder: Embedder = make_embedder("wordllama")
    assert make_embedder(embedder.name) is embedder
    assert embedder.embed_texts(["soup"]).shape == (1, 256)


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("word2vec", "wordllama, clip/"),
        ("", "wordllama, clip/"),
        ("clip", "clip/openai/"),
        ("clip/ ", "clip/openai/"),
        ("vllm/", "vllm/Qwen/"),
        ("wordllama/other", "write wordllama"),
        ("clip/./nowhere", "there is no folder './nowhere'"),
        ("clip/three/part/name", "neither a folder nor OWNER/MODEL"),
        ("clip/bad name", "neither a folder nor OWNER/MODEL"),
    ],
)
def test_a_wrong_name_is_one_line_with_the_choices(name: str, told: str) -> None:
    """What is unknown or unfinished is said with what to write instead."""
    if name.startswith("clip/") and name.strip() != "clip/":
        pytest.importorskip("transformers")
        pytest.importorskip("torch")
    with pytest.raises(ModelSetupError) as caught:
        make_embedder(name)
    assert told in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_base_url_is_for_servers_only() -> None:
    """An embedder that runs here refuses the address of a server."""
    with pytest.raises(ModelSetupError, match="asks no server"):
        make_embedder("wordllama", base_url="http://127.0.0.1:8000/v1")


def test_a_missing_extra_says_how_to_install_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without PyTorch a CLIP cannot be made, and the message holds the command."""
    monkeypatch.setattr(weights, "find_spec", lambda name: None if name == "torch" else object())
    with pytest.raises(ModelSetupError, match=r'clip/x/y needs torch: pip install "axiofeed\[transformers\]"'):
        make_embedder("clip/x/y")


def test_choosing_costs_nothing() -> None:
    """Importing the registry, and looking through it, loads no library; every kind's module is where the registry says."""
    code = """
import sys
import environments.embedders as e
heavy = {"numpy", "torch", "transformers", "openai", "wordllama", "PIL", "av", "huggingface_hub"} & set(sys.modules)
assert not heavy, heavy
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert all(callable(entry.load()) for entry in EMBEDDERS.values())
