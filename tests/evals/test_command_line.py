"""Options that all commands of evals share: what they take, and one line for what they do not."""

from __future__ import annotations

from importlib import import_module

import pytest

from evals.command_line import seed, share

SCORES = (
    ("ch3ef", ["score", "runs"]),
    ("ch3ef", ["relations", "runs"]),
    ("culture", ["score", "runs"]),
    ("mm_scale", ["score", "runs"]),
    ("benchmark", ["any", "score", "runs"]),
)


@pytest.mark.parametrize(("name", "command"), SCORES, ids=[f"{name}-{command[-2]}" for name, command in SCORES])
@pytest.mark.parametrize(("option", "value"), [("--seed", "-1"), ("--seed", "1e3"), ("--level", "1"), ("--level", "0.9999999999999999")])
def test_a_seed_or_level_that_is_none_is_one_line(
    name: str, command: list[str], option: str, value: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit code 2 before anything is read, and the option named."""
    with pytest.raises(SystemExit) as ended:
        import_module(f"evals.{name}.__main__").main([*command, option, value])
    error = capsys.readouterr().err
    assert ended.value.code == 2
    assert f"argument {option}: give a" in error
    assert error.count("\n") == 1


def test_what_seeds_and_shares_are() -> None:
    """Whole numbers from 0, and numbers between 0 and 1."""
    assert (seed("0"), seed(str(2**63 - 1)), share("0.95"), share("0.999")) == (0, 2**63 - 1, 0.95, 0.999)
