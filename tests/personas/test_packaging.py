"""What importing the package costs, and that its data travels with it."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import personas
from personas import persona_names

ROOT = Path(__file__).parents[2]
HEAVY = {"pydantic", "pydantic_core", "numpy", "av", "openai", "anthropic", "PIL", "langgraph", "structlog", "tomllib"}


def python(code: str, path: Path = ROOT) -> str:
    command, environment = [sys.executable, "-c", code], {"PYTHONPATH": str(path)}
    done = subprocess.run(command, check=False, cwd=path.parent, env=environment, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_importing_loads_nothing_heavy() -> None:
    """`import personas` and its command line bring in no pydantic, SDK, decoder or array library; names are listed without them too."""
    code = "import sys, personas, personas.__main__, personas.persona; personas.persona_names(); print(*sys.modules)"
    loaded = {name.split(".")[0] for name in python(code).split()}
    assert "personas" in loaded
    assert not loaded & HEAVY


def test_loading_a_persona_needs_pydantic_alone() -> None:
    """A loaded persona brings in pydantic, and none of the other heavy packages."""
    code = "import sys, personas; personas.load_persona('hedonist'); print(*sys.modules)"
    assert {name.split(".")[0] for name in python(code).split()} & HEAVY == {"pydantic", "pydantic_core", "tomllib"}


def test_the_library_loads_from_a_zip(tmp_path: Path) -> None:
    """The library is read through importlib.resources: it loads where the package is not a folder on disk."""
    archive = tmp_path / "site.zip"
    package = Path(personas.__file__).parent
    with zipfile.ZipFile(archive, "w") as target:
        for file in sorted(package.rglob("*")):
            if file.suffix in {".py", ".toml", ".json"}:
                target.write(file, Path("personas") / file.relative_to(package))
    code = "import personas; print(personas.__file__, len(personas.load_library()), personas.load_persona('hedonist').name)"
    where, count, name = python(code, archive).split()
    assert where.startswith(str(archive))
    assert (int(count), name) == (len(persona_names()), "hedonist")


def test_the_exported_names() -> None:
    """The package's public names are these; another one is a decision."""
    assert sorted(personas.__all__) == ["Persona", "PersonaText", "load_library", "load_persona", "persona_names"]
