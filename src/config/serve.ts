/** What `pawl serve` reads of a config: who may ask, how much at once, and what is promised. */

import { UsageError } from "../core/errors.ts";
import { refuseUnknown } from "../core/refuse-unknown.ts";
import type { Backend } from "../net/backend.ts";
import { checkPrice, type Price } from "../wire/price.ts";

/** What a question has of its own when it is asked over the gateway. */
export interface ServeQuestion {
  /** As `serve.risk`; `null` where nothing is promised for this question. */
  readonly risk?: number | null;
  /** As `serve.uncertified`. */
  readonly uncertified?: string;
}

/** A server that free chat is handed to as it is, under the name that it knows the model by. */
export interface ChatBackend {
  readonly backend: Backend;
  readonly model: string;
  /** For a million tokens. Without it a server elsewhere is unpriced, and one on this machine costs nothing. */
  readonly price?: Price;
}

export interface ServeConfig {
  /** Where it listens; `127.0.0.1` and 8787 by default. Any other host than this machine's own needs keys. */
  readonly host?: string;
  readonly port?: number;
  /** Bearer tokens, each of at least 16 signs. Beside them counts `PAWL_SERVE_KEYS`, a list with commas. */
  readonly keys?: readonly string[];
  /** Largest share of wrong answers among those that stay local; without it nothing is promised. */
  readonly risk?: number;
  /**
   * Name of the rung that answers a question without a certificate in force: what lies below it is not asked, rules and
   * caches apart. Without it such a question climbs the ladder, where nothing local stands. Only beside a `risk`.
   */
  readonly uncertified?: string;
  /** What differs for single questions, by the name that clients give them. Other names mean nothing here. */
  readonly questions?: { readonly [name: string]: ServeQuestion };
  /** Who answers free chat: the lowest rung that is asked, or a server. By default the ladder writes the reply. */
  readonly chat?: string | ChatBackend;
  /** Largest body in bytes; by default 65,536 for `/v1/systemone`, 1,048,576 elsewhere. */
  readonly maxBodyBytes?: number;
  /** Longest that a request waits for its answer, in seconds; 60 by default. The run goes on, and can be asked for. */
  readonly seconds?: number;
  /** Most runs at once; 64 by default. */
  readonly maxInFlight?: number;
  /** Most requests that wait for a place; 256 by default. Beyond that the answer is 429. */
  readonly queue?: number;
}

const fields = [
  "host",
  "port",
  "keys",
  "risk",
  "uncertified",
  "questions",
  "chat",
  "maxBodyBytes",
  "seconds",
  "maxInFlight",
  "queue",
];

/**
 * Checks what a config says of the gateway, beside the names of the rungs that some ladder of it holds. Throws a
 * `UsageError` `E_CONFIG` naming what is wrong.
 */
export function checkServe(serve: ServeConfig, rungs: ReadonlySet<string>): void {
  refuseUnknown("E_CONFIG", "the config's serve", serve, fields);
  refuseRisk("serve.risk", serve.risk);
  refuseNumber("serve.port", serve.port, 0, 65_535);
  refuseNumber("serve.maxBodyBytes", serve.maxBodyBytes, 1, 2 ** 30);
  refuseNumber("serve.maxInFlight", serve.maxInFlight, 1, 10_000);
  refuseNumber("serve.queue", serve.queue, 0, 100_000);
  if (serve.seconds !== undefined && !(serve.seconds > 0 && serve.seconds <= 3600)) {
    throw wrong("serve.seconds must be a number of seconds, above 0 and at most 3600", serve.seconds);
  }
  const weak = serve.keys?.find((key) => !isKey(key));
  if (weak !== undefined) throw wrong("serve.keys must each be at least 16 signs without a space", "(a key)");
  const names = new Set([...rungs, "person"]);
  refuseRung("serve.uncertified", serve.uncertified, names);
  if (serve.uncertified !== undefined && serve.risk === undefined) {
    throw wrong("serve.uncertified means something only beside serve.risk", serve.uncertified);
  }
  if (typeof serve.chat === "string") refuseRung("serve.chat", serve.chat, names);
  else if (serve.chat) {
    refuseUnknown("E_CONFIG", "the config's serve.chat", serve.chat, ["backend", "model", "price"]);
    if (serve.chat.price) checkPrice("serve.chat", serve.chat.price);
  }
  for (const [name, question] of Object.entries(serve.questions ?? {})) {
    refuseUnknown("E_CONFIG", `the serve.questions entry ${name}`, question, ["risk", "uncertified"]);
    if (name === "" || name.includes("/")) throw wrong(`serve.questions: "${name}" cannot be a step's name`, name);
    if (question.risk !== null) refuseRisk(`the risk of serve.questions.${name}`, question.risk);
    refuseRung(`serve.questions.${name}.uncertified`, question.uncertified, names);
  }
}

/** Whether a text may be a bearer token: what can be guessed, or not be sent in a header, may not. */
export function isKey(key: string): boolean {
  return /^[\x21-\x7e]{16,}$/.test(key);
}

function refuseRung(what: string, name: string | undefined, names: ReadonlySet<string>): void {
  if (name === undefined || names.has(name)) return;
  throw wrong(`${what} names ${name}, but the rungs are ${[...names].join(", ")}`, name);
}

function refuseRisk(what: string, risk: number | undefined): void {
  if (risk === undefined || (risk > 0 && risk < 1)) return;
  throw wrong(`${what} must be a share between 0 and 1`, risk);
}

function refuseNumber(what: string, value: number | undefined, least: number, most: number): void {
  if (value === undefined || (Number.isInteger(value) && value >= least && value <= most)) return;
  throw wrong(`${what} must be a whole number from ${least} to ${most}`, value);
}

function wrong(message: string, value: unknown): UsageError {
  return new UsageError("E_CONFIG", message, { value });
}
