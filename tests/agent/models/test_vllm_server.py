"""`vllm serve` started, waited for and stopped, with an executable of that name that the tests write."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from agent.experiments.estimate import estimates
from agent.experiments.plan import make_plan
from agent.experiments.running import check_models
from agent.models.base import Prompt, Turn
from agent.models.registry import ModelOptions, make_model
from personas.errors import ModelSetupError
from tests.agent.models.test_http_providers import Answer

ROOT = Path(__file__).parents[3]
PROMPT = Prompt("feed", "", (Turn("user", "?"),), Answer, 1)

SERVER = """
import pathlib, subprocess, sys, time
sys.path.insert(0, {root!r})
assert sys.argv[1:3] == ["serve", "org/model"], sys.argv
pathlib.Path({pids!r}).open("a").write(f"{{__import__('os').getpid()}}\\n")
worker = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
pathlib.Path({pids!r}).open("a").write(f"{{worker.pid}}\\n")
print("loading the weights", flush=True)
from tests.agent.models.provider_server import ProviderServer
ProviderServer(port=int(sys.argv[sys.argv.index("--port") + 1])).serve()
"""


def install(folder: Path, code: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """An executable called `vllm` that runs `code`, first on the PATH."""
    script = folder / "vllm"
    script.write_text(f"#!{sys.executable}\n{code}")
    script.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")


def alive(pid: int) -> bool:
    """Whether a process runs (a zombie does not)."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z" if Path("/proc").is_dir() else not os.kill(pid, 0)
    except OSError:
        return False


def all_gone(pids: list[int], within_s: float = 5.0) -> bool:
    """Whether all have ended in that time."""
    deadline = time.monotonic() + within_s
    while any(alive(pid) for pid in pids):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


async def test_a_server_is_started_answers_and_is_stopped_with_its_workers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first question waits for the server; closing ends it and the processes that it started; it costs nothing."""
    pids = tmp_path / "pids"
    install(tmp_path, SERVER.format(root=str(ROOT), pids=str(pids)), monkeypatch)
    model = make_model("vllm/org/model", ModelOptions(serve=True, extra={"serve_args": "--max-model-len 4096", "serve_timeout_s": "30"}))
    reply = await model.ask(PROMPT)
    started = [int(line) for line in pids.read_text().split()]
    assert Answer.model_validate_json(reply.text) and reply.cost_usd == 0 and model.price_known
    assert len(started) == 2 and all(alive(pid) for pid in started)
    await model.close()
    assert all_gone(started)
    await model.close()


LOADING = """
import os, pathlib, time
pathlib.Path({pid!r}).write_text(str(os.getpid()))
print("loading shard 1 of 9", flush=True)
time.sleep(60)
"""


async def written(path: Path) -> int:
    """The process id in the file, as soon as it is there."""
    async with asyncio.timeout(20):
        while not (path.exists() and path.read_text()):
            await asyncio.sleep(0.02)
    return int(path.read_text())


async def test_a_session_that_is_stopped_while_the_model_loads_ends_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Making the model does not wait, a question that waits can be given up, and closing ends the server: in all under 3 seconds."""
    pid = tmp_path / "pid"
    install(tmp_path, LOADING.format(pid=str(pid)), monkeypatch)
    began = time.monotonic()
    model = make_model("vllm/org/model", ModelOptions(serve=True))
    assert time.monotonic() - began < 1
    asked = [asyncio.create_task(model.ask(PROMPT)) for _ in range(3)]
    server = await written(pid)
    began = time.monotonic()
    asked[0].cancel()
    with pytest.raises(asyncio.CancelledError):
        await asked[0]
    assert time.monotonic() - began < 0.5 and alive(server), "the others wait on"
    await model.close()
    assert time.monotonic() - began < 3
    assert all_gone([server])
    for other in asked[1:]:
        with pytest.raises(ModelSetupError, match="stopped before it was ready"):
            await asyncio.wait_for(other, 5)


