/** What the hostile server can do to a client, and what a good client makes of it. */

import type { ServerFault } from "../core/server-fault.ts";
import type { WireName } from "../wire/wire.ts";

export interface HostileFault {
  readonly name: string;
  /** What it is, in a sentence. */
  readonly what: string;
  /** What a good client should find. */
  readonly finds: ServerFault;
  /** Where it shows: on the way, in the reply, or only to a probe of what the server says of itself. */
  readonly where: "transport" | "reply" | "probe";
  /** Whether an answer may stand all the same, with the fault on record. */
  readonly mayStand: boolean;
  /** Of what shows on the way: whether the server may have carried the request out (and be paid) all the same. */
  readonly maybeDone: boolean;
  /** The formats in which it can happen. */
  readonly wires: readonly WireName[];
}

const text: readonly WireName[] = ["chat", "ollama", "messages"];
const decisions: readonly WireName[] = ["systemone", "decisions"];
const all: readonly WireName[] = [...text, ...decisions];

type Row = readonly [finds: ServerFault, what: string, wires?: readonly WireName[]];

type OnTheWay =
  | "connection reset before the reply"
  | "connection reset mid-body"
  | "stall before the reply"
  | "stall mid-stream"
  | "slow-loris"
  | "endless whitespace"
  | "10 MB reply"
  | "invalid UTF-8"
  | "HTML with 200"
  | "500 with a parse error"
  | "503 overloaded"
  | "error with 200"
  | "429 storm"
  | "429 storm with Retry-After"
  | "429 for an hour"
  | "context exceeded"
  | "unauthorized"
  | "not found"
  | "self-signed certificate"
  | "redirect off the host";

const transport: { readonly [name in OnTheWay]: Row } = {
  "connection reset before the reply": ["connection reset", "The connection is reset once the request was read."],
  "connection reset mid-body": ["connection reset", "The connection is reset in the middle of the reply."],
  "stall before the reply": ["stalled", "The request is read, and nothing comes."],
  "stall mid-stream": ["stalled", "Half of the reply comes, then nothing."],
  "slow-loris": ["too slow", "A byte at a time, so that silence is never long, and no end."],
  "endless whitespace": ["endless whitespace", "Spaces and line breaks without end, as from a grammar gone wrong."],
  "10 MB reply": ["reply too large", "Valid JSON of ten megabytes."],
  "invalid UTF-8": ["invalid UTF-8", "Bytes that are no text, inside a string."],
  "HTML with 200": ["not JSON", "A page of a proxy in the place of the reply."],
  "500 with a parse error": ["server error", "500: the server could not read what its own model wrote."],
  "503 overloaded": ["overloaded", "503 to every request."],
  "error with 200": ["overloaded", "Status 200, and an error object that says overloaded."],
  "429 storm": ["rate limited", "429 to every request, and no word when it will end."],
  "429 storm with Retry-After": ["rate limited", "429 to every request, with Retry-After: 1."],
  "429 for an hour": ["rate limited", "429 with Retry-After: 3600."],
  "context exceeded": ["context exceeded", "400: the prompt is longer than the context."],
  unauthorized: ["unauthorized", "401 to every request."],
  "not found": ["not found", "404 to every request."],
  "self-signed certificate": ["certificate", "HTTPS with a certificate that nobody signed."],
  "redirect off the host": ["redirect", "307 to another address, which would get the item."],
};

type InReply =
  | "schema ignored"
  | "tool choice ignored"
  | "tool call as JSON text"
  | "tool call as name[ARGS]"
  | "tool call as <function>"
  | "tool call as [TOOL_CALLS]"
  | "truncation with 200"
  | "answer in reasoning"
  | "empty answer"
  | "another shape with 200"
  | "refusal"
  | "question missing"
  | "bad probabilities";

