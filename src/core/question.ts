/** A question: the one thing a step asks of a ladder, as data. */

import { shortHash } from "./hash.ts";
import { canonicalJson } from "./json.ts";
import type { JsonSchema, Parsed } from "./schema.ts";

export type Verb = "choose" | "judge" | "score" | "extract" | "pick" | "write";

export interface Option {
  readonly name: string;
  readonly description: string;
}

/** A tool as a question offers it. */
export interface ToolOffer extends Option {
  readonly effect: Effect;
  /** JSON Schema of the arguments, already narrowed to what the prerequisites allow. */
  readonly input: JsonSchema;
}

/** What a tool does to the world. */
export type Effect = "read" | "write" | "irreversible";

/** A tool call as a rung proposes it. */
export interface ProposedCall {
  readonly tool: string;
  readonly args: unknown;
}

/** The name in a raw pick, whether it came bare, as a call, or as a list of one call. */
export function namedTool(raw: unknown): unknown {
  const said: unknown = Array.isArray(raw) && raw.length === 1 ? raw[0] : raw;
  return typeof said === "object" && said !== null ? (said as Partial<ProposedCall>).tool : said;
}

/** Everything that a question says, apart from the item's text and its place in the run. */
export interface QuestionSpec {
  readonly verb: Verb;
  readonly ask: string;
  /** The last words before the answer; they steer a small model more than examples do. */
  readonly cue: string;
  /** Closed questions: the answers to choose from, by name. For `pick`, the tools on offer. */
  readonly options: readonly Option[];
  /** Name of the way out ("none of these"); `null` where the author forbids it. */
  readonly otherwise: string | null;
  /** `extract`: the JSON Schema of the fields to fill. */
  readonly fields: JsonSchema | null;
  /** `pick`: the tools, in the order of `options`. */
  readonly tools: readonly ToolOffer[];
  /** `write`: the most tokens the text may have. */
  readonly maxTokens: number;
  /** `write`: the text ends before the first of these. */
  readonly stop: readonly string[];
  /** `write`: sees the text while it is written. It is not checked yet, and may be written anew by another rung. */
  readonly onText: ((piece: string) => void) | null;
  /** How an item that is too long for a model is cut, as the author decided; without it, it is refused. */
  readonly split: Split | null;
  /** The author's own condition on a value: `true`, or the reason why it may not stand. */
  readonly check: ((value: never) => true | string) | null;
}

/** Cuts an item's text into pieces of at most `limit` tokens, by the author's rule. */
export type Split = (about: string, limit: number) => readonly string[];

/** What a rung said before, which its one repair must mend. */
export interface Repair {
  readonly previous: unknown;
  readonly path: string;
  readonly message: string;
}

/**
 * A question in its place. Rungs answer with raw JSON: an option's name (`choose`, `judge`, `score`), a
 * `ProposedCall` (`pick`), an object (`extract`), a text (`write`); the way out is answered by its name.
 */
export class Question<T = unknown> implements QuestionSpec {
  readonly verb: Verb;
  readonly ask: string;
  readonly cue: string;
  readonly options: readonly Option[];
  readonly otherwise: string | null;
  readonly fields: JsonSchema | null;
  readonly tools: readonly ToolOffer[];
  readonly maxTokens: number;
  readonly stop: readonly string[];
  readonly onText: ((piece: string) => void) | null;
  readonly split: Split | null;
  readonly check: ((value: never) => true | string) | null;
  /** The step's name, by which the config knows the question. */
  readonly name: string;
  /** The step's path in the run. */
  readonly path: string;
  /** Turns a rung's raw value into the author's typed one. */
  readonly parse: (raw: unknown) => Parsed<T> | Promise<Parsed<T>>;
  /** The same for a value that stood before: a limit reached since then does not unmake it. */
  readonly reread: (raw: unknown) => Parsed<T> | Promise<Parsed<T>>;
  readonly #about: () => string;
  #text: string | undefined;
  #version: string | undefined;

  constructor(
    name: string,
    path: string,
    spec: QuestionSpec,
    about: () => string,
    parse: (raw: unknown) => Parsed<T> | Promise<Parsed<T>>,
    reread: (raw: unknown) => Parsed<T> | Promise<Parsed<T>> = parse,
  ) {
    this.verb = spec.verb;
    this.ask = spec.ask;
    this.cue = spec.cue;
    this.options = spec.options;
    this.otherwise = spec.otherwise;
    this.fields = spec.fields;
    this.tools = spec.tools;
    this.maxTokens = spec.maxTokens;
    this.stop = spec.stop;
    this.onText = spec.onText;
    this.split = spec.split;
    this.check = spec.check;
    this.name = name;
    this.path = path;
    this.parse = parse;
    this.reread = reread;
    this.#about = about;
  }

  /** The item's text. Rendered when first read: a rule or a cached path may never need it. */
  get about(): string {
    this.#text ??= this.#about();
    return this.#text;
  }

  /** 16 hexadecimal digits: equal for questions that say the same, whatever the item. */
  get version(): string {
    this.#version ??= versionOf(this);
    return this.#version;
  }

  /** The question as plain data, for the journal and for people. */
  toJSON(): QuestionRecord {
    return {
      verb: this.verb,
      name: this.name,
      ask: this.ask,
      about: this.about,
      options: this.options,
      otherwise: this.otherwise,
      fields: this.fields,
      tools: this.tools,
      version: this.version,
    };
  }
}

/** Every name that answers a closed question, the way out last. */
export function namesOf({ options, otherwise }: Pick<QuestionSpec, "options" | "otherwise">): readonly string[] {
  const names = options.map((option) => option.name);
  return otherwise === null ? names : [...names, otherwise];
}

/** A question as a waiting run keeps it, so that a person can be asked without running the loop. */
export interface QuestionRecord
  extends Pick<QuestionSpec, "verb" | "ask" | "options" | "otherwise" | "fields" | "tools"> {
  readonly name: string;
  readonly about: string;
  readonly version: string;
}

/** Versions by a key that is cheap to make: the same question is asked about every item. */
const versions = new Map<string, string>();
const mostVersions = 10_000;

const schemaNumbers = new WeakMap<object, number>();
let schemaCount = 0;

function numberOf(schema: object | null): number {
  if (schema === null) return 0;
  let number = schemaNumbers.get(schema);
  if (number === undefined) {
    number = ++schemaCount;
    schemaNumbers.set(schema, number);
  }
  return number;
}

function versionOf(spec: QuestionSpec): string {
  let key = `${spec.verb}\0${spec.ask}\0${spec.cue}\0${JSON.stringify(spec.otherwise)}\0${spec.maxTokens}\0${numberOf(spec.fields)}`;
  for (const option of spec.options) key += `\0${option.name}\x01${option.description}`;
  for (const stop of spec.stop) key += `\0stop${stop}`;
  for (const tool of spec.tools) key += `\0${tool.effect}${numberOf(tool.input)}`;
  let version = versions.get(key);
  if (version === undefined) {
    version = shortHash(
      canonicalJson([
        spec.verb,
        spec.ask,
        spec.cue,
        spec.options.map((option) => [option.name, option.description]),
        spec.otherwise,
        spec.fields,
        spec.tools.map((tool) => [tool.name, tool.effect, tool.input]),
        spec.maxTokens,
        ...(spec.stop.length > 0 ? [spec.stop] : []),
      ]),
    );
    if (versions.size >= mostVersions) versions.clear();
    versions.set(key, version);
  }
  return version;
}
