// The drift drill, end to end: a certificate stands, the world changes, and the product's own audits must take it back.
import { seededRandom, shuffle } from "../../src/guarantee/random.ts";
import { usualSettings } from "../../src/guarantee/states.ts";
import { chooseQuestion } from "../../src/loop/ask.ts";
import type { Rung } from "../../src/rung/rung.ts";
import { median, type Row } from "../bench.ts";
import { predictedAudits } from "../escalation/drift.ts";
import type { Measured } from "../parts.ts";
import { type Life, openLife } from "./life.ts";
import { banking8World, type Setup, type World } from "./setup.ts";
import type { Asked, Item } from "./stream.ts";
import { average } from "./summary.ts";

const risk = 0.05;
const ladder = "words, encoder";
/** A change that lifts the accepted error by less than this, as a multiple of the promise, breaks no promise yet. */
const LEAST_RISE = 1.2;
/** So much more error is wanted of a change of labels: the team whose share is nearest goes to another. */
const wantedRises = { "labels, many": 0.12, "labels, few": 0.05 } as const;

interface Shift {
  readonly name: string;
  /** What comes after the change, out of the items that are left. */
  readonly after: (left: readonly Item[]) => readonly Item[];
}

interface Drilled {
  /** Share wrong of what the certificate lets stand, after the change; on all the items that then come. */
  readonly errorAfter: number;
  readonly predicted: number;
  readonly coverage: number;
  /** From the change to the revocation, or to the end where there is none. */
  readonly items: number;
  readonly accepted: number;
  readonly wrong: number;
  readonly audits: number;
  readonly warned: boolean;
  readonly revoked: boolean;
  /** Items from the revocation to the next certificate; `null` without one. */
  readonly again: number | null;
  /** Certificates issued after an alarm on more labels than had come in since: must be none. */
  readonly onOldLabels: number;
}

type Other = "no certificate at the change" | "revoked before it";

export async function measureDrill(setup: Setup): Promise<Measured> {
  const world = await banking8World(setup.folder);
  const seeds = setup.quick ? setup.seeds.slice(0, 1) : setup.seeds.slice(0, 10);
  const at = setup.quick ? 2500 : 5000;
  const rows: Row[] = [];
  const values: Record<string, number | null> = {};
  for (const [key, shift] of Object.entries(shiftsOf(world))) {
    const drilled: Drilled[] = [];
    const others: Other[] = [];
    for (const seed of seeds) {
      const found = await drill(world, shift, seed, at, setup.quick ? 2500 : Number.POSITIVE_INFINITY);
      console.log(`  ${key} seed ${seed}: ${JSON.stringify(found)}`);
      if (typeof found === "string") others.push(found);
      else drilled.push(found);
    }
    rows.push(rowOf(shift, drilled, others));
    const old = drilled.reduce((sum, one) => sum + one.onOldLabels, 0);
    values["drill-recertified-on-old-labels"] = (values["drill-recertified-on-old-labels"] ?? 0) + old;
    const broken = drilled.filter(isBroken);
    if (broken.length === 0) continue;
    // The worst of the changes that break the promise.
    const [within, excess] = [average(broken.map(isWithin).map(Number)), excessRatio(broken)];
    values["drill-revoked-within-predicted"] = Math.min(within, values["drill-revoked-within-predicted"] ?? 1);
    values["drill-excess-of-formula"] = Math.max(excess, values["drill-excess-of-formula"] ?? 0);
  }
  return {
    title: `Drift drill, banking8, promise ${100 * risk} %: the world changes after ${at.toLocaleString("en")} items`,
    columns: {
      shift: "what changes",
      error: "accepted error after, %",
      coverage: "would stand after, %",
      items: "items until revoked",
      audits: "audits until revoked",
      predicted: "predicted",
      within: "within it, %",
      accepted: "accepted meanwhile",
      excess: "wrong beyond the promise",
      formula: "c.6 formula",
      excessRatio: "of formula",
      warned: "warned before, %",
      again: "items to the next certificate",
      runs: "runs revoked / promise kept / never / others",
    },
    rows,
    values,
  };
}

function isBroken({ errorAfter }: Drilled): boolean {
  return errorAfter >= LEAST_RISE * risk;
}

function isWithin({ revoked, audits, predicted }: Drilled): boolean {
  return revoked && audits <= predicted;
}

/** Wrong answers beyond the promise until it was taken back, as a multiple of what the formula gives for the same runs. */
function excessRatio(broken: readonly Drilled[]): number {
  return average(broken.map(excessOf)) / average(broken.map(formulaOf));
}

function excessOf({ wrong, accepted }: Drilled): number {
  return wrong - risk * accepted;
}

/** c.6: the predicted audits at the rate at which they were drawn, times the error beyond the promise. */
function formulaOf({ predicted, errorAfter, audits, accepted }: Drilled): number {
  return audits === 0 ? Number.POSITIVE_INFINITY : (predicted / (audits / accepted)) * (errorAfter - risk);
}

function rowOf({ name }: Shift, drilled: readonly Drilled[], others: readonly Other[]): Row {
  const broken = drilled.filter(isBroken);
  const revoked = broken.filter((one) => one.revoked);
  const middle = (read: (one: Drilled) => number | null, of: readonly Drilled[] = revoked): number | null => {
    const found = of.flatMap((one) => read(one) ?? []);
    return found.length === 0 ? null : median(found);
  };
  const kept = drilled.length - broken.length;
  return {
    shift: name,
    error: middle(({ errorAfter }) => 100 * errorAfter, drilled),
    coverage: middle(({ coverage }) => 100 * coverage, drilled),
    items: middle(({ items }) => items),
    audits: middle(({ audits }) => audits),
    predicted: middle(({ predicted }) => predicted),
    within: broken.length === 0 ? null : 100 * average(broken.map(isWithin).map(Number)),
    accepted: middle(({ accepted }) => accepted),
    excess: broken.length === 0 ? null : average(broken.map(excessOf)),
    formula: broken.length === 0 ? null : average(broken.map(formulaOf)),
    excessRatio: broken.length === 0 ? null : excessRatio(broken),
    warned: drilled.length === 0 ? null : 100 * average(drilled.map(({ warned }) => Number(warned))),
    again: middle(({ again }) => again),
    runs: [revoked.length, kept, broken.length - revoked.length, others.length].join(" / "),
  };
}

