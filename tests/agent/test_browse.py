"""`python -m agent.browse`, as it is typed."""

from __future__ import annotations

import io
import json
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest

from agent.browse import main
from personas.schwartz import HIGHER_ORDER
from tests.agent.driving import ROOT, browse, browse_here, check_whole, command, of, script
from tests.agent.models.provider_server import ProviderServer, Tokens, ok

pytestmark = pytest.mark.usefixtures("own_cache")
HEAVY = {
    *("anthropic", "openai", "httpx", "httpx2", "av", "PIL", "rapidocr", "onnxruntime", "wordllama", "numpy", "scipy", "playwright"),
    *("langgraph", "langchain_core", "langsmith", "pydantic", "structlog", "rich", "tenacity", "xllamacpp", "vllm", "asyncio"),
}


@pytest.mark.parametrize("module", ["agent.browse", "agent"])
def test_help_loads_nothing_heavy(module: str) -> None:
    """No SDK, decoder, array library or graph is imported to print the help."""
    names = ["--help"] if module == "agent.browse" else ["browse", "--help"]
    code = (
        "import sys, importlib; start = set(sys.modules); main = importlib.import_module(sys.argv[1]).main\n"
        "try: main(sys.argv[2:])\n"
        "except SystemExit as end: assert not end.code\n"
        "print('LOADED', *sorted({name.split('.')[0] for name in set(sys.modules) - start}))"
    )
    target = module if module == "agent.browse" else "agent.__main__"
    done = subprocess.run([sys.executable, "-c", code, target, *names], check=True, cwd=ROOT, capture_output=True, text=True)
    usage, _, loaded = done.stdout.rpartition("LOADED")
    assert "exit codes: 0 done" in usage
    assert "examples:" in usage
    assert not set(loaded.split()) & HEAVY


def test_help_takes_a_fraction_of_a_second() -> None:
    """A process of its own prints the help and is over, in one of three tries at least where others keep the machine busy."""

    def seconds() -> float:
        begun = time.perf_counter()
        subprocess.run(command("browse", "--help", module="agent"), check=True, cwd=ROOT, capture_output=True)
        return time.perf_counter() - begun

    assert any(seconds() < 1.0 for _ in range(3))


def test_a_session_from_the_command_line(clips: Path, tmp_path: Path) -> None:
    """Exit code 0; progress, one plain line a clip, on stderr; the look back and the run folder on stdout; with --json one summary last."""
    done = browse("--feed", clips, "--model", "scripted/mixed", "--persona", "hedonist", "--runs", tmp_path, "--json")
    assert done.returncode == 0, done.stderr
    summary = json.loads(done.stdout.splitlines()[-1])
    assert (summary["status"], summary["steps"], summary["session"]) == ("complete", 7, "hedonist-scripted-mixed-001")
    assert summary["answers"] == {"answered": 7, "refused": 0, "unparsable": 0, "failed": 0}
    assert summary["profile"] == [], "these clips carry no value labels"
    assert "7 clips shown" in done.stdout
    assert "No value profile: the clips of this feed carry no value labels." in done.stdout
    assert f"run folder: {tmp_path}" in done.stdout
    lines = done.stderr.splitlines()
    assert lines[:2] == ["hedonist, played by scripted/mixed: 7 clips", "   clip  decision    caption"]
    assert [line.split()[0] for line in lines[2:]] == [f"{n}/7" for n in range(1, 8)]
    assert not re.search(r"\[[^\]]*\$|\$0\.", done.stderr), "nothing is said about cost where there is none"
    assert [bool(re.search(r"  \[0:\d\d left\]$", line)) for line in lines[2:]] == [False] * 2 + [True] * 5, "not before there is a pace"
    assert "\x1b" not in done.stdout + done.stderr, "no control characters where nobody looks at a terminal"
    check_whole(Path(summary["path"]), 7)


