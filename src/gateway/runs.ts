/** Runs of the gateway: begun once a request, joined by whoever repeats it, given back when the process ends. */

import type { OpenParts } from "../config/parts.ts";
import { messageOf, StorageError } from "../core/errors.ts";
import { shortHash } from "../core/hash.ts";
import { canonicalJson, type Json } from "../core/json.ts";
import type { Journal, RunIdentity, RunRecord, Taken } from "../journal/journal.ts";
import { runOn } from "../loop/run-on.ts";
import type { Admission } from "./admission.ts";
import type { Health } from "./health.ts";
import plainLoop, { gatewayLoop } from "./loop.ts";
import type { Metrics } from "./metrics.ts";
import { type Planner, partsFor } from "./plan.ts";
import type { GatewayInput, GatewayRequest } from "./request.ts";
import { viewOf } from "./view.ts";

export interface Asked {
  readonly client: string;
  readonly request: GatewayRequest;
  /** The client's own key: the same request under it is asked once. `null`: a new run each time. */
  readonly key: string | null;
  /** Milliseconds that it may wait for a place. */
  readonly patience: number;
  readonly onText?: (piece: string) => void;
}

/** A run that was found or begun. */
export interface Begun {
  readonly run: RunRecord;
  /** It was there already: under the client's key, or because it is asked for again. */
  readonly isKnown: boolean;
  /**
   * Resolves when the run has left the process, with why it did so before its time. `null`: nothing is under way; the
   * run is as the journal has it.
   */
  readonly left: Promise<Left> | null;
  /** Another process has it. */
  readonly owner: string | null;
}

export type Left =
  | { readonly kind: "settled" }
  /** The process stops; the journal has the run, and any process may go on with it. */
  | { readonly kind: "stopped" }
  | { readonly kind: "failed"; readonly error: StorageError };

interface RunsOptions {
  readonly journal: Journal;
  readonly parts: OpenParts;
  readonly planner: Planner;
  readonly admission: Admission;
  readonly metrics: Metrics;
  readonly health: Health;
  readonly newId: () => string;
}

export class Runs {
  readonly #options: RunsOptions;
  readonly #stop = new AbortController();
  readonly #signal: AbortSignal;
  readonly #byItem = new Map<string, { readonly content: string; readonly begun: Promise<Begun> }>();
  readonly #live = new Map<number, Promise<Left>>();

  constructor(options: RunsOptions) {
    this.#options = options;
    this.#signal = AbortSignal.any([options.parts.stop, this.#stop.signal]);
  }

