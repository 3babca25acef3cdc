"""The rules of the house: where imports point, what may be caught, how long a file is, what the wheel holds."""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = ("personas", "environments", "agent", "evals")
"""Lowest first: each may import those before it."""

COMMANDS = {"agent/browse.py", "agent/sweep.py", "agent/replay.py"}
"""Thin command modules, which may call an eval inside their functions."""

BORDERS = {"agent/session.py", "agent/experiments/worker.py", "evals/command_line.py", *COMMANDS}
"""Where anything may be caught: the record is written first, or the user is told."""

ENTRANCES = (
    "agent/__init__.py",
    "agent/__main__.py",
    "agent/browse.py",
    "agent/experiments/__init__.py",
    "agent/experiments/command.py",
    "agent/rate.py",
    "agent/replay.py",
    "agent/sweep.py",
    "environments/corpus/__init__.py",
    "environments/corpus/__main__.py",
    "environments/corpus/command.py",
    "environments/corpus/ingest/__init__.py",
    "environments/corpus/ingest/command.py",
    "environments/recorded/__main__.py",
    "evals/adaptive/__main__.py",
    "evals/adaptive/command.py",
    "evals/auto_bench/__main__.py",
    "evals/auto_bench/command.py",
    "evals/benchmark/__init__.py",
    "evals/benchmark/__main__.py",
    "evals/benchmark/command.py",
    "evals/benchmark/options.py",
    "evals/ch3ef/__main__.py",
    "evals/ch3ef/command.py",
    "evals/ch3ef/levels/registry.py",
    "evals/command_line.py",
    "evals/culture/__main__.py",
    "evals/culture/command.py",
    "evals/judging/__main__.py",
    "evals/judging/command.py",
    "evals/labels/__main__.py",
    "evals/labels/command.py",
    "evals/mm_scale/__init__.py",
    "evals/mm_scale/__main__.py",
    "evals/mm_scale/command.py",
    "evals/mm_scale/training/command.py",
    "evals/value_spectrum/__main__.py",
    "evals/value_spectrum/command.py",
    "evals/values/__main__.py",
    "evals/values/command.py",
    "personas/__init__.py",
    "personas/__main__.py",
    "personas/errors.py",
)
"""What `--help` imports."""

LONGEST = 400
FORBIDDEN = {"pickle", "cPickle", "dill", "shelve", "marshal", "cloudpickle", "joblib", "tests", "benchmarks"}

FILES = {str(path.relative_to(ROOT)): path for package in PACKAGES for path in sorted((ROOT / package).rglob("*.py"))}
TREES = {name: ast.parse(path.read_text(encoding="utf-8"), name) for name, path in FILES.items()}


def imported(node: ast.AST) -> list[str]:
    """The modules that one statement imports."""
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom):
        assert node.level == 0, "imports are absolute"
        return [str(node.module)]
    return []


def imports(tree: ast.AST, *, in_functions: bool = True, typing: bool = True) -> Iterator[tuple[str, int, bool]]:
    """(module, line, whether inside a function) of every import; without those under `if TYPE_CHECKING` unless `typing`."""

    def walk(node: ast.AST, inside: bool) -> Iterator[tuple[str, int, bool]]:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.If) and isinstance(child.test, ast.Name) and child.test.id == "TYPE_CHECKING" and not typing:
                continue
            for module in imported(child):
                yield module, child.lineno, inside
            deeper = inside or isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
            if not deeper or in_functions:
                yield from walk(child, deeper)

    return walk(tree, False)


def test_imports_point_one_way() -> None:
    """evals → agent → environments → personas, also inside functions and for types; a command module may call an eval within a function."""
    wrong = []
    for name, tree in TREES.items():
        own = PACKAGES.index(name.split("/", maxsplit=1)[0])
        for module, line, inside in imports(tree):
            top = module.split(".")[0]
            if top not in PACKAGES or PACKAGES.index(top) <= own or (name in COMMANDS and inside and top == "evals"):
                continue
            wrong.append(f"{name}:{line} imports {module}")
    assert wrong == []


@pytest.mark.parametrize("name", ENTRANCES)
def test_entrances_import_only_the_standard_library(name: str) -> None:
    """What the help touches imports, when it is loaded, nothing that is installed and nothing of ours that might."""
    for module, line, _ in imports(TREES[name], in_functions=False, typing=False):
        top = module.split(".")[0]
        light = (
            top in sys.stdlib_module_names
            or top == "__future__"
            or module.startswith("personas")
            or f"{module.replace('.', '/')}.py" in ENTRANCES
        )
        assert light, f"{name}:{line} imports {module} at import time"


OPTIONAL = {"xllamacpp", "vllm", "playwright", "ray", "torch", "transformers", "peft", "accelerate", "yt_dlp"}


def test_optional_parts_load_when_used() -> None:
    """Extras and the browser driver are imported inside functions only: without them installed every module still imports."""
    assert [
        f"{name}:{line} imports {module} at import time"
        for name, tree in TREES.items()
        for module, line, inside in imports(tree, typing=False)
        if module.split(".")[0] in OPTIONAL and not inside
    ] == []


