"""What tests of agents share: a real vision-language model, small enough for a test."""

from __future__ import annotations

import pytest

from tests.agent.models.tiny_gguf import TinyVlm, write_tiny_vlm


@pytest.fixture(scope="session")
def tiny_vlm(tmp_path_factory: pytest.TempPathFactory) -> TinyVlm:
    """The two files of a tiny random vision-language model, written once a session."""
    return write_tiny_vlm(tmp_path_factory.mktemp("gguf"))
