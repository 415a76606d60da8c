/** The routes: what is looked at before a request is answered, and by whom it is. */

import { type Context, Hono } from "hono";
import type { Json } from "../core/json.ts";
import type { Parsed } from "../core/schema.ts";
import { parseChat } from "../wire/chat-server.ts";
import { parseDecisions } from "../wire/decisions-server.ts";
import { type Incoming, parsing } from "../wire/incoming.ts";
import { parseSystemOne } from "../wire/systemone-server.ts";
import { readJson } from "./body.ts";
import { parseDecisionModel } from "./decision-model.ts";
import type { Desk, Manner } from "./desk.ts";
import { freeChatAt, wantsStream } from "./free-chat.ts";
import type { Health } from "./health.ts";
import type { Metrics } from "./metrics.ts";
import { openApi } from "./openapi.ts";
import { Problem } from "./problem.ts";
import { modelName } from "./reply.ts";
import type { Format, GatewayRequest } from "./request.ts";
import type { Security } from "./security.ts";

export interface AppOptions {
  readonly security: Security;
  readonly desk: Desk;
  readonly metrics: Metrics;
  /** Whether questions are taken now, and why not. */
  readonly state: () => { readonly isReady: boolean; readonly why: string };
  readonly health: Health;
  /** Hands free chat on, within so many milliseconds; `null` where the ladder answers it. */
  readonly forward: ((body: unknown, milliseconds: number) => Promise<Response>) | null;
  /** Names of the ladder's rungs, lowest first. */
  readonly ladder: readonly string[];
  readonly maxBodyBytes: number | undefined;
  /** Longest that a request waits, in seconds. */
  readonly seconds: number;
  readonly now: () => number;
  /** A request that was answered. */
  readonly heard: (line: RequestLine) => void;
  /** A request that failed by a fault of ours. */
  readonly failed: (error: unknown) => void;
}

/** One request, for a log. */
export interface RequestLine {
  readonly method: string;
  readonly route: string;
  readonly status: number;
  readonly milliseconds: number;
  /** The run that answered; `null` where there was none. */
  readonly run: string | null;
  readonly standing: string | null;
}

const systemOneBytes = 65_536;
const usualBytes = 1_048_576;
/** What a probe asks without a key. */
const open: ReadonlySet<string> = new Set(["/healthz", "/readyz"]);

const decisionRoutes = {
  "/v1/systemone": "systemone",
  "/v1/decisions": "decisions",
  "/v1/decision-model": "decision-model",
  "/v1/chat/completions": "chat",
} as const satisfies { readonly [path: string]: Format };

export function makeApp(options: AppOptions): Hono {
  const { security, metrics, state, ladder } = options;
  const app = new Hono();
  app.use(async (context, next) => {
    const began = performance.now();
    await next();
    const milliseconds = performance.now() - began;
    const { status, headers } = context.res;
    const route = routeOf(context.req.path);
    metrics.request(route, status, milliseconds / 1000);
    const [run, standing] = [headers.get("x-request-id"), headers.get("pawl-standing")];
    options.heard({ method: context.req.method, route, status, milliseconds, run, standing });
  });
  app.use(async ({ req }, next) => {
    security.refuseForeign(req.raw);
    if (!open.has(req.path)) security.clientOf(req.raw);
    await next();
  });
  app.get("/healthz", (context) => context.json({ status: "ok" }));
  app.get("/readyz", async (context) => {
    const { isReady, why } = state();
    const trouble = isReady ? await options.health.trouble() : null;
    if (trouble !== null) return context.json({ status: `the journal cannot be written: ${trouble}` }, 503);
    return context.json({ status: why }, isReady ? 200 : 503);
  });
  app.get("/metrics", () => {
    return new Response(metrics.text, { headers: { "content-type": "text/plain; version=0.0.4; charset=utf-8" } });
  });
  app.get("/openapi.json", () => Response.json(openApi));
  app.get("/v1/models", (context) => context.json({ object: "list", data: [modelOf(ladder)] }));
  app.get("/v1/models/:model", (context) => {
    if (context.req.param("model") === modelName) return context.json(modelOf(ladder));
    throw new Problem(404, "model_not_found", `there is one model here, ${modelName}`);
  });
  app.get("/v1/answers/:id", (context) => {
    return options.desk.again(context.req.param("id"), mannerOf(context, options), () => refuseUnready(options));
  });
  for (const [path, format] of Object.entries(decisionRoutes)) {
    app.post(path, (context) => answer(context, format, options));
  }
  app.notFound(() => {
    throw new Problem(404, "not_found", "there is nothing here; see /openapi.json");
  });
  app.onError((error) => responseTo(error, options));
  return app;
}

