/** One request from its body to its reply: asked through a run, waited for, said in its own format. */

import { UsageError } from "../core/errors.ts";
import type { Journal, RunRecord } from "../journal/journal.ts";
import { type ChatAnswer, renderChunks, renderEvents } from "../wire/chat-server.ts";
import { FullError } from "./admission.ts";
import { Problem, tooMany } from "./problem.ts";
import { bodyOf, chatAnswer, chunksOf, pawlOf, placeOf, withPawl } from "./reply.ts";
import type { GatewayRequest } from "./request.ts";
import type { Begun, Left, Runs } from "./runs.ts";
import { standingOf, type View, viewOf } from "./view.ts";
import { tooLate, within } from "./waits.ts";

/** What a request says beside its questions. */
export interface Manner {
  readonly client: string;
  /** `Idempotency-Key`. */
  readonly key: string | null;
  /** `Prefer: respond-async`: the client would rather come again than wait for a person. */
  readonly isAsync: boolean;
  readonly isStream: boolean;
  /** Milliseconds since the epoch at which its time is up. */
  readonly deadline: number;
}

export class Desk {
  readonly #runs: Runs;
  readonly #journal: Journal;
  readonly #now: () => number;

  constructor(runs: Runs, journal: Journal, now: () => number) {
    this.#runs = runs;
    this.#journal = journal;
    this.#now = now;
  }

