/** The decisions of a question in the journal, with their items' texts, and how near each was to standing. */

import type { Attempt } from "../core/answer.ts";
import type { Event } from "../core/event.ts";
import type { MetQuestion } from "../core/label.ts";
import { shadowOf } from "../core/shadow.ts";
import type { Journal, RunRecord } from "../journal/journal.ts";
import { clusterKey } from "../learn/clusters.ts";
import type { Parts } from "../loop/run.ts";
import { askedIn } from "../review/asked.ts";
import type { Suggestion } from "../review/waiting.ts";
import type { Candidate } from "./label-plan.ts";
import type { Loops } from "./loops.ts";

/** A decision with all that a person needs to label it. */
export interface Item extends Candidate {
  readonly run: RunRecord;
  readonly path: string;
  readonly about: string;
  /** Version key of what it stood under. */
  readonly key: string | null;
  /** The best of what the local rungs said. */
  readonly suggestion: Suggestion | null;
}

export interface Items {
  readonly items: readonly Item[];
  /** Decisions whose texts could not be found, by the reason. */
  readonly lost: ReadonlyMap<string, number>;
}

/** Reads every run. `onRun` is told how many it has read. */
export async function itemsOf(
  met: MetQuestion,
  journal: Journal,
  loops: Loops,
  parts: Parts,
  onRun: (runs: number) => void = () => {},
): Promise<Items> {
  const threshold = thresholdOf(journal, met);
  const items: Item[] = [];
  const lost = new Map<string, number>();
  let runs = 0;
  for (const run of journal.runs({})) {
    onRun(++runs);
    const events = journal.events(run.number);
    const decided = decisionsIn(events, met);
    if (decided.length === 0) continue;
    const abouts = await aboutsIn(run, events, decided, loops, parts);
    if (typeof abouts === "string") lost.set(abouts, (lost.get(abouts) ?? 0) + decided.length);
    else {
      for (const [index, { path, trail, isWaiting, key }] of decided.entries()) {
        const about = abouts[index];
        if (about === undefined) continue;
        const local = trail.filter(({ confidence }) => typeof confidence === "number");
        items.push({
          decision: `${run.id}/${path}`,
          cluster: clusterKey(about),
          isWaiting,
          distance: distanceOf(local, threshold),
          run,
          path,
          about,
          key,
          suggestion: suggestionOf(local),
        });
      }
    }
  }
  return { items, lost };
}

interface Decided {
  readonly path: string;
  readonly trail: readonly Attempt[];
  readonly isWaiting: boolean;
  readonly key: string | null;
  /** The text, where the record has it. */
  readonly about?: string;
}

/** Steps that asked this version of the question, each as it stands now. */
function decisionsIn(events: readonly Event[], { version, name }: MetQuestion): readonly Decided[] {
  const decided = new Map<string, Decided>();
  for (const event of events) {
    switch (event.type) {
      case "step_answered": {
        const { path, trail, question } = event;
        if (question === version)
          decided.set(path, { path, trail, isWaiting: false, key: event.standing?.key ?? null });
        break;
      }
      case "step_waiting": {
        const { path, trail, question } = event;
        if (question.version !== version || question.name !== name) break;
        decided.set(path, { path, trail, isWaiting: true, key: null, about: question.about });
        break;
      }
      case "person_answered": {
        const asked = decided.get(event.path);
        if (asked) decided.set(event.path, { ...asked, isWaiting: false });
        break;
      }
    }
  }
  return [...decided.values()];
}

/** The texts in the order of the decisions, or why there are none. A step of another name asks another question. */
async function aboutsIn(
  run: RunRecord,
  events: readonly Event[],
  decided: readonly Decided[],
  loops: Loops,
  parts: Parts,
): Promise<readonly (string | undefined)[] | string> {
  if (decided.every(({ about }) => about !== undefined)) return decided.map(({ about }) => about);
  try {
    const loop = await loops.of(run.loop);
    const version = `${loop.version}${shadowOf(run.version)}`;
    if (run.version !== version) return `the loop ${run.loop} is version ${loop.version} now, not ${run.version}`;
    const asked = await askedIn({ ...loop, version }, run, events, parts);
    return decided.map(({ path, about }) => about ?? asked.get(path)?.about);
  } catch (thrown) {
    return thrown instanceof Error ? thrown.message : String(thrown);
  }
}

/** The threshold of the last certificate. */
function thresholdOf(journal: Pick<Journal, "policy">, { name, version }: MetQuestion): number | null {
  const events = journal.policy.read(name).filter((event) => event.version === version);
  const last = events.findLast(({ type }) => type === "certificate_issued" || type === "certificate_revoked");
  return last?.type === "certificate_issued" ? last.threshold : null;
}

/** By the calibrated probability where a certificate judged it; else the least sure come first. */
function distanceOf(local: readonly Attempt[], threshold: number | null): number | null {
  const judged = local.flatMap(({ verdict }) =>
    (verdict?.checks ?? []).flatMap(({ check, have }) =>
      (check === "threshold" || check === "class") && typeof have === "number" ? [have] : [],
    ),
  );
  if (threshold !== null && judged.length > 0) return Math.abs(Math.max(...judged) - threshold);
  return local.length === 0 ? null : 1 + Math.max(...local.map(({ confidence }) => confidence ?? 0));
}

function suggestionOf(local: readonly Attempt[]): Suggestion | null {
  const last = local.findLast(({ value, fault }) => value !== undefined && fault === undefined);
  return last ? { rung: last.rung, value: last.value ?? null, confidence: last.confidence ?? null } : null;
}