def catches_all(handler: ast.ExceptHandler) -> bool:
    """Whether a handler catches Exception, BaseException or everything, without raising it again at its end."""
    kinds = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    broad = any(kind is None or (isinstance(kind, ast.Name) and kind.id in {"Exception", "BaseException"}) for kind in kinds)
    return broad and not (isinstance(handler.body[-1], ast.Raise) and handler.body[-1].exc is None)


def test_only_the_borders_catch_everything() -> None:
    """`except Exception` stands in the session runner and in command lines alone; elsewhere the error is named, or raised again."""
    assert [
        f"{name}:{node.lineno}"
        for name, tree in TREES.items()
        if name not in BORDERS and not name.endswith("__main__.py")
        for node in ast.walk(tree)
        if isinstance(node, ast.ExceptHandler) and catches_all(node)
    ] == []


def test_a_file_says_what_it_is_for_and_is_not_long() -> None:
    """Every module has a docstring, and none has more than 400 lines."""
    assert [name for name, tree in TREES.items() if not ast.get_docstring(tree)] == [], "what is it for?"
    assert [name for name, path in FILES.items() if len(path.read_text(encoding="utf-8").splitlines()) > LONGEST] == []


def unsafe(call: ast.Call) -> bool:
    """Whether a call evaluates text or has a shell do it."""
    shell = [word for word in call.keywords if word.arg == "shell" and getattr(word.value, "value", None) is not False]
    return bool(shell) or (isinstance(call.func, ast.Name) and call.func.id in {"eval", "exec", "compile"})


def test_nothing_is_pickled_or_evaluated() -> None:
    """No pickles, no eval and no exec of text, no shell; and the product never imports its tests."""
    for name, tree in TREES.items():
        assert [f"{name}: {module}" for module, _, _ in imports(tree) if module.split(".")[0] in FORBIDDEN] == []
        assert [f"{name}:{node.lineno}" for node in ast.walk(tree) if isinstance(node, ast.Call) and unsafe(node)] == []


def test_the_rules_see_what_they_are_for() -> None:
    """The checks of this file find an import in a function, one for types, and a broad handler."""
    source = """
from typing import TYPE_CHECKING
if TYPE_CHECKING:
    import a
def f():
    import b
    try: pass
    except Exception: pass
"""
    tree = ast.parse(source)
    assert {module for module, _, _ in imports(tree)} == {"typing", "a", "b"}
    assert {module for module, _, _ in imports(tree, in_functions=False, typing=False)} == {"typing"}
    assert [catches_all(node) for node in ast.walk(tree) if isinstance(node, ast.ExceptHandler)] == [True]
    calls = ast.parse("eval(a)\nrun(a, shell=True)\nrun(a, shell=b)\nrun(a, shell=False)\nmodel.eval()")
    assert [unsafe(node.value) for node in calls.body if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call)] == [
        *(True, True, True, False, False),
    ]
    assert len(FILES) > 40


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """The names in the wheel, built from a copy of the sources without the network."""
    if int(version("setuptools").split(".")[0]) < 77:
        pytest.skip("building needs the setuptools of the development group")
    source, out = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("wheel")
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    for name in (*PACKAGES, "tests", "benchmarks", "docs"):
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, source / name, ignore=shutil.ignore_patterns("__pycache__"))
    build = [
        sys.executable,
        "-m",
        "pip",
        "wheel",
        "--no-build-isolation",
        "--no-deps",
        "--no-index",
        "--quiet",
        "-w",
        str(out),
        str(source),
    ]
    done = subprocess.run(build, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    (path,) = out.glob("*.whl")
    with zipfile.ZipFile(path) as archive:
        return archive.namelist()


def test_the_wheel_holds_the_four_packages_and_no_tests(wheel: list[str]) -> None:
    """Its top-level names are the four packages and its own metadata; everything in it is code, data, or licence."""
    tops = {name.split("/")[0] for name in wheel}
    assert {top for top in tops if not top.endswith(".dist-info")} == set(PACKAGES)
    assert len(tops) == len(PACKAGES) + 1
    inside = [name for name in wheel if ".dist-info/" not in name]
    assert not [name for name in inside if re.search(r"(^|/)(tests?/|test_|conftest)|_test\.py$", name)]


def test_every_source_and_data_file_is_in_the_wheel(wheel: list[str]) -> None:
    """What the packages hold in the repository (modules, TOML, JSON, fonts, py.typed) travels with the wheel."""
    expected = {
        str(path.relative_to(ROOT))
        for package in PACKAGES
        for path in (ROOT / package).rglob("*")
        if path.is_file() and path.suffix not in {".pyc", ".md"}
    }
    assert expected - set(wheel) == set()
    for name in ("personas/schwartz.json", "personas/library/hedonist.toml", "agent/models/prices.toml"):
        assert name in wheel
