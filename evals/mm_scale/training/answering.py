"""What a vision-language model would answer to protocol `rating`, as probabilities: the model, its processor, and five tokens.

The answer asked for begins `{"rating": N`. So the model reads what `run` tells it, in its own chat template, then `{"rating": `, and the
score of a scenario is Σ k · P(k) over the next token k = "1" … "5", their probabilities taken relative to each other: the expected rating
of the same question that is asked when the trained model is evaluated. `form` is the probability of the five together, before that.
"""

from __future__ import annotations

import inspect
import io
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from agent.protocols.rating import POINTS
from evals.mm_scale.training.graded import Shown
from personas.errors import ModelSetupError
from personas.one_line import one_line

if TYPE_CHECKING:
    from torch import Tensor

__all__ = ["Answerer", "Answers", "answerer"]

_OPENINGS = (('{"rating": ', ""), ('{"rating":', " "), ('{"rating":', ""))
"""How the answer may begin, and what stands before its number: whichever lets this tokenizer write every number as one token."""


@dataclass(frozen=True)
class Answers:
    """`rating` (n,) expected, 1 to 5; `points` (n, 5) log-probabilities of the five, summing to 1; `form` (n,) log-probability of all."""

    rating: Tensor
    points: Tensor
    form: Tensor


@dataclass(frozen=True)
class Answerer:
    """A model that can be asked. `opening` ends what it reads; `numbers` are the tokens of 1 to 5; `most_pixels` bounds a picture."""

    model: Any
    processor: Any
    opening: str
    numbers: tuple[int, ...]
    device: str
    most_pixels: int
    half: bool = False
    last_only: bool = True

    def read(self, shown: Sequence[Shown]) -> Mapping[str, Any]:
        """What the model takes, on the CPU, padded on the left."""
        texts = [self._told(each) + self.opening for each in shown]
        pictures = [[self._picture(each)] for each in shown]
        begin = getattr(self.processor.tokenizer, "bos_token", None)
        once = {"add_special_tokens": False} if begin and texts[0].startswith(begin) else {}  # where the chat template sets it already
        return dict(self.processor(text=texts, images=pictures, padding=True, return_tensors="pt", **once))

    def ask(self, read: Mapping[str, Any]) -> Answers:
        """The answers to what was read, with gradients where they are switched on."""
        import torch  # noqa: PLC0415 - an extra: loads when used

        given = {name: value.to(self.device) for name, value in read.items()}
        with self._precision():
            logits = self.model(**given, **({"logits_to_keep": 1} if self.last_only else {})).logits[:, -1, :]
        spoken = logits.float().log_softmax(-1)[:, list(self.numbers)]
        form = spoken.logsumexp(-1)
        points = spoken - form[:, None]
        scale = torch.tensor([float(point) for point in POINTS], device=points.device)
        return Answers((points.exp() * scale).sum(-1), points, form)

    def _precision(self) -> AbstractContextManager[Any]:
        import torch  # noqa: PLC0415

        return torch.autocast("cuda", dtype=torch.bfloat16) if self.half else nullcontext()

    def _told(self, shown: Shown) -> str:
        turns: list[dict[str, Any]] = [{"role": "system", "content": [{"type": "text", "text": shown.system}]}] if shown.system else []
        turns.append({"role": "user", "content": [{"type": "image"}, {"type": "text", "text": shown.words}]})
        return str(self.processor.apply_chat_template(turns, add_generation_prompt=True, tokenize=False))

    def _picture(self, shown: Shown) -> Any:
        from PIL import Image  # noqa: PLC0415 - loads when used

        with Image.open(io.BytesIO(shown.picture), formats=("JPEG",)) as opened:
            picture = opened.convert("RGB")
        share = (self.most_pixels / (picture.width * picture.height)) ** 0.5
        return picture if share >= 1 else picture.resize((max(1, int(picture.width * share)), max(1, int(picture.height * share))))


def answerer(model: Any, processor: Any, name: str, *, device: str, most_pixels: int, half: bool) -> Answerer:
    """A model with its processor as one that can be asked. Raises ModelSetupError where its processor or vocabulary does not allow it."""
    tokenizer = getattr(processor, "tokenizer", None)
    if tokenizer is None or getattr(processor, "image_processor", None) is None:
        raise ModelSetupError(f"{name} does not take pictures with text: give a vision-language model (image-text-to-text)")
    if not getattr(processor, "chat_template", None) and not getattr(tokenizer, "chat_template", None):
        raise ModelSetupError(f"{name} has no chat template: take its instruction-tuned form")
    tokenizer.padding_side = "left"
    if tokenizer.pad_token is None:
        tokenizer.pad_token = tokenizer.eos_token
    opening, numbers = _numbers(tokenizer, name)
    last = "logits_to_keep" in inspect.signature(model.forward).parameters
    return Answerer(model, processor, opening, numbers, device, most_pixels, half, last)


def _numbers(tokenizer: Any, name: str) -> tuple[str, tuple[int, ...]]:
    """The opening and the five tokens that follow it. Raises ModelSetupError."""
    for opening, before in _OPENINGS:
        begun = tokenizer(opening, add_special_tokens=False)["input_ids"]
        whole = [tokenizer(f"{opening}{before}{point}", add_special_tokens=False)["input_ids"] for point in POINTS]
        last = [ids[-1] for ids in whole]
        if all(ids[:-1] == begun for ids in whole) and len(set(last)) == len(POINTS) and tokenizer.unk_token_id not in last:
            return opening, tuple(last)
    raise ModelSetupError(f"the tokenizer of {one_line(name, 80)} does not write 1 to 5 as one token each: its ratings cannot be read")
