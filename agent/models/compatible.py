"""`compatible/NAME`: any server that speaks Chat Completions, at `--base-url`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from agent.models.chat import CHAT_KEYS
from agent.models.endpoint import Endpoint, find_key
from agent.models.given_texts import GivenTexts, ScoringHttpModel
from agent.models.prices import price_for
from agent.models.settings import HTTP_KEYS, read_settings
from personas.errors import ModelSetupError

if TYPE_CHECKING:
    from agent.models.registry import ModelOptions

__all__ = ["build"]


def build(name: str, options: ModelOptions) -> ScoringHttpModel:
    """The model `name` at `options.base_url`; its price is unknown unless given. Raises ModelSetupError for what the user can fix."""
    settings = read_settings(options.extra, (*HTTP_KEYS, *CHAT_KEYS), "compatible")
    if options.base_url is None:
        raise ModelSetupError(
            "compatible needs --base-url, such as https://openrouter.ai/api/v1 (docs/models.md lists services and servers)"
        )
    key = find_key("AXIOFEED_API_KEY")  # never OPENAI_API_KEY: that key is not meant for another service
    endpoint = Endpoint("compatible", name, options.base_url, key, "AXIOFEED_API_KEY", settings, price_for(f"compatible/{name}", settings))
    return ScoringHttpModel(endpoint, GivenTexts(endpoint))
