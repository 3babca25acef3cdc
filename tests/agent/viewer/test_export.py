"""The exported page: what is in it, how large it may be, and that nothing in it can do anything."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from html import unescape
from pathlib import Path
from typing import Any

import pytest

from agent.viewer.app import page_assets
from agent.viewer.bundle import bundled, document
from agent.viewer.export import export
from agent.viewer.library import open_library
from environments.base import Frame
from environments.frame_store import FrameStore
from personas.errors import StorageFailed, UserError
from tests.agent.viewer.traces import BEGUN, HOSTILE, answered, done, shown, write

BLOCK = re.compile(r'<script type="application/json" id="data-([^"]*)">(.*?)</script>\n', re.DOTALL)
PICTURES = [Frame.of(b"\xff\xd8\xff\xe0 picture %d " % number + b"x" * 20_000, float(number)) for number in range(3)]


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    """Three sessions that share three pictures, and one picture that is gone."""
    frames = [*({"sha256": picture.sha256, "t": picture.t} for picture in PICTURES), {"sha256": "f" * 64, "t": 9.0}]
    for name in ("a", "b", "c, <d>"):
        write(tmp_path / "runs" / name, BEGUN, shown(0, frames=frames), answered(0), done(0), shown(1))
    for picture in PICTURES:
        FrameStore(tmp_path / "runs" / "frames").put(picture)
    return tmp_path / "runs"


def blocks(page: Path) -> dict[str, Any]:
    """The data of an exported page by path."""
    return {unescape(name): json.loads(data) for name, data in BLOCK.findall(page.read_text(encoding="utf-8"))}


def test_one_file_holds_all_that_the_page_asks_for(runs: Path, tmp_path: Path) -> None:
    """Table, sessions, steps and each picture once, under the paths of the server; nothing in it is to be followed."""
    target = tmp_path / "replay.html"
    written = export(open_library(runs), target)
    assert (written.path, written.sessions, written.frames, written.frames_missing) == (target, 3, 4, 1)
    assert written.bytes == target.stat().st_size
    held = blocks(target)
    name = "c%2C%20%3Cd%3E"
    assert {"export", "api/experiment", "api/session/a", f"api/session/{name}/step/1"} <= set(held)
    assert held["export"] == {"sessions": ["a", "b", "c, <d>"]}
    assert held["api/session/a"]["live"] is False and held["api/experiment"]["live"] is False
    assert str(tmp_path) not in held["api/experiment"]["root"]
    for picture in PICTURES:
        kind, _, data = held[f"frames/{picture.sha256}"].partition(",")
        assert kind == "data:image/jpeg;base64" and base64.b64decode(data) == picture.jpeg
    assert len([path for path in held if path.startswith("frames/")]) == 3
    assert sorted(path.name for path in tmp_path.iterdir()) == ["replay.html", "runs"]


def test_a_folder_has_the_pictures_beside_the_page(runs: Path, tmp_path: Path) -> None:
    """The page and `frames/`, and it can be written again; of two sessions to compare, only these, and the page opens on them."""
    target = tmp_path / "replay"
    for _ in range(2):
        written = export(open_library(runs), target, compare=["b", "a"])
    held = blocks(target / "index.html")
    assert not [path for path in held if path.startswith("frames/")]
    assert sorted(path.name for path in (target / "frames").iterdir()) == sorted(f"{picture.sha256}.jpg" for picture in PICTURES)
    assert held["export"] == {"sessions": ["b", "a"], "start": "#/compare/b,a"}
    assert [each["name"] for each in held["api/experiment"]["sessions"]] == ["a", "b"]
    assert written.bytes == sum(path.stat().st_size for path in target.rglob("*") if path.is_file())


def test_the_policy_lets_only_its_own_script_run(runs: Path, tmp_path: Path) -> None:
    """The policy names the page's script and styles by their hashes, and nothing that could load anything."""
    target = tmp_path / "replay.html"
    export(open_library(runs), target)
    text = target.read_text(encoding="utf-8")
    (policy,) = re.findall(r'<meta http-equiv="Content-Security-Policy" content="([^"]*)">', text)
    assert policy.startswith("default-src 'none';") and "unsafe" not in policy and "http" not in policy and "connect-src" not in policy
    scripts = re.findall(r'<script type="module">(.*?)</script>', text, re.DOTALL)
    styles = re.findall(r"<style>(.*?)</style>", text, re.DOTALL)
    assert len(scripts) == 1 and styles
    for inline in (*scripts, *styles):
        assert f"'sha256-{base64.b64encode(hashlib.sha256(inline.encode()).digest()).decode()}'" in policy
    assert text.index("Content-Security-Policy") < text.index("<style>")
    assert not re.search(r'<script[^>]*\bsrc=|<link rel="stylesheet"', text)
    assert "img-src data:;" in policy