  /**
   * Begins the run of a request, or finds it. `conflict`: there is another request under the client's key. Rejects with
   * a `FullError`, a `StorageError`, or the `UsageError` of a question that cannot be asked.
   */
  async ask(asked: Asked): Promise<Begun | "conflict"> {
    const { client, request, key } = asked;
    const item = key === null ? this.#options.newId() : `${client}:${key}`;
    const content = shortHash(canonicalJson(request));
    const known = this.#byItem.get(item);
    if (known) return known.content === content ? { ...(await known.begun), isKnown: true } : "conflict";
    const { name: loop, version } = plainLoop;
    const identity: RunIdentity = { loop, version, item, content };
    if (key !== null && this.#options.journal.relatives(identity).otherContent.length > 0) return "conflict";
    const begun = this.#begin(identity, asked);
    this.#byItem.set(item, { content, begun });
    const forget = (): void => {
      this.#byItem.delete(item);
    };
    begun.then(({ left }) => (left ? left.then(forget) : forget()), forget);
    return begun;
  }

  async #begin(identity: RunIdentity, { client, request, patience, onText }: Asked): Promise<Begun> {
    const { journal, planner, admission } = this.#options;
    await admission.enter(patience);
    const taken = await this.#taking(() => {
      const input: GatewayInput = { client, request, steps: planner.plan(request) };
      return journal.begin({ ...identity, input: input as unknown as Json });
    });
    return this.#follow(taken, onText);
  }

  /** What was taken; its place is given back where nothing was. */
  async #taking(take: () => Promise<Taken>): Promise<Taken> {
    const { admission, health } = this.#options;
    try {
      const taken = await take();
      health.wrote();
      return taken;
    } catch (thrown) {
      admission.leave();
      health.failed(thrown);
      throw thrown;
    }
  }

  /**
   * Goes on with a run that can go on, for one who asks for its answer again. `mayTake` throws where no run may be taken
   * up now; one that is settled, waits or is under way is found all the same. Rejects as `ask` does.
   */
  async resume(run: RunRecord, patience: number, mayTake: () => void): Promise<Begun> {
    const { journal, parts, admission } = this.#options;
    const live = this.#live.get(run.number);
    if (live) return { run, isKnown: true, left: live, owner: null };
    const isAsleep = run.status === "sleeping" && (run.wakes ?? 0) > parts.now();
    const isStill = run.outcome !== null || run.status === "waiting" || isAsleep;
    if (isStill || run.version !== plainLoop.version) return { run, isKnown: true, left: null, owner: null };
    mayTake();
    await admission.enter(patience);
    const taken = await this.#taking(() => journal.take(run.number));
    return { ...this.#follow(taken), isKnown: true };
  }

  /** Holds the place until the run leaves. */
  #follow(taken: Taken, onText?: (piece: string) => void): Begun {
    const { admission, health } = this.#options;
    const { run } = taken;
    if (taken.kind !== "taken") {
      admission.leave();
      // Two who resume it at once: the second finds it with this very process.
      const left = this.#live.get(run.number) ?? null;
      const owner = taken.kind === "busy" && !left ? taken.owner : null;
      return { run, isKnown: true, left, owner };
    }
    const left = this.#go(taken, onText).finally(() => {
      this.#live.delete(run.number);
      admission.leave();
    });
    left.then((how) => {
      if (how.kind === "failed") health.failed(how.error);
      else if (how.kind === "settled") health.wrote();
    });
    this.#live.set(run.number, left);
    return { run, isKnown: taken.events.length > 0, left, owner: null };
  }

  async #go(taken: Extract<Taken, { kind: "taken" }>, onText?: (piece: string) => void): Promise<Left> {
    const { journal, parts, metrics } = this.#options;
    const { number } = taken.run;
    const { steps } = taken.run.input as unknown as GatewayInput;
    try {
      const end = await runOn(onText ? gatewayLoop(onText) : plainLoop, taken, partsFor(steps, parts, this.#signal));
      const events = journal.events(number);
      metrics.run(viewOf(journal.run(number)!, events), events.slice(taken.events.length));
      if (end.kind !== "stopped") return { kind: "settled" };
      return end.error ? { kind: "failed", error: end.error } : { kind: "stopped" };
    } catch (thrown) {
      const error =
        thrown instanceof StorageError
          ? thrown
          : new StorageError("E_JOURNAL", `a run could not be followed: ${messageOf(thrown)}`, { cause: thrown });
      return { kind: "failed", error };
    }
  }

  /** The run under its public id, if it is this client's. */
  find(id: string, client: string): RunRecord | undefined {
    const { journal } = this.#options;
    const prefix = `${journal.id}-`;
    const number = id.startsWith(prefix) ? id.slice(prefix.length) : "";
    const run = /^\d{1,15}$/.test(number) ? journal.run(Number(number)) : undefined;
    const isOurs = run?.loop === plainLoop.name;
    return isOurs && (run.input as unknown as GatewayInput).client === client ? run : undefined;
  }

  /** Lets the runs under way end, and gives those back that do not within so many milliseconds. */
  async close(milliseconds: number): Promise<void> {
    this.#options.admission.close();
    const timer = setTimeout(() => this.#stop.abort(), milliseconds);
    while (this.#live.size > 0) await Promise.all(this.#live.values());
    clearTimeout(timer);
    // Whoever was still beginning finds the door closed.
    this.#stop.abort();
    await Promise.allSettled([...this.#byItem.values()].map(({ begun }) => begun));
    while (this.#live.size > 0) await Promise.all(this.#live.values());
  }
}