const reply: { readonly [name in InReply]: Row } = {
  "schema ignored": ["schema ignored", "Prose, although a schema was sent.", text],
  "tool choice ignored": ["tool choice ignored", "Prose, although a tool was demanded.", text],
  "tool call as JSON text": ["tool call as text", 'The call as text: {"name": ..., "arguments": {...}}', text],
  "tool call as name[ARGS]": ["tool call as text", "The call as text: name[ARGS]{...}", text],
  "tool call as <function>": ["tool call as text", "The call as text: <function=name><parameter=key>...", text],
  "tool call as [TOOL_CALLS]": ["tool call as text", "The call as text: [TOOL_CALLS]name{...}", text],
  "truncation with 200": ["answer truncated", "The answer stops in the middle.", text],
  "answer in reasoning": ["answer in reasoning", "Empty content; the answer stands where the thinking should.", text],
  "empty answer": ["empty answer", "Empty content, and nothing else.", text],
  "another shape with 200": ["malformed", "JSON of another shape than the format's."],
  refusal: ["refused", "The model will not say.", [...text, "decisions"]],
  "question missing": ["question missing", "One of the questions has no answer.", decisions],
  "bad probabilities": ["bad probabilities", "Probabilities above one, below zero, or none.", decisions],
};

/** Of these, something may stand: the gate judges it with what is left. */
type LivedWith =
  | "logprobs missing"
  | "logprobs masked"
  | "two-decimal logprobs"
  | "usage missing"
  | "usage doubled"
  | "prompt truncation with 200"
  | "wrong model";

const livedWith: { readonly [name in LivedWith]: Row } = {
  "logprobs missing": ["logprobs missing", "No token probabilities, although they were asked for.", ["chat", "ollama"]],
  "logprobs masked": ["logprobs masked", "Token probabilities after the constraint: one has all.", ["chat", "ollama"]],
  "two-decimal logprobs": ["logprobs rounded", "Probabilities rounded to two decimals.", ["chat", "ollama"]],
  "usage missing": ["usage missing", "No count of tokens: the call has no price."],
  "usage doubled": ["usage implausible", "Twice as many tokens as the request and the reply have bytes."],
  "prompt truncation with 200": ["prompt truncated", "Fewer tokens were read than were sent.", text],
  "wrong model": ["wrong model", "Another model answers than the one asked for."],
};

type Probed = "cloud proxy";

const probe: { readonly [name in Probed]: Row } = {
  "cloud proxy": ["cloud proxy", "A local name stands for a model on somebody else's host.", ["ollama"]],
};

/** Name of something that the server can do. */
export type HostileFaultName = OnTheWay | InReply | LivedWith | Probed;

/** A server that failed on the way after it had the request may have done the work. */
const maybeDone: ReadonlySet<string> = new Set<HostileFaultName>([
  "connection reset before the reply",
  "connection reset mid-body",
  "stall before the reply",
  "stall mid-stream",
  "slow-loris",
  "endless whitespace",
  "10 MB reply",
  "invalid UTF-8",
  "HTML with 200",
  "500 with a parse error",
]);

/** Answers that are wrong in these ways are not the ones that were asked for: none may stand. */
const neverStands: ReadonlySet<string> = new Set<HostileFaultName>(["wrong model", "prompt truncation with 200"]);

function rows(
  table: { readonly [name: string]: Row },
  where: HostileFault["where"],
  stands: boolean,
): readonly HostileFault[] {
  return Object.entries(table).map(([name, [finds, what, wires = all]]) => ({
    name,
    what,
    finds,
    where,
    mayStand: stands && !neverStands.has(name),
    maybeDone: maybeDone.has(name),
    wires,
  }));
}

/** Everything that the hostile server can do, each with what should be found. */
export const hostileFaults: readonly (HostileFault & { readonly name: HostileFaultName })[] = [
  ...rows(transport, "transport", false),
  ...rows(reply, "reply", false),
  ...rows(livedWith, "reply", true),
  ...rows(probe, "probe", false),
] as readonly (HostileFault & { readonly name: HostileFaultName })[];
