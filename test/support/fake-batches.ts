/** A provider's batch API on this machine, in OpenAI's and in Anthropic's format. Nothing moves but when a test says so. */

import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Json } from "../../src/core/json.ts";
import { askedOf } from "../../src/testing/hostile-request.ts";
import { textReply } from "../../src/testing/hostile-text.ts";
import type { WireName } from "../../src/wire/wire.ts";

type Body = { readonly [key: string]: Json };

/** One request of a batch, as it was uploaded. */
export interface FakeLine {
  readonly id: string;
  readonly body: Body;
}

export interface FakeBatch {
  readonly id: string;
  readonly key: string | undefined;
  readonly created: number;
  readonly lines: readonly FakeLine[];
  /** `null` while it is under way. */
  status: "completed" | "expired" | "failed" | null;
  /** What of it is not there any more. */
  gone: "results" | "all" | null;
  /** Result lines as they are served, in this order. */
  results: readonly Json[];
}

export interface FakeBatches extends AsyncDisposable {
  readonly url: string;
  readonly batches: readonly FakeBatch[];
  /** Every request, as `POST /v1/files`. */
  readonly asked: readonly string[];
  /** Requests that start so never get a reply; `after` they are carried out or instead. */
  hold: { readonly start: string; readonly after: boolean } | null;
  /** A status with which every request is refused, or those that start so. */
  refuses: number | null;
  refusesOnly: string;
  /** It keeps no metadata, or its list of batches is none. */
  forgets: "metadata" | "list" | null;
  /** Resolves when a request was held. */
  held(): Promise<void>;
  /** A right result for each line, by what the item says; the caller may change them. */
  answers(batch: FakeBatch, answer: (text: string) => Json | undefined): Json[];
}

const usage = { prompt_tokens: 100, completion_tokens: 4 };

