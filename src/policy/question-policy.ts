/** The policy of one question: its champion, the version on trial, its labels, and what may stand now. */

import { StorageError } from "../core/errors.ts";
import { isRuleKey, type Label, type MetQuestion } from "../core/label.ts";
import type { CertificateFigures, PolicyEvent } from "../core/policy-event.ts";
import type { Question } from "../core/question.ts";
import type { Journal } from "../journal/journal.ts";
import type { WarmStart } from "../learn/train.ts";
import type { Rung } from "../rung/rung.ts";
import { DriftWatch } from "./drift-watch.ts";
import { type LocalVersion, type Member, type Reading, readItem } from "./local-version.ts";
import { metQuestion, questionAbout, sameAnswer } from "./met-question.ts";
import type { Standing } from "./policy.ts";
import type { QuestionReport } from "./report.ts";
import { isTrainingDue, leastLabels, longestWait, nextTraining, trialAuditRate, worthSwapping } from "./schedule.ts";
import { Serving } from "./serving.ts";
import { StandingNow, type View } from "./standing.ts";
import { memberFrom, recordOf, type Train, teach } from "./teach.ts";
import { Trial, type TrialPassed } from "./trial.ts";
import { versionKey } from "./version-key.ts";

export interface QuestionSettings {
  /** Largest share of wrong answers among those that stand. */
  readonly risk: number;
  readonly delta: number;
  readonly classes: { readonly [value: string]: number };
  readonly holdsAudits: boolean;
}

export interface QuestionParts {
  readonly journal: Pick<Journal, "labels" | "policy" | "weights" | "secret">;
  /** The local rungs that the promise covers, lowest first; open. */
  readonly rungs: readonly Rung[];
  /** Name of the rung that gives the labels. */
  readonly upper: string;
  readonly train?: Train | undefined;
  readonly now: () => number;
  readonly say: (line: string) => void;
}

/**
 * Decisions, and milliseconds, after which a decision looks for what other processes that share the journal have put on
 * record: a certificate that was revoked there stands here no longer than that.
 */
const LOOK = { decisions: 16, milliseconds: 200 };

export class QuestionPolicy {
  readonly met: MetQuestion;
  readonly settings: QuestionSettings;
  readonly #parts: QuestionParts;
  readonly #labels: Label[] = [];
  readonly #clusters = new Set<string>();
  /** Audits of what rules answered: they have no part in learning or in a certificate. */
  readonly #rules: Label[] = [];
  /** What only the question as its author asks it knows; without it, such a question cannot be tested. */
  readonly #live: Pick<Question, "check" | "split" | "parse">;
  /** The question about nothing: rungs are asked for their version with it, at every decision. */
  readonly #itemless: Question;
  readonly #warm = new Map<string, WarmStart>();
  readonly #made = new Map<string, LocalVersion>();
  /** The last label that was read, by its answer's place, and the last event. */
  #seq = 0;
  #known = 0;
  #isMet = false;
  /** Decisions since the last look at the journal, and when that was. */
  #unseen = 0;
  #looked = 0;
  #serving: Serving | null = null;
  #trial: Trial | null = null;
  /** The test of what serves, which goes on. */
  #servingTrial: Trial | null = null;
  #drift: DriftWatch | null = null;
  #trainedOn = 0;
  /** Labels of decisions up to this one are of a world that is gone. */
  #goneUpTo = 0;
  #why = "";
  #standing: Standing | null = null;

  constructor(question: Question, settings: QuestionSettings, parts: QuestionParts) {
    this.met = metQuestion(question);
    this.#live = question;
    this.#itemless = questionAbout(this.met, "");
    this.settings = settings;
    this.#parts = parts;
    this.#restore();
  }

  // -- the record

