// What a user of the API does from end to end, with the openai package of npm.
//
// `node flow.mjs FOLDER` asks the service that OPENAI_BASE_URL names, with the files of the folder,
// and prints what it was told as one JSON object: the same requests, and the same report, as
// flow.py. The package is that of the folder PITCHPIPE_NODE_OPENAI.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";

const require = createRequire(join(process.env.PITCHPIPE_NODE_OPENAI, "here.js"));
const { OpenAI, toFile } = require("openai");

const ENDED = ["succeeded", "failed", "cancelled", "completed"];
const client = new OpenAI({ maxRetries: 0 });
const folder = process.argv[2];

async function collect(pages) {
  const items = [];
  for await (const item of await pages) items.push(item);
  return items;
}

async function refusal(call) {
  try {
    await call();
  } catch (error) {
    if (!(error instanceof OpenAI.APIError)) throw error;
    return [error.constructor.name, error.status, error.code, error.param];
  }
  return ["nothing was refused"];
}

async function upload(name, content, purpose) {
  return (await client.files.create({ file: await toFile(content, name), purpose })).id;
}

async function text(fileId) {
  return (await client.files.content(fileId)).text();
}

const lines = (content) => content.trimEnd().split("\n");
const read = (name) => readFileSync(join(folder, name));

async function follow(retrieve, id) {
  const states = [];
  for (;;) {
    const found = await retrieve(id);
    if (states.at(-1) !== found.status) states.push(found.status);
    if (ENDED.includes(found.status)) return [found, states];
  }
}

const jobs = client.fineTuning.jobs;

async function train() {
  const fileId = await upload("train.jsonl", read("train.jsonl"), "fine-tune");
  let job = await jobs.create({
    model: "babbage-002",
    training_file: fileId,
    validation_file: fileId,
    suffix: "demo",
    seed: 1,
    metadata: { try: "first" },
    hyperparameters: { n_epochs: 3, batch_size: 10 },
  });
  const told = { created: [job.id, job.status, job.model] };
  told["too early"] = await refusal(() => jobs.resume(job.id));
  told["queued"] = (await jobs.retrieve(job.id)).status;
  told["paused"] = (await jobs.pause(job.id)).status;
  told["still paused"] = (await jobs.retrieve(job.id)).status;
  told["resumed"] = (await jobs.resume(job.id)).status;
  [job, told["states"]] = await follow((id) => jobs.retrieve(id), job.id);
  told["trained tokens"] = job.trained_tokens;
  const events = await collect(jobs.listEvents(job.id, { limit: 3 }));
  told["events"] = events.map((event) => event.message);
  const points = await collect(jobs.checkpoints.list(job.id, { limit: 1 }));
  told["checkpoints"] = points.map((point) => [point.step_number, point.metrics.train_loss]);
  const result = await text(job.result_files[0]);
  told["result"] = lines(Buffer.from(result, "base64").toString());
  told["too late"] = await refusal(() => jobs.cancel(job.id));
  const other = await jobs.create({ model: "gpt-4o-mini-2024-07-18", training_file: fileId });
  told["cancelled"] = (await jobs.cancel(other.id)).status;
  told["jobs"] = (await collect(jobs.list({ limit: 1 }))).map((found) => found.id);
  return [told, job.fine_tuned_model];
}

async function complete(model) {
  const asked = { model, prompt: "good film 1 ->", temperature: 0, max_tokens: 5 };
  const whole = await client.completions.create({ ...asked, logprobs: 2 });
  const chunks = await collect(client.completions.create({ ...asked, stream: true }));
  const choice = whole.choices[0];
  return {
    text: choice.text,
    finish: choice.finish_reason,
    tokens: choice.logprobs.tokens,
    usage: [whole.usage.prompt_tokens, whole.usage.completion_tokens],
    streamed: chunks.map((chunk) => chunk.choices[0].text).join(""),
    last: chunks.at(-1).choices[0].finish_reason,
  };
}

