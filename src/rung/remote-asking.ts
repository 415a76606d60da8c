/** One question asked upward: what leaves the machine, how often, and what is made of the replies. */

import type { Evidence, Reply } from "../core/answer.ts";
import type { Json } from "../core/json.ts";
import type { Question } from "../core/question.ts";
import type { ServerFault } from "../core/server-fault.ts";
import { addUsage, noUsage, type Usage } from "../core/usage.ts";
import { BackendError } from "../net/backend-error.ts";
import type { Asked, Target, Wire, WireReply, WireRequest } from "../wire/wire.ts";
import { Redactor } from "./redact.ts";
import { type Carrier, callUpward, type Heard, unusableFault } from "./remote-call.ts";
import type { UpwardSettings } from "./remote-options.ts";
import { withoutPatterns } from "./remote-question.ts";
import { elect } from "./remote-votes.ts";
import type { DecideContext } from "./rung.ts";

const VOTING_TEMPERATURE = 1;

/** A reply, or the failure that tells that the whole rung is broken. */
export interface AskedUpward {
  readonly reply: Reply;
  readonly failure: BackendError | null;
  /** The model as the server names it; `null` where no reply came. */
  readonly model: string | null;
}

/**
 * Asks. Only the question and its item go up: nothing of the run, and nothing of what lower rungs thought. Rejects with
 * the signal's reason, and with a `StorageError`.
 */
export async function askUpward(
  question: Question,
  context: Pick<DecideContext, "run" | "signal" | "repair">,
  wire: Wire,
  settings: UpwardSettings,
  carrier: Carrier,
): Promise<AskedUpward> {
  const { host, model } = settings;
  const redactor = settings.redact && new Redactor(settings.redact);
  const where = { host, model };
  const unasked = (reason: string): AskedUpward => ({
    reply: { kind: "escalated", reason: `${settings.name}: ${reason}`, evidence: where, usage: noUsage },
    failure: null,
    model: null,
  });
  const asked: Asked = { question, about: question.about, repair: context.repair };
  // A text that is written is no vote: hardly two are the same.
  const votes = question.verb === "write" ? 1 : settings.votes;
  const target: Target = {
    model,
    quirks: settings.quirks,
    logprobs: settings.logprobs,
    maxTokens: settings.maxTokens,
    temperature: votes > 1 ? VOTING_TEMPERATURE : 0,
  };
  const request = wire.ask(redactor ? { ...asked, question: withoutPatterns(question) } : asked, target);
  if ("cannot" in request) return unasked(request.cannot);
  const sent = redactor ? { ...request, body: hidden(redactor, request.body) } : request;
  const tooLong = lengthOf(sent, settings);
  if (tooLong !== null) return unasked(tooLong);

  const read = (body: unknown): WireReply => wire.read(redactor ? redactor.restore(body) : body, asked, target);
  const first = context.repair ? settings.votes : 0;
  const which = { run: context.run, path: question.path, rung: settings.name, ...where };
  const most = settings.mostCost && settings.mostCost / settings.votes;
  const ends = await Promise.allSettled(
    Array.from({ length: votes }, (_, vote) =>
      callUpward(carrier, sent, { ...which, attempt: first + vote, most, vote }, read, context.signal),
    ),
  );
  context.signal.throwIfAborted();
  const heard = ends.flatMap((end) => (end.status === "fulfilled" ? [end.value] : []));
  const failures = ends.flatMap((end) => (end.status === "rejected" ? [end.reason as unknown] : []));
  const stranger = failures.find((failure) => !(failure instanceof BackendError));
  if (stranger !== undefined) throw stranger;
  const failed = failures.filter((failure) => failure instanceof BackendError);

  const usage = [...heard.map((one) => one.usage), ...failed.map((one) => usageOfFailed(one, settings))].reduce(
    addUsage,
  );
  const faults = [...new Set<ServerFault>([...failed.flatMap((one) => one.faults), ...heard.flatMap(faultsOf)])];
  const named = heard.find(({ reply }) => reply.model !== null)?.reply.model ?? null;
  const evidence: Evidence = {
    ...where,
    ...(named !== null && { model: named.slice(0, 200) }),
    ...(faults.length > 0 && { faults }),
    ...(redactor && { redacted: redactor.counts }),
    ...(heard.some((one) => one.served) && { note: "served from an earlier reply to the same content" }),
  };
  const settled = await settle(question, heard, { votes, redactor });
  const none = failed[0]?.message ?? "no reply";
  const reply: Reply =
    "reason" in settled
      ? { kind: "escalated", reason: `${settings.name}: ${settled.reason ?? none}`, evidence, usage }
      : { kind: "answered", ...settled, evidence: { ...settled.evidence, ...evidence }, usage };
  if (reply.kind === "answered" && question.verb === "write") question.onText?.(String(reply.value));
  return { reply, failure: heard.length === 0 ? (failed[0] ?? null) : null, model: named };
}

