/** The answer in what a model wrote: by letter, by name, as fields, as a call, as a text. */

import type { Question } from "../core/question.ts";
import type { ReplyFault } from "../core/server-fault.ts";
import { unwrap } from "./answer-shape.ts";
import { isFields } from "./fields.ts";
import { findJson } from "./lenient-json.ts";
import { type Confidence, letterOf, readLetters, readName } from "./letters.ts";
import { type Plan, wantsLogprobs } from "./plan.ts";
import type { Said } from "./said.ts";
import { callsInText, type SaidCall } from "./text-calls.ts";
import { ANSWER_TOOL, nameBehind } from "./tools.ts";
import type { Target } from "./wire.ts";

export type Answered = { readonly kind: "answered"; readonly value: unknown } & Confidence;

export interface Unanswered {
  readonly kind: "unanswered";
  readonly reason: string;
  readonly faults: readonly ReplyFault[];
}

export function unanswered(reason: string, ...faults: readonly ReplyFault[]): Unanswered {
  return { kind: "unanswered", reason, faults };
}

/** A value without a number for how sure it is. */
function plainly(value: unknown, ...faults: readonly ReplyFault[]): Answered {
  return { kind: "answered", value, confidence: null, basis: "none", evidence: {}, faults };
}

export function answerOf(said: Said, question: Question, target: Target, plan: Plan): Answered | Unanswered {
  if (said.end === "refused" || said.refusal !== "") {
    return unanswered(
      said.refusal === "" ? "the model refused" : `the model refused: ${short(said.refusal)}`,
      "refused",
    );
  }
  const isCut = said.end === "length";
  if (said.content.trim() === "" && said.calls.length === 0) {
    const where: ReplyFault = said.reasoning.trim() === "" ? "empty answer" : "answer in reasoning";
    const reason = where === "empty answer" ? "the answer is empty" : "it thought and gave no answer";
    return unanswered(reason, where, ...(isCut ? (["answer truncated"] as const) : []));
  }
  // A letter needs one token: what comes behind it is of no interest.
  if (plan.kind === "letters") return byLetter(said, target, plan.names);
  if (isCut) return unanswered("the answer stops in the middle", "answer truncated");
  switch (plan.kind) {
    case "text":
      return plainly(question.otherwise === said.content.trim() ? said.content.trim() : said.content);
    case "name":
      return byName(said, target, plan);
    case "fields":
      return fieldsOf(said, question, plan);
    case "call":
      return callOf(said, question, plan);
  }
}

function byLetter({ content, tokens }: Said, target: Target, names: readonly string[]): Answered | Unanswered {
  const read = readLetters(tokens, content, names, target.quirks);
  const { place, ...confidence } = read;
  const written = letterOf(content, names.length) ?? letterBefore(content, names);
  if (place === null || written === null) {
    // It wanted to say something else than a letter; where that is a name, it is one, and the numbers are not of it.
    const named = nameIn(content, names);
    const asCall: readonly ReplyFault[] = callsInText(content).length > 0 ? ["tool call as text"] : [];
    return named === null
      ? unfit("no letter was given", content, ...confidence.faults, ...asCall, "schema ignored")
      : plainly(named, ...confidence.faults, "schema ignored");
  }
  return { kind: "answered", value: names[place]!, ...confidence };
}

/**
 * The letter that an answer begins with where more follows. A and I are words too: it is one only with a mark behind it,
 * at the end of a line, or before the name that it stands for.
 */
