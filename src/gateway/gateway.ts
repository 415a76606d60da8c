/**
 * The gateway: a ladder behind the formats that clients speak already. `createGateway` is its face for programs; who
 * listens on a port is `server.ts`.
 */

import { randomUUID } from "node:crypto";
import { type Config, defineConfig } from "../config/config.ts";
import { makeParts, type OpenParts } from "../config/parts.ts";
import { messageOf } from "../core/errors.ts";
import type { Journal } from "../journal/journal.ts";
import { Admission } from "./admission.ts";
import { makeApp, type RequestLine } from "./app.ts";
import { Desk } from "./desk.ts";
import { Forwards } from "./forward.ts";
import { Health } from "./health.ts";
import { Metrics } from "./metrics.ts";
import { isPaid, PaidChat } from "./paid-chat.ts";
import { Planner } from "./plan.ts";
import { Runs } from "./runs.ts";
import { Security } from "./security.ts";

export interface GatewayOptions {
  readonly config: Config;
  /** Closed by whoever opened it, after the gateway. */
  readonly journal: Journal;
  /** Made of the config by default; the gateway opens and closes its rungs either way. */
  readonly parts?: OpenParts;
  /** The address that it will be reached at; the config's, else `127.0.0.1`. */
  readonly host?: string;
  /** Bearer tokens beside the config's. */
  readonly keys?: readonly string[];
  /** Each request that was answered. */
  readonly heard?: (line: RequestLine) => void;
  /** What goes wrong inside. */
  readonly failed?: (error: unknown) => void;
  /** Milliseconds since the epoch. */
  readonly now?: () => number;
  /** Ids of items that bring none of their own. */
  readonly newId?: () => string;
}

export interface Gateway {
  /** Answers a request; never rejects. */
  fetch(request: Request): Promise<Response>;
  /** Opens the rungs. Questions are refused with 503 until they are. Rejects with what could not be opened. */
  open(): Promise<void>;
  /** Whether questions are taken now, and why not. */
  state(): { readonly isReady: boolean; readonly why: string };
  /** Takes no more questions; those under way go on. */
  drain(): void;
  /**
   * Lets what is under way end within so many milliseconds (10,000 by default). Gives the runs that did not back to the
   * journal, where any process can go on with them, and cuts off chats that were handed on; then closes the rungs.
   */
  close(milliseconds?: number): Promise<void>;
  /** Where it is to listen, and whether it asks for a key. */
  readonly host: string;
  readonly port: number;
  readonly needsKey: boolean;
  /** Names of the ladder's rungs, lowest first. */
  readonly ladder: readonly string[];
}

const usualGrace = 10_000;

/**
 * Puts a gateway together. Throws a `UsageError`: `E_SERVE_KEYS` where other machines could ask without a key, and
 * those of `defineConfig`.
 */
export function createGateway(options: GatewayOptions): Gateway {
  const { journal, now = Date.now } = options;
  const config = defineConfig(options.config);
  const { serve = {} } = config;
  const parts = options.parts ?? makeParts(config, journal);
  const host = options.host ?? serve.host ?? "127.0.0.1";
  const security = new Security([...(serve.keys ?? []), ...(options.keys ?? [])], host);
  const { maxInFlight = 64, queue = 256, seconds = 60, maxBodyBytes } = serve;
  const admission = new Admission({ inFlight: maxInFlight, queue, now });
  const metrics = new Metrics(admission, config.budget?.currency ?? "USD");
  const planner = new Planner(config, parts);
  planner.check();
  const newId = options.newId ?? randomUUID;
  const health = new Health(() => journal.notes.add("gateway:written", 1));
  const runs = new Runs({ journal, parts, planner, admission, metrics, health, newId });
  let opening: Promise<void> | undefined;
  let why = "the rungs are not open yet";
  const state = (): { readonly isReady: boolean; readonly why: string } => ({ isReady: why === "ready", why });
  const ladder = parts.ladder("").map(({ name }) => name);
  const failed = options.failed ?? (() => {});
  const chat = typeof serve.chat === "object" ? serve.chat : null;
  const settled = metrics.paid.bind(metrics);
  const money = { calls: journal.calls, parts, currency: config.budget?.currency ?? "USD", now, settled, health };
  const paid = chat && isPaid(chat) ? new PaidChat({ chat, ...money }) : null;
  const forwards = chat && new Forwards({ chat, admission, paid, failed });
  const app = makeApp({
    security,
    desk: new Desk(runs, journal, now),
    metrics,
    state,
    health,
    forward: forwards && ((body, milliseconds) => forwards.pass(body, milliseconds)),
    ladder,
    maxBodyBytes,
    seconds,
    now,
    heard: options.heard ?? (() => {}),
    failed,
  });
  return {
    host,
    port: serve.port ?? 8787,
    needsKey: security.needsKey,
    ladder,
    state,
    fetch: async (request) => app.fetch(request),
    open() {
      opening ??= parts.open().then(
        () => {
          if (why !== draining) why = "ready";
        },
        (thrown: unknown) => {
          why = `a rung could not be opened: ${messageOf(thrown)}`;
          throw thrown;
        },
      );
      return opening;
    },
    drain() {
      why = draining;
    },
    async close(milliseconds = usualGrace) {
      why = draining;
      await Promise.all([runs.close(milliseconds), forwards?.close(milliseconds)]);
      await opening?.catch(() => {});
      await parts.close();
    },
  };
}

const draining = "shutting down";
