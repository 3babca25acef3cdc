"""The text embedder that comes with the package."""

from __future__ import annotations

import subprocess
import sys

import numpy as np

from environments.embed import wordllama_embedder


def test_rows_are_unit_vectors_in_order():
    """One float32 row of length 1 a text, whatever the batch it comes in; similar texts are closer than others."""
    embedder = wordllama_embedder()
    texts = ["a very long text about motors and engines " * 20, "baking bread", "", "cooking a cake in the oven", "\udcff broken", "🌅"]
    rows = embedder.embed_texts(texts)
    assert rows.shape == (6, embedder.dim)
    assert rows.dtype == np.float32
    lengths = np.linalg.norm(rows, axis=1)
    assert lengths[[0, 1, 3, 4]].tolist() == [np.float32(1)] * 4 or np.allclose(lengths[[0, 1, 3, 4]], 1)
    assert np.isfinite(rows).all()
    assert rows[2].tolist() == [0.0] * embedder.dim
    for text, row in zip(texts, rows, strict=True):
        assert np.allclose(embedder.embed_texts([text])[0], row, atol=1e-6)
    assert rows[1] @ rows[3] > rows[1] @ rows[0]
    assert embedder.embed_texts([]).shape == (0, embedder.dim)


def test_loading_is_offline_and_leaves_logging_alone():
    """A fresh process loads the embedder with every socket forbidden, and the root logger stays as it was."""
    code = """
import logging, socket
def refuse(*args, **kwargs): raise AssertionError("network")
socket.socket.connect = socket.create_connection = socket.getaddrinfo = refuse
from environments.embed import wordllama_embedder
assert wordllama_embedder().embed_texts(["hello"]).shape == (1, 256)
assert not logging.getLogger().handlers and logging.getLogger().level == logging.WARNING
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
