"""What the docs say is what the code does."""

from __future__ import annotations

import re
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

from agent.__main__ import COMMANDS
from agent.graph import graph

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


def test_the_example_in_the_readme_runs(tmp_path: Path, own_cache: Path) -> None:
    """The five lines of Python in the README run a session and print where it is."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    example = re.search(r"```python\n(.*?)```", readme, flags=re.DOTALL)
    assert example
    assert len([line for line in example.group(1).splitlines() if line.strip()]) <= 5
    done = subprocess.run([sys.executable, "-c", example.group(1)], cwd=tmp_path, capture_output=True, text=True, check=False, timeout=240)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("complete {")
    assert (tmp_path / done.stdout.splitlines()[-1] / "trace.jsonl").exists()


def test_links_between_pages_lead_somewhere() -> None:
    """Every relative link in the README and the docs names a file."""
    for page in [ROOT / "README.md", *(ROOT / "docs").glob("*.md")]:
        for target in re.findall(r"\]\(([^)#:]+)\)", page.read_text(encoding="utf-8")):
            assert (page.parent / target).exists(), f"{page.name}: {target}"


@pytest.mark.parametrize("command", COMMANDS)
def test_the_console_script_has_the_same_commands(command: str) -> None:
    """`axiofeed COMMAND --help` is the help of the module, and each help shows an example."""
    short = subprocess.run([sys.executable, "-m", "agent", command, "--help"], cwd=ROOT, capture_output=True, text=True, check=True)
    module = COMMANDS[command][0].removesuffix(".__main__")
    long = subprocess.run([sys.executable, "-m", module, "--help"], cwd=ROOT, capture_output=True, text=True, check=True)
    assert short.stdout == long.stdout
    assert "example" in short.stdout


def test_an_unknown_command_is_a_users_mistake() -> None:
    """The console script says in one line what is wrong and lists its commands, and exits with 2; so it does without a command."""
    for given, wrong in ((["brows"], "there is no command 'brows'"), ([], "a command is missing"), (["--version", "x"], "'--version'")):
        done = subprocess.run([sys.executable, "-m", "agent", *given], cwd=ROOT, capture_output=True, text=True, check=False)
        assert (done.returncode, done.stdout) == (2, "")
        assert done.stderr.startswith("error: ")
        assert wrong in done.stderr
        assert done.stderr.endswith(f"; choose one of: {', '.join(COMMANDS)} (axiofeed --help)\n")
        assert done.stderr.count("\n") == 1


def test_the_console_script_tells_its_version() -> None:
    """`axiofeed --version` prints the version of the installed package and nothing else."""
    done = subprocess.run([sys.executable, "-m", "agent", "--version"], cwd=ROOT, capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == (f"axiofeed {version('axiofeed')}\n", "")


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
