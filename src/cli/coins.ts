/** The coins of a journal's audits: that nobody changed them, and what the audits say of what stood. */

import type { StandingRecord } from "../core/answer.ts";
import type { MetQuestion } from "../core/label.ts";
import { type AuditFault, auditUnit, verifyAudits } from "../guarantee/audit.ts";
import type { Journal } from "../journal/journal.ts";

/** An answer that stood under a certificate. */
export interface StoodAnswer {
  readonly run: number;
  readonly path: string;
  /** Name of the step; `null` where the record does not know its question. */
  readonly question: string | null;
  readonly standing: StandingRecord;
}

export interface CoinFault {
  readonly run: number;
  readonly path: string;
  readonly kind: AuditFault["kind"];
}

export interface Coins {
  readonly verified: number;
  readonly faults: readonly CoinFault[];
  readonly stood: readonly StoodAnswer[];
}

/**
 * Tosses every coin of the journal again. A fault is a seal that does not fit, a draw that is not the coin's, a
 * propensity that is none, or a drawn answer (`absent`) without its audit among the labels.
 */
export function checkCoins(
  journal: Pick<Journal, "runs" | "events" | "labels" | "secret">,
  questions: readonly MetQuestion[],
): Coins {
  const audits = auditsOf(journal, questions);
  const faults: CoinFault[] = [];
  const stood: StoodAnswer[] = [];
  let verified = 0;
  for (const { number: run } of journal.runs({})) {
    for (const event of journal.events(run)) {
      if (event.type !== "step_answered" || !event.standing) continue;
      const { path, question: version, standing } = event;
      const steps = path.split("/");
      const names = questions.filter((met) => met.version === version && steps.includes(met.name)).map(nameOf);
      const found = kindsOf(journal.secret, standing, names);
      const { name } = found;
      if (standing.audited && name !== null && !audits.has(auditKey(name, standing))) found.kinds.push("absent");
      stood.push({ run, path, question: name, standing });
      for (const kind of found.kinds) faults.push({ run, path, kind });
      if (found.kinds.length === 0) verified++;
    }
  }
  return { verified, faults, stood };
}

const nameOf = ({ name }: MetQuestion): string => name;

/** A path does not say for certain which of its parts is the step's name: the right one has no fault. */
function kindsOf(secret: Uint8Array, standing: StandingRecord, names: readonly string[]) {
  let first: { name: string | null; kinds: AuditFault["kind"][] } | undefined;
  for (const name of new Set(names)) {
    const { key, state, propensity, audited: drawn, cluster, seal } = standing;
    const decision = auditUnit(`${name} ${key}`, cluster);
    const record = { decision, state, propensity, drawn, expectedError: null, seal };
    const kinds = verifyAudits([record], secret).map(({ kind }) => kind);
    first ??= { name, kinds };
    if (kinds.length === 0) return { name, kinds };
  }
  // An answer under a promise to a question that never asked for one.
  return first ?? { name: null, kinds: ["seal" as const] as AuditFault["kind"][] };
}

/** Every audit that was set aside. Duplicates of an item share one. */
function auditsOf({ labels }: Pick<Journal, "labels">, questions: readonly MetQuestion[]): ReadonlySet<string> {
  const found = new Set<string>();
  const add = (question: string, cluster: string, key: string | null): void => {
    if (key !== null) found.add(auditKey(question, { cluster, key }));
  };
  for (const { question, cluster, key, sample } of labels.open()) if (sample === "audit") add(question, cluster, key);
  const seen = new Set<string>();
  for (const { name, version } of questions) {
    if (seen.has(`${name}\0${version}`)) continue;
    seen.add(`${name}\0${version}`);
    for (const { cluster, key, sample } of labels.answered(name, version)) {
      if (sample === "audit") add(name, cluster, key);
    }
  }
  return found;
}

function auditKey(question: string, { cluster, key }: { readonly cluster: string; readonly key: string }): string {
  return `${question}\0${cluster}\0${key}`;
}
