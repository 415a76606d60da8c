/** Turns what an author asks into a question, and a rung's raw value into what the author expects. */

import { messageOf, UsageError } from "../core/errors.ts";
import { canonicalJson } from "../core/json.ts";
import {
  namedTool,
  type Option,
  type ProposedCall,
  Question,
  type QuestionSpec,
  type ToolOffer,
} from "../core/question.ts";
import { rendered } from "../core/rendered.ts";
import { type Infer, type Parsed, parse, type Schema, toJsonSchema } from "../core/schema.ts";
import { brokenPrerequisite, type CallBook } from "../tool/offer.ts";
import type { AnyTool } from "../tool/tool.ts";
import type { About, ChooseSpec, ExtractSpec, JudgeSpec, Options, Picked, ScoreSpec, WriteSpec } from "./step-types.ts";

/** Where a question stands: its step's name and path. */
export interface Place {
  readonly name: string;
  readonly path: string;
}

type Check = QuestionSpec["check"];

function base(spec: About & { check?: unknown }, verb: QuestionSpec["verb"], ask: string, cue: string): QuestionSpec {
  return {
    verb,
    ask,
    cue: spec.cue ?? cue,
    options: [],
    otherwise: null,
    fields: null,
    tools: [],
    maxTokens: 0,
    stop: [],
    onText: null,
    split: spec.split ?? null,
    check: (spec.check as Check | undefined) ?? null,
  };
}

function make<T>(
  { name, path }: Place,
  spec: QuestionSpec,
  about: unknown,
  read: (raw: unknown) => Parsed<T> | Promise<Parsed<T>>,
): Question<T> {
  return new Question<T>(name, path, spec, () => rendered(about), read);
}

function unfit(message: string, path = ""): { ok: false; issue: { path: string; message: string } } {
  return { ok: false, issue: { path, message } };
}

function wayOut(otherwise: string | false | undefined, byDefault: string): string | null {
  return otherwise === false ? null : (otherwise ?? byDefault);
}

export function chooseQuestion(place: Place, spec: ChooseSpec<Options, string | false>): Question<string> {
  const options: Option[] = Array.isArray(spec.options)
    ? spec.options.map((name: string) => ({ name, description: "" }))
    : Object.entries(spec.options as { [name: string]: string }).map(([name, description]) => ({ name, description }));
  const otherwise = wayOut(spec.otherwise, "none of these");
  const names = new Set(options.map((option) => option.name));
  if (options.length === 0 || names.size < options.length || (otherwise !== null && names.has(otherwise))) {
    throw new UsageError("E_OPTIONS", `step ${place.path}: the options must be there, each name once`, {
      value: [...names],
    });
  }
  const read = (raw: unknown): Parsed<string> =>
    typeof raw === "string" && (names.has(raw) || raw === otherwise)
      ? { ok: true, value: raw }
      : unfit(`${JSON.stringify(raw)} is none of the options`);
  return make(place, { ...base(spec, "choose", spec.ask, "Answer:"), options, otherwise }, spec.about, read);
}

const yesAndNo: readonly Option[] = [
  { name: "yes", description: "" },
  { name: "no", description: "" },
];

export function judgeQuestion(place: Place, spec: JudgeSpec<string | false>): Question<boolean | null> {
  const otherwise = wayOut(spec.otherwise, "cannot tell");
  const read = (raw: unknown): Parsed<boolean | null> => {
    if (raw === "yes" || raw === true) return { ok: true, value: true };
    if (raw === "no" || raw === false) return { ok: true, value: false };
    if (raw === otherwise && otherwise !== null) return { ok: true, value: null };
    return unfit(`${JSON.stringify(raw)} is neither yes nor no`);
  };
  const question = { ...base(spec, "judge", spec.ask, "Answer (yes or no):"), options: yesAndNo, otherwise };
  return make(place, question, spec.about, read);
}

export function scoreQuestion(place: Place, spec: ScoreSpec<string | false>): Question<number | null> {
  const { from, to } = spec;
  if (!Number.isInteger(from) || !Number.isInteger(to) || to <= from || to - from > 100) {
    throw new UsageError(
      "E_OPTIONS",
      `step ${place.path}: a score goes from one whole number to a higher one, at most 100 apart`,
      {
        value: { from, to },
      },
    );
  }
  const options = Array.from({ length: to - from + 1 }, (_, index) => ({
    name: String(from + index),
    description: "",
  }));
  const otherwise = wayOut(spec.otherwise, "cannot tell");
  const read = (raw: unknown): Parsed<number | null> => {
    if (raw === otherwise && otherwise !== null) return { ok: true, value: null };
    // An option's name to the letter: Number() would also read "" and "0x1".
    const index = options.findIndex((option) => option.name === String(raw));
    if (index !== -1 && (typeof raw === "string" || typeof raw === "number")) return { ok: true, value: from + index };
    return unfit(`${JSON.stringify(raw)} is no whole number from ${from} to ${to}`);
  };
  const cue = `Score from ${from} to ${to}:`;
  return make(place, { ...base(spec, "score", spec.ask, cue), options, otherwise }, spec.about, read);
}

const fieldsOf = new WeakMap<Schema, QuestionSpec["fields"]>();

export function extractQuestion<S extends Schema>(
  place: Place,
  spec: ExtractSpec<S, string | false>,
): Question<Infer<S> | null> {
  let fields = fieldsOf.get(spec.schema);
  if (!fields) {
    fields = toJsonSchema(spec.schema, `the schema of step ${place.path}`);
    fieldsOf.set(spec.schema, fields);
  }
  const otherwise = wayOut(spec.otherwise, "not in the text");
  const read = (raw: unknown): Parsed<Infer<S> | null> | Promise<Parsed<Infer<S> | null>> =>
    raw === otherwise && otherwise !== null
      ? { ok: true, value: null }
      : (parse(spec.schema, raw) as Parsed<Infer<S>> | Promise<Parsed<Infer<S>>>);
  const ask = spec.ask ?? "Fill in the fields from the text.";
  return make(place, { ...base(spec, "extract", ask, "Fields:"), fields, otherwise }, spec.about, read);
}

