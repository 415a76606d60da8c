/** The policy of a whole config: which questions get a promise, who labels, and learning beside the runs. */

import { messageOf, PawlError, StorageError, UsageError } from "../core/errors.ts";
import type { MetQuestion } from "../core/label.ts";
import type { Question } from "../core/question.ts";
import type { Journal } from "../journal/journal.ts";
import type { Rung } from "../rung/rung.ts";
import { Auditor, type Purse } from "./auditor.ts";
import { isPromisable, questionAbout } from "./met-question.ts";
import type { Policy, Standing } from "./policy.ts";
import { QuestionPolicy } from "./question-policy.ts";
import { StandingNow, type View } from "./standing.ts";
import type { Train } from "./teach.ts";

/** What the config says of one question. */
export interface QuestionOptions {
  readonly classes?: { readonly [value: string]: number };
  readonly holdsAudits?: boolean;
  /** The rung that audits; the first above the covered ones by default. A person is asked by `pawl label`. */
  readonly auditor?: Rung;
}

export interface PolicyOptions {
  readonly journal: Journal;
  /** Chance that a certificate claims too much. */
  readonly delta: number;
  /** What a question has of its own, by step name. */
  readonly of: (step: string) => QuestionOptions;
  /** Whether it learns while runs go on. */
  readonly learns: boolean;
  /** The day's money, of which audits take their part. */
  readonly purse: Purse | null;
  /** How a training is run; in a thread of its own by default. */
  readonly train?: Train | undefined;
  readonly now: () => number;
  readonly say: (line: string) => void;
}

export class OpenPolicy implements Policy {
  readonly #options: PolicyOptions;
  readonly #questions = new Map<string, QuestionPolicy>();
  /** By the same keys: a question's audits are asked once, whichever promise it is under. */
  readonly #auditors = new Map<string, Auditor>();
  readonly #stop = new AbortController();
  #isNudged = false;
  #work: Promise<void> | null = null;
  #failure: StorageError | null = null;

  constructor(options: PolicyOptions) {
    this.#options = options;
  }

  /** Questions that were met, each with its promise. */
  get questions(): Iterable<QuestionPolicy> {
    return this.#questions.values();
  }

