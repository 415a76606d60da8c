/** What a loop's author may do: the types of `step`. */

import type { Answer } from "../core/answer.ts";
import type { Outcome } from "../core/outcome.ts";
import type { Split } from "../core/question.ts";
import type { Infer, InferInput, Schema } from "../core/schema.ts";
import type { AnyTool, Tool } from "../tool/tool.ts";
import type { StopRule } from "./stop.ts";

/** A step's name; with an index where the same step repeats in one run. Names hold no `/`. */
export type StepName = string | readonly [name: string, index: string | number];

/** What every question has. */
export interface About {
  /** The item, or the part of it that the question needs: a text, or an object rendered as `key: value` lines. */
  readonly about: unknown;
  /** The last words before the answer; they steer a small model more than examples do. */
  readonly cue?: string;
  /**
   * Largest share of wrong answers among those that stay local, between 0 and 1. Nothing local stands until a certificate
   * promises it (docs/guide/promises.md); without a risk, the rungs' own thresholds hold and nothing is promised.
   */
  readonly risk?: number;
  /**
   * How an item too long for a model is cut. Without it, such an item is refused and goes up the ladder. Closed
   * questions pool what is read from the pieces; what is written (fields, arguments, texts) needs a cut to one piece.
   */
  readonly split?: Split;
}

export type Options = { readonly [name: string]: string } | readonly string[];
export type OptionName<O extends Options> = O extends readonly (infer Name extends string)[] ? Name : keyof O & string;

export interface ChooseSpec<O extends Options, Otherwise extends string | false> extends About {
  readonly ask: string;
  /** Name to description, or names alone. Descriptions are what an encoder reads. */
  readonly options: O;
  /** Name of the way out, `"none of these"` by default; `false` forbids it. */
  readonly otherwise?: Otherwise;
  /** A condition of yours: `true`, or why the value may not stand. */
  readonly check?: (value: OptionName<O>) => true | string;
}

export interface JudgeSpec<Otherwise extends string | false> extends About {
  readonly ask: string;
  /** Name of the way out, `"cannot tell"` by default, answered as `null`; `false` forbids it. */
  readonly otherwise?: Otherwise;
  readonly check?: (value: boolean) => true | string;
}

export interface ScoreSpec<Otherwise extends string | false> extends About {
  readonly ask: string;
  /** Whole numbers, both included; at most 101 of them. */
  readonly from: number;
  readonly to: number;
  readonly otherwise?: Otherwise;
  readonly check?: (value: number) => true | string;
}

export interface ExtractSpec<S extends Schema, Otherwise extends string | false> extends About {
  readonly ask?: string;
  /** An object schema; the answer is parsed by it. */
  readonly schema: S;
  readonly otherwise?: Otherwise;
  readonly check?: (value: Infer<S>) => true | string;
}

export interface PickSpec<T extends readonly AnyTool[], Otherwise extends string | false> extends About {
  readonly ask?: string;
  /** The tools of this phase; limits, prerequisites and effect rules decide which of them are offered. */
  readonly tools: T;
  readonly otherwise?: Otherwise;
  readonly check?: (value: PickedOf<T[number]>) => true | string;
}

export interface WriteSpec<Otherwise extends string | false> extends About {
  readonly ask: string;
  /** Most tokens of the text; 256 by default. A text that does not end within them is not an answer: it escalates. */
  readonly maxTokens?: number;
  /** The text ends before the first of these that a model writes, such as `["\n\n"]`. */
  readonly stop?: readonly string[];
  /**
   * Sees the text piece by piece while an embedded model writes it. It is not checked yet: it may be refused, and be
   * written anew by the next rung. A replay shows nothing.
   */
  readonly onText?: (piece: string) => void;
  readonly otherwise?: Otherwise;
  readonly check?: (value: string) => true | string;
}

export interface LoopSpec<T extends readonly AnyTool[]> extends About {
  readonly ask?: string;
  readonly tools: T;
  /** Ends the loop once it holds, such as `calls(refund, reply)`. */
  readonly until?: StopRule | readonly StopRule[];
  /**
   * Name of the answer that ends the loop: `"finish"` by default where there is no `until`, forbidden where there
   * is one.
   */
  readonly finish?: string | false;
  /** Most turns; 10 by default. */
  readonly limits?: { readonly steps?: number };
}

/** A tool call that the gate let through. */
export interface Picked<Name extends string = string, Args = unknown> {
  readonly tool: Name;
  readonly args: Args;
}