/** One life: `at` items as they always were, then what the shift makes of the rest. */
async function drill(
  { asked, items, ladders }: World,
  shift: Shift,
  seed: number,
  at: number,
  most: number,
): Promise<Drilled | Other> {
  const order = shuffle(items, seededRandom(seed));
  const after = shift.after(order.slice(at)).slice(0, most);
  const rungs = ladders[ladder]!();
  await using life = await openLife({ asked, rungs, seed, risk });
  for (const { text, truth } of order.slice(0, at)) await life.pass(text, truth);
  await life.settled();
  const { journal } = life;
  if (count(life, "certificate_revoked") > 0) return "revoked before it";
  if (!life.standing?.certificate) return "no certificate at the change";
  const { error, coverage } = await wouldStand(life, rungs, asked, after);
  const warnings = count(life, "warning_raised");
  const before = auditsOf(life);
  let [passed, accepted, wrong, audits] = [0, 0, 0, 0];
  let warned = false;
  let again: number | null = null;
  let revokedAt: number | null = null;
  for (const [index, { text, truth }] of after.entries()) {
    const { kept, right } = await life.pass(text, truth);
    await life.settled();
    if (revokedAt === null) {
      passed++;
      accepted += Number(kept);
      wrong += Number(kept && !right);
      audits = auditsOf(life) - before;
      warned ||= count(life, "warning_raised") > warnings;
      if (count(life, "certificate_revoked") > 0) revokedAt = index;
    } else if (life.standing?.certificate) {
      again = index - revokedAt;
      break;
    }
  }
  return {
    errorAfter: error,
    predicted:
      error > risk ? Math.round(predictedAudits(error, risk, usualSettings.riseLimit)) : Number.POSITIVE_INFINITY,
    coverage,
    items: passed,
    accepted,
    wrong,
    audits,
    warned,
    revoked: revokedAt !== null,
    again,
    onOldLabels: onOldLabels(journal.policy.read()),
  };
}

function count({ journal }: Life, type: string): number {
  return journal.policy.read().filter((event) => event.type === type).length;
}

/** Answered labels that speak for or against what stands: each drawn by its coin, with an answer that stood or would have. */
function auditsOf({ journal }: Life): number {
  const version = journal.policy.read()[0]!.version;
  let audits = 0;
  for (const { sample, stood } of journal.labels.answered("answer", version)) {
    if ((sample === "audit" || sample === "random") && stood !== null) audits++;
  }
  return audits;
}

/** What the certificate in force would let stand of these items, and how much of that is wrong. No audit is drawn. */
async function wouldStand(
  life: Life,
  rungs: readonly Rung[],
  asked: Asked,
  items: readonly Item[],
): Promise<{ readonly error: number; readonly coverage: number }> {
  const standing = life.standing!;
  const signal = new AbortController().signal;
  let [stands, wrong] = [0, 0];
  for (const { text, truth } of items) {
    const question = chooseQuestion({ name: "answer", path: "answer" }, { about: text, ...asked, otherwise: false });
    for (const rung of rungs) {
      const context = { signal, run: "", item: null, suggestion: null, repair: null, learned: standing.learned };
      const reply = await rung.decide(question, context);
      if (reply.kind !== "answered" || !standing.judge(rung, question, reply).stands) continue;
      stands++;
      wrong += Number(reply.value !== truth);
      break;
    }
  }
  return { error: stands === 0 ? 0 : wrong / stands, coverage: stands / items.length };
}

/** Certificates after an alarm that count more labels than had come in since, or a training on labels from before it. */
function onOldLabels(events: ReturnType<Life["journal"]["policy"]["read"]>): number {
  let gone: number | null = null;
  let broken = 0;
  for (const event of events) {
    if (event.type === "certificate_revoked") gone = event.after;
    if (gone === null) continue;
    if (event.type === "certificate_issued" && event.labels > event.after - gone) broken++;
    if (event.type === "version_made" && event.trainedOn > event.after - gone) broken++;
  }
  return broken;
}

function shiftsOf({ items }: World): { readonly [key: string]: Shift } {
  const share = new Map<string, number>();
  for (const { truth } of items) share.set(truth, (share.get(truth) ?? 0) + 1 / items.length);
  const bySize = [...share.keys()].sort((a, b) => share.get(b)! - share.get(a)!);
  const shifts: Record<string, Shift> = {};
  for (const [key, rise] of Object.entries(wantedRises)) {
    const away = (team: string): number => Math.abs(share.get(team)! - rise);
    const closed = bySize.toSorted((a, b) => away(a) - away(b))[0]!;
    const heir = bySize.find((team) => team !== closed)!;
    shifts[key] = {
      name: `labels: the tickets of ${closed} are those of ${heir} from now on`,
      after: (left) => left.map((item) => (item.truth === closed ? { ...item, truth: heir } : item)),
    };
  }
  const few = bySize.slice(0, 3);
  shifts.mix = {
    name: `mix: only tickets of ${few.join(", ")}`,
    after: (left) => left.filter(({ truth }) => few.includes(truth)),
  };
  return shifts;
}
