/** From what a run answered to the body of its reply, in the format of the request. Pure. */

import type { Json } from "../core/json.ts";
import { type ChatAnswer, closedText, renderChat, renderChunks } from "../wire/chat-server.ts";
import { renderDecisions } from "../wire/decisions-server.ts";
import { distributionOf, type IncomingQuestion, type Outgoing, type OutgoingReply } from "../wire/incoming.ts";
import { renderSystemOne } from "../wire/systemone-server.ts";
import { renderDecisionModel } from "./decision-model.ts";
import { namesFor } from "./posed.ts";
import type { GatewayRequest } from "./request.ts";
import { type Given, standingOf, type View } from "./view.ts";

/** What replies call the model: the ladder as a whole. */
export const modelName = "pawl";

type Body = { readonly [key: string]: Json };

/** Where the answer of a run can be asked for. */
export function placeOf(run: { readonly id: string }): string {
  return `/v1/answers/${run.id}`;
}

/** What every reply says beside the format's own fields. `isKnown`: it repeats what was asked before. */
export function pawlOf(view: View, isKnown: boolean): Body {
  const { run, given } = view;
  const [only] = given;
  return {
    run: run.id,
    at: placeOf(run),
    standing: standingOf(given),
    repeated: isKnown,
    ...(given.length === 1 && only ? restOf(only) : {}),
    questions: Object.fromEntries(given.map((one) => [one.id, { standing: one.standing, ...restOf(one) }])),
  };
}

function restOf({ rung, basis, confidence, promised, cached, path }: Given): Body {
  return { rung, basis, confidence, cached, path, ...(promised && { ...promised }) };
}

/** The whole reply. */
export function bodyOf(view: View, isKnown: boolean): Body {
  const { request } = view;
  const pawl = pawlOf(view, isKnown);
  if (request.format === "chat") return { ...renderChat(chatAnswer(view)), pawl };
  const { incoming } = request;
  const reply: OutgoingReply = {
    model: modelName,
    answers: incoming.questions.map((question, index) => outgoing(question, view.given[index]!)),
    inputTokens: view.inputTokens,
    outputTokens: view.outputTokens,
  };
  switch (request.format) {
    case "systemone":
      return { ...renderSystemOne(incoming, reply), pawl };
    case "decisions":
      return { ...renderDecisions(incoming, reply), pawl };
    case "decision-model":
      return { ...renderDecisionModel(incoming, reply), providerMetadata: { pawl }, pawl };
  }
}

/** The reply in pieces: those of a chat, and of every other format the whole as one. */
export function chunksOf(view: View, isKnown: boolean): readonly Body[] {
  const { request } = view;
  if (request.format !== "chat") return [bodyOf(view, isKnown)];
  return withPawl(renderChunks(chatAnswer(view), request.chat.streamUsage), view, isKnown);
}

/** The last piece says what the others rest on. */
export function withPawl(chunks: readonly Body[], view: View, isKnown: boolean): readonly Body[] {
  return chunks.map((chunk, index) =>
    index === chunks.length - 1 ? { ...chunk, pawl: pawlOf(view, isKnown) } : chunk,
  );
}

/**
 * The answer as probabilities. Where the rung gave a confidence, that is what its answer has; a rule, a person and
 * whoever else gives none has decided: 1 on the answer, and `pawl.basis` says what that is worth.
 */
function outgoing(question: IncomingQuestion, { value, confidence, read }: Given): Outgoing {
  if (value === undefined) return { kind: "refused" };
  const names = namesFor(question);
  const said = value === true ? "yes" : value === false ? "no" : String(value);
  const best = names.indexOf(said);
  if (best === -1) return { kind: "refused" };
  const { name } = question.options[best]!;
  const own = read.flatMap(({ name: asked, p }) => {
    const option = question.options[names.indexOf(asked)];
    return option ? [{ name: option.name, p }] : [];
  });
  const probabilities =
    distributionOf(question.options, { name, confidence, read: own }) ??
    names.map((_, index) => (index === best ? 1 : 0));
  return { kind: "answered", probabilities: leading(probabilities, best) };
}

/** A millionth is enough to say which of two equals it was. */
const tilt = 1e-6;

/** The same, but so that the answer is the highest: clients take the highest for the answer. */
function leading(probabilities: readonly number[], best: number): readonly number[] {
  const top = probabilities[best]!;
  if (!probabilities.some((p, index) => index !== best && p >= top)) return probabilities;
  const others = probabilities.reduce((sum, p, index) => (index === best ? sum : sum + p), 0);
  return probabilities.map((p, index) => (index === best ? top + others * tilt : p * (1 - tilt)));
}

export function chatAnswer(view: View): ChatAnswer {
  const { run, request, given, inputTokens, outputTokens } = view;
  return {
    id: `chatcmpl-${run.id}`,
    created: Math.floor(run.started / 1000),
    model: modelName,
    said: saidIn(request, given[0]!, run.id),
    inputTokens,
    outputTokens,
  };
}

function saidIn(request: GatewayRequest, given: Given, run: string): ChatAnswer["said"] {
  const { value, standing } = given;
  if (value === undefined || request.format !== "chat") return { kind: "refusal", text: whyNot(standing, run) };
  const { wanted } = request.chat;
  switch (wanted.kind) {
    case "free":
      return { kind: "content", text: String(value) };
    case "closed": {
      const said = value === true ? "yes" : value === false ? "no" : String(value);
      const option = wanted.question.options[namesFor(wanted.question).indexOf(said)];
      return { kind: "content", text: closedText(wanted, option?.name ?? said) };
    }
    case "object":
      return { kind: "content", text: JSON.stringify(value) };
    case "call": {
      const id = `call_${run}`;
      const [only] = wanted.tools;
      if (wanted.tools.length === 1 && only) return { kind: "call", id, name: only.name, args: value };
      const { name, args } = picked(value);
      return { kind: "call", id, name, args };
    }
  }
}

/** A pick as rungs and people spell it: a call, a list of one call, or the bare name. */
function picked(value: Json): { readonly name: string; readonly args: Json } {
  const call: Json = Array.isArray(value) ? (value[0] ?? null) : value;
  if (typeof call !== "object" || call === null) return { name: String(call), args: {} };
  const { tool, args } = call as { readonly tool?: Json; readonly args?: Json };
  return { name: String(tool), args: args ?? {} };
}

function whyNot(standing: Given["standing"], run: string): string {
  return standing === "waiting"
    ? `A person is asked. The answer will be at ${placeOf({ id: run })}.`
    : "Nobody whom the question was put to had an answer that may stand.";
}