async def test_a_model_that_is_never_asked_starts_no_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A dry run and the checks before a sweep make the model only to look at it: weights are loaded at the first question."""
    pid = tmp_path / "pid"
    install(tmp_path, LOADING.format(pid=str(pid)), monkeypatch)
    (tmp_path / "e.toml").write_text('[[cross]]\nmodel = "vllm/x"\nvideos = 1\n[models."vllm/x"]\nserve = true\n')
    plan = make_plan(tmp_path / "e.toml")
    (found,) = await asyncio.to_thread(estimates, plan)
    check_models(plan)
    model = make_model("vllm/org/model", ModelOptions(serve=True))
    await asyncio.sleep(0.5)
    await model.close()
    assert found.problem == "" and not pid.exists()
    with pytest.raises(ModelSetupError, match="stopped"):
        await model.ask(PROMPT)
    assert not pid.exists()


async def test_many_questions_wait_for_one_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Questions that come while it loads are all answered when it is ready, by the one server."""
    pids = tmp_path / "pids"
    install(tmp_path, SERVER.format(root=str(ROOT), pids=str(pids)), monkeypatch)
    model = make_model("vllm/org/model", ModelOptions(serve=True))
    replies = await asyncio.gather(*(model.ask(PROMPT) for _ in range(5)))
    assert len(replies) == 5 and all(Answer.model_validate_json(reply.text) for reply in replies)
    assert len(pids.read_text().split()) == 2, "one server and its worker"
    await model.close()


async def test_a_server_that_ends_at_once_is_told_with_its_last_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The user sees why: the last thing that the server wrote, with credentials taken out."""
    install(
        tmp_path,
        "import sys\nprint('booting')\nprint('ValueError: no GPU, token sk-canary-123456', file=sys.stderr)\nsys.exit(3)",
        monkeypatch,
    )
    model = make_model("vllm/org/model", ModelOptions(serve=True))
    for _ in range(2):
        with pytest.raises(ModelSetupError, match=r"exit code 3\): ValueError: no GPU") as raised:
            await model.ask(PROMPT)
        assert "canary" not in str(raised.value)
    await model.close()


async def test_workers_of_a_server_that_broke_are_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A leader that ends and leaves a worker behind, which even ignores SIGTERM: nothing is left."""
    pid = tmp_path / "pid"
    worker = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print(1, flush=True); time.sleep(60)"
    code = (
        "import subprocess, sys\n"
        f"worker = subprocess.Popen([sys.executable, '-c', {worker!r}], stdout=subprocess.PIPE)\n"
        f"worker.stdout.readline()\nopen({str(pid)!r}, 'w').write(str(worker.pid))\nsys.exit(1)"
    )
    install(tmp_path, code, monkeypatch)
    model = make_model("vllm/org/model", ModelOptions(serve=True))
    with pytest.raises(ModelSetupError, match="it wrote nothing"):
        await model.ask(PROMPT)
    assert all_gone([int(pid.read_text())])


async def test_a_server_that_never_gets_ready_is_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """After `serve_timeout_s` the process is ended and the message says how far it came."""
    pid = tmp_path / "pid"
    install(tmp_path, LOADING.format(pid=str(pid)), monkeypatch)
    model = make_model("vllm/org/model", ModelOptions(serve=True, extra={"serve_timeout_s": "2.5"}))
    with pytest.raises(ModelSetupError, match=r"not ready after 2\.5 s.*loading shard 1 of 9"):
        await model.ask(PROMPT)
    assert all_gone([int(pid.read_text())])


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT, signal.SIGTERM], ids=["kill", "interrupt", "terminate"])
def test_the_server_ends_with_its_parent_however_that_ends(number: signal.Signals, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A session that is interrupted, terminated or killed outright leaves no server behind."""
    pids = tmp_path / "pids"
    install(tmp_path, SERVER.format(root=str(ROOT), pids=str(pids)), monkeypatch)
    code = (
        "import asyncio, time\nfrom agent.models.registry import ModelOptions, make_model\n"
        "from tests.agent.models.test_vllm_server import PROMPT\n"
        "model = make_model('vllm/org/model', ModelOptions(serve=True))\n"
        "asyncio.run(model.ask(PROMPT))\nprint('ready', flush=True)\ntime.sleep(60)"
    )
    parent = subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    try:
        assert parent.stdout is not None and parent.stdout.readline() == b"ready\n"
        parent.send_signal(number)
        parent.wait(20)
    finally:
        parent.kill()
        parent.wait()
    assert all_gone([int(line) for line in pids.read_text().split()])


def test_without_vllm_the_message_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One line with the two ways out."""
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ModelSetupError, match=r"pip install -e '.\[vllm\]' in the repository\), or give --base-url"):
        make_model("vllm/org/model", ModelOptions(serve=True))


def test_serving_and_a_base_url_exclude_each_other() -> None:
    """Which of the two servers would be meant?"""
    with pytest.raises(ModelSetupError, match="either --serve or --base-url"):
        make_model("vllm/org/model", ModelOptions("http://127.0.0.1:1/v1", serve=True))
