"""Prices and costs."""

from decimal import Decimal
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from agent.models.base import Usage
from agent.models.prices import FREE, PRICES_VARIABLE, Price, PriceTable, cost, known_price, price_for, read_prices
from agent.models.settings import Settings
from personas.errors import ModelSetupError

TABLE = Path(__file__).parents[3] / "agent" / "models" / "prices.toml"
PRICE = Price(Decimal(2), Decimal(10), Decimal("0.1"), Decimal("2.5"), up_to_input_tokens=272_000)


@pytest.fixture(autouse=True)
def no_file_of_the_users(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(PRICES_VARIABLE, raising=False)


def test_each_kind_of_token_is_charged_once() -> None:
    """Fresh, read, written and output tokens each at their own price; reasoning is within output."""
    usage = Usage(input=1_000, cached=10_000, cache_written=2_000, output=300, reasoning=250)
    assert cost(usage, PRICE) == Decimal("0.002") + Decimal("0.001") + Decimal("0.005") + Decimal("0.003")
    assert cost(Usage(output=300, reasoning=300), PRICE) == cost(Usage(output=300), PRICE) == Decimal("0.003")


def test_an_unknown_price_is_not_zero() -> None:
    """None in, None out; a prompt longer than the price holds for is unknown too."""
    assert cost(Usage(input=5), None) is None
    assert cost(Usage(input=272_000), PRICE) is not None
    assert cost(Usage(input=272_000, cached=1), PRICE) is None
    assert cost(Usage(input=5), FREE) == 0


def test_the_built_in_table_is_sound() -> None:
    """Every row is from the provider's own page; cache reads cost less than fresh tokens, writes no less, no model is listed twice."""
    table = read_prices(TABLE)
    names = [name for row in table.price for name in row.models]
    assert len(names) == len(set(names)) and table.as_of.startswith("20")
    for row in table.price:
        own = {"openai": "developers.openai.com", "anthropic": "platform.claude.com"}
        assert {own[name.partition("/")[0]] for name in row.models} == {urlsplit(row.source).hostname}
        assert " " not in row.source and ";" not in row.source
        assert row.cache_written is not None
        assert (row.cached or 0) < row.input <= row.cache_written < row.output


def test_snapshots_of_a_listed_model_cost_what_it_costs() -> None:
    """A date at the end of the name does not make a price unknown; another name does."""
    assert known_price("anthropic/claude-haiku-4-5-20251001") == known_price("anthropic/claude-haiku-4-5") != None  # noqa: E711
    assert known_price("openai/gpt-6-sol-2026-09-22") == known_price("openai/gpt-6-sol")
    assert known_price("openai/gpt-6-sol-mini") is None
    assert known_price("compatible/gpt-6-sol") is None


def test_options_go_over_the_table() -> None:
    """Both prices replace the row, a part changes that part, and half of an unknown price is an error."""
    both = Settings(price_input=Decimal(1), price_output=Decimal(4))
    assert price_for("openai/gpt-6-sol", both) == Price(Decimal(1), Decimal(4), Decimal(1), Decimal(1))
    listed = known_price("openai/gpt-6-sol")
    changed = price_for("openai/gpt-6-sol", Settings(price_cached=Decimal("0.05")))
    assert listed is not None and changed is not None
    assert (changed.cached, changed.input, changed.output) == (Decimal("0.05"), listed.input, listed.output)
    for half in (Settings(price_input=Decimal(1)), Settings(price_output=Decimal(1)), Settings(price_cached=Decimal(1))):
        with pytest.raises(ModelSetupError, match="price_input=… and --model-option price_output=…"):
            price_for("compatible/x", half)


def test_a_local_server_is_free_unless_the_user_prices_it() -> None:
    """Free is the default on this machine only."""
    assert price_for("vllm/x", Settings(), local=True) is FREE
    assert price_for("vllm/x", Settings()) is None
    priced = price_for("vllm/x", Settings(price_input=Decimal(1), price_output=Decimal(1)), local=True)
    assert priced is not None and priced.output == 1


def test_another_server_under_a_listed_name_has_no_listed_price(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The table and the user's file speak of the provider's own address; a gateway's price has to be given with the options."""
    file = tmp_path / "mine.toml"
    file.write_text('as_of = "2026-01-01"\n[[price]]\nmodels = ["openai/mine"]\ninput = 7\noutput = 8\n')
    monkeypatch.setenv(PRICES_VARIABLE, str(file))
    for name in ("openai/gpt-6-sol", "openai/mine"):
        assert price_for(name, Settings()) is not None
        assert price_for(name, Settings(), listed=False) is None
    given = Settings(price_input=Decimal(1), price_output=Decimal(2))
    assert price_for("openai/gpt-6-sol", given, listed=False) == Price(Decimal(1), Decimal(2), Decimal(1), Decimal(1))
    with pytest.raises(ModelSetupError, match="is unknown"):
        price_for("openai/gpt-6-sol", Settings(price_output=Decimal(2)), listed=False)


def test_the_users_file_goes_over_the_table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """AXIOFEED_PRICES adds and replaces rows; what it does not list stays as it is."""
    file = tmp_path / "mine.toml"
    file.write_text('as_of = "2026-01-01"\n[[price]]\nmodels = ["openai/gpt-6-sol", "compatible/x"]\ninput = "7"\noutput = 8\n')
    monkeypatch.setenv(PRICES_VARIABLE, str(file))
    assert price_for("compatible/x", Settings()) == Price(Decimal(7), Decimal(8), Decimal(7), Decimal(7))
    assert known_price("openai/gpt-6-sol") == known_price("compatible/x")
    assert known_price("openai/gpt-6-luna") is not None


@pytest.mark.parametrize(
    "text",
    ["not toml [", 'as_of = "x"\n[[price]]\nmodels = []\ninput = 1\noutput = 1\n', 'as_of = "x"\nprices = 3\n', "price = 1\n"],
)
def test_a_bad_price_file_is_named(text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One line with the file's name."""
    file = tmp_path / "mine.toml"
    file.write_text(text)
    monkeypatch.setenv(PRICES_VARIABLE, str(file))
    with pytest.raises(ModelSetupError, match=r"mine\.toml") as raised:
        known_price("compatible/x")
    assert "\n" not in str(raised.value)


def test_a_missing_price_file_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A path that does not exist is the user's to fix."""
    monkeypatch.setenv(PRICES_VARIABLE, str(tmp_path / "none.toml"))
    with pytest.raises(ModelSetupError, match="cannot read the price file"):
        known_price("compatible/x")


def test_an_empty_table_knows_nothing() -> None:
    """A file may have no rows yet."""
    assert PriceTable(as_of="2026-01-01").find("openai/gpt-6-sol") is None