export async function startFakeBatches(now: () => number = Date.now): Promise<FakeBatches> {
  const files = new Map<string, string>();
  const batches: FakeBatch[] = [];
  const asked: string[] = [];
  const waiting: (() => void)[] = [];
  const fake: Pick<FakeBatches, "hold" | "refuses" | "refusesOnly" | "forgets"> = {
    hold: null,
    refuses: null,
    refusesOnly: "",
    forgets: null,
  };

  const add = (lines: readonly FakeLine[], key: string | undefined): FakeBatch => {
    const id = `batch_${batches.length + 1}`;
    const batch: FakeBatch = { id, key, created: now(), lines, status: null, results: [], gone: null };
    batches.push(batch);
    return batch;
  };
  const openai = (batch: FakeBatch): Body => ({
    id: batch.id,
    status: batch.status ?? "in_progress",
    created_at: Math.floor(batch.created / 1000),
    metadata: batch.key === undefined || fake.forgets === "metadata" ? null : { pawl: batch.key },
    request_counts: { total: batch.lines.length, completed: batch.results.length, failed: 0 },
    output_file_id: batch.status === null ? null : `out_${batch.id}`,
    error_file_id: null,
    errors: batch.status === "failed" ? { data: [{ message: "the file is no good" }] } : null,
  });
  const anthropic = (batch: FakeBatch): Body => ({
    id: batch.id,
    processing_status: batch.status === null ? "in_progress" : "ended",
    created_at: new Date(batch.created).toISOString(),
    request_counts:
      batch.status === null
        ? { processing: batch.lines.length, succeeded: 0, errored: 0, canceled: 0, expired: 0 }
        : { processing: 0, succeeded: batch.lines.length, errored: 0, canceled: 0, expired: 0 },
  });
  const list = (render: (batch: FakeBatch) => Body): Body => {
    if (fake.forgets === "list") return {};
    const there = batches.filter(({ gone }) => gone !== "all");
    return { data: there.map(render).toReversed(), has_more: false };
  };

  /** The body; `null` where there is no such thing. */
  async function answer(request: IncomingMessage): Promise<string | null> {
    const text = await textOf(request);
    const path = (request.url ?? "").split("?")[0] ?? "";
    const [, , kind = "", id = "", more = ""] = path.split("/");
    const isPost = request.method === "POST";
    if (kind === "files" && isPost) {
      const file = `file_${files.size + 1}`;
      files.set(file, text);
      return JSON.stringify({ id: file });
    }
    const resultsOf = (batch: FakeBatch | undefined): string | null =>
      batch && batch.gone === null ? jsonl(batch.results) : null;
    if (kind === "files") return resultsOf(batches.find((batch) => `out_${batch.id}` === id));
    if (kind === "batches") {
      if (isPost) {
        const { input_file_id, metadata } = JSON.parse(text) as { input_file_id: string; metadata?: { pawl: string } };
        return JSON.stringify(openai(add(linesIn(files.get(input_file_id) ?? ""), metadata?.pawl)));
      }
      if (id === "") return JSON.stringify(list(openai));
      const batch = batches.find((one) => one.id === id && one.gone !== "all");
      return batch ? JSON.stringify(openai(batch)) : null;
    }
    const own = path.split("/").slice(4);
    if (isPost) {
      const { requests } = JSON.parse(text) as { requests: { custom_id: string; params: Body }[] };
      return JSON.stringify(
        anthropic(
          add(
            requests.map(({ custom_id, params }) => ({ id: custom_id, body: params })),
            undefined,
          ),
        ),
      );
    }
    if (own[0] === undefined) return JSON.stringify(list(anthropic));
    const batch = batches.find((one) => one.id === own[0] && one.gone !== "all");
    if (own[1] === "results" || more === "results") return resultsOf(batch);
    return batch ? JSON.stringify(anthropic(batch)) : null;
  }

  const server = createServer((request, response) => void serve(request, response));
  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const line = `${request.method} ${request.url}`;
    asked.push(line);
    const { hold, refuses, refusesOnly } = fake;
    response.setHeader("content-type", "application/json");
    if (refuses !== null && line.startsWith(refusesOnly)) {
      response.statusCode = refuses;
      response.end(JSON.stringify({ error: { message: "refused" } }));
      return;
    }
    const isHeld = hold !== null && line.startsWith(hold.start);
    const body = isHeld && !hold.after ? "" : await answer(request);
    if (isHeld) {
      request.resume();
      for (const resolve of waiting.splice(0)) resolve();
      return;
    }
    if (body === null) response.statusCode = 404;
    response.end(body ?? JSON.stringify({ error: { message: "there is no such thing" } }));
  }
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));

  return Object.assign(fake, {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    batches,
    asked,
    held: () => new Promise<void>((resolve) => waiting.push(resolve)),
    answers: (batch: FakeBatch, said: (text: string) => Json | undefined): Json[] =>
      batch.lines.map(({ id, body }) => {
        const wire: WireName = batch.key === undefined ? "messages" : "chat";
        const reply = textReply(askedOf(wire, "", {}, body), said(JSON.stringify(body)), 1, null) as Body;
        return wire === "chat"
          ? { custom_id: id, response: { status_code: 200, body: { ...reply, usage } }, error: null }
          : {
              custom_id: id,
              result: { type: "succeeded", message: { ...reply, usage: { input_tokens: 100, output_tokens: 4 } } },
            };
      }),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  });
}

/** The requests in a multipart upload: the lines that are JSON. */
function linesIn(upload: string): readonly FakeLine[] {
  return upload.split(/\r?\n/).flatMap((line) => {
    if (!line.startsWith("{")) return [];
    const { custom_id, body } = JSON.parse(line) as { custom_id: string; body: Body };
    return [{ id: custom_id, body }];
  });
}

function jsonl(values: readonly Json[]): string {
  return values.map((value) => `${typeof value === "string" ? value : JSON.stringify(value)}\n`).join("");
}

async function textOf(request: IncomingMessage): Promise<string> {
  let text = "";
  for await (const piece of request) text += String(piece);
  return text;
}
