/** The contract of a rung: one decider on a ladder. */

import type { Basis, Reply } from "../core/answer.ts";
import type { LabelSource } from "../core/label.ts";
import type { Question, Repair } from "../core/question.ts";
import type { PaidCalls } from "../ledger/ledger.ts";
import type { Batches } from "./batch-api.ts";

export interface DecideContext {
  readonly signal: AbortSignal;
  /** The run and its item, for rules and for scripts. */
  readonly run: string;
  readonly item: unknown;
  /** What lower rungs thought, nearest last; a person sees it as a suggestion. */
  readonly suggestion: { readonly rung: string; readonly value: unknown; readonly confidence: number | null } | null;
  /** Set on the second and last try, after a reply that did not fit. */
  readonly repair: Repair | null;
  /** What a rung has learned for this question, of the version that decides in this climb; absent where nothing is. */
  readonly learned?: (rung: string) => LearnedAnswers | null;
}

export interface Rung {
  /** Unique on a ladder, such as `encoder:minilm`; it stands in receipts and keys. */
  readonly name: string;
  /** A remote or human rung is not local; the share kept local counts by this. */
  readonly local: boolean;
  /** The most that one reply can cost, in the config's currency: 0 where nobody is paid, `null` where unpriced. */
  readonly mostCost: number | null;
  /** What its answers are as labels: `frontier` unless it says otherwise; `known` where it cannot be wrong. */
  readonly source?: LabelSource;
  /** This rung serves earlier answers: what stands above it is kept for it. */
  readonly caches?: true;
  /** Least confidence that stands. `null`: the rung's replies need none (rules, cache, person). */
  readonly acceptAt: number | null;
  /**
   * Answers the question or says why not. Expected trouble is a reply; it throws `ModelError` only when it is
   * broken as a whole, which the ladder treats as an escalation with the fault `rung_failed`.
   */
  decide(question: Question, context: DecideContext): Promise<Reply> | Reply;
  /** It answers by a provider's batches: what sends and fetches them. */
  readonly batches?: Batches;
  /** Its answer to this question of this run came in the meantime and is paid for: no limit on spend keeps it back. */
  holds?(question: Question, run: string): boolean;
  /**
   * What its numbers for this question depend on, apart from the question itself: model file, engine's build, prompt,
   * prior. A certificate is void once it differs. Absent: they depend on nothing else.
   */
  version?(question: Question): string;
  /**
   * The rung can learn from labels: from the text's words alone, or beside them from numbers that `features` gives.
   * What was learned comes back by `DecideContext.learned`.
   */
  readonly learns?: "words" | "features";
  /** Numbers of the item for a learned head, the same for the same text; `null` where it has none for it. */
  features?(question: Question, signal: AbortSignal): Promise<Features | null>;
  /** The model server that it asks, for whoever looks at it beforehand. */
  readonly server?: RungServer;
  /** Loads what the rung needs, once, before the first question. May report progress in words. */
  open?(needs: OpenNeeds): Promise<void>;
  close?(): Promise<void>;
}

export interface RungServer {
  /** Base address, without the path of a format. */
  readonly url: string;
  readonly model: string;
  readonly key: string | null;
  /** The environment variable that must hold its key, and does not. */
  readonly missingKey: string | null;
  /** Asking it costs money. */
  readonly isPriced: boolean;
}

/** What a rung may use of the process that runs it. */
export interface OpenNeeds {
  /** Small facts that outlive the process, such as an option prior. Kept in the journal file. */
  readonly notes: Notes;
  /** Vectors of texts that were read before. */
  readonly vectors: Vectors;
  /** Answers given before, by cache key. */
  readonly recall: Recall;
  /** Where calls that cost money are put on record before they are made. */
  readonly calls: PaidCalls;
  /** Of all amounts in the config; US dollars where it is absent. */
  readonly currency?: string;
  /** Tells people what takes a while, such as a download: a line at a time. */
  readonly say: (line: string) => void;
}

/** What a head learns from beside the words. */
export interface Features {
  readonly values: Float32Array;
  /** `unit`: a vector of length 1; `standard`: numbers on a scale of their own, such as log-probabilities. */
  readonly scaling: "unit" | "standard";
  /**
   * The rung's own score of each name that answers the question (`namesOf`), on any scale; `null` where it has none.
   * What a head has no example of keeps it.
   */
  readonly scores: readonly number[] | null;
}

/** One question's learned answers. */
export interface LearnedAnswers {
  /**
   * Probability of each name that answers the question (`namesOf`: the way out last), calibrated; sums to 1.
   * `features` as the rung gives them; `null` where it learned from words alone.
   */
  decide(text: string, features: Features | null): ArrayLike<number>;
  /** Names that it has no example of: they may be answered, and stand nowhere. */
  readonly unlearned: ReadonlySet<string>;
}

export interface Notes {
  get(key: string): string | undefined;
  set(key: string, value: string): void;
  /** Adds to a number (0 where there is none), in one step also among processes. Resolves with the sum when it is durable. */
  add(key: string, amount: number): Promise<number>;
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
  readonly basis: Basis;
  readonly rung: string;
  readonly run: string;
  readonly path: string;
  /** Version key of the certificate that it stood under; `null` where it stood under none. */
  readonly key: string | null;
}
