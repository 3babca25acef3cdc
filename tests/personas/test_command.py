"""`python -m personas` as a user meets it: a process with an exit code, stdout and stderr."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from personas import persona_names

ROOT = Path(__file__).parents[2]


def personas(*arguments: str, cwd: Path = ROOT, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "personas", *arguments],
        check=False,
        cwd=cwd,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=60,
        env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUTF8": "1", **environment},
    )


def test_list_is_a_table_of_all_personas() -> None:
    """`list` prints a header, one aligned line a persona and one for all full profiles, and nothing on stderr."""
    done = personas("list")
    header, *rows = done.stdout.splitlines()
    assert (done.returncode, done.stderr) == (0, "")
    assert rows[-1].split()[:2] == ["profile-01..48", "profile"]
    assert sorted(row.split()[0] for row in rows[:-1]) == list(persona_names())
    column = header.index("SUMMARY")
    assert all(row[column - 2 : column] == "  " and row[column] != " " for row in rows)
    assert any(row.split()[:3] == ["hedonist", "high", "HE+1"] for row in rows)


def test_show_prints_the_target_and_every_text() -> None:
    """`show` prints each text of the persona under its number, and with --json everything there is to know."""
    data = json.loads(personas("show", "night-baker", "--json").stdout)
    done = personas("show", "night-baker")
    assert done.returncode == 0
    assert "HE+0.6" in done.stdout
    assert [wording["text"] in done.stdout for wording in data["texts"]] == [True, True, True]
    assert data["target"]["HE"] == 0.6
    assert len(data["traits"]) == 5


def test_list_as_json() -> None:
    """`list --json` prints one JSON array with a complete target a persona."""
    rows = json.loads(personas("list", "--json").stdout)
    assert rows[0]["name"] == "default"
    assert all(len(row["target"]) == 10 for row in rows)


def test_check_says_ok(tmp_path: Path) -> None:
    """`check` on a good file prints `ok:` with a summary, and exits 0."""
    (tmp_path / "me.toml").write_text('text = "You are an owl."\n[target]\nHE = 0.5\n')
    done = personas("check", "me.toml", cwd=tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (0, "ok: me (own), 1 text, target: HE+0.5\n", "")
    assert json.loads(personas("check", "me.toml", "--json", cwd=tmp_path).stdout)["ok"] is True


def test_check_says_what_to_change(tmp_path: Path) -> None:
    """`check` on a bad file prints one line on stderr and exits 2; --json puts the same line on stdout."""
    (tmp_path / "me.toml").write_text('text = "You are an owl."\n[target]\nHEX = 0.5\n')
    done = personas("check", "me.toml", "--json", cwd=tmp_path)
    line = "me.toml: target.HEX: unknown value code; use one of SD ST HE AC PO SE CO TR BE UN"
    assert (done.returncode, done.stderr) == (2, f"error: {line}\n")
    assert json.loads(done.stdout) == {"ok": False, "error": line}


def test_bad_usage_exits_with_2() -> None:
    """An unknown persona, a missing file, an unknown command and no command all exit 2 without a traceback."""
    for arguments in (["show", "hedonits"], ["check", "none.toml"], ["dance"], ["list", "--colour"], []):
        done = personas(*arguments)
        assert (done.returncode, done.stdout) == (2, "")
        assert "Traceback" not in done.stderr
    assert "did you mean hedonist?" in personas("show", "hedonits").stderr


def test_help_has_an_example() -> None:
    """`--help` shows commands to copy."""
    done = personas("--help")
    assert done.returncode == 0
    assert "python -m personas check ./me.toml" in done.stdout


def test_a_terminal_that_cannot_print_a_letter(tmp_path: Path) -> None:
    """On an ASCII stdout, letters outside it are escaped, and nothing fails."""
    (tmp_path / "me.toml").write_text('text = "Tu es Zoé."', encoding="utf-8")
    done = personas("show", "me.toml", cwd=tmp_path, PYTHONIOENCODING="ascii", PYTHONUTF8="0")
    assert done.returncode == 0
    assert "Zo\\xe9" in done.stdout


def test_a_reader_that_hangs_up() -> None:
    """When the pipe's reader has gone, the command ends without a traceback."""
    read, write = os.pipe()
    os.close(read)
    command = [sys.executable, "-m", "personas", "list"]
    done = subprocess.run(command, check=False, cwd=ROOT, stdout=write, stderr=subprocess.PIPE, text=True, timeout=60)
    os.close(write)
    assert (done.returncode, done.stderr) == (1, "")
