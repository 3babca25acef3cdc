"""What the docs say is what the code does."""

from __future__ import annotations

import re
import runpy
import sys
import warnings
from importlib.metadata import version
from pathlib import Path

import pytest

from agent.__main__ import COMMANDS, main
from agent.graph import graph
from tests.each import each

ROOT = Path(__file__).parents[1]


def test_the_drawn_graph_is_the_code() -> None:
    """The Mermaid drawing in docs/graph.md is the one that the code gives (`make docs` renews it)."""
    page = (ROOT / "docs" / "graph.md").read_text(encoding="utf-8")
    drawn = re.search(r"```mermaid\n(.*?)\n```", page, flags=re.DOTALL)
    assert drawn
    assert drawn.group(1) == graph.get_graph().draw_mermaid().strip()


def test_every_node_is_described() -> None:
    """The table in docs/graph.md names each node of the graph."""
    page = (ROOT / "docs" / "graph.md").read_text(encoding="utf-8")
    for node in graph.get_graph().nodes:
        assert node.startswith("__") or f"| `{node}` |" in page


def test_the_example_in_the_readme_runs(
    tmp_path: Path, own_cache: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The five lines of Python in the README run a session and print where it is."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    example = re.search(r"```python\n(.*?)```", readme, flags=re.DOTALL)
    assert example
    assert len([line for line in example.group(1).splitlines() if line.strip()]) <= 5
    monkeypatch.chdir(tmp_path)
    (tmp_path / "example.py").write_text(example.group(1), encoding="utf-8")
    runpy.run_path("example.py")
    printed = capsys.readouterr().out
    assert printed.startswith("complete {")
    assert (tmp_path / printed.splitlines()[-1] / "trace.jsonl").exists()


def test_links_between_pages_lead_somewhere() -> None:
    """Every relative link in the README and the docs names a file."""
    for page in [ROOT / "README.md", *(ROOT / "docs").glob("*.md")]:
        for target in re.findall(r"\]\(([^)#:]+)\)", page.read_text(encoding="utf-8")):
            assert (page.parent / target).exists(), f"{page.name}: {target}"


def as_typed(
    module: str, arguments: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> tuple[object, str, str]:
    """Exit code, stdout and stderr of `python -m MODULE …`, run as the main module of this process."""
    monkeypatch.setattr(sys, "argv", ["", *arguments])
    capsys.readouterr()
    with pytest.raises(SystemExit) as end, warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # it may have been imported before, under its own name
        runpy.run_module(module, run_name="__main__", alter_sys=True)
    return end.value.code or 0, *capsys.readouterr()


@each("command", COMMANDS)
def test_the_console_script_has_the_same_commands(
    command: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """`axiofeed COMMAND --help` is the help of the module, and each help shows an example."""
    short = as_typed("agent", [command, "--help"], monkeypatch, capsys)
    long = as_typed(COMMANDS[command][0].removesuffix(".__main__"), ["--help"], monkeypatch, capsys)
    assert short == long
    assert (short[0], short[2]) == (0, "")
    assert "example" in short[1]


def test_an_unknown_command_is_a_users_mistake(capsys: pytest.CaptureFixture[str]) -> None:
    """The console script says in one line what is wrong and lists its commands, and exits with 2; so it does without a command."""
    for given, wrong in ((["brows"], "there is no command 'brows'"), ([], "a command is missing"), (["--version", "x"], "'--version'")):
        code = main(given)
        out, err = capsys.readouterr()
        assert (code, out) == (2, "")
        assert err.startswith("error: ")
        assert wrong in err
        assert err.endswith(f"; choose one of: {', '.join(COMMANDS)} (axiofeed --help)\n")
        assert err.count("\n") == 1


def test_the_console_script_tells_its_version(capsys: pytest.CaptureFixture[str]) -> None:
    """`axiofeed --version` prints the version of the installed package and nothing else."""
    assert main(["--version"]) == 0
    assert capsys.readouterr() == (f"axiofeed {version('axiofeed')}\n", "")


def test_the_lock_file_pins_with_hashes_and_names_no_host() -> None:
    """Every line of requirements.lock is a pinned version with hashes, and no address stands in it."""
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    assert not re.search(r"https?:|--index|--find-links|file:", lock)
    blocks = re.split(r"\n(?=[a-zA-Z0-9])", lock.strip())
    assert len(blocks) > 50
    for block in blocks:
        assert re.match(r"[A-Za-z0-9._-]+(\[[a-z,]+\])?==\S+", block), block[:80]
        assert "--hash=sha256:" in block, block[:80]


def test_direct_dependencies_are_explained() -> None:
    """docs/dependencies.md has a row for each dependency of pyproject.toml."""
    import tomllib

    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    page = (ROOT / "docs" / "dependencies.md").read_text(encoding="utf-8")
    wanted = project["dependencies"] + [name for extra in project["optional-dependencies"].values() for name in extra]
    for requirement in wanted:
        name = re.match(r"[A-Za-z0-9_-]+", requirement)
        assert name
        assert re.search(rf"^\|.*\b{name.group()}\b", page, flags=re.MULTILINE), requirement


def test_every_trap_has_its_tests() -> None:
    """The tests that docs/traps.md names exist."""
    page = (ROOT / "docs" / "traps.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`(test_\w+)`", page))
    there = {
        name for path in (ROOT / "tests").rglob("test_*.py") for name in re.findall(r"def (test_\w+)\(", path.read_text(encoding="utf-8"))
    }
    assert len(named) > 60
    assert named - there == set()
