"""Base models in memory: converted once, loaded once, shared by all that were tuned from them."""

from __future__ import annotations

import contextlib
import hashlib
import io
import logging
import os
import threading
import weakref
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from pitchpipe.errors import ConfigError, PitchpipeError
from pitchpipe.files import new_folder
from pitchpipe_hf.adapters import Place, Shape, make_room, places
from pitchpipe_hf.bases import Base
from pitchpipe_hf.generating import Answering
from pitchpipe_hf.settings import Settings

if TYPE_CHECKING:
    from peft import LoraConfig
    from transformers import PreTrainedModel

_log = logging.getLogger(__name__)


@dataclass(eq=False)
class Loaded:
    """A base model in memory.

    Attributes:
        model: of Transformers, its weights frozen, with places for an adapter's.
        tokenizer: of Transformers.
        shape: what of it is trained.
        config: of PEFT, where that is an adapter.
        lock: held by whoever puts tokens through the model.
        places: of what is trained, by the names of the parameters.
        answering: what takes requests.
    """

    model: PreTrainedModel
    tokenizer: Any
    shape: Shape
    config: LoraConfig | None
    places: Mapping[str, Sequence[Place]]
    lock: threading.RLock = field(default_factory=threading.RLock)
    answering: Answering = field(default_factory=Answering)

    @property
    def device(self) -> torch.device:
        """Where it is."""
        return self.model.device

    @property
    def window(self) -> int:
        """The most tokens that it reads."""
        config = self.model.config.get_text_config()
        return int(getattr(config, "max_position_embeddings", None) or 2048)

    @property
    def ends(self) -> tuple[int, ...]:
        """Tokens that end an answer, the one to train with first."""
        configured = self.model.generation_config.eos_token_id if self.model.can_generate() else ()
        several = configured if isinstance(configured, list | tuple) else [configured]
        found = [self.tokenizer.eos_token_id, *several]
        return tuple(dict.fromkeys(token for token in found if token is not None))


_turn = threading.Lock()
_loaded: weakref.WeakValueDictionary[tuple[object, ...], Loaded] = weakref.WeakValueDictionary()


def load(base: Base, shape: Shape, settings: Settings) -> Loaded:
    """The base model, the same one for all who ask while anybody uses it.

    Args:
        base: which one.
        shape: what of it is trained.
        settings: where it may come from, and where it is to be.

    Raises:
        ConfigError: it cannot be found or read; says what to do.
    """
    device = settings.device or ("cuda" if torch.cuda.is_available() else "cpu")
    dtype = settings.dtype or _usual_dtype(device, shape)
    key = (base.place, shape, device, dtype)
    with _turn:
        loaded = _loaded.get(key)
        if loaded is None:
            loaded = _loaded[key] = _read(base, shape, settings, device, dtype)
        return loaded


def _usual_dtype(device: str, shape: Shape) -> str:
    """bfloat16 for weights that stay as they are, where the hardware multiplies it; else float32.

    Trained in bfloat16 itself, a model learns nothing: its steps are smaller than what it can tell.
    """
    # older versions of PyTorch cannot say
    able: Mapping[str, Any] = getattr(torch.cpu, "get_capabilities", dict)()
    quick = device.startswith("cuda") or (device == "cpu" and able.get("amx_bf16", False))
    return "bfloat16" if quick and shape.method == "lora" else "float32"


def _read(base: Base, shape: Shape, settings: Settings, device: str, dtype: str) -> Loaded:
    model, tokenizer = read(base, settings, dtype)
    with torch.random.fork_rng(devices=[]):  # an adapter's places are filled by chance
        config = make_room(model, shape)
    if shape.method == "lora":
        _sharpen(model)
    torch.nn.Module.to(model, torch.device(device))
    _log.info("base model %s: loaded from %s as %s on %s", base.name, base.place, dtype, device)
    return Loaded(model, tokenizer, shape, config, places(model, shape))