export function writeQuestion(place: Place, spec: WriteSpec<string | false>): Question<string | null> {
  const otherwise = spec.otherwise === undefined || spec.otherwise === false ? null : spec.otherwise;
  const read = (raw: unknown): Parsed<string | null> => {
    if (raw === otherwise && otherwise !== null) return { ok: true, value: null };
    return typeof raw === "string" && raw.trim() !== "" ? { ok: true, value: raw } : unfit("the text is empty");
  };
  const { maxTokens = 256, stop = [], onText = null } = spec;
  const question = { ...base(spec, "write", spec.ask, ""), otherwise, maxTokens, stop, onText };
  return make(place, question, spec.about, read);
}

interface Genuine {
  readonly tool: AnyTool;
  readonly run: CallBook;
  /** The call in one spelling, by which it is known when it is made again. */
  readonly text: string;
  /** It was handed to `step.call`: what the gate let through once is not let through twice. */
  called: boolean;
}

/** What is behind a call that a gate let through; a `Picked` that is not in here was not picked. */
const genuine = new WeakMap<Picked, Genuine>();

/** The tool behind a call that was picked in this very run. */
export function pickedIn(run: CallBook, picked: Picked): Genuine | undefined {
  const known = genuine.get(picked);
  return known?.run === run ? known : undefined;
}

export interface PickOffer {
  readonly tools: readonly AnyTool[];
  readonly offered: readonly ToolOffer[];
  readonly otherwise: string | null;
  /** Name of the answer that ends a `step.loop`, or `null`. */
  readonly finish: string | null;
  readonly ask: string;
}

/** A question for exactly one call out of the offer. `finish` and the way out are answered as `null`. */
export function pickQuestion(
  place: Place,
  spec: About & { check?: unknown },
  offer: PickOffer,
  about: () => string,
  run: CallBook,
): Question<Picked | null> {
  const { offered, otherwise, finish } = offer;
  refuseDoubles(place, offer);
  const options: readonly Option[] =
    finish === null ? offered : [...offered, { name: finish, description: "There is nothing more to do." }];
  const question: QuestionSpec = {
    ...base(spec, "pick", offer.ask, "The next step:"),
    options,
    otherwise,
    tools: offered,
  };
  const { name, path } = place;
  const read = (raw: unknown): Reading => readPick(raw, offer, run, false);
  const reread = (raw: unknown): Reading => readPick(raw, offer, run, true);
  return new Question<Picked | null>(name, path, question, about, read, reread);
}

/** Lists of tools whose names are known to differ: the same list is offered about every item. */
const distinct = new WeakSet<readonly AnyTool[]>();

/** A name that means two things would be picked as one and called as the other. */
function refuseDoubles(place: Place, { tools, otherwise, finish }: PickOffer): void {
  if (!distinct.has(tools)) {
    const names = tools.map((tool) => tool.name);
    const twice = names.find((name, index) => names.indexOf(name) < index);
    if (twice !== undefined) {
      throw new UsageError("E_TOOLS", `step ${place.path}: two tools are called ${twice}`, { value: twice });
    }
    distinct.add(tools);
  }
  const taken = tools.find((tool) => tool.name === finish || tool.name === otherwise)?.name;
  if (taken !== undefined) {
    const message = `step ${place.path}: ${taken} is a tool, and cannot also be the name of the way out or the end`;
    throw new UsageError("E_TOOLS", message, { value: taken });
  }
}

type Reading = Parsed<Picked | null> | Promise<Parsed<Picked | null>>;

/** `stood`: the call was let through before; what is offered since then does not matter to it. */
function readPick(raw: unknown, offer: PickOffer, run: CallBook, stood: boolean): Reading {
  if (Array.isArray(raw) && raw.length !== 1) {
    return { ...unfit(`${raw.length} calls where one is allowed`), fault: "second_call" };
  }
  const name = namedTool(raw);
  if (name !== null && (name === offer.finish || name === offer.otherwise)) return { ok: true, value: null };
  const tool =
    stood || offer.offered.some((offered) => offered.name === name)
      ? offer.tools.find((candidate) => candidate.name === name)
      : undefined;
  if (!tool) return { ...unfit(`no tool ${JSON.stringify(name)} is offered`), fault: "unknown_tool" };
  const said = (Array.isArray(raw) ? raw[0] : raw) as string | Partial<ProposedCall>;
  const args = parse(tool.input, (typeof said === "string" ? null : said.args) ?? {});
  return args instanceof Promise
    ? args.then((late) => toPicked(tool, late, run, stood))
    : toPicked(tool, args, run, stood);
}

function toPicked(tool: AnyTool, args: Parsed<unknown>, run: CallBook, stood: boolean): Parsed<Picked | null> {
  if (!args.ok) return args;
  const broken = stood ? null : brokenPrerequisite(tool, args.value, run);
  if (broken) return { ok: false, issue: broken };
  const picked: Picked = { tool: tool.name, args: args.value };
  try {
    genuine.set(picked, { tool, run, text: `${tool.name}${canonicalJson(args.value)}`, called: false });
  } catch (thrown) {
    return unfit(`the arguments cannot be written down: ${messageOf(thrown)}`);
  }
  return { ok: true, value: picked };
}