type ArgsOf<T> = T extends Tool<string, infer In> ? Infer<In> : unknown;
/** What an author writes down: the tool's schema parses it. */
type WrittenArgsOf<T> = T extends Tool<string, infer In> ? InferInput<In> : unknown;
type OutputOf<T> = T extends Tool<string, infer _In, infer Out> ? Infer<Out> : unknown;
export type PickedOf<T extends AnyTool> = T extends AnyTool ? Picked<T["name"], ArgsOf<T>> : never;
type NullIf<Otherwise> = Otherwise extends false ? never : null;
type NameIf<Otherwise> = Otherwise extends string ? Otherwise : never;

/** One turn of a `step.loop`. */
export interface Turn<Name extends string = string> {
  readonly tool: Name;
  readonly args: unknown;
  readonly outcome: Outcome;
}

/** How a `step.loop` ended, and what happened in it. */
export interface LoopResult<Name extends string = string> {
  /** `until` held; the model finished; the turns ran out; the same call again; nothing left to offer or to pick. */
  readonly ended: "until" | "finished" | "limit" | "repeated" | "nothing to do";
  /** The last tool called, if any. */
  readonly tool: Name | null;
  readonly outcome: Outcome | null;
  readonly turns: readonly Turn<Name>[];
}

type Branches =
  | { readonly [name: string]: (step: Step) => Promise<unknown> }
  | readonly ((step: Step) => Promise<unknown>)[];

/**
 * Everything that a loop may do to the world, to a model, to time or to chance. Each call is one step: journaled
 * once under its path, and answered from the journal ever after. A path used twice in one run ends it as a
 * usage error.
 */
export interface Step {
  /** Which of these? Answers with an option's name, or that of the way out. */
  choose<const O extends Options, const W extends string | false = "none of these">(
    name: StepName,
    spec: ChooseSpec<O, W>,
  ): Promise<Answer<OptionName<O> | NameIf<W>>>;
  /** Yes or no? */
  judge<const W extends string | false = "cannot tell">(
    name: StepName,
    spec: JudgeSpec<W>,
  ): Promise<Answer<boolean | NullIf<W>>>;
  /** Which whole number on this scale? */
  score<const W extends string | false = "cannot tell">(
    name: StepName,
    spec: ScoreSpec<W>,
  ): Promise<Answer<number | NullIf<W>>>;
  /** What are these fields, according to the text? */
  extract<S extends Schema, const W extends string | false = "not in the text">(
    name: StepName,
    spec: ExtractSpec<S, W>,
  ): Promise<Answer<Infer<S> | NullIf<W>>>;
  /** Which tool next, with which arguments? Exactly one call; it is not executed yet. */
  pick<const T extends readonly AnyTool[], const W extends string | false = "none of these">(
    name: StepName,
    spec: PickSpec<T, W>,
  ): Promise<Answer<PickedOf<T[number]> | NullIf<W>>>;
  /** A short text. */
  write<const W extends string | false = false>(
    name: StepName,
    spec: WriteSpec<W>,
  ): Promise<Answer<string | NullIf<W>>>;
  /** Asks a person, whatever the ladder. With options they choose; without, they write. */
  ask<const O extends Options>(name: StepName, spec: ChooseSpec<O, false>): Promise<Answer<OptionName<O>>>;
  ask(name: StepName, spec: WriteSpec<false>): Promise<Answer<string>>;
  /** Executes a call that `step.pick` returned. */
  call<P extends Picked>(name: StepName, picked: P): Promise<Outcome>;
  /** Executes a call of your own. An irreversible tool is first approved by the rung that its effect needs. */
  call<T extends AnyTool>(name: StepName, tool: T, args: WrittenArgsOf<T>): Promise<Outcome<OutputOf<T>>>;
  /** One tool a turn, out of those offered, until a rule or a limit ends it. */
  loop<const T extends readonly AnyTool[]>(name: StepName, spec: LoopSpec<T>): Promise<LoopResult<T[number]["name"]>>;
  /** Branches side by side, each with a `step` of its own whose paths start with the branch. */
  all<const B extends Branches>(
    name: StepName,
    branches: B,
  ): Promise<{ readonly [K in keyof B]: B[K] extends (step: Step) => Promise<infer R> ? R : never }>;
  /** Milliseconds since the epoch, the same on every replay. */
  now(name: StepName): Promise<number>;
  /** A number from 0 up to but not including 1, the same on every replay. */
  random(name: StepName): Promise<number>;
  /** Waits. A long sleep gives the run back until its time has come. */
  sleep(name: StepName, seconds: number): Promise<void>;
}
