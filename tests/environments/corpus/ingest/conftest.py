"""What the tests of adding share: a way to run the command as a user does."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

pytest.importorskip("lancedb", reason="a corpus needs the extra `corpus`")


@pytest.fixture
def add(capsys: pytest.CaptureFixture[str]) -> Callable[..., dict[str, Any]]:
    """Run `add` in this process; the summary, with the exit code as `code` and what it complained of as `said`."""
    from environments.corpus.__main__ import main

    def run(*words: object) -> dict[str, Any]:
        code = main(["add", *map(str, words), "--json", "--workers", "1"])
        out, said = capsys.readouterr()
        return {**(json.loads(out) if out else {}), "code": code, "said": said}

    return run
