/** OpenAI's batches: a JSONL file is uploaded, a batch is made of it, and its results are files again. */

import type { Json } from "../core/json.ts";
import type { Backend } from "../net/backend.ts";
import { BackendError } from "../net/backend-error.ts";
import { chatUsage } from "../wire/chat.ts";
import { plausibleTokens } from "../wire/counted.ts";
import { countOf, type Fields, fieldsOf, listOf, textOf } from "../wire/fields.ts";
import type { BatchApi, BatchFound, BatchLine, BatchProgress, BatchResult, LostBatch } from "./batch-api.ts";
import { jsonLines } from "./batch-lines.ts";
import { idOf, isLost, unclearList, unclearUntilEnded } from "./batch-reply.ts";

/** Field of a batch's metadata that holds its key. */
const keyField = "pawl";
const page = 100;
/** Clocks differ: a batch may seem to be older than its record. */
const skewSeconds = 600;
const endings: ReadonlySet<string> = new Set(["completed", "failed", "expired", "cancelled"]);

export function openaiBatches(backend: Backend): BatchApi {
  return new OpenaiBatches(backend);
}

class OpenaiBatches implements BatchApi {
  readonly host: string;
  readonly mostRequests = 50_000;
  readonly mostBytes = 200_000_000;
  readonly #backend: Backend;

  constructor(backend: Backend) {
    this.host = backend.host;
    this.#backend = backend;
  }

  async send(key: string, lines: readonly BatchLine[], signal: AbortSignal): Promise<string> {
    const form = new FormData();
    form.set("purpose", "batch");
    const pieces = lines.map((line) => `${JSON.stringify(requestOf(line))}\n`);
    form.set("file", new Blob(pieces, { type: "application/jsonl" }), `${key}.jsonl`);
    const body = {
      input_file_id: await this.#upload(form, signal),
      endpoint: lines[0]?.target ?? "",
      completion_window: "24h",
      metadata: { [keyField]: key },
    };
    const made = await this.#backend.request({ path: "/v1/batches", body, signal, repeatable: false });
    return idOf(made.body, "the batch");
  }

  /** A file alone costs nothing: one too many does no harm, and one that did not arrive leaves nothing undone. */
  async #upload(form: FormData, signal: AbortSignal): Promise<string> {
    try {
      const { body } = await this.#backend.request({ path: "/v1/files", form, signal, repeatable: true });
      return idOf(body, "the uploaded file");
    } catch (thrown) {
      if (!(thrown instanceof BackendError)) throw thrown;
      const { fault, message, faults, status, retryAfter } = thrown;
      throw new BackendError(fault, message, { maybeDone: false, faults, status, retryAfter, cause: thrown });
    }
  }

  async find(lost: LostBatch, signal: AbortSignal): Promise<BatchFound> {
    const oldest = lost.made / 1000 - skewSeconds;
    let doubtful: BatchFound | null = null;
    let after = "";
    while (true) {
      const path = `/v1/batches?limit=${page}${after === "" ? "" : `&after=${encodeURIComponent(after)}`}`;
      const list = fieldsOf((await this.#backend.request({ path, signal })).body);
      if (!Array.isArray(list.data)) return unclearList(this.host);
      const batches = list.data.map(fieldsOf);
      const ours = batches.find(({ metadata }) => fieldsOf(metadata)[keyField] === lost.key);
      if (ours) return { kind: "found", id: idOf(ours, "the batch") };
      for (const batch of batches) {
        if (!mayBe(batch, lost, oldest)) continue;
        const id = idOf(batch, "the batch");
        // One that bears the mark may still come: what is not known of this one is only said if none does.
        if (!endings.has(textOf(batch.status))) doubtful ??= unclearUntilEnded(id, this.host);
        else if (await isLost(lost, this.results(id, signal))) return { kind: "found", id };
      }
      const last = batches.at(-1);
      // Newest first: what comes after was there before ours was recorded.
      const isBefore = typeof last?.created_at === "number" && last.created_at < oldest;
      const next = textOf(last?.id);
      if (list.has_more !== true || isBefore) return doubtful ?? { kind: "none" };
      if (next === "" || next === after) return unclearList(this.host);
      after = next;
    }
  }

  async look(id: string, signal: AbortSignal): Promise<BatchProgress> {
    const { status, request_counts, errors } = await this.#batch(id, signal);
    const counts = fieldsOf(request_counts);
    if (!endings.has(textOf(status))) {
      const done = (countOf(counts.completed) ?? 0) + (countOf(counts.failed) ?? 0);
      return { kind: "under way", done, size: countOf(counts.total) ?? 0 };
    }
    const why = listOf(fieldsOf(errors).data).map((error) => textOf(fieldsOf(error).message));
    const note = [textOf(status), ...why.filter((text) => text !== "").slice(0, 1)].join(": ");
    return { kind: "ended", note, isVoid: status === "failed" };
  }

  async *results(id: string, signal: AbortSignal): AsyncIterable<BatchResult> {
    const { output_file_id, error_file_id } = await this.#batch(id, signal);
    for (const file of [textOf(output_file_id), textOf(error_file_id)]) {
      if (file === "") continue;
      const path = `/v1/files/${encodeURIComponent(file)}/content`;
      for await (const line of jsonLines(await this.#backend.stream({ path, signal }))) yield resultOf(fieldsOf(line));
    }
  }

  async #batch(id: string, signal: AbortSignal): Promise<Fields> {
    return fieldsOf((await this.#backend.request({ path: `/v1/batches/${encodeURIComponent(id)}`, signal })).body);
  }

  async close(): Promise<void> {
    await this.#backend.close();
  }
}

/** A server may drop the mark: what carries none, and has the size and the time, is not yet another's. */
function mayBe({ id, metadata, created_at, request_counts }: Fields, lost: LostBatch, oldest: number): boolean {
  if (Object.keys(fieldsOf(metadata)).length > 0 || lost.others.has(textOf(id))) return false;
  const isOlder = typeof created_at === "number" && created_at < oldest;
  // Not counted yet where it has just come.
  const size = countOf(fieldsOf(request_counts).total) ?? 0;
  return !isOlder && (size === 0 || size === lost.size);
}

function requestOf({ id, target, body }: BatchLine): Json {
  return { custom_id: id, method: "POST", url: target, body };
}

function resultOf({ custom_id, response, error }: Fields): BatchResult {
  const id = textOf(custom_id) || null;
  const { status_code, body } = fieldsOf(response);
  if (status_code === 200 && typeof body === "object" && body !== null) {
    return { id, kind: "answered", reply: body as Json, tokens: plausibleTokens(chatUsage(fieldsOf(body))) };
  }
  const said = textOf(fieldsOf(error).message) || textOf(fieldsOf(fieldsOf(body).error).message);
  const code = textOf(fieldsOf(error).code) || (status_code === undefined ? "" : `status ${String(status_code)}`);
  return { id, kind: "failed", reason: [code, said].filter((part) => part !== "").join(": ") || "no reply" };
}