def test_a_finished_session_exits_0_and_says_so(clips: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The second run asks nothing and points to another name."""
    arguments = ("--feed", clips, "--model", "scripted/mixed", "--runs", tmp_path, "--session", "mine", "--quiet")
    assert browse_here(capsys, *arguments).returncode == 0
    again = browse_here(capsys, *arguments)
    assert again.returncode == 0
    assert "already complete" in again.stdout
    assert "--session" in again.stdout
    assert again.stderr == ""
    other = browse_here(capsys, *arguments, "--seed", "9")
    assert other.returncode == 2
    assert "seed 0, now 9" in other.stderr


def test_a_limit_exits_3_and_the_same_command_carries_on(clips: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What stopped it is said, with how to go on; --json gives the summary of a stopped session too."""
    arguments = ("--feed", clips, "--model", "scripted/mixed", "--runs", tmp_path, "--quiet", "--json")
    stopped = browse_here(capsys, *arguments, "--max-steps", "2")
    assert stopped.returncode == 3
    assert json.loads(stopped.stdout.splitlines()[-1])["status"] == "limit"
    assert "stopped: --max-steps 2 is reached. To go on: the same command with a higher limit. run folder: " in stopped.stdout
    done = browse_here(capsys, *arguments)
    assert json.loads(done.stdout.splitlines()[-1])["resumed"] is True
    assert len(list(tmp_path.glob("*/session.json"))) == 1


def test_two_personas_are_compared_on_the_same_clips(clips: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """--versus runs a second session with the same seed and prints where the two part; --json holds both."""
    both = ("--persona", "hedonist", "--versus", "default")
    done = browse_here(capsys, "--feed", clips, "--model", "scripted/mixed", *both, "--runs", tmp_path, "--json")
    assert done.returncode == 0, done.stderr
    summary = json.loads(done.stdout.splitlines()[-1])
    assert set(summary) == {"sessions", "comparison"}
    sessions = summary["sessions"]
    assert [each["persona"] for each in sessions] == ["hedonist", "default"]
    assert [each["profile"] for each in sessions] == [[], []]
    assert (summary["comparison"]["paired"], summary["comparison"]["agreed"], summary["comparison"]["target"]) == (7, 7, ["HE"])
    assert summary["comparison"]["overall"]["method"] == "Newcombe paired"
    shown = [[event["id"] for event in of(Path(each["path"]), "stimulus")] for each in sessions]
    assert shown[0] == shown[1]
    assert "hedonist against default, same clips" in done.stdout
    assert "both answered" in done.stdout
    assert done.stderr.splitlines().count("   clip  decision    caption") == 2
    assert done.stderr.index("hedonist, played by scripted/mixed: 7 clips") < done.stderr.index(
        "default, played by scripted/mixed: 7 clips"
    )


def test_two_profiles_of_the_catalogue_are_in_the_summary(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """On labelled clips each session has its profile and the comparison its intervals, as numbers with their method; on stdout the
    profiles stand in one table."""
    done = browse_here(
        capsys,
        *("--model", "planted/persona", "--persona", "hedonist", "--versus", "default", "--videos", 12, "--frames", 1),
        *("--runs", tmp_path, "--json", "--quiet"),
    )
    assert done.returncode == 0, done.stderr
    summary = json.loads(done.stdout.splitlines()[-1])
    for each in summary["sessions"]:
        assert {group["code"] for group in each["profile"]} >= set(HIGHER_ORDER)
        assert all(group["like_rate"]["method"] == "Wilson" and group["like_rate"]["n"] > 0 for group in each["profile"])
    assert summary["comparison"]["overall"]["method"] in {"Newcombe paired", "t over clusters"}
    assert done.stdout.count("PRELIMINARY profile") == 1
    assert re.search(r"like rate \[95% Wilson\] +hedonist +default *\n", done.stdout)
    assert re.search(r"mean rating 0–5 \[95% t\] +hedonist +default *\n", done.stdout)


def test_the_limits_of_a_comparison_hold_for_both_sessions_together(
    clips: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """What the first session spent is taken off the limit of the second, and so is its time; steps are counted by the session."""
    prices = [f"{name}=1000" for name in ("price_input", "price_output")]
    options = [part for price in prices for part in ("--model-option", price)]
    with ProviderServer(ok(tokens=Tokens(7000, 2000, 1000, 500, 200))) as server:
        both = ("--model", "compatible/x", "--base-url", server.url(), *options, "--persona", "hedonist", "--versus", "default")
        where = ("--feed", clips, "--runs", tmp_path, "--session", "mine", "--quiet", "--json")
        done = browse_here(capsys, *both, *where, "--videos", 3, "--max-usd", "56")
        assert done.returncode == 3, done.stderr
        first, second = json.loads(done.stdout.splitlines()[-1])["sessions"]
        assert (first["session"], first["status"], first["spent_usd"]) == ("mine", "complete", "31.5")
        assert (second["session"], second["status"], second["spent_usd"]) == ("mine-versus", "limit", "21.0")
        assert len(server.requests) == 5
        again = browse_here(capsys, *both, *where, "--videos", 3, "--max-usd", "66")
        assert again.returncode == 0, again.stderr
        assert len(server.requests) == 6
        steps = browse_here(capsys, *both, *where[:-3], "steps", "--quiet", "--json", "--videos", 7, "--max-steps", 1)
        assert (steps.returncode, len(server.requests)) == (3, 7)


def test_a_session_in_which_every_clip_failed_is_a_failure(clips: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit code 1, and one line on stderr that the session says nothing."""
    model = script(tmp_path / "s.jsonl", {"error": "throttled"})
    done = browse_here(capsys, "--feed", clips, "--videos", 2, "--model", model, "--runs", tmp_path / "runs", "--quiet")
    assert done.returncode == 1
    assert done.stderr.startswith("error: no clip was answered: all 2 failed, so this session says nothing. run folder: ")
    assert done.stderr.count("\n") == 1
    assert "No value profile: no clip was answered." in done.stdout


WRONG = {
    "persona": (["--persona", "hedonsit"], "did you mean hedonist"),
    "persona file": (["--persona", "./nowhere.toml"], "there is no such file"),
    "versus": (["--versus", "nobody"], 'no persona "nobody"'),
    "versus itself": (["--persona", "hedonist", "--versus", "hedonist"], "--versus hedonist is the persona itself"),
    "versus the default": (["--versus", "default"], "--versus default is the persona itself"),
    "provider": (["--model", "opnai/x"], "unknown model provider"),
    "script": (["--model", "scripted/nowhere.jsonl"], "no script"),
    "no key": (["--model", "openai/gpt-6.2-sol"], "OPENAI_API_KEY"),
    "folder": (["--feed", "/nowhere/at/all"], "does not exist"),
    "empty folder": (["--feed", "EMPTY"], "no videos"),
    "seed text": (["--seed", "seven"], "seven"),
    "seed range": (["--seed", "-1"], "seed: must be 0 or more, not '-1'"),
    "seed huge": (["--seed", "99999999999999999999"], "seed: must be less than"),
    "videos": (["--videos", "0"], "videos: must be 1 or more, not '0'"),
    "frames": (["--frames", "100"], "frames: must be 32 or less, not '100'"),
    "frames of staged": (["--protocol", "staged", "--frames", "1"], "must be at least 2, not 1"),
    "memory": (["--memory", "recent:x"], "memory: use none, or recent:N"),
    "cell": (["--cell", "6"], "prompt cells 0 to 5"),
    "cell word": (["--cell", "all"], "cell: "),
    "policy": (["--policy", "best"], "policy: "),
    "password": (["--base-url", "http://me:hunter2@host/v1"], "leave out user, password"),
    "port": (["--model", "compatible/x", "--base-url", "http://host:99999/v1"], "URL"),
    "option form": (["--model-option", "temperature"], "write KEY=VALUE"),
    "option twice": (["--model-option", "temperature=0", "--model-option", "temperature=1"], "temperature is given twice"),
    "option name": (["--model", "compatible/x", "--base-url", "http://127.0.0.1:9/v1", "--model-option", "temprature=1"], "temprature"),
    "option of scripted": (["--model-option", "x=1"], "neither --base-url nor --model-option"),
    "key as option": (["--model-option", "api_key=hunter2"], "environment variables"),
    "session": (["--session", "../x"], "use letters, digits"),
    "session frames": (["--session", "frames"], "would lie where the frames are kept"),
    "session too long for two": (["--session", "x" * 115, "--versus", "hedonist"], "use letters, digits"),
    "usd": (["--max-usd", "much"], "max_usd: "),
    "usd nan": (["--max-usd", "nan"], "max_usd: "),
    "minutes": (["--max-minutes", "-1"], "max_minutes: "),
    "minutes nan": (["--max-minutes", "nan"], "max_minutes: "),
    "steps": (["--max-steps", "0"], "max_steps: "),
    "price unknown": (["--model", "compatible/x", "--base-url", "http://127.0.0.1:9/v1", "--max-usd", "1"], "price"),
}


@pytest.mark.parametrize("mistake", WRONG)
def test_what_the_user_gets_wrong_is_one_line_and_exit_code_2(
    mistake: str, clips: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The line is on stderr, says what is wrong and what fits, holds no password, and nothing is written."""
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    (tmp_path / "empty").mkdir()
    options, says = WRONG[mistake]
    given = [str(tmp_path / "empty") if option == "EMPTY" else option for option in options]
    try:
        code = main(["--feed", str(clips), "--model", "scripted/mixed", "--quiet", "--runs", str(tmp_path / "runs"), *given])
    except SystemExit as end:
        code = end.code  # type: ignore[assignment]
    out, err = capsys.readouterr()
    assert code == 2, err
    assert says in err
    assert err.count("\n") == 1, err
    assert "hunter2" not in out + err
    assert "Traceback" not in out + err
    assert not list((tmp_path / "runs").rglob("*.json*"))


def test_a_mistake_in_a_real_process(tmp_path: Path) -> None:
    """The exit code and the one line arrive as such from a process of its own, with nothing else said."""
    done = browse("--persona", "hedonsit", "--runs", tmp_path / "runs")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith('error: there is no persona "hedonsit"')
    assert done.stderr.count("\n") == 1


def test_a_runs_folder_that_is_a_file_is_one_line(clips: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A file in place of the folder is a mistake in an option: exit code 2, and the line says what is wrong."""
    (tmp_path / "runs").write_text("in the way")
    done = browse_here(capsys, "--feed", clips, "--model", "scripted/mixed", "--runs", tmp_path / "runs", "--quiet")
    assert done.returncode == 2
    assert done.stderr == f"error: --runs '{tmp_path / 'runs'}' is a file, not a folder\n"


def test_a_damaged_session_of_another_run_does_not_stop_a_new_one(clips: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A session.json that a power failure emptied is passed over when a new number is looked for."""
    damaged = tmp_path / "default-scripted-mixed-001"
    damaged.mkdir()
    (damaged / "session.json").write_text("")
    done = browse_here(capsys, "--feed", clips, "--model", "scripted/mixed", "--runs", tmp_path, "--quiet", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout.splitlines()[-1])["session"] == "default-scripted-mixed-002"


def test_captions_that_the_terminal_cannot_write_do_not_fail_a_session(
    clips: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On an output that knows no Japanese (a pipe on many machines) the command still ends with exit code 0."""
    model = script(tmp_path / "s.jsonl", {"decide": "like"})
    written = {name: io.BytesIO() for name in ("stdout", "stderr")}
    for name, errors in (("stdout", "strict"), ("stderr", "backslashreplace")):  # as Python opens them
        monkeypatch.setattr(sys, name, io.TextIOWrapper(written[name], encoding="latin-1", errors=errors, write_through=True))
    code = main(["--feed", str(clips), "--model", model, "--runs", str(tmp_path / "runs"), "--json"])
    assert code == 0, written["stderr"].getvalue()[-400:]
    assert rb"\u6d77\u8fba" in written["stdout"].getvalue() and rb"\u6d77\u8fba" in written["stderr"].getvalue()


def test_hostile_words_do_not_reach_the_terminal_as_commands(clips: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Escape sequences and markup in a model's answers and refusals are shown as text."""
    nasty = "\x1b]0;owned\x07\x1b[2J[bold red]x[/bold red] [/] \u202e"
    answer = {"action": "like", "watch_fraction": 1, "rating": 5, "reason": nasty}
    model = script(
        tmp_path / "s.jsonl", {"answer": answer}, {"stimulus": "a.mp4", "refusal": nasty}, {"stimulus": "b.mp4", "answer": nasty}
    )
    done = browse_here(capsys, "--feed", clips, "--model", model, "--runs", tmp_path / "runs")
    assert done.returncode == 0, done.stderr
    assert not {"\x1b", "\x07", "\u202e"} & set(done.stdout + done.stderr)
    assert "[bold red]x[/bold red]" in done.stderr
