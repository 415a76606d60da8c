/** Anthropic's batches: the requests are in one body, and nothing but their own ids tells one batch from another. */

import type { Json } from "../core/json.ts";
import type { Backend } from "../net/backend.ts";
import { plausibleTokens } from "../wire/counted.ts";
import { countOf, type Fields, fieldsOf, textOf } from "../wire/fields.ts";
import { messagesUsage } from "../wire/messages.ts";
import type { BatchApi, BatchFound, BatchLine, BatchProgress, BatchResult, LostBatch } from "./batch-api.ts";
import { jsonLines } from "./batch-lines.ts";
import { idOf, isLost, unclearList, unclearUntilEnded } from "./batch-reply.ts";

const base = "/v1/messages/batches";
/** Clocks differ: a batch may seem to be older than its record. */
const skew = 600_000;

export function anthropicBatches(backend: Backend): BatchApi {
  return new AnthropicBatches(backend);
}

class AnthropicBatches implements BatchApi {
  readonly host: string;
  readonly mostRequests = 100_000;
  readonly mostBytes = 256_000_000;
  readonly #backend: Backend;

  constructor(backend: Backend) {
    this.host = backend.host;
    this.#backend = backend;
  }

  async send(_key: string, lines: readonly BatchLine[], signal: AbortSignal): Promise<string> {
    const body = { requests: lines.map(({ id, body: params }) => ({ custom_id: id, params })) };
    return idOf((await this.#backend.request({ path: base, body, signal, repeatable: false })).body, "the batch");
  }

  /** A batch carries no mark of ours: one of the same size is known by the ids of its results, which come at its end. */
  async find(lost: LostBatch, signal: AbortSignal): Promise<BatchFound> {
    let after = "";
    while (true) {
      const path = `${base}?limit=100${after === "" ? "" : `&after_id=${encodeURIComponent(after)}`}`;
      const list = fieldsOf((await this.#backend.request({ path, signal })).body);
      if (!Array.isArray(list.data)) return unclearList(this.host);
      const batches = list.data.map(fieldsOf);
      for (const batch of batches) {
        const id = textOf(batch.id);
        if (lost.others.has(id) || sizeOf(batch) !== lost.size || isOlder(batch, lost.made)) continue;
        if (batch.processing_status !== "ended") return unclearUntilEnded(id, this.host);
        if (await isLost(lost, this.results(id, signal))) return { kind: "found", id };
      }
      const last = batches.at(-1);
      const next = textOf(last?.id);
      const isBefore = last !== undefined && isOlder(last, lost.made);
      if (list.has_more !== true || isBefore) return { kind: "none" };
      if (next === "" || next === after) return unclearList(this.host);
      after = next;
    }
  }

  async look(id: string, signal: AbortSignal): Promise<BatchProgress> {
    const batch = fieldsOf((await this.#backend.request({ path: `${base}/${encodeURIComponent(id)}`, signal })).body);
    const counts = fieldsOf(batch.request_counts);
    const size = sizeOf(batch);
    if (batch.processing_status !== "ended") {
      return { kind: "under way", done: size - (countOf(counts.processing) ?? 0), size };
    }
    const told = ["succeeded", "errored", "canceled", "expired"].flatMap((name) => {
      const count = countOf(counts[name]) ?? 0;
      return count > 0 ? [`${count} ${name}`] : [];
    });
    return { kind: "ended", note: told.join(", ") || "ended", isVoid: false };
  }

  async *results(id: string, signal: AbortSignal): AsyncIterable<BatchResult> {
    const path = `${base}/${encodeURIComponent(id)}/results`;
    for await (const line of jsonLines(await this.#backend.stream({ path, signal }))) yield resultOf(fieldsOf(line));
  }

  async close(): Promise<void> {
    await this.#backend.close();
  }
}

function sizeOf({ request_counts }: Fields): number {
  return Object.values(fieldsOf(request_counts)).reduce<number>((sum, count) => sum + (countOf(count) ?? 0), 0);
}

function isOlder({ created_at }: Fields, made: number): boolean {
  return Date.parse(textOf(created_at)) < made - skew;
}

function resultOf({ custom_id, result }: Fields): BatchResult {
  const id = textOf(custom_id) || null;
  const { type, message, error } = fieldsOf(result);
  if (type === "succeeded" && typeof message === "object" && message !== null) {
    return {
      id,
      kind: "answered",
      reply: message as Json,
      tokens: plausibleTokens(messagesUsage(fieldsOf(message).usage)),
    };
  }
  const inner = fieldsOf(fieldsOf(error).error);
  const parts = [textOf(inner.type) || textOf(type), textOf(inner.message)];
  return { id, kind: "failed", reason: parts.filter((part) => part !== "").join(": ") || "no reply" };
}