  /** Answers a request. Throws a `Problem`. */
  async answer(request: GatewayRequest, manner: Manner): Promise<Response> {
    const isTyped = manner.isStream && request.format === "chat" && request.free !== null;
    const pieces = isTyped ? new Pieces() : null;
    const begun = await this.#begin(request, manner, pieces);
    if (pieces && begun.left && !begun.isKnown) {
      const first = await Promise.race([pieces.first, within(begun.left, this.#left(manner))]);
      if (first === "a piece") return this.#typed(begun, pieces, manner);
    }
    return (await this.#wait(begun, manner)) ?? this.#reply(begun, manner);
  }

  /** The answer of an earlier request, as it stands now. Throws a `Problem`, and what `mayTake` does: see `Runs.resume`. */
  async again(id: string, manner: Manner, mayTake: () => void): Promise<Response> {
    const run = this.#runs.find(id, manner.client);
    if (!run) throw new Problem(404, "no_such_answer", `there is no answer ${id}`);
    const begun = await this.#guarded(() => this.#runs.resume(run, this.#left(manner), mayTake));
    const patient = { ...manner, isAsync: true };
    return (await this.#wait(begun, patient)) ?? this.#reply(begun, patient);
  }

  async #begin(request: GatewayRequest, manner: Manner, pieces: Pieces | null): Promise<Begun> {
    const { client, key } = manner;
    const asked = { client, request, key, patience: this.#left(manner), ...(pieces && { onText: pieces.add }) };
    const begun = await this.#guarded(() => this.#runs.ask(asked));
    if (begun !== "conflict") return begun;
    throw new Problem(409, "idempotency_conflict", "another request was sent under this Idempotency-Key before", {
      param: "Idempotency-Key",
    });
  }

  #left({ deadline }: Manner): number {
    return Math.max(0, deadline - this.#now());
  }

  /** Rejections that a client can do something about, as problems. */
  async #guarded<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (thrown) {
      if (thrown instanceof FullError) throw tooMany(thrown);
      if (thrown instanceof UsageError) throw new Problem(400, thrown.code, thrown.message);
      if (thrown instanceof RangeError) throw new Problem(400, "invalid_request", "this is nested too deeply");
      throw thrown;
    }
  }

  /** Waits until the run has left. Gives a reply only where that takes longer than a patient client waits. */
  async #wait({ run, left, owner }: Begun, manner: Manner): Promise<Response | null> {
    if (owner !== null) {
      if (manner.isAsync) return underWay(run);
      throw later(503, run, "busy_elsewhere", `another process works on this: ${owner}`);
    }
    if (!left) return null;
    const how = await within(left, this.#left(manner));
    if (how === tooLate && manner.isAsync) return underWay(run);
    if (how === tooLate) throw later(504, run, "time_limit", "the time for this request is up; the work goes on");
    refuseUnsettled(how, run);
    return null;
  }

  #view(run: RunRecord): View {
    return viewOf(this.#journal.run(run.number) ?? run, this.#journal.events(run.number));
  }

  #reply({ run, isKnown }: Begun, { isAsync, isStream }: Manner): Response {
    const view = this.#view(run);
    refuseFailed(view, isKnown);
    const standing = standingOf(view.given);
    const isWaiting = view.run.outcome === null;
    const status = isWaiting && isAsync ? 202 : 200;
    const headers = {
      "x-request-id": run.id,
      "pawl-standing": standing,
      "cache-control": "no-store",
      ...(status === 202 && { location: placeOf(run), "retry-after": "10" }),
    };
    if (isStream) return events(renderEvents(chunksOf(view, isKnown)), status, headers);
    return Response.json(bodyOf(view, isKnown), { status, headers });
  }

  /** A reply that is shown while it is written. */
  #typed(begun: Begun, pieces: Pieces, manner: Manner): Response {
    const { run, left } = begun;
    const encoder = new TextEncoder();
    let isOpen = true;
    const body = new ReadableStream<Uint8Array>({
      start: async (controller) => {
        const send = (text: string): void => {
          if (isOpen) controller.enqueue(encoder.encode(text));
        };
        const live: ChatAnswer = {
          ...chatAnswer(this.#view(run)),
          said: { kind: "content", text: "" },
        };
        let sent = "";
        send(data(renderChunks(live, false)[0]!));
        pieces.listen((text) => {
          sent += text;
          send(data(renderChunks({ ...live, said: { kind: "content", text } }, false)[1]!));
        });
        const end = left ? await within(left, this.#left(manner)) : null;
        send(this.#ending(begun, end, sent));
        if (isOpen) controller.close();
      },
      // Nobody reads on; the run goes on, and its answer can be asked for.
      cancel: () => {
        isOpen = false;
      },
    });
    return events(body, 200, { "x-request-id": run.id });
  }

  /** What is still to be said after the pieces: the rest, how it ended, and what it rests on. */
  #ending({ run, isKnown }: Begun, how: Left | typeof tooLate | null, sent: string): string {
    try {
      if (how === tooLate) throw later(504, run, "time_limit", "the time for this request is up; the work goes on");
      if (how) refuseUnsettled(how, run);
      const view = this.#view(run);
      refuseFailed(view, isKnown);
      const answer = chatAnswer(view);
      const whole = answer.said.kind === "content" ? answer.said.text : "";
      // What was shown may have been refused, and written anew by the next rung.
      if (whole === "" || !(whole.startsWith(sent) || whole.trim() === sent.trim())) {
        throw later(502, run, "text_not_kept", "the text that was shown does not stand");
      }
      const isUsage = view.request.format === "chat" && view.request.chat.streamUsage;
      const rest = whole.startsWith(sent) ? whole.slice(sent.length) : "";
      const chunks = renderChunks({ ...answer, said: { kind: "content", text: rest } }, isUsage);
      return renderEvents(withPawl(rest === "" ? chunks.slice(2) : chunks.slice(1), view, isKnown));
    } catch (thrown) {
      const problem = thrown instanceof Problem ? thrown : later(500, run, "internal_error", "this went wrong");
      return renderEvents([problem.body]);
    }
  }
}

/** Pieces of a text from whoever writes it to whoever shows it. */
class Pieces {
  readonly first: Promise<"a piece">;
  #early: string[] = [];
  #listener: ((text: string) => void) | null = null;
  #begin: () => void = () => {};

  constructor() {
    this.first = new Promise((resolve) => {
      this.#begin = () => resolve("a piece");
    });
  }

  readonly add = (text: string): void => {
    if (this.#listener) this.#listener(text);
    else this.#early.push(text);
    this.#begin();
  };

  listen(listener: (text: string) => void): void {
    this.#listener = listener;
    for (const text of this.#early.splice(0)) listener(text);
  }
}

function refuseUnsettled(left: Left, run: RunRecord): void {
  if (left.kind === "settled") return;
  if (left.kind === "stopped") {
    throw later(503, run, "shutting_down", "the gateway is shutting down; what was asked is kept");
  }
  throw later(500, run, left.error.code, "the answer could not be put on record, so it is not given");
}

/** A run that ended without an answer. */
function refuseFailed(view: View, isKnown: boolean): void {
  const { outcome } = view.run;
  if (outcome === null || outcome.kind === "done") return;
  const pawl = pawlOf(view, isKnown);
  if (outcome.kind === "failed") throw new Problem(500, outcome.code, outcome.message, { pawl });
  const message = `the run reached its limit of ${outcome.allowed} ${outcome.limit}`;
  throw new Problem(500, "limit_reached", message, { pawl });
}

/** For a client that would rather come again. */
function underWay(run: RunRecord): Response {
  const at = placeOf(run);
  const headers = { location: at, "retry-after": "1", "x-request-id": run.id };
  return Response.json({ pawl: { run: run.id, at } }, { status: 202, headers });
}

/** No answer, and where it will be. */
function later(status: number, run: RunRecord, code: string, message: string): Problem {
  const at = placeOf(run);
  return new Problem(status, code, `${message}; ask again at ${at}`, {
    // Clients that try again by themselves would ask anew what is still being answered.
    headers: { location: at, "retry-after": "1", "x-should-retry": "false", "x-request-id": run.id },
    pawl: { run: run.id, at },
  });
}

function data(chunk: object): string {
  return `data: ${JSON.stringify(chunk)}\n\n`;
}

function events(body: string | ReadableStream, status: number, headers: { readonly [name: string]: string }): Response {
  const own = { "content-type": "text/event-stream; charset=utf-8", "cache-control": "no-store" };
  return new Response(body, { status, headers: { ...own, ...headers } });
}
