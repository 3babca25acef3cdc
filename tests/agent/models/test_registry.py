"""Names, options, keys and base URLs: what the user can get wrong before anything is asked."""

import subprocess
import sys
from pathlib import Path

import pytest

from agent.models.registry import PROVIDERS, ModelOptions, make_model, resolved_base_url, split_name
from agent.models.settings import HTTP_KEYS, KNOWN_OPTIONS, read_settings
from personas.errors import ModelSetupError

KEYS = ("OPENAI_API_KEY", "ANTHROPIC_API_KEY", "AXIOFEED_API_KEY", "VLLM_API_KEY", "VLLM_BASE_URL", "OPENAI_BASE_URL", "ANTHROPIC_BASE_URL")


@pytest.fixture(autouse=True)
def no_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in KEYS:
        monkeypatch.delenv(variable, raising=False)


def test_an_unknown_provider_lists_the_choices() -> None:
    """One line with all providers in it."""
    with pytest.raises(ModelSetupError) as raised:
        make_model("opnai/gpt")
    message = str(raised.value)
    assert "\n" not in message and "'opnai'" in message
    assert all(provider in message for provider in PROVIDERS)


def test_names_are_split_at_the_first_slash() -> None:
    """Everything after the first slash is the model's name, slashes included."""
    assert split_name("vllm/Qwen/Qwen3-VL-8B") == ("vllm", "Qwen/Qwen3-VL-8B")
    assert split_name("reader") == ("reader", "")


@pytest.mark.parametrize("name", ["openai", "openai/", "anthropic/ ", "scripted/"])
def test_a_name_without_a_model_shows_an_example(name: str) -> None:
    """A provider alone is not a model, except where it is."""
    with pytest.raises(ModelSetupError, match="names no model: write"):
        make_model(name)