function letterBefore(content: string, names: readonly string[]): number | null {
  const [, first = "", rest = ""] = /^(\S{1,8})(\s.*)$/s.exec(content.trim()) ?? [];
  const place = letterOf(first, names.length);
  if (place === null) return null;
  const isMarked = /[.:)]/.test(first) || /^[^\S\n]*\n/.test(rest);
  const [, named = ""] = /^[\s=:("'`*\u2013\u2014-]*(.*)$/s.exec(rest.slice(0, 1000)) ?? [];
  const name = names[place]!.toLowerCase();
  const isNamed =
    named.toLowerCase().startsWith(name) && !/^[ \t]*[^\s.,:;()"'`*\u2013\u2014-]/.test(named.slice(name.length));
  return isMarked || isNamed ? place : null;
}

/** A name as it is written, or but for case and what stands around it. */
function nameIn(text: string, names: readonly string[]): string | null {
  const bare = (name: string) =>
    name
      .trim()
      .replace(/^["'`*]+/, "")
      .replace(/["'`*.]+$/, "")
      .toLowerCase();
  const exact = names.find((name) => name === text.trim());
  if (exact !== undefined) return exact;
  const near = names.filter((name) => bare(name) === bare(text.slice(0, 1000)));
  return near.length === 1 ? near[0]! : null;
}

function byName(said: Said, target: Target, plan: Plan & { kind: "name" }): Answered | Unanswered {
  if (plan.form === "bare") {
    const named = nameIn(said.content, plan.names);
    if (named === null) return unfit("no option was named", said.content, "schema ignored");
    return weighName(said, target, plan, named, []);
  }
  const found = jsonOf(said, plan);
  if (found.kind === "unanswered") {
    const named = nameIn(said.content, plan.names);
    return named === null ? found : plainly(named, "schema ignored");
  }
  const { value, fits } = unwrap(plan.shape, found.value);
  const isOption = typeof value === "string" && plan.names.includes(value);
  const faults: readonly ReplyFault[] = [...found.faults, ...(fits && isOption ? [] : (["schema ignored"] as const))];
  return isOption ? weighName(said, target, plan, value, faults) : plainly(value, ...faults);
}

function weighName(
  said: Said,
  target: Target,
  plan: Plan,
  name: string,
  faults: readonly ReplyFault[],
): Answered | Unanswered {
  if (!wantsLogprobs(plan, target)) return plainly(name, ...faults);
  const read = readName(said.tokens, said.content, name, target.quirks);
  return { kind: "answered", value: name, ...read, faults: [...faults, ...read.faults] };
}

function fieldsOf(said: Said, question: Question, plan: Plan & { kind: "fields" }): Answered | Unanswered {
  const { fields, otherwise } = question;
  const found = jsonOf(said, plan);
  if (found.kind === "unanswered") {
    return said.content.trim() === otherwise && otherwise !== null ? plainly(otherwise, "schema ignored") : found;
  }
  const { value, fits } = unwrap(plan.shape, found.value);
  const required: readonly unknown[] = Array.isArray(fields?.required) ? fields.required : [];
  const isOut = otherwise !== null && value === otherwise;
  const hasShape =
    fields?.type !== "object" || (isFields(value) && required.every((name) => Object.hasOwn(value, String(name))));
  const isIgnored = !fits || !(isOut || hasShape);
  return plainly(value, ...found.faults, ...(isIgnored ? (["schema ignored"] as const) : []));
}

function callOf(said: Said, question: Question, plan: Plan & { kind: "call" }): Answered | Unanswered {
  const proposed = (calls: readonly SaidCall[]) => {
    const named = calls.map(({ name, args }) => ({ tool: nameBehind(question, name), args }));
    return {
      value: named.length === 1 ? named[0] : named,
      areOffered: named.every(({ tool }) => plan.names.includes(tool)),
    };
  };
  const ignored: ReplyFault = plan.form === "tool" ? "tool choice ignored" : "schema ignored";
  if (said.calls.length > 0) {
    const { value, areOffered } = proposed(said.calls);
    return plainly(value, ...(areOffered ? [] : [ignored]));
  }
  const found = findJson(said.content);
  if (typeof found === "object") {
    const { value, fits } = unwrap(plan.shape, found.value);
    if (isProposal(value)) {
      const isAsSent = fits && (plan.form === "prompt" || (found.how === "clean" && plan.form !== "tool"));
      const isOffered = plan.names.includes(value.tool);
      return plainly({ tool: value.tool, args: value.args ?? {} }, ...(isAsSent && isOffered ? [] : [ignored]));
    }
  }
  const inText = callsInText(said.content);
  if (inText.length > 0) {
    // The call may have been put into a call of the answer itself.
    const inner =
      inText.length === 1 && inText[0]!.name === ANSWER_TOOL ? unwrap(plan.shape, inText[0]!.args).value : null;
    const calls = isProposal(inner) ? [{ name: inner.tool, args: inner.args ?? {} }] : inText;
    const { value, areOffered } = proposed(calls);
    return plainly(value, "tool call as text", ...(areOffered ? [] : [ignored]));
  }
  if (found === "cut") return unanswered("the answer stops in the middle", "answer truncated");
  const named = nameIn(said.content, plan.names);
  if (named !== null && !question.tools.some((tool) => tool.name === named)) {
    return plainly({ tool: named, args: {} }, ignored);
  }
  return unfit("no call was made", said.content, ignored);
}

/** A call in our own words; what has a name too is a call in somebody else's. */
function isProposal(value: unknown): value is { readonly tool: string; readonly args?: unknown } {
  return isFields(value) && typeof value.tool === "string" && !Object.hasOwn(value, "name");
}

/** The JSON that was said, by the tool or as the content. */
function jsonOf(said: Said, plan: Plan & { kind: "name" | "fields" }): Answered | Unanswered {
  if (plan.form === "tool") {
    const call = said.calls.find(({ name }) => name === ANSWER_TOOL);
    if (call) return plainly(call.args);
    if (said.calls.length > 0) return unanswered("another tool was called", "tool choice ignored");
  }
  const inText = callsInText(said.content).find(({ name }) => name === ANSWER_TOOL);
  if (inText) return plainly(inText.args, "tool call as text");
  const found = findJson(said.content);
  const missed: ReplyFault = plan.form === "tool" ? "tool choice ignored" : "schema ignored";
  if (found === "cut") return unanswered("the answer stops in the middle", "answer truncated");
  if (typeof found === "string") return unfit("the answer is no JSON", said.content, missed);
  // Where only the prompt asked for JSON, nobody promised that nothing would stand around it.
  const isAsSent = found.how === "clean" && plan.form !== "tool";
  return plainly(found.value, ...(isAsSent || plan.form === "prompt" ? [] : [missed]));
}

/** Prose where something else was due. Servers without a word for a refusal let the model say it. */
function unfit(what: string, content: string, ...faults: readonly ReplyFault[]): Unanswered {
  const isRefusal =
    /^\W{0,3}(I'm sorry|I am sorry|Sorry, (but )?I|I can(no|')t |I'm (unable|not able)|I am (unable|not able))/i.test(
      content.trimStart().slice(0, 100).replaceAll("\u2019", "'"),
    );
  if (isRefusal) return unanswered(`the model refused: ${short(content)}`, "refused");
  return unanswered(`${what}: ${short(content)}`, ...faults);
}

function short(text: string): string {
  const plain = text.trim().slice(0, 200).replaceAll(/\s+/g, " ");
  return JSON.stringify(plain.length > 80 ? `${plain.slice(0, 80)}…` : plain);
}