  standing(question: Question, risk: number | null, ladder: readonly Rung[]): Standing | null {
    if (risk === null) return null;
    const policy = this.of(question, risk, ladder);
    // Where no promise can be given, one that was asked for lets nothing local stand either.
    return policy ? policy.standing : new StandingNow(noPromise(question, ladder, this.#options.journal.secret));
  }

  /**
   * The policy of a question, made when it is first met; `null` where no promise was asked for or can be given. Where
   * steps ask the same question at different risks, the strictest promise holds for all.
   */
  of(question: Question, risk: number | null, ladder: readonly Rung[]): QuestionPolicy | null {
    if (risk === null) return null;
    const key = keyOf(question);
    const known = this.#questions.get(key);
    if (known && known.settings.risk <= risk) return known;
    const covered = coveredBy(ladder);
    if (!covered || !isPromisable(question)) return null;
    const { journal, delta, now, say, of, purse, train } = this.#options;
    const { classes = {}, holdsAudits = false, auditor = covered.upper } = of(question.name);
    const settings = { risk, delta, classes, holdsAudits };
    const parts = { journal, rungs: covered.rungs, upper: chainOf(ladder, covered.upper, question), train, now, say };
    const made = new QuestionPolicy(question, settings, parts);
    this.#questions.set(key, made);
    if (auditor.name !== "person" && !known) this.#auditors.set(key, new Auditor(auditor, journal, purse));
    this.nudge();
    return made;
  }

  /** Meets again every question that the journal knows, for commands that run no loop. Rungs must be open. */
  recall(ladder: (step: string) => readonly Rung[]): void {
    const met = new Map<string, { readonly record: MetQuestion; readonly risk: number }>();
    // The last word counts: a risk that was tried once binds nobody for ever.
    for (const event of this.#options.journal.policy.read()) {
      if (event.type === "question_met") met.set(`${event.question}\0${event.version}`, event);
    }
    for (const { record, risk } of met.values()) this.of(questionAbout(record, ""), risk, ladder(record.name));
  }

  nudge(): void {
    this.#isNudged = true;
    for (const question of this.#questions.values()) question.hear();
    if (!this.#options.learns || this.#work || this.#stop.signal.aborted) return;
    this.#work = this.#goOn().finally(() => {
      this.#work = null;
    });
  }

  async #goOn(): Promise<void> {
    while (this.#isNudged && !this.#stop.signal.aborted) {
      this.#isNudged = false;
      for (const question of this.#questions.values()) await this.#advance(question);
    }
  }

  /** What cannot be learned now costs no run anything: it is said, and tried again with the next labels. */
  async #advance(question: QuestionPolicy): Promise<void> {
    try {
      const { signal } = this.#stop;
      await this.#auditors.get(keyOf(question.met))?.work(question.met, signal);
      await question.advance(signal);
    } catch (thrown) {
      if (this.#stop.signal.aborted) return;
      if (thrown instanceof StorageError) this.#failure = thrown;
      const code = thrown instanceof PawlError ? ` (${thrown.code})` : "";
      this.#options.say(`${question.met.name} could not learn: ${messageOf(thrown)}${code}`);
    }
  }

  /** Resolves when nothing is left to be learned from the labels there are. Rejects with what the journal refused. */
  async settled(): Promise<void> {
    while (this.#work) await this.#work;
    if (this.#failure) throw this.#failure;
  }

  /** Gives up what is under way; what was recorded stays. */
  async close(): Promise<void> {
    this.#stop.abort();
    await this.#work?.catch(() => {});
  }
}

function keyOf({ name, version }: Pick<Question, "name" | "version">): string {
  return `${name}\0${version}`;
}

/** Who labels, and the rules that answer before the covered rungs do: what a certificate depends on beside these. */
function chainOf(ladder: readonly Rung[], upper: Rung, question: Question): string {
  const rules = ladder.filter((rung) => isRule(rung)).map(({ name }) => name);
  return [...rules, `${upper.name}${upper.version ? ` ${upper.version(question)}` : ""}`].join(" < ");
}

function isRule({ local, mostCost, acceptAt, caches }: Rung): boolean {
  return local && mostCost === 0 && acceptAt === null && !caches;
}

/** A standing in which nothing local stands, and nothing is learned. */
function noPromise(question: Question, ladder: readonly Rung[], secret: Uint8Array): View {
  const why = isPromisable(question)
    ? "there is no rung above the local ones that could tell what is right"
    : `no promise can be given for a ${question.verb}: leave out its risk`;
  return {
    question: question.name,
    rungs: ladder.filter(({ local, mostCost, acceptAt }) => local && mostCost === 0 && acceptAt !== null),
    serving: null,
    why,
    classes: {},
    holdsAudits: false,
    secret,
    propensity: 1,
    watch: () => {},
    epoch: null,
    learned: () => null,
  };
}

/**
 * The rungs that one promise covers: every local one that needs a confidence, below the first that is paid or not
 * local, and that one, which labels what goes up. `null` where there is none of either.
 */
export function coveredBy(ladder: readonly Rung[]): { readonly rungs: readonly Rung[]; readonly upper: Rung } | null {
  const end = ladder.findIndex(({ local, mostCost }) => !local || mostCost !== 0);
  const upper = ladder[end];
  if (!upper) return null;
  const below = ladder.slice(0, end);
  const rungs = below.filter(({ acceptAt }) => acceptAt !== null);
  const rule = below.findLastIndex(isRule);
  if (rungs.length > 0 && rule > below.indexOf(rungs[0]!)) {
    const message = `${below[rule]!.name} stands above ${rungs[0]!.name}: what it answers would never test what is learned below it; put rules first`;
    throw new UsageError("E_LADDER", message, { value: below[rule]!.name });
  }
  return rungs.length === 0 ? null : { rungs, upper };
}