@pytest.mark.parametrize(("name", "variable"), [("openai/x", "OPENAI_API_KEY"), ("anthropic/x", "ANTHROPIC_API_KEY")])
def test_a_missing_key_is_named_before_any_step(name: str, variable: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Making the model fails, with the variable's name; so does a key that cannot be one, without showing it."""
    with pytest.raises(ModelSetupError, match=variable):
        make_model(name)
    monkeypatch.setenv(variable, "a key\nwith more")
    with pytest.raises(ModelSetupError, match=variable) as raised:
        make_model(name)
    assert "with more" not in str(raised.value)


def test_missing_base_urls_are_asked_for() -> None:
    """`compatible` and `vllm` cannot guess where the server is."""
    with pytest.raises(ModelSetupError, match="--base-url"):
        make_model("compatible/x")
    with pytest.raises(ModelSetupError, match="VLLM_BASE_URL"):
        make_model("vllm/x")


@pytest.mark.parametrize("url", ["localhost:8000", "ftp://x/v1", "http://", "http://x:notaport/v1", "http://a b/v1"])
def test_a_bad_base_url_is_told_with_an_example(url: str) -> None:
    """Not an http URL with a host: one line that shows what one looks like."""
    with pytest.raises(ModelSetupError, match="is not a base URL"):
        make_model("compatible/x", ModelOptions(base_url=url))


def test_a_password_in_a_base_url_is_turned_away_unshown() -> None:
    """Base URLs are written into run folders: they may hold no secret."""
    with pytest.raises(ModelSetupError) as raised:
        make_model("compatible/x", ModelOptions(base_url="http://me:canary-pw@host/v1"))
    assert "canary" not in str(raised.value)


def test_a_base_url_ends_with_its_path() -> None:
    """A query would end up in the middle of every request's address, and could hold a secret: turned away unshown."""
    for more in ("?key=canary", "#canary"):
        with pytest.raises(ModelSetupError, match="leave out what follows") as raised:
            make_model("compatible/x", ModelOptions(base_url=f"http://host/v1{more}"))
        assert "canary" not in str(raised.value)


@pytest.mark.parametrize(
    ("name", "variable", "url", "resolved"),
    [
        ("openai/x", "OPENAI_BASE_URL", " http://gateway.example/v1/ ", "http://gateway.example/v1"),
        ("anthropic/x", "ANTHROPIC_BASE_URL", "http://gateway.example", "http://gateway.example"),
        ("vllm/x", "VLLM_BASE_URL", "http://127.0.0.1:8000/", "http://127.0.0.1:8000/v1"),
        ("openai/x", "OPENAI_BASE_URL", "https://api.openai.com/v1/", None),
        ("anthropic/x", "ANTHROPIC_BASE_URL", "https://api.anthropic.com", None),
        ("openai/x", "OPENAI_BASE_URL", "", None),
    ],
)
def test_the_base_url_that_will_be_used_is_known_before(
    name: str, variable: str, url: str, resolved: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From the environment or as an option the same URL, in the form in which the model uses it; None for the official one."""
    for key in ("OPENAI_API_KEY", "ANTHROPIC_API_KEY"):
        monkeypatch.setenv(key, "k" * 20)
    assert resolved_base_url(name, ModelOptions(url or None)) == resolved
    monkeypatch.setenv(variable, url)
    assert resolved_base_url(name, ModelOptions()) == resolved
    assert resolved_base_url(name, ModelOptions("http://other.example/v1")) == "http://other.example/v1"
    if resolved is not None:
        assert resolved_base_url(name, ModelOptions(resolved)) == resolved
    assert make_model(name)._endpoint.base_url == (resolved or url.rstrip("/") or "https://api.openai.com/v1")  # type: ignore[attr-defined]


def test_models_without_an_address_resolve_to_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """Models in the process and servers of the session's own have no base URL to record; a bad one in the environment is told."""
    monkeypatch.setenv("VLLM_BASE_URL", "http://127.0.0.1:1/v1")
    for name in ("reader", "scripted/like", "planted/null", "llamacpp/x.gguf", "compatible/x"):
        assert resolved_base_url(name, ModelOptions()) is None
    assert resolved_base_url("vllm/x", ModelOptions(serve=True)) is None
    monkeypatch.setenv("OPENAI_BASE_URL", "gateway.example")
    with pytest.raises(ModelSetupError, match="is not a base URL"):
        resolved_base_url("openai/x", ModelOptions())


@pytest.mark.parametrize(
    "arguments",
    ["--api-key canary-1", "--api-key=canary-1", "--api_key canary-1", "--max-model-len 9 --hf-token=canary-1", "--hf-tok canary-1"],
)
@pytest.mark.parametrize("serve", [True, False])
def test_a_key_among_the_servers_arguments_is_turned_away_unshown(arguments: str, serve: bool) -> None:
    """Options are stored with the run: keys for `vllm serve` go into the environment, and the message says where."""
    with pytest.raises(ModelSetupError, match=r"leave --\S+ out of serve_args.*(VLLM_API_KEY|HF_TOKEN)") as raised:
        make_model("vllm/x", ModelOptions(None if serve else "http://127.0.0.1:1", serve, {"serve_args": arguments}))
    assert "canary" not in str(raised.value)


def test_arguments_that_cannot_be_read_are_not_shown() -> None:
    """An open quote is told without repeating what may be a key."""
    with pytest.raises(ModelSetupError, match="serve_args is not valid: it takes") as raised:
        make_model("vllm/x", ModelOptions("http://127.0.0.1:1", extra={"serve_args": "--api-key 'canary-1"}))
    assert "canary" not in str(raised.value)


def test_only_vllm_can_be_served() -> None:
    """`--serve` with a provider that starts no server is told, not ignored."""
    with pytest.raises(ModelSetupError, match="leave out --serve"):
        make_model("openai/x", ModelOptions(serve=True))


def test_vllm_url_without_a_path_gets_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """A vLLM server's root is enough, by option or by environment variable."""
    monkeypatch.setenv("VLLM_BASE_URL", "http://127.0.0.1:8000/")
    model = make_model("vllm/x")
    assert model._endpoint.base_url == "http://127.0.0.1:8000/v1"  # type: ignore[attr-defined]


def test_an_unknown_option_lists_the_known_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    """Anthropic's API takes no temperature any more: it is unknown there, and the message says what is known."""
    monkeypatch.setenv("ANTHROPIC_API_KEY", "k" * 20)
    with pytest.raises(ModelSetupError, match="'temperature'") as raised:
        make_model("anthropic/x", ModelOptions(extra={"temperature": "0"}))
    assert "max_output_tokens" in str(raised.value) and "timeout_s" in str(raised.value)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("timeout_s", "0"),
        ("timeout_s", "nan"),
        ("concurrency", "1.5"),
        ("max_attempts", "0"),
        ("price_input", "-1"),
        ("price_input", "NaN"),
        ("price_output", "cheap"),
        ("reasoning_effort", ""),
    ],
)
def test_a_senseless_option_value_is_told_with_what_it_takes(key: str, value: str) -> None:
    """The message names the key and what it takes."""
    with pytest.raises(ModelSetupError, match=f"{key}=.*it takes"):
        read_settings({key: value}, HTTP_KEYS, "openai")


def test_the_registry_imports_nothing_heavy() -> None:
    """Listing providers costs no SDK, no pydantic schema work, no retry library."""
    code = (
        "import sys, agent.models.registry\n"
        "heavy = {'openai', 'anthropic', 'httpx2', 'tenacity', 'numpy', 'av', 'PIL', 'langgraph', 'xllamacpp'}\n"
        "sys.exit(str(heavy & set(sys.modules)) if heavy & set(sys.modules) else 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_every_provider_can_be_loaded() -> None:
    """Each line of the table leads to a function."""
    for provider in ("openai", "anthropic", "vllm", "compatible"):
        assert callable(PROVIDERS[provider].load())


def test_the_page_on_models_names_every_provider_and_option() -> None:
    """docs/models.md is complete: a new provider or option shows up there."""
    page = (Path(__file__).parents[3] / "docs" / "models.md").read_text(encoding="utf-8")
    assert [provider for provider in PROVIDERS if f"| `{provider}" not in page] == []
    assert [key for key in KNOWN_OPTIONS if f"`{key}`" not in page] == []
