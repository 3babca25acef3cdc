"""The Chat Completions dialect, which vLLM and most services and local servers speak."""

from __future__ import annotations

import json
from typing import Annotated, Any

from pydantic import BaseModel

from agent.models.base import Prompt, Turn, Usage
from agent.models.http_model import Answer, Count, OrUnknown, finish_reason, image_base64, read_json, spoken
from agent.models.openai_sdk import InputDetails, OpenAIDialect, OutputDetails, counted
from agent.models.option_logprobs import Token, option_logprobs
from agent.models.schema import SCHEMA_NAME, sent_schema
from personas.errors import Unavailable

__all__ = ["CHAT_KEYS", "ChatCompletions"]

CHAT_KEYS = ("image_detail", "logprobs", "send_seed", "structured", "temperature", "top_p")
"""Model options of this dialect, besides those of every model over HTTP."""

_MOST_LOGPROBS = 20


class _TextPart(BaseModel):
    type: str = ""
    text: str | None = None


class _Message(BaseModel):
    content: str | list[_TextPart] | None = None
    refusal: str | None = None

    @property
    def text(self) -> str:
        """The answer; some servers send it in parts."""
        if isinstance(self.content, list):
            return "".join(part.text or "" for part in self.content if part.type in ("text", "output_text"))
        return self.content or ""


class _Logprobs(BaseModel):
    content: list[Token] | None = None


class _Choice(BaseModel):
    message: _Message
    finish_reason: str | None = None
    logprobs: Annotated[_Logprobs | None, OrUnknown] = None


class _Usage(BaseModel):
    prompt_tokens: Count = None
    completion_tokens: Count = None
    prompt_tokens_details: Annotated[InputDetails | None, OrUnknown] = None
    completion_tokens_details: Annotated[OutputDetails | None, OrUnknown] = None

    def counted(self) -> Usage | None:
        """Each token once; None without counts."""
        return counted(self.prompt_tokens, self.completion_tokens, self.prompt_tokens_details, self.completion_tokens_details)


class _Completion(BaseModel):
    choices: list[_Choice]
    model: str | None = None
    usage: Annotated[_Usage | None, OrUnknown] = None


class ChatCompletions(OpenAIDialect):
    """The dialect of `POST /chat/completions`."""

    path = "/chat/completions"

    def body(self, prompt: Prompt) -> dict[str, Any]:
        settings = self._endpoint.settings
        system = self._system(prompt)
        messages = [{"role": "system", "content": system}] if system else []
        body: dict[str, Any] = {
            "model": self._endpoint.model,
            "messages": messages + [self._message(turn) for turn in prompt.turns],
            "max_tokens": settings.token_budget(prompt.max_output_tokens),
        }
        chosen = {
            "response_format": self._response_format(prompt),
            "seed": prompt.seed % 2**31 if settings.send_seed else None,
            "temperature": settings.temperature,
            "top_p": settings.top_p,
            "reasoning_effort": settings.reasoning_effort,
            "logprobs": settings.logprobs or None,
            "top_logprobs": _MOST_LOGPROBS if settings.logprobs else None,
        }
        return body | {key: value for key, value in chosen.items() if value is not None}

    def _system(self, prompt: Prompt) -> str:
        """The system text. A server that cannot hold the model to a schema has it told in words."""
        if self._endpoint.settings.structured == "json_schema":
            return prompt.system
        schema = json.dumps(sent_schema(prompt.answer), ensure_ascii=False)
        return f"{prompt.system}\n\nAnswer with one JSON object that fits this JSON Schema, and with nothing else: {schema}".strip()

    def _response_format(self, prompt: Prompt) -> dict[str, Any] | None:
        structured = self._endpoint.settings.structured
        if structured == "json_schema":
            form = {"name": SCHEMA_NAME, "schema": sent_schema(prompt.answer), "strict": True}
            return {"type": "json_schema", "json_schema": form}
        return {"type": "json_object"} if structured == "json_object" else None

    def _message(self, turn: Turn) -> dict[str, Any]:
        if not turn.images:
            return {"role": turn.role, "content": spoken(turn)}
        detail = self._endpoint.settings.image_detail
        images = (
            {"url": f"data:image/jpeg;base64,{image_base64(frame)}"} | ({"detail": detail} if detail else {}) for frame in turn.images
        )
        parts: list[dict[str, Any]] = [{"type": "image_url", "image_url": image} for image in images]
        return {"role": turn.role, "content": [*parts, {"type": "text", "text": turn.text}]}

    def read(self, content: bytes, prompt: Prompt) -> Answer:
        completion = read_json(content, _Completion)
        if not completion.choices:
            raise Unavailable("the answer holds no choice")
        choice = completion.choices[0]
        refusal = choice.message.refusal or ("content_filter" if choice.finish_reason == "content_filter" else None)
        tokens = choice.logprobs.content if choice.logprobs else None
        return Answer(
            text=choice.message.text,
            refusal=refusal,
            usage=completion.usage.counted() if completion.usage else None,
            finish_reason="refusal" if refusal else finish_reason(choice.finish_reason),
            model_version=completion.model or "",
            logprobs=option_logprobs(tokens, prompt.answer) if tokens else None,
        )