def _sharpen(model: PreTrainedModel) -> None:
    """Gives a model an output layer in float32: in bfloat16, likely tokens often tie."""
    head: Any = model.get_output_embeddings()  # type: ignore[no-untyped-call]
    # parameters of its own, where the model shares them with its first layer
    for name, parameter in list(head.named_parameters(recurse=False)):
        own = torch.nn.Parameter(parameter.detach().float(), requires_grad=False)
        setattr(head, name, own)


def read(base: Base, settings: Settings, dtype: str) -> tuple[PreTrainedModel, Any]:
    """A base model of one's own, its weights frozen, and its tokenizer.

    Args:
        base: which one.
        settings: where it may come from.
        dtype: of the weights; "auto" for that of its file.

    Raises:
        ConfigError: it cannot be found or read; says what to do.
    """
    from transformers import AutoModelForCausalLM, AutoTokenizer

    place = base.place
    with _explained(base, settings), quiet(), _unconnected(settings):
        if place.endswith(".gguf"):
            place = str(_converted(Path(place), settings))
        local = not settings.download
        tokenizer = AutoTokenizer.from_pretrained(place, local_files_only=local)
        model: PreTrainedModel = AutoModelForCausalLM.from_pretrained(
            place, local_files_only=local, dtype=dtype
        )
    model.train(False).requires_grad_(False)
    return model, tokenizer


def _converted(file: Path, settings: Settings) -> Path:
    """The folder in which a GGUF file's model is kept in a form that loads at once."""
    from transformers import AutoModelForCausalLM, AutoTokenizer

    state = file.stat()
    identity = f"{file.resolve()} {state.st_size} {state.st_mtime_ns}"
    name = f"{file.stem}-{hashlib.sha256(identity.encode()).hexdigest()[:12]}"
    folder = _cache(settings) / name
    if folder.is_dir():
        return folder
    _log.info("%s: converted once, to %s", file, folder)
    tokenizer = AutoTokenizer.from_pretrained(file.parent, gguf_file=file.name)
    model = AutoModelForCausalLM.from_pretrained(
        file.parent, gguf_file=file.name, dtype=torch.float32
    )
    # it is quantized no more, which Transformers would otherwise say in the new folder
    model.config.__dict__.pop("quantization_config", None)
    vars(model).update(hf_quantizer=None, is_quantized=False)
    try:
        with new_folder(folder) as unfinished, quiet():
            model.save_pretrained(unfinished)
            tokenizer.save_pretrained(unfinished)
    except PitchpipeError:
        if not folder.is_dir():  # else another process was faster
            raise
    return folder


def _cache(settings: Settings) -> Path:
    if settings.cache:
        return Path(settings.cache).expanduser()
    home = os.environ.get("XDG_CACHE_HOME")
    return (Path(home) if home else Path.home() / ".cache") / "pitchpipe" / "hf"


@contextlib.contextmanager
def _explained(base: Base, settings: Settings) -> Iterator[None]:
    """What goes wrong in the block is told by what the user can do about it.

    Raises:
        ConfigError: something did.
    """
    try:
        yield
    except (OSError, ValueError, KeyError, ImportError) as error:
        missing = not Path(base.place).exists()
        hint = (
            "Expected a folder, a GGUF file, or a model in the cache of Transformers; with "
            "download=true it is fetched."
            if missing and not settings.download
            else "Expected a causal language model with its tokenizer."
        )
        reason = str(error).partition("\n")[0]
        raise ConfigError(
            f"base model {base.place!r} cannot be loaded. {hint} ({reason})"
        ) from None


@contextlib.contextmanager
def _unconnected(settings: Settings) -> Iterator[None]:
    """No requests but downloads that were asked for: the hub's package has others of its own."""
    from huggingface_hub import constants

    before = constants.HF_HUB_OFFLINE
    constants.HF_HUB_OFFLINE = before or not settings.download
    try:
        yield
    finally:
        constants.HF_HUB_OFFLINE = before


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """No progress bars, of which some heed no setting: a library does not write to the terminal."""
    from transformers.utils import logging as transformers_logging

    shown = transformers_logging.is_progress_bar_enabled()
    transformers_logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    try:
        with contextlib.redirect_stderr(io.StringIO()):
            yield
    finally:
        if shown:
            transformers_logging.enable_progress_bar()  # type: ignore[no-untyped-call]