async function chat() {
  let job = await jobs.create({
    model: "gpt-4o-mini-2024-07-18",
    training_file: await upload("chat.jsonl", read("chat.jsonl"), "fine-tune"),
    method: { type: "supervised", supervised: { hyperparameters: { n_epochs: 3 } } },
  });
  [job] = await follow((id) => jobs.retrieve(id), job.id);
  const asked = {
    model: job.fine_tuned_model,
    messages: [{ role: "user", content: "good film 1?" }],
    temperature: 0,
  };
  const completions = client.chat.completions;
  const whole = await completions.create({ ...asked, logprobs: true, top_logprobs: 1 });
  const chunks = await collect(
    completions.create({ ...asked, stream: true, stream_options: { include_usage: true } }),
  );
  const choice = whole.choices[0];
  const usage = chunks.at(-1).usage;
  return {
    model: job.fine_tuned_model,
    content: choice.message.content,
    finish: choice.finish_reason,
    tokens: choice.logprobs.content.map((token) => token.token),
    streamed: chunks.map((chunk) => chunk.choices[0]?.delta.content ?? "").join(""),
    usage: [usage.prompt_tokens, usage.completion_tokens],
  };
}

async function batch(model) {
  const content = Buffer.from(read("batch.jsonl").toString().replaceAll("TUNED", model));
  const made = [];
  for (const number of [0, 1]) {
    made.push(
      await client.batches.create({
        input_file_id: await upload("batch.jsonl", content, "batch"),
        endpoint: "/v1/completions",
        completion_window: "24h",
        metadata: { number: String(number) },
      }),
    );
  }
  const [done, states] = await follow((id) => client.batches.retrieve(id), made[0].id);
  const answers = lines(await text(done.output_file_id)).map((line) => JSON.parse(line));
  const errors = lines(await text(done.error_file_id)).map((line) => JSON.parse(line));
  return {
    states,
    counts: [done.request_counts.completed, done.request_counts.failed],
    answers: answers.map((a) => [a.custom_id, a.response.body.choices[0].text]),
    errors: errors.map((line) => line.response.body.error.code),
    cancelled: (await client.batches.cancel(made[1].id)).status,
    batches: (await collect(client.batches.list({ limit: 1 }))).map((found) => found.id),
  };
}

async function refusals() {
  const completions = client.completions;
  const wrong = { model: "babbage-002", training_file: "file-none" };
  return {
    file: await refusal(() => client.files.retrieve("file-none")),
    model: await refusal(() => client.models.retrieve("none")),
    job: await refusal(() => jobs.retrieve("ftjob-none")),
    "training file": await refusal(() => jobs.create(wrong)),
    "base model": await refusal(() => jobs.create({ ...wrong, model: "none" })),
    prompt: await refusal(() => completions.create({ model: "babbage-002", prompt: 1 })),
    "wrong endpoint": await refusal(() => completions.create({ model: "gpt-4o", prompt: "x" })),
    deleting: await refusal(() => client.models.delete("babbage-002")),
  };
}

async function remove(model) {
  const deleted = await client.models.delete(model);
  const files = await collect(client.files.list({ limit: 2, order: "asc" }));
  const gone = [];
  for (const file of files) gone.push((await client.files.delete(file.id)).deleted);
  return {
    model: [deleted.id, deleted.deleted],
    "asked again": await refusal(() => client.completions.create({ model, prompt: "x" })),
    files: files.map((file) => [file.filename, file.purpose]),
    gone,
    left: (await collect(client.files.list())).length,
  };
}

const [training, model] = await train();
const report = {
  version: require("openai/version").VERSION,
  train: training,
  complete: await complete(model),
  chat: await chat(),
  batch: await batch(model),
  refusals: await refusals(),
  delete: await remove(model),
};
process.stdout.write(JSON.stringify(report));