type Settled = Pick<Extract<Reply, { kind: "answered" }>, "value" | "confidence" | "basis" | "evidence">;

/** What the replies come to; no reason where none came. */
async function settle(
  question: Question,
  heard: readonly Heard[],
  { votes, redactor }: { readonly votes: number; readonly redactor: Redactor | null },
): Promise<Settled | { readonly reason: string | null }> {
  const reasons: string[] = [];
  const usable: Settled[] = [];
  for (const { reply } of heard) {
    const wrong = unusableFault(reply);
    if (reply.kind === "unanswered") reasons.push(reply.reason);
    else if (wrong !== null) reasons.push(`the reply is not to be relied on: ${wrong}`);
    else if (redactor?.remainsIn(reply.value)) reasons.push("the reply speaks of a placeholder instead of its value");
    else usable.push(reply);
  }
  const [only] = usable;
  if (votes === 1 || !only) return only ? pickOf(only) : { reason: reasons[0] ?? null };
  const valid: unknown[] = [];
  for (const { value } of usable) {
    const parsed = await question.parse(value);
    if (parsed.ok) valid.push(value);
    else reasons.push(parsed.issue.message);
  }
  // Where nothing fits, the first says what its repair must mend.
  if (valid.length === 0) return { value: only.value, confidence: null, basis: "none", evidence: {} };
  const elected = elect(question, valid, votes);
  return elected
    ? { ...elected, basis: "votes" }
    : { reason: `of ${votes} votes, ${valid.length} answered: ${reasons[0] ?? ""}` };
}

function pickOf({ value, confidence, basis, evidence }: Settled): Settled {
  return { value, confidence, basis, evidence };
}

function faultsOf({ reply, faults }: Heard): readonly ServerFault[] {
  return [...faults, ...reply.faults];
}

/** What a call that failed on the way cost: nothing where it was surely not carried out. */
function usageOfFailed({ maybeDone }: BackendError, { isPaid }: UpwardSettings): Usage {
  return { ...noUsage, cost: isPaid && maybeDone ? null : 0 };
}

/** The body as it leaves. The model's name is the server's own. */
function hidden(redactor: Redactor, body: WireRequest["body"]): WireRequest["body"] {
  const { model, ...rest } = body;
  return { ...(model !== undefined && { model }), ...redactor.redact(rest) };
}

/** Why the request may not be sent: more than what its price was reckoned with. */
function lengthOf({ body }: WireRequest, settings: UpwardSettings): string | null {
  const { maxInputTokens, maxTokens, quirks, isPaid } = settings;
  const bytes = Buffer.byteLength(JSON.stringify(body));
  if (bytes > maxInputTokens)
    return `question and item may have ${bytes} tokens; at most ${maxInputTokens} are sent (maxInputTokens)`;
  const out = answerBound(body);
  const most = maxTokens + quirks.thinkingTokens;
  return isPaid && out > most ? `the answer may have ${out} tokens; at most ${most} are asked for (maxTokens)` : null;
}

/** The bound on the answer that a body states, under whichever name; 0 where it states none. */
function answerBound(body: { readonly [key: string]: Json | undefined }): number {
  const options = body.options;
  const nested = typeof options === "object" && options !== null && "num_predict" in options ? options.num_predict : 0;
  const stated = [body.max_tokens, body.max_completion_tokens, body.max_output_tokens, nested];
  return Math.max(0, ...stated.filter((value) => typeof value === "number"));
}
