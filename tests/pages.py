"""Commands of a page of the docs, run as they stand: those in its ```sh blocks."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable
from importlib import import_module
from pathlib import Path

import pytest

__all__ = ["blocks_of", "run_commands"]

DOCS = Path(__file__).parents[1] / "docs"


def blocks_of(page: str) -> list[list[str]]:
    """The lines of each ```sh block of docs/`page`."""
    text = (DOCS / page).read_text(encoding="utf-8")
    return [block.strip().splitlines() for block in re.findall(r"```sh\n(.*?)```", text, flags=re.DOTALL)]


def run_commands(commands: Iterable[str], capsys: pytest.CaptureFixture[str]) -> list[str]:
    """What each command printed; each is run by its `main`, in this process (starting one takes longer than most of them), and succeeds."""
    printed = []
    for command in commands:
        python, flag, name, *arguments = shlex.split(command, comments=True)
        assert (python, flag) == ("python", "-m")
        module = import_module(name)
        main = import_module(f"{name}.__main__").main if hasattr(module, "__path__") else module.main
        code = main(arguments)
        out, err = capsys.readouterr()
        assert code == 0, f"{command}\n{out[-2000:]}\n{err[-2000:]}"
        printed.append(out)
    return printed
