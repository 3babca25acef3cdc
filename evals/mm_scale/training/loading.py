"""From a name to a model that can be trained: a Hugging Face id, a folder, or `tiny`; on a device; whole or with a LoRA adapter.

LoRA (Hu et al. 2022) is put on the attention projections of the language model and nowhere else: the eyes stay as they are.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from environments.embedding.weights import load_part, loading, model_folder
from evals.mm_scale.training.answering import Answerer, answerer
from evals.mm_scale.training.recipe import TINY, Recipe
from personas.errors import ModelSetupError, SpecError
from personas.one_line import one_line

__all__ = ["check_model", "chosen_device", "few_threads", "needed", "trainable"]

_INSTALL = 'pip install "axiofeed[train]"'
_PROJECTIONS = frozenset({"q_proj", "k_proj", "v_proj", "o_proj", "qkv_proj", "out_proj", "wq", "wk", "wv", "wo", "wqkv", "qkv"})
"""What families call the linear maps of attention."""


def needed() -> None:
    """Raises ModelSetupError where a package of the extra is missing. The library's progress bars are switched off."""
    missing = [package for package in ("torch", "transformers", "peft", "accelerate") if find_spec(package) is None]
    if missing:
        raise ModelSetupError(f"training needs {', '.join(missing)}: {_INSTALL}")
    from transformers.utils import logging  # noqa: PLC0415 - an extra: loads when used

    logging.disable_progress_bar()  # type: ignore[no-untyped-call]


def chosen_device(wanted: str) -> str:
    """A device of PyTorch. "auto": cuda where there is one, else cpu. Raises SpecError for one that is not there."""
    import torch  # noqa: PLC0415 - an extra: loads when used

    there = {"cpu": True, "cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    if wanted == "auto":
        return "cuda" if there["cuda"] else "cpu"
    if wanted not in there or not there[wanted]:
        raise SpecError(f"--device {wanted!r}: PyTorch finds {', '.join(name for name, found in there.items() if found)} here")
    return wanted


def check_model(recipe: Recipe) -> None:
    """Before anything is written: the device is there, and so is the model's folder, or its files in the cache. Raises as `trainable`."""
    chosen_device(recipe.device)
    if recipe.model != TINY:
        model_folder(recipe.model)


@contextmanager
def few_threads(recipe: Recipe) -> Iterator[None]:
    """One thread for the tiny model on a CPU: its sums are too small to be shared out, and threads that wait for each other use up time."""
    import torch  # noqa: PLC0415 - an extra: loads when used

    before = torch.get_num_threads()
    if recipe.model == TINY and chosen_device(recipe.device) == "cpu":
        torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def trainable(recipe: Recipe, tiny: Path) -> Answerer:
    """The recipe's model with what is to be trained switched on. `tiny`: where the tiny model is written, if it is asked for.

    The adapter's first weights follow from the recipe's seed. On CUDA a frozen model is held and computed in bfloat16; what is trained
    stays in float32. Raises ModelSetupError, SpecError.
    """
    import torch  # noqa: PLC0415

    device = chosen_device(recipe.device)
    name, folder = recipe.model, _folder(recipe, tiny)
    torch.manual_seed(recipe.seed)
    half = device == "cuda"
    with loading(name):
        processor, model = _loaded(folder, name, torch.bfloat16 if half and recipe.lora_rank else torch.float32)
    if recipe.gradient_checkpointing:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)  # renamed in transformers 6
            model.gradient_checkpointing_enable({"use_reentrant": False})
        model.enable_input_require_grads()
    asked = answerer(model, processor, name, device=device, most_pixels=recipe.max_pixels, half=half)
    if recipe.lora_rank:
        model = _with_adapter(model, recipe)
    return Answerer(**{**vars(asked), "model": model.to(device).train()})


def _folder(recipe: Recipe, tiny: Path) -> Path:
    if recipe.model != TINY:
        return model_folder(recipe.model)
    from evals.mm_scale.training.tiny import tiny_model  # noqa: PLC0415 - loads when used

    return tiny if (tiny / "processor_config.json").is_file() else tiny_model(tiny, recipe.seed)


def _loaded(folder: Path, name: str, dtype: Any) -> tuple[Any, Any]:
    from transformers import AutoModelForImageTextToText, AutoProcessor  # noqa: PLC0415

    try:
        processor = load_part(AutoProcessor, folder)
    except ImportError as error:  # the processors of families that also take videos need torchvision
        why = one_line(str(error), 100, fold=True)
        raise ModelSetupError(f"the processor of {name} needs a package that is not installed, such as torchvision ({why})") from None
    model, told = load_part(AutoModelForImageTextToText, folder, use_safetensors=True, dtype=dtype, output_loading_info=True)
    if told["missing_keys"]:
        first = sorted(told["missing_keys"])[0]
        raise ModelSetupError(f"{name} lacks {len(told['missing_keys'])} of its weights, such as {first}: it cannot answer as trained")
    return processor, model


def _with_adapter(model: Any, recipe: Recipe) -> Any:
    from peft import LoraConfig, get_peft_model  # noqa: PLC0415

    places = _attention(model)
    if not places:
        raise ModelSetupError(
            f"{recipe.model}: its language model has no attention projection that is known here; --lora-rank 0 trains all"
        )
    config = LoraConfig(r=recipe.lora_rank, lora_alpha=2 * recipe.lora_rank, lora_dropout=0.0, target_modules=places)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # PEFT's own, of what transformers renamed
        adapted = get_peft_model(model, config)
    if "/" in recipe.model and not Path(recipe.model).expanduser().is_dir():
        adapted.peft_config["default"].base_model_name_or_path = recipe.model.partition("@")[0]  # not the folder of this machine's cache
    return adapted


def _attention(model: Any) -> list[str]:
    """The full names of the linear maps of attention within the language model."""
    from torch.nn import Linear  # noqa: PLC0415

    decoder = model.get_decoder()
    inside = {id(part) for part in decoder.modules()}
    return [
        name
        for name, part in model.named_modules()
        if isinstance(part, Linear) and name.rsplit(".", 1)[-1] in _PROJECTIONS and id(part) in inside
    ]
