/** How a question's local rungs stand at one moment: what the loop asks at each decision. Some microseconds. */

import { usableConfidence } from "../core/answer.ts";
import type { Json } from "../core/json.ts";
import { ruleKey } from "../core/label.ts";
import type { Question } from "../core/question.ts";
import type { Answered } from "../gate/gate.ts";
import { auditUnit, drawAudit } from "../guarantee/audit.ts";
import { clusterKey } from "../learn/clusters.ts";
import type { Rung } from "../rung/rung.ts";
import { nameOf } from "./class-thresholds.ts";
import type { Seen } from "./drift-watch.ts";
import { confidenceOf, withJitter } from "./local-version.ts";
import type { Coin, Judgement, Standing } from "./policy.ts";
import { ruleAuditRate } from "./schedule.ts";
import type { Serving } from "./serving.ts";

/** What a standing is made of. */
export interface View {
  /** The step's name. */
  readonly question: string;
  /** The rungs that the promise covers. */
  readonly rungs: readonly Rung[];
  readonly serving: Serving | null;
  readonly why: string;
  readonly classes: { readonly [value: string]: number };
  readonly holdsAudits: boolean;
  readonly secret: Uint8Array;
  /** Probability with which an item is labelled although it need not be; 1 while all are. */
  readonly propensity: number;
  readonly watch: (seen: Seen) => void;
  readonly epoch: string | null;
  readonly learned: Standing["learned"];
}

const nothing: Judgement = { confidence: null, least: null, stands: false, isFinal: false };

export class StandingNow implements Standing {
  readonly certificate: Standing["certificate"];
  readonly why: string;
  readonly loosest: number;
  readonly holdsAudits: boolean;
  readonly epoch: string | null;
  readonly learned: Standing["learned"];
  readonly #view: View;
  readonly #governed: ReadonlySet<string>;
  /** The item that was asked about last: its coin is looked at more than once. */
  #tossed: { readonly about: string; readonly coin: Coin } | null = null;
  #judged: { readonly reply: Answered; readonly judgement: Judgement } | null = null;
  #clustered: { readonly about: string; readonly cluster: string } | null = null;
  /** The item that the certified threshold would let stand, whatever stricter one holds now. */
  #wouldStand: string | null = null;

  constructor(view: View) {
    const { serving, rungs } = view;
    const status = serving?.status;
    this.#view = view;
    this.#governed = new Set(rungs.map(({ name }) => name));
    this.why = view.why;
    this.epoch = view.epoch;
    this.learned = view.learned;
    this.holdsAudits = view.holdsAudits;
    this.loosest = serving?.certified ?? Number.POSITIVE_INFINITY;
    if (serving && status) {
      const { risk, delta } = serving.figures;
      const { key } = serving.version;
      this.certificate = { key, state: status, risk, delta, threshold: serving.threshold };
    } else this.certificate = null;
  }

  governs(rung: Pick<Rung, "name">): boolean {
    return this.#governed.has(rung.name);
  }

  /** The gate asks, and whoever writes the answer down: the same reply is judged once. */
  judge(rung: Rung, question: Question, reply: Answered): Judgement {
    if (this.#judged?.reply === reply) return this.#judged.judgement;
    const judgement = this.#judge(rung, question, reply);
    this.#judged = { reply, judgement };
    return judgement;
  }

  #judge(rung: Rung, question: Question, reply: Answered): Judgement {
    const member = this.#view.serving?.version.members.find((one) => one.rung.name === rung.name);
    if (!member || !this.certificate) return nothing;
    // A kept answer has the figure that it stood with, which was calibrated then.
    const plain = reply.origin ? usableConfidence(reply.confidence) : confidenceOf(member, question, reply);
    if (plain === null) return nothing;
    const confidence = withJitter(plain, this.#clusterOf(question));
    const { threshold } = this.certificate;
    if (confidence >= this.loosest) this.#wouldStand = question.about;
    const own = this.#ownThreshold(reply.value as Json);
    if (own === undefined)
      return { confidence: plain, least: threshold, stands: confidence >= threshold, isFinal: false };
    // Dangerous answers are decided once: by the first rung that is sure enough to decide at all.
    const least = own === null ? null : Math.max(own, threshold);
    const stands = least !== null && confidence >= least;
    return { confidence: plain, least, stands, isFinal: !stands && confidence >= threshold };
  }

  /** `undefined` for an answer like any other, `null` for one that may not stand. */
  #ownThreshold(value: Json): number | null | undefined {
    const name = nameOf(value);
    const { classes, serving } = this.#view;
    const certified = serving?.figures.classes;
    const own = certified && Object.hasOwn(certified, name) ? certified[name]! : null;
    const isDangerous = Object.hasOwn(classes, name);
    // One that was dangerous when the rest was certified is no part of the rest, whatever the config says now.
    if (!own && !isDangerous) return undefined;
    return own && !(isDangerous && classes[name]! < own.risk) ? own.threshold : null;
  }

  #clusterOf({ about }: Question): string {
    if (this.#clustered?.about !== about) this.#clustered = { about, cluster: clusterKey(about) };
    return this.#clustered.cluster;
  }

  toss(question: Question): Coin {
    const { about } = question;
    if (this.#tossed?.about === about) return this.#tossed.coin;
    const { secret } = this.#view;
    // What was taken back, and is not on record yet, is as cold as what never was: all that goes up is labelled.
    const propensity = this.certificate ? this.#view.propensity : 1;
    const cluster = this.#clusterOf(question);
    const key = this.certificate?.key ?? this.epoch ?? "cold";
    const decision = auditUnit(`${this.#view.question} ${key}`, cluster);
    const { drawn, seal } = drawAudit(secret, { decision, state: this.certificate?.state ?? "cold", propensity });
    const coin = { propensity, drawn, cluster, seal };
    this.#tossed = { about, coin };
    return coin;
  }

  tossRule(question: Question, rule: string): Coin {
    const cluster = this.#clusterOf(question);
    const decision = auditUnit(`${this.#view.question} ${ruleKey(rule)}`, cluster);
    const propensity = ruleAuditRate;
    const { drawn, seal } = drawAudit(this.#view.secret, { decision, state: "rule", propensity });
    return { propensity, drawn, cluster, seal };
  }

  watch(question: Question, value: Json | null): void {
    if (!this.certificate) return;
    const answer = value === null ? "(none)" : nameOf(value);
    // By the certified threshold: a warning makes it stricter, and must not be what the next warning sees.
    const stood = this.#wouldStand === question.about;
    this.#view.watch({ stood, answer, letters: question.about.length });
  }
}
