/** One class for a model on any server, whatever format and vendor; what differs is data. */

import type { Reply } from "../core/answer.ts";
import { ModelError, UsageError } from "../core/errors.ts";
import type { Question } from "../core/question.ts";
import type { Backend } from "../net/backend.ts";
import { type Clock, realClock } from "../net/clock.ts";
import { openBackend } from "../net/http-backend.ts";
import type { Wire } from "../wire/wire.ts";
import { wires } from "../wire/wires.ts";
import { BrokenRung } from "./broken-rung.ts";
import { askUpward } from "./remote-asking.ts";
import type { Carrier } from "./remote-call.ts";
import { Health } from "./remote-health.ts";
import type { RemoteSettings } from "./remote-options.ts";
import type { DecideContext, Notes, OpenNeeds, Rung, RungServer } from "./rung.ts";
import { type UpwardVersion, versionAt } from "./upward-version.ts";

interface Opened {
  readonly backend: Backend;
  readonly carrier: Carrier;
  readonly notes: Notes;
}

export class RemoteRung implements Rung {
  readonly name: string;
  readonly local: boolean;
  readonly mostCost: number | null;
  readonly acceptAt: number | null;
  readonly #settings: RemoteSettings;
  readonly #wire: Wire;
  readonly #clock: Clock;
  readonly #health: Health;
  readonly #version: UpwardVersion;
  #opened: Opened | null = null;

  /** A clock of their own is for tests. */
  constructor(settings: RemoteSettings, clock: Clock = realClock) {
    this.#settings = settings;
    this.#clock = clock;
    this.#health = new Health(clock.now);
    this.#wire = wires[settings.wire];
    this.name = settings.name;
    this.local = settings.isLocal;
    this.mostCost = settings.mostCost;
    this.acceptAt = settings.acceptAt;
    this.#version = versionAt(settings);
  }

  async open(needs: OpenNeeds): Promise<void> {
    const { url, auth, headers, quirks, isPaid, price, timeoutSeconds, requestsPerMinute, tokensPerMinute } =
      this.#settings;
    const { key: apiKey, missingKey } = this.server;
    if (missingKey !== null) {
      throw new UsageError("E_KEY", `${this.name} needs a key: set ${missingKey}, or give the option key`);
    }
    const backend = openBackend({
      url,
      headers,
      ...(apiKey !== null && { apiKey }),
      keyHeader: auth === "x-api-key" ? "x-api-key" : "authorization",
      paid: isPaid,
      idempotencyHeader: quirks.idempotencyHeader,
      timeouts: {
        untilKnown: timeoutSeconds,
        least: Math.min(10, timeoutSeconds),
        most: timeoutSeconds,
        whole: WHOLE * timeoutSeconds,
      },
      rate: {
        ...(requestsPerMinute !== null && { requestsPerMinute }),
        ...(tokensPerMinute !== null && { tokensPerMinute }),
      },
      clock: this.#clock,
    });
    const carrier: Carrier = {
      isPaid,
      price,
      currency: needs.currency ?? "USD",
      calls: isPaid ? needs.calls : null,
      hasIdempotency: quirks.idempotencyHeader !== null,
      salt: this.#version.salt,
      async send({ path, body }, how) {
        const { body: reply, totalMilliseconds, faults } = await backend.request({ path, body, ...how });
        return { body: reply, milliseconds: totalMilliseconds, faults };
      },
    };
    this.#opened = { backend, carrier, notes: needs.notes };
  }

  get server(): RungServer {
    const { url, model, key, keyVariable, isLocal, price } = this.#settings;
    const found = key ?? (keyVariable !== null ? process.env[keyVariable] || null : null);
    const missingKey = found === null && !isLocal ? keyVariable : null;
    return { url, model, key: found, missingKey, isPriced: price !== null };
  }

  async close(): Promise<void> {
    await this.#opened?.backend.close();
    this.#opened = null;
  }

  version(): string {
    return this.#version.key(this.#opened?.notes);
  }

  async decide(question: Question, context: DecideContext): Promise<Reply> {
    if (!this.#opened) throw new ModelError("E_NOT_OPEN", `${this.name} was asked before it was opened`);
    const { carrier, notes } = this.#opened;
    const { reply, failure, model } = await askUpward(question, context, this.#wire, this.#settings, carrier);
    if (reply.kind === "waiting") return reply;
    this.#version.remember(notes, model);
    if (this.#health.isBroken(failure)) throw BrokenRung.by(failure, this.name, reply);
    return reply;
  }
}

/** A whole reply may take so many times as long as a silence. */
const WHOLE = 2;