  #restore(): void {
    this.hear();
    if (this.#isMet) return;
    const { risk } = this.settings;
    const met: PolicyEvent = { type: "question_met", ...this.#about(), record: this.met, risk };
    this.#parts.journal.policy.append([met]).catch(() => {});
  }

  /**
   * What is on record behind the last event that was read, our own and that of other processes: the events in the
   * journal's order, each among the labels that were there by then, so that it comes to the same as after a restart.
   */
  #catchUp(): void {
    const { name, version } = this.met;
    for (const { number, event } of this.#parts.journal.policy.since(name, this.#known)) {
      this.#known = number;
      if (event.version !== version) continue;
      this.#readLabels(event.seq);
      this.#apply(event);
    }
  }

  #about() {
    const { name, version } = this.met;
    const { now, journal } = this.#parts;
    return { question: name, version, at: now(), seq: this.#seq, after: journal.labels.last() };
  }

  async #record(event: PolicyEvent): Promise<void> {
    await this.#parts.journal.policy.append([event]);
    this.#catchUp();
  }

  #apply(event: PolicyEvent): void {
    const { risk } = this.settings;
    switch (event.type) {
      case "question_met":
        this.#isMet ||= event.risk === risk;
        return;
      case "version_made": {
        const version = this.#versionFrom(event);
        // What was learned for rungs that are gone is no reason to wait for more labels.
        this.#trainedOn = version ? event.trainedOn : 0;
        if (version) this.#try(version, Math.max(version.upTo, this.#goneUpTo));
        return;
      }
      case "certificate_issued": {
        const version = this.#made.get(event.key);
        if (!version || event.risk > risk || event.delta > this.settings.delta) return;
        if (event.after <= this.#goneUpTo) return;
        if (this.#serving?.version === version) this.#loosen(event);
        else {
          this.#serve(new Serving(this.met.name, version, event, event.after, event.at));
          this.#hearAgain(event.seq);
        }
        return;
      }
      case "trial_ended":
        if (this.#trial?.version.key === event.key) this.#trial = null;
        return;
      case "warning_raised":
      case "warning_over":
        if (this.#serving?.version.key !== event.key) return;
        this.#serving.warn(event.monitor, event.type === "warning_over", event.after);
        this.#standing = null;
        // Where our own watch did not raise or end it (a restart, another process), what is usual by now is counted anew.
        if (this.#drift?.isAbout(event.monitor) !== (event.type === "warning_raised")) this.#watchDrift();
        return;
      case "certificate_revoked": {
        if (this.#serving?.version.key !== event.key) return;
        const { version } = this.#serving;
        this.#serving = null;
        this.#servingTrial = null;
        this.#goneUpTo = event.after;
        this.#trainedOn = 0;
        // After an alarm what was known before says nothing: its texts may be labelled anew.
        this.#clusters.clear();
        this.#why = `the certificate was revoked: ${event.why}`;
        // The same version may come back, on labels from after the alarm alone.
        this.#try(version, event.after);
        return;
      }
    }
  }

  #loosen(figures: CertificateFigures): void {
    // Of two processes that test the same version the more careful one may come second.
    if (this.#serving && figures.step > this.#serving.figures.step) this.#serving.loosen(figures);
    this.#standing = null;
  }

  #serve(serving: Serving): void {
    if (this.#trial?.version === serving.version) this.#servingTrial = this.#trial;
    if (this.#trial?.version === serving.version) this.#trial = null;
    this.#serving = serving;
    this.#watchDrift();
    this.#standing = null;
  }

  #watchDrift(): void {
    const raise = (monitor: string): void => this.#warn("warning_raised", monitor);
    const over = (monitor: string): void => this.#warn("warning_over", monitor);
    this.#drift = new DriftWatch(raise, over, this.#serving?.state.alarms);
  }

  #try(version: LocalVersion, from: number): void {
    const { risk, delta, classes } = this.settings;
    const same = (a: Label["answer"]["value"], b: Label["answer"]["value"]) => sameAnswer(this.met, a, b);
    this.#trial = new Trial(version, from, this.#labels, { risk, delta, classes, same });
    this.#standing = null;
  }

  /** The version as it was recorded; `null` where its rungs are others by now, and its numbers with them. */
  #versionFrom(event: Extract<PolicyEvent, { type: "version_made" }>): LocalVersion | null {
    const known = this.#made.get(event.key);
    if (known) return known;
    const { rungs, journal, upper } = this.#parts;
    const members: Member[] = [];
    for (const record of event.members) {
      const member = memberFrom(record, rungs, (digest) => journal.weights.get(digest));
      if (member) members.push(member);
    }
    const isWhole = members.length === rungs.length && members.every(({ rung }, place) => rung === rungs[place]);
    if (!isWhole || event.upper !== upper || this.#keyOf(members, event.upTo) !== event.key) {
      this.#why = "the local rungs, or the one above them, are others than those that were certified";
      return null;
    }
    const { key, grid, coverage, accepted, wrong, trainedOn, upTo } = event;
    const version = { key, members, grid, coverage, accepted, wrong, trainedOn, upTo };
    this.#made.set(key, version);
    return version;
  }

  /** The key that these members have with the rungs as they are now. */
  #keyOf(members: readonly Member[], upTo: number): string {
    const { upper } = this.#parts;
    const now = members.map((member) => recordOf({ ...member, version: this.#rungVersion(member.rung) }));
    return versionKey({ question: this.met.version, members: now, upper, upTo });
  }

  #rungVersion(rung: Rung): string {
    return rung.version?.(this.#itemless) ?? "";
  }

  /** The champion's audits speak at once; whether they broke its promise is in its status. */
  #readLabels(upToSeq = Number.POSITIVE_INFINITY): void {
    const { name, version } = this.met;
    for (const label of this.#parts.journal.labels.answered(name, version, this.#seq)) {
      if (label.seq > upToSeq) break;
      this.#seq = label.seq;
      this.#standing = this.#serving ? this.#standing : null;
      if (isRuleKey(label.key)) {
        this.#rules.push(label);
        continue;
      }
      if (!this.#clusters.has(label.cluster)) this.#labels.push(label);
      this.#clusters.add(label.cluster);
      this.#hearAudit(label);
    }
  }

  #hearAudit(label: Label): void {
    const isDrawn = label.sample === "audit" || label.sample === "random";
    if (!isDrawn || label.stood === null || label.key !== this.#serving?.version.key) return;
    const wrong = !sameAnswer(this.met, label.stood, label.answer.value);
    this.#serving.audit(label, wrong);
    this.#standing = null;
  }

  /** Audits that were read before the certificate was that they are about: it was issued by another process. */
  #hearAgain(after: number): void {
    const { name, version } = this.met;
    for (const label of this.#parts.journal.labels.answered(name, version, after)) {
      if (label.seq > this.#seq) return;
      this.#hearAudit(label);
    }
  }

  // -- serving

  get standing(): Standing {
    this.#look();
    this.#refuseStrangers();
    this.#standing ??= new StandingNow(this.#view());
    return this.#standing;
  }

  /** Takes in what was recorded and answered since the last look, at once: an alarm must not wait for a training. */
  hear(): void {
    this.#catchUp();
    this.#readLabels();
  }

  /** What this process writes is heard as it is written; what others write, now and then. */
  #look(): void {
    const now = this.#parts.now();
    if (++this.#unseen < LOOK.decisions && now - this.#looked < LOOK.milliseconds) return;
    this.#unseen = 0;
    this.#looked = now;
    this.hear();
  }

  #view(): View {
    const { rungs, journal } = this.#parts;
    const { classes, holdsAudits } = this.settings;
    const serving = this.#serving;
    const least = this.#trial ? trialAuditRate : 0;
    // While nothing serves, what is on trial answers, so that people see a suggestion; it stands nowhere.
    const answers = (serving?.version ?? this.#trial?.version)?.members;
    return {
      question: this.met.name,
      rungs,
      serving,
      why: serving ? "a certificate" : this.#why || this.#notYet(),
      classes,
      holdsAudits,
      secret: journal.secret,
      propensity: serving ? Math.max(serving.auditRate, least) : 1,
      watch: (seen) => this.#drift?.see(seen),
      epoch: this.#goneUpTo > 0 ? `after ${this.#goneUpTo}` : null,
      learned: (rung) => answers?.find((member) => member.rung.name === rung)?.answers ?? null,
    };
  }

  #notYet(): string {
    const trial = this.#trial;
    if (!trial) return `${this.#labels.length} labels so far, too few to learn from`;
    const test = trial.test();
    if (test.kind === "certified") return "a certificate is about to be written";
    const more = test.moreLabels === null ? "no number of labels helps" : `${test.moreLabels} more labels needed`;
    return `not certifiable at ${percent(this.settings.risk)} yet: ${more}`;
  }

  /** Where it stands, for people. Answered labels are read first. */
  report(): QuestionReport {
    const { name, version } = this.met;
    const { risk, delta } = this.settings;
    const serving = this.#serving;
    const trial = this.#trial;
    return {
      question: name,
      version,
      risk,
      delta,
      state: serving?.status ?? (this.#goneUpTo > 0 ? "revoked" : "cold"),
      why: this.standing.why,
      serving: serving && {
        key: serving.version.key,
        since: serving.issued,
        figures: serving.figures,
        threshold: serving.threshold,
        trainedOn: serving.version.trainedOn,
        members: serving.version.members.map(({ rung, weights }) => ({ rung: rung.name, learned: weights !== null })),
        auditRate: serving.auditRate,
        audits: { answered: serving.state.answered },
      },
      trial: trial && {
        key: trial.version.key,
        trainedOn: trial.version.trainedOn,
        labels: trial.labels,
        test: trial.test(),
      },
      rules: this.#ruleAudits(),
      labels: this.#labels,
      nextTraining: nextTraining(this.#trainedOn, serving === null),
    };
  }

  #ruleAudits(): QuestionReport["rules"] {
    const found = new Map<string, { rule: string; answered: number; wrong: number }>();
    for (const { key, stood, answer } of this.#rules) {
      if (key === null || stood === null) continue;
      const rule = found.get(key) ?? { rule: key, answered: 0, wrong: 0 };
      rule.answered++;
      if (!sameAnswer(this.met, stood, answer.value)) rule.wrong++;
      found.set(key, rule);
    }
    return [...found.values()];
  }

  // -- going on

  /**
   * Reads what is new, tests what is on trial, learns where it is time to. Resolves when nothing is left to do. Rejects
   * with a `StorageError`, and with what a rung throws that cannot be asked any more.
   */
  async advance(signal: AbortSignal, options: { readonly now?: boolean } = {}): Promise<void> {
    this.hear();
    if (this.#serving?.status === null) await this.#revoke("its audits show more wrong answers than promised");
    this.#refuseStrangers();
    await this.#test(signal);
    const isFirst = this.#serving === null;
    const labels = this.#labels.filter(({ number }) => number > this.#goneUpTo);
    if (!isTrainingDue(labels.length, this.#trainedOn, isFirst) && !options.now) return;
    if (labels.length > this.#trainedOn && labels.length >= leastLabels) await this.#teach(labels, signal);
  }

  /** A rung whose numbers are others by now has no part in what was certified: not even in the next decision. */
  #refuseStrangers(): void {
    if (this.#trial && !this.#isSame(this.#trial.version)) this.#trial = null;
    if (!this.#serving || this.#isSame(this.#serving.version)) return;
    this.#serving = null;
    this.#servingTrial = null;
    this.#standing = null;
    this.#why = "a local rung changed since it was certified";
  }

  #isSame({ members }: LocalVersion): boolean {
    return members.every(({ rung, version }) => this.#rungVersion(rung) === version);
  }

  async #revoke(why: string): Promise<void> {
    const { key } = this.#serving!.version;
    await this.#record({ type: "certificate_revoked", ...this.#about(), key, why });
  }

  /** Both go on being tested: the challenger to take over, the champion to let more stand. */
  async #test(signal: AbortSignal): Promise<void> {
    for (const trial of [this.#trial, this.#servingTrial]) {
      if (!trial) continue;
      await this.#feed(trial, signal);
      // The answers that were waited for may have changed everything.
      const isHere = trial === this.#trial || trial === this.#servingTrial;
      const status = this.#serving?.status;
      if (!isHere || !this.#isSame(trial.version) || status === null || status === "watch") continue;
      const found = trial.test();
      if (found.kind === "certified" && this.#isBetter(trial, found)) await this.#certify(trial, found);
    }
    this.#standing = null;
  }

  /**
   * In the order in which the items came, up to the first that still waits for its answer: who answers the easy ones
   * first must not make a version look good. What nobody answers in time counts against it.
   */
  async #feed(trial: Trial, signal: AbortSignal): Promise<void> {
    const { journal, now } = this.#parts;
    const { name, version } = this.met;
    for (const label of journal.labels.aside(name, version, trial.cursor)) {
      // A past is of before the alarm, whenever it is put on record.
      const isPast = this.#goneUpTo > 0 && label.decision === null;
      if (!isPast && trial.wants(label)) {
        if (label.answer === null && now() - label.made < longestWait) return;
        const question = this.#questionAbout(label.about);
        trial.add(label, await this.#read(trial.version, question, label.cluster, signal));
      }
      trial.cursor = label.number;
    }
  }

  /** An item on which a rung breaks goes up, here as in a run. */
  async #read(version: LocalVersion, question: Question, cluster: string, signal: AbortSignal): Promise<Reading> {
    try {
      return await readItem(version, question, cluster, signal);
    } catch (thrown) {
      if (thrown instanceof StorageError || signal.aborted) throw thrown;
      return version.members.map(() => null);
    }
  }

  /** With what only the author's own question knows: its check, and how it cuts a long text. */
  #questionAbout(about: string): Question {
    return questionAbout(this.met, about, this.#live);
  }

  /** A champion makes way only for a version that lets noticeably more stand; its own threshold may only become looser. */
  #isBetter(trial: Trial, { coverage, step }: TrialPassed): boolean {
    const serving = this.#serving;
    if (!serving) return true;
    if (trial.version === serving.version) return step > serving.figures.step;
    return coverage > serving.figures.coverage + worthSwapping;
  }

  async #certify(trial: Trial, found: TrialPassed): Promise<void> {
    const { kind, classes, ...figures } = found;
    const { risk, delta } = this.settings;
    const sources = new Set(this.#labels.map(({ answer }) => answer.source));
    const [only] = sources;
    const source = sources.size === 1 && only ? only : "mixed";
    const own = Object.keys(classes).length > 0 ? { classes } : {};
    const { key } = trial.version;
    await this.#record({ type: "certificate_issued", ...this.#about(), key, risk, delta, ...figures, source, ...own });
  }

  async #teach(labels: readonly Label[], signal: AbortSignal): Promise<void> {
    const { rungs, upper, journal, say } = this.#parts;
    const before = this.#trial;
    if (before) {
      const why = "another version takes its place";
      await this.#record({
        type: "trial_ended",
        ...this.#about(),
        key: before.version.key,
        labels: before.labels,
        why,
      });
    }
    say(`${this.met.name}: learning from ${labels.length} labels`);
    const keep = (digest: string, bytes: Uint8Array) => journal.weights.set(digest, bytes);
    const { version, records, notes } = await teach({
      met: this.met,
      live: this.#live,
      rungs,
      upper,
      labels,
      risk: this.settings.risk,
      classes: this.settings.classes,
      warm: this.#warm,
      train: this.#parts.train,
      signal,
      keep,
    });
    const { members, ...made } = version;
    this.#made.set(made.key, version);

    await this.#record({ type: "version_made", ...this.#about(), ...made, members: records, upper, notes });
  }

  /** A monitor's word is on record before it changes anything; what fails there fails where runs write, too. */
  #warn(type: "warning_raised" | "warning_over", monitor: string): void {
    const key = this.#serving?.version.key;
    if (key === undefined) return;
    this.#record({ type, ...this.#about(), key, monitor }).catch(() => {});
  }
}

function percent(share: number): string {
  return `${Math.round(share * 1000) / 10} %`;
}
