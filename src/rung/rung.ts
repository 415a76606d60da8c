/** The contract of a rung: one decider on a ladder. */

import type { Reply } from "../core/answer.ts";
import type { Question, Repair } from "../core/question.ts";

export interface DecideContext {
  readonly signal: AbortSignal;
  /** The run and its item, for rules and for scripts. */
  readonly run: string;
  readonly item: unknown;
  /** What lower rungs thought, nearest last; a person sees it as a suggestion. */
  readonly suggestion: { readonly rung: string; readonly value: unknown; readonly confidence: number | null } | null;
  /** Set on the second and last try, after a reply that did not fit. */
  readonly repair: Repair | null;
}

export interface Rung {
  /** Unique on a ladder, such as `encoder:minilm`; it stands in receipts and keys. */
  readonly name: string;
  /** A remote or human rung is not local; the share kept local counts by this. */
  readonly local: boolean;
  /** The most that one reply can cost, in the config's currency: 0 where nobody is paid, `null` where unpriced. */
  readonly mostCost: number | null;
  /** This rung serves earlier answers: what stands above it is kept for it. */
  readonly caches?: true;
  /** Least confidence that stands. `null`: the rung's replies need none (rules, cache, person). */
  readonly acceptAt: number | null;
  /**
   * Answers the question or says why not. Expected trouble is a reply; it throws `ModelError` only when it is
   * broken as a whole, which the ladder treats as an escalation with the fault `rung_failed`.
   */
  decide(question: Question, context: DecideContext): Promise<Reply> | Reply;
  /** Loads what the rung needs, once, before the first question. May report progress in words. */
  open?(needs: OpenNeeds): Promise<void>;
  close?(): Promise<void>;
}

/** What a rung may use of the process that runs it. */
export interface OpenNeeds {
  /** Small facts that outlive the process, such as an option prior. Kept in the journal file. */
  readonly notes: Notes;
  /** Vectors of texts that were read before. */
  readonly vectors: Vectors;
  /** Answers given before, by cache key. */
  readonly recall: Recall;
  /** Tells people what takes a while, such as a download: a line at a time. */
  readonly say: (line: string) => void;
}

export interface Notes {
  get(key: string): string | undefined;
  set(key: string, value: string): void;
  /** Adds to a number (0 where there is none), in one step also among processes. Resolves when it is durable. */
  add(key: string, amount: number): Promise<void>;
}

/** A cache of what an encoder made of a text. Whoever asks must be able to do without. */
export interface Vectors {
  get(key: string): Uint8Array | undefined;
  /** Kept as long as there is room; nobody can wait for it. The bytes of a key never change. */
  set(key: string, bytes: Uint8Array): void;
}

/** Looks an earlier answer up; synchronous, because the journal is a local file. */
export type Recall = (cacheKey: string) => RecalledAnswer | undefined;

export interface RecalledAnswer {
  readonly value: unknown;
  readonly confidence: number | null;
  readonly basis: "raw" | "constrained" | "similarity" | "votes" | "certain" | "none";
  readonly rung: string;
  readonly run: string;
  readonly path: string;
}
