/** From a request to the questions that its steps ask. */

import { shortHash } from "../core/hash.ts";
import { canonicalJson } from "../core/json.ts";
import type { Question } from "../core/question.ts";
import type { Schema } from "../core/schema.ts";
import { chooseQuestion, extractQuestion, judgeQuestion, writeQuestion } from "../loop/ask.ts";
import type { ChooseSpec, ExtractSpec, JudgeSpec, PickSpec, WriteSpec } from "../loop/step-types.ts";
import type { AnyTool } from "../tool/tool.ts";
import type { IncomingTool, Wanted } from "../wire/chat-server.ts";
import type { IncomingOption, IncomingQuestion } from "../wire/incoming.ts";
import { schemaOf } from "./json-schema.ts";
import type { FreeChat, GatewayRequest } from "./request.ts";

/** What one step asks. */
export type Asking =
  | { readonly verb: "choose"; readonly spec: ChooseSpec<{ readonly [name: string]: string }, string | false> }
  | { readonly verb: "judge"; readonly spec: JudgeSpec<string | false> }
  | { readonly verb: "extract"; readonly spec: ExtractSpec<Schema, string | false> }
  | { readonly verb: "pick"; readonly spec: PickSpec<readonly AnyTool[], string | false> }
  | { readonly verb: "write"; readonly spec: WriteSpec<false> };

export interface Posed {
  /** The client's own id. */
  readonly id: string;
  /** As the client named it; `null` where it did not. */
  readonly name: string | null;
  readonly asking: Asking;
  /** The same for questions that say the same, whatever the item and whatever they are called. */
  readonly version: string;
  /** Name of the way out; `null` where there is none. */
  readonly otherwise: string | null;
}

/** A request is looked at when it comes, when it is asked, and when it is answered. */
const known = new WeakMap<GatewayRequest, readonly Posed[]>();

/** The questions of a request, in its order. Throws a `UsageError` where one cannot be asked. */
export function posedBy(request: GatewayRequest): readonly Posed[] {
  let questions = known.get(request);
  if (!questions) {
    questions = read(request);
    known.set(request, questions);
  }
  return questions;
}

function read(request: GatewayRequest): readonly Posed[] {
  if (request.format !== "chat") {
    const { about, questions } = request.incoming;
    return questions.map((question) => posed(question.id, question.name, closed(question, about)));
  }
  const { chat, free } = request;
  return [posed("answer", nameIn(chat.wanted), wantedBy(chat.wanted, free))];
}

function posed(id: string, name: string | null, asking: Asking): Posed {
  const question = questionOf(asking);
  if (question) return { id, name, asking, version: question.version, otherwise: question.otherwise };
  const { ask, tools } = (asking as Extract<Asking, { verb: "pick" }>).spec;
  const version = shortHash(canonicalJson([ask, tools.map((tool) => [tool.name, tool.inputJson])]));
  return { id, name, asking, version, otherwise: wayOutName };
}

function nameIn(wanted: Wanted): string | null {
  switch (wanted.kind) {
    case "free":
      return null;
    case "closed":
      return wanted.question.name;
    case "object":
      return wanted.name;
    case "call":
      return wanted.tools.length === 1 ? wanted.tools[0]!.name : null;
  }
}

function wantedBy(wanted: Wanted, free: FreeChat | null): Asking {
  switch (wanted.kind) {
    case "free": {
      const { ask, about, maxTokens, stop } = free ?? { ask: "", about: "", maxTokens: 1, stop: [] };
      return { verb: "write", spec: { ask, about, maxTokens, stop } };
    }
    case "closed":
      return closed(wanted.question, wanted.about, wanted.property ?? undefined);
    case "object": {
      const { ask, about, schema } = wanted;
      return { verb: "extract", spec: { ask, about, schema: schemaOf(schema) } };
    }
    case "call": {
      const { ask, about, tools } = wanted;
      const [only] = tools;
      if (tools.length > 1 || !only) return { verb: "pick", spec: { ask, about, tools: tools.map(toolOf) } };
      const named = [ask, `${only.name}: ${only.description}`].join("\n");
      return { verb: "extract", spec: { ask: named, about, schema: schemaOf(argumentsOf(only)) } };
    }
  }
}

/** A tool that is only picked here: whoever sent it calls it. */
function toolOf(tool: IncomingTool): AnyTool {
  const { name, description } = tool;
  const input = schemaOf(argumentsOf(tool));
  const inputJson = argumentsOf(tool);
  return { name, description, effect: "read", input, output: input, after: [], limits: {}, inputJson, run: () => null };
}

function argumentsOf({ input }: IncomingTool): IncomingTool["input"] {
  return input.type === undefined ? { type: "object", ...input } : input;
}

function closed(question: IncomingQuestion, about: string, property?: string): Asking {
  const { kind, ask, options } = question;
  if (kind === "judge") {
    const [yes, no] = options.map(({ description }) => description);
    const meant = [yes && `Yes: ${yes}`, no && `No: ${no}`].filter((line) => line);
    return { verb: "judge", spec: { ask: [ask, ...meant].join("\n"), about } };
  }
  const names = namesFor(question);
  const named = Object.fromEntries(
    options.map(({ description }, index) => [names[index]!, description === names[index] ? "" : description]),
  );
  const cue = property === undefined ? {} : { cue: `${property}:` };
  // A client that has an option of this name already is asked without a way out.
  const otherwise = names.includes(wayOutName) ? false : wayOutName;
  return { verb: "choose", spec: { ask, about, options: named, otherwise, ...cue } };
}

const wayOutName = "none of these";
const longestName = 60;

/**
 * The names under which the options are asked, in their order. A level of a score is asked by what it says: a small
 * model does not bind a number to a meaning.
 */
export function namesFor({ kind, options }: IncomingQuestion): readonly string[] {
  const names = options.map(({ name }) => name);
  if (kind !== "score") return names;
  const spoken = options.map(spokenName);
  return new Set(spoken).size === spoken.length && spoken.every((name) => name !== "") ? spoken : names;
}

function spokenName({ value, description, name }: IncomingOption): string {
  const said = typeof value === "string" ? value : description;
  return said.length <= longestName && !said.includes("\n") ? said.trim() : name;
}

const place = { name: "question", path: "question" };

/** The question as a step would ask it; `null` for a pick, which only a run can offer. */
export function questionOf(asking: Asking, name = "question"): Question | null {
  switch (asking.verb) {
    case "choose":
      return untyped(chooseQuestion({ ...place, name }, asking.spec));
    case "judge":
      return untyped(judgeQuestion({ ...place, name }, asking.spec));
    case "extract":
      return untyped(extractQuestion({ ...place, name }, asking.spec));
    case "write":
      return untyped(writeQuestion({ ...place, name }, asking.spec));
    case "pick":
      return null;
  }
}

function untyped(question: Question<never> | Question<unknown>): Question {
  return question as Question;
}