def test_hostile_words_cannot_leave_their_block(tmp_path: Path) -> None:
    """Names and texts that would close a script or open a tag come back as they were, and add no element to the page."""
    text = {"caption": "".join(HOSTILE[:-1]), "author": HOSTILE[4]}
    record = {
        "schema_version": 1,
        "spec": {"model": HOSTILE[4], "persona": HOSTILE[0]},
        "persona": {"name": HOSTILE[0], "text": HOSTILE[4]},
    }
    write(
        tmp_path / "runs" / '"><script>alert(1)<∕script>', BEGUN, shown(0, text=text), answered(0, raw=HOSTILE[4]), done(0), record=record
    )
    target = tmp_path / "replay.html"
    export(open_library(tmp_path / "runs"), target)
    page = target.read_text(encoding="utf-8")
    held = blocks(target)
    (name,) = held["export"]["sessions"]
    assert held["api/experiment"]["sessions"][0]["persona"] == HOSTILE[0]
    (row,) = next(data for path, data in held.items() if path.endswith("%3E"))["steps"]
    assert row["caption"] == text["caption"] and name.startswith('"><script>')
    assert page.count("<script") == page.count("</script>") == len(held) + 1
    assert "alert(1)<" not in page and "<svg/onload" not in page


def test_what_is_too_large_is_told_with_its_cures(runs: Path, tmp_path: Path) -> None:
    """One line that says how to get it smaller or whole, and nothing is left of the attempt; the folder form then fits."""
    with pytest.raises(UserError, match=r"larger than 0\.1 MB: raise --max-mb .*--compare.*--export .*replay") as told:
        export(open_library(runs), tmp_path / "replay.html", most_mb=0.1)
    assert "\n" not in str(told.value)
    assert [path.name for path in tmp_path.iterdir()] == ["runs"]
    page = len(document(page_assets(), "data:")[0]) / 1e6
    assert export(open_library(runs), tmp_path / "replay", most_mb=page + 0.05).frames == 4
    with pytest.raises(UserError, match="raise --max-mb"):
        export(open_library(runs), tmp_path / "again", most_mb=0.001)
    assert not (tmp_path / "again").exists()
    for wrong in (0, -1, float("nan"), float("inf")):
        with pytest.raises(UserError, match="--max-mb"):
            export(open_library(runs), tmp_path / "x.html", most_mb=wrong)


def test_nothing_else_is_written_over(runs: Path, tmp_path: Path) -> None:
    """A folder with other files, a file where a folder is meant, and a folder that is not there are refused; the runs stay as they are."""
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "thesis.txt").write_text("mine")
    (tmp_path / "file").write_text("mine")
    before = {path: path.stat().st_mtime_ns for path in runs.rglob("*")}
    for target in (tmp_path / "full", tmp_path / "file", tmp_path / "no" / "where.html", runs):
        with pytest.raises(UserError, match="--export"):
            export(open_library(runs), target)
    with pytest.raises(StorageFailed, match="cannot write"):
        export(open_library(runs), tmp_path / ("x" * 300 + ".html"))
    assert {path: path.stat().st_mtime_ns for path in runs.rglob("*")} == before
    assert (tmp_path / "full" / "thesis.txt").read_text() == "mine"


def test_modules_become_one_script() -> None:
    """Each module is a scope of its own, after those that it imports, with names as it gives them; a module comes once."""
    modules = {
        "main.js": 'import { one, two as second } from "./a.js";\nimport {\n  three,\n} from "./b.js";\nconst own = one(second, three);\n',
        "a.js": 'import { three } from "./b.js";\nconst own = three;\nexport const two = own;\nexport async function one() {}\n',
        "b.js": "export let three = 3;\nexport class Four {}\n",
    }
    script = bundled(modules, "main.js")
    assert [script.index(f"const module{number} =") for number in range(3)] == sorted(script.index(f"const module{n} =") for n in range(3))
    assert "const { one, two: second } = module1;" in script and "return { three, Four };" in script and "return { two, one };" in script
    assert not re.search(r"^\s*(import|export)\b", script, re.MULTILINE)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ('import x from "./a.js";', "plain form"),
        ('import "./a.js";', "plain form"),
        ("export default 3;", "plain form"),
        ("export { x };", "plain form"),
        ('const x = await import("./a.js");', "plain form"),
        ('const x = "</script>";', "plain form"),
        ('import { a } from "./main.js";', "circle"),
        ('import { a } from "./gone.js";', "no module"),
    ],
)
def test_a_module_of_another_form_is_refused(text: str, why: str) -> None:
    """What cannot be put into one script is found when it is written, not when a colleague opens the file."""
    with pytest.raises(ValueError, match=why):
        bundled({"main.js": text, "a.js": ""}, "main.js")


def test_the_page_is_in_the_plain_form() -> None:
    """The page's own modules and styles can be put into one file: no reference to any other file is left."""
    before, after = document(page_assets(), "data:")
    assert "assets/" not in before + after
    styles = "".join(re.findall(r"<style>(.*?)</style>", before, re.DOTALL))
    assert styles and not re.search(r"url\((?!['\"]?(?:data:|#))", styles) and "@import" not in styles