function refuseUnready({ state }: AppOptions): void {
  const { isReady, why } = state();
  if (isReady) return;
  const headers = { "retry-after": "1", ...(why === "shutting down" && { connection: "close" }) };
  throw new Problem(503, "not_ready", `no question is taken now: ${why}`, { headers });
}

async function answer(context: Context, format: Format, options: AppOptions): Promise<Response> {
  refuseUnready(options);
  const manner = mannerOf(context, options);
  const most = options.maxBodyBytes ?? (format === "systemone" ? systemOneBytes : usualBytes);
  const body = await readJson(context.req.raw, most);
  const request = requestIn(format, body, context.req.header("ai-model-id") ?? modelName, options.forward === null);
  if (options.forward && request.format === "chat" && request.chat.wanted.kind === "free") {
    return options.forward(body, Math.max(0, manner.deadline - options.now()));
  }
  return options.desk.answer(request, { ...manner, isStream: wantsStream(body) });
}

function requestIn(format: Format, body: unknown, model: string, isWritten: boolean): GatewayRequest {
  if (format === "chat") {
    const chat = read(parseChat(body));
    const free = isWritten && chat.wanted.kind === "free" ? read(parsing(() => freeChatAt(body))) : null;
    return { format, chat, free };
  }
  return { format, incoming: read(incomingIn(format, body, model)) };
}

function incomingIn(format: Exclude<Format, "chat">, body: unknown, model: string): Parsed<Incoming> {
  switch (format) {
    case "systemone":
      return parseSystemOne(body);
    case "decisions":
      return parseDecisions(body);
    case "decision-model":
      return parseDecisionModel(body, model);
  }
}

function read<T>(parsed: Parsed<T>): T {
  if (parsed.ok) return parsed.value;
  const { path, message } = parsed.issue;
  throw new Problem(400, "invalid_request", path === "" ? message : `${path}: ${message}`, { param: path || null });
}

function mannerOf({ req }: Context, { security, seconds, now }: AppOptions): Manner {
  const key = req.header("idempotency-key") ?? null;
  if (key !== null && !/^[\x20-\x7e]{1,255}$/.test(key)) {
    throw new Problem(400, "invalid_idempotency_key", "an Idempotency-Key has from 1 to 255 plain signs", {
      param: "Idempotency-Key",
    });
  }
  return {
    client: security.clientOf(req.raw),
    key,
    isAsync: /(^|,)\s*respond-async\s*($|[,;])/i.test(req.header("prefer") ?? ""),
    isStream: false,
    deadline: now() + seconds * 1000,
  };
}

function responseTo(error: unknown, options: AppOptions): Response {
  if (error instanceof Problem) {
    const { status, body, headers } = error;
    return Response.json(body, { status, headers });
  }
  options.failed(error);
  // What went wrong inside is for the log: it may hold paths, or what somebody else asked.
  const { body } = new Problem(500, "internal_error", "this went wrong inside the gateway");
  return Response.json(body, { status: 500 });
}

function modelOf(ladder: readonly string[]): { readonly [key: string]: Json } {
  return { id: modelName, object: "model", created: 0, owned_by: "pawl", pawl: { ladder } };
}

/** A bounded number of names, whatever paths clients make up. */
function routeOf(path: string): string {
  if (path.startsWith("/v1/answers/")) return "/v1/answers/{id}";
  if (path.startsWith("/v1/models/")) return "/v1/models/{id}";
  return known.has(path) ? path : "other";
}

const known: ReadonlySet<string> = new Set([
  ...Object.keys(decisionRoutes),
  ...open,
  "/metrics",
  "/openapi.json",
  "/v1/models",
]);
