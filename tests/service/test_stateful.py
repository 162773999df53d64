"""Files, jobs and batches through the real client, by two doors of one folder, in any order."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

import openai
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from pitchpipe.service.engine import states

BASES = {"completion": "babbage-002", "chat": "gpt-4o", "preference": "gpt-4o"}
COMMANDS = {"pause": "paused", "resume": "queued", "cancel": "cancelled"}
DOORS = st.integers(0, 1)
LIMITS = st.integers(1, 5)
ORDERS = st.sampled_from(["asc", "desc"])


def requests(models):
    body = {"prompt": "x", "temperature": 0}
    lines = [
        {
            "custom_id": str(n),
            "method": "POST",
            "url": "/v1/completions",
            "body": body | {"model": m},
        }
        for n, m in enumerate(models)
    ]
    return "\n".join(map(json.dumps, lines)).encode()


def machine(make_lab, lines):
    contents = {form: make(10) for form, make in lines.items()} | {"broken": b"{}\n[]\n"}

    class Machine(RuleBasedStateMachine):
        def __init__(self):
            super().__init__()
            self.folder = tempfile.TemporaryDirectory()
            self.labs = [self.open(), self.open()]
            self.kept: dict[str, bytes | None] = {}  # every file that is there, oldest first
            self.forms: dict[str, str] = {}  # what each upload holds, deleted or not
            self.told: dict[str, dict] = {}  # every job as last seen, oldest first
            self.batch_told: dict[str, dict] = {}
            self.events: dict[str, list[dict]] = {}
            self.tuned: dict[str, bool] = {}  # whether the model is still there
            self.ids: list[str] = []  # of everything that ever was
            self.harmed: set[str] = set()  # jobs and batches that lost what they need

        def open(self):
            return make_lab(data_dir=Path(self.folder.name), pace="manual")

        def client(self, door):
            return self.labs[door].client

        @initialize()
        def begin(self):
            for form in sorted(BASES):
                self.create_job(0, self.keep(1, form, contents[form], "fine-tune"), form, 2)
            asked = self.keep(0, "requests", requests(["davinci-002", "gone"]), "batch")
            self.create_batch(1, asked)

        def teardown(self):
            for door in (0, 1):
                for job_id in self.told:
                    self.read_events(job_id, door, 100)
                self.list_files(door, 4, "asc")
                self.list_in_pages(door, 3)
            for lab in self.labs:
                lab.close()
            self.folder.cleanup()

        # --- files --------------------------------------------------------------------------------

        def keep(self, door, form, content, purpose):
            file_id = self.labs[door].upload(content, purpose)
            self.kept[file_id] = content
            self.forms[file_id] = form
            self.ids.append(file_id)
            return file_id

        def read(self, door, file_id):
            if file_id in self.kept:
                assert self.client(door).files.content(file_id).content == self.kept[file_id]
            else:
                with pytest.raises(openai.NotFoundError):
                    self.client(door).files.content(file_id)

        def delete_file(self, door, file_id):
            if self.kept.pop(file_id, None) is None:
                with pytest.raises(openai.NotFoundError):
                    self.client(door).files.delete(file_id)
                return
            assert self.client(door).files.delete(file_id).deleted
            for told in (self.told, self.batch_told):
                self.harmed |= {name for name, body in told.items() if file_id in body.values()}

        def list_files(self, door, limit, order):
            found = [file.id for file in self.client(door).files.list(limit=limit, order=order)]
            assert found == list(self.kept)[:: 1 if order == "asc" else -1]

        # --- jobs ---------------------------------------------------------------------------------

        def create_job(self, door, file_id, form, epochs):
            hyperparameters = {"n_epochs": epochs, "batch_size": 5}
            kind = "dpo" if form == "preference" else "supervised"
            method = {"type": kind, kind: {"hyperparameters": hyperparameters}}
            self.start(door, file_id, form, model=BASES[form], method=method)

        def train_further(self, door, file_id, model):
            form = "completion" if "babbage" in model else "chat"
            self.start(door, file_id, form, model=model)

        def start(self, door, file_id, form, **options):
            jobs = self.client(door).fine_tuning.jobs
            usable = self.forms[file_id] != "requests" and file_id in self.kept
            if not usable or not self.tuned.get(options["model"], True):
                with pytest.raises(openai.BadRequestError):
                    jobs.create(training_file=file_id, **options)
                return
            job = jobs.create(training_file=file_id, **options)
            if self.forms[file_id] != form:
                self.harmed.add(job.id)
            self.told[job.id] = job.to_dict()
            self.ids.append(job.id)

        def command_job(self, door, job_id, verb):
            before = self.told[job_id]["status"]
            call = getattr(self.client(door).fine_tuning.jobs, verb)
            legal = COMMANDS[verb] in states.JOB[before] and (
                verb != "resume" or before == "paused"
            )
            if legal:
                assert call(job_id).status == COMMANDS[verb]
            else:
                with pytest.raises(openai.BadRequestError):
                    call(job_id)
            self.look(1 - door, job_id)

        def look(self, door, job_id):
            """One legal step since the last look at the most."""
            job = self.client(door).fine_tuning.jobs.retrieve(job_id).to_dict()
            before, now = self.told[job_id]["status"], job["status"]
            assert now == before or now in states.JOB[before]
            self.told[job_id] = job
            if now == before:
                return
            assert self.read_events(job_id, 1 - door, 100) > 0
            if now == "failed":
                assert job_id in self.harmed, job["error"]
            if now == "succeeded":
                self.tuned[job["fine_tuned_model"]] = True
                self.ids += [job["fine_tuned_model"], *job["result_files"]]
                for file_id in job["result_files"]:
                    self.kept[file_id] = self.client(door).files.content(file_id).content

        def read_events(self, job_id, door, limit):
            jobs = self.client(door).fine_tuning.jobs
            found = [event.to_dict() for event in jobs.list_events(job_id, limit=limit)][::-1]
            known = self.events.get(job_id, [])
            assert found[: len(known)] == known
            ids = [event["id"] for event in found]
            assert ids == sorted(set(ids))
            self.events[job_id] = found
            return len(found) - len(known)

        # --- models -------------------------------------------------------------------------------

        def delete_model(self, door, model):
            client = self.client(door)
            if self.tuned[model]:
                assert client.models.delete(model).deleted
                self.tuned[model] = False
                self.harmed |= {name for name, job in self.told.items() if job["model"] == model}
            for call in (client.models.delete, client.models.retrieve):
                with pytest.raises(openai.NotFoundError):
                    call(model)

        # --- batches ------------------------------------------------------------------------------

        def create_batch(self, door, file_id):
            asked = {"endpoint": "/v1/completions", "completion_window": "24h"}
            create = self.client(door).batches.create
            if self.forms[file_id] != "requests" or file_id not in self.kept:
                with pytest.raises(openai.BadRequestError):
                    create(input_file_id=file_id, **asked)
                return
            batch = create(input_file_id=file_id, **asked)
            if not self.kept[file_id]:
                self.harmed.add(batch.id)
            self.batch_told[batch.id] = batch.to_dict()
            self.ids.append(batch.id)

        def cancel_batch(self, door, batch_id):
            cancel = self.client(door).batches.cancel
            if "cancelling" in states.BATCH[self.batch_told[batch_id]["status"]]:
                assert cancel(batch_id).status == "cancelling"
            else:
                with pytest.raises(openai.BadRequestError):
                    cancel(batch_id)
            self.look_at_batch(1 - door, batch_id)

        def look_at_batch(self, door, batch_id):
            batch = self.client(door).batches.retrieve(batch_id).to_dict()
            before, now = self.batch_told[batch_id]["status"], batch["status"]
            assert now == before or now in states.BATCH[before]
            self.batch_told[batch_id] = batch
            if now == before:
                return
            counts = batch["request_counts"]
            if now == "failed":
                assert batch_id in self.harmed, batch["errors"]
            if now == "completed":
                assert counts["completed"] + counts["failed"] == counts["total"] > 0
            for kind, count in (("output", counts["completed"]), ("error", counts["failed"])):
                file_id = batch.get(f"{kind}_file_id")
                if file_id:
                    content = self.client(door).files.content(file_id).content
                    assert len(content.splitlines()) == count
                    self.kept[file_id] = content
                    self.ids.append(file_id)

        # --- what always holds --------------------------------------------------------------------

        def list_in_pages(self, door, limit):
            client = self.client(door)
            jobs = [job.id for job in client.fine_tuning.jobs.list(limit=limit)]
            assert jobs == list(self.told)[::-1]
            batches = [batch.id for batch in client.batches.list(limit=limit)]
            assert batches == list(self.batch_told)[::-1]

        @rule(door=DOORS, data=st.data(), what=st.sampled_from(["file", "job", "batch", "tuned"]))
        def create(self, door, data, what):
            if what == "file":
                form = data.draw(st.sampled_from(sorted(contents)))
                self.keep(door, form, contents[form], "fine-tune")
            elif what == "batch":
                models = st.sampled_from(["davinci-002", "gone", *self.tuned])
                content = requests(data.draw(st.lists(models, max_size=3)))
                self.create_batch(door, self.keep(door, "requests", content, "batch"))
            else:
                file_id = data.draw(st.sampled_from(sorted(self.forms)))
                if what == "tuned" and self.tuned:
                    self.train_further(door, file_id, data.draw(st.sampled_from(list(self.tuned))))
                else:
                    form = data.draw(st.sampled_from([self.forms[file_id], *BASES]))
                    form = form if form in BASES else "chat"
                    self.create_job(door, file_id, form, data.draw(st.integers(1, 3)))

        @rule(door=DOORS, data=st.data(), times=st.integers(1, 6))
        def advance(self, door, data, times):
            object_id = data.draw(st.sampled_from([*self.told, *self.batch_told]))
            look = self.look if object_id in self.told else self.look_at_batch
            for _ in range(times):
                self.labs[door].service.advance(object_id)
                look(door, object_id)

        @rule(door=DOORS, data=st.data())
        def command(self, door, data):
            object_id = data.draw(st.sampled_from([*self.told, *self.batch_told]))
            if object_id in self.told:
                self.command_job(door, object_id, data.draw(st.sampled_from(sorted(COMMANDS))))
            else:
                self.cancel_batch(door, object_id)

        @rule(door=DOORS, data=st.data())
        def delete(self, door, data):
            name = data.draw(st.sampled_from([*self.forms, *self.tuned]))
            if name in self.tuned:
                self.delete_model(door, name)
            else:
                self.delete_file(door, name)

        @rule(door=DOORS, data=st.data(), limit=LIMITS)
        def look_around(self, door, data, limit):
            self.read(door, data.draw(st.sampled_from([*self.forms, *self.kept])))
            self.read_events(data.draw(st.sampled_from([*self.told])), door, limit)
            self.list_files(door, limit, data.draw(ORDERS))
            self.list_in_pages(door, limit)

        @rule(door=DOORS)
        def reopen(self, door):
            self.labs[door].close()
            self.labs[door] = self.open()

        @invariant()
        def what_was_told_is_still_true(self):
            """By the other door as well; so nothing is lost, and what has ended stays as it was."""
            client = self.client(len(self.ids) % 2)
            for told, found in (
                (self.told, client.fine_tuning.jobs.list(limit=100)),
                (self.batch_told, client.batches.list(limit=100)),
            ):
                assert [item.to_dict() for item in found.data] == list(told.values())[::-1]
            names = [model.id for model in client.models.list() if model.id.startswith("ft:")]
            assert names == [name for name, there in self.tuned.items() if there]
            assert len(set(self.ids)) == len(self.ids)

    return Machine


def test_files_jobs_and_batches_do_what_they_should(make_lab, lines):
    run_state_machine_as_test(
        machine(make_lab, lines),
        settings=settings(max_examples=30, stateful_step_count=30, deadline=None),
    )
