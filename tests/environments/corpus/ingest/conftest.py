"""What the tests of adding share: their films, and a way to run the command as a user does."""

from __future__ import annotations

import importlib.util
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("lancedb", reason="a corpus needs the extra `corpus`")

_PLACE = Path(__file__).with_name("films.py")
_SPEC = importlib.util.spec_from_file_location("ingest_films", _PLACE)
assert _SPEC is not None and _SPEC.loader is not None
_FILMS = importlib.util.module_from_spec(_SPEC)
sys.modules["ingest_films"] = _FILMS
_SPEC.loader.exec_module(_FILMS)


@pytest.fixture
def films() -> Any:
    """The module with `write_film` and `copied`."""
    return _FILMS


@pytest.fixture
def add(capsys: pytest.CaptureFixture[str]) -> Callable[..., dict[str, Any]]:
    """Run `add` in this process; the summary, with the exit code as `code` and what it complained of as `said`."""
    from environments.corpus.__main__ import main

    def run(*words: object) -> dict[str, Any]:
        code = main(["add", *map(str, words), "--json", "--workers", "1"])
        out, said = capsys.readouterr()
        return {**(json.loads(out) if out else {}), "code": code, "said": said}

    return run
