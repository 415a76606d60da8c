// What a promise costs a decision: the same loop over the same rung, which replies at once, with a promise and without.
import { setTimeout as pause } from "node:timers/promises";
import { z } from "zod";
import { makeParts, type OpenParts } from "../../src/config/parts.ts";
import type { Question } from "../../src/core/question.ts";
import { banking8 } from "../../src/data/tickets.ts";
import type { Answered } from "../../src/gate/gate.ts";
import type { Journal } from "../../src/journal/journal.ts";
import { memoryJournal } from "../../src/journal/memory.ts";
import { chooseQuestion } from "../../src/loop/ask.ts";
import { defineLoop } from "../../src/loop/loop.ts";
import { runItem } from "../../src/loop/run.ts";
import type { Standing } from "../../src/policy/policy.ts";
import { median, type Row } from "../bench.ts";
import { formatInterval, medianInterval } from "../engine/statistics.ts";
import type { Measured } from "../parts.ts";
import { assumed, instant, issue } from "./certified.ts";
import { knownLabel } from "./life.ts";
import { readSet } from "./sets.ts";
import type { Setup } from "./setup.ts";
import type { Asked } from "./stream.ts";

/** Questions of one run, each about a text of its own: what a run costs apart from them weighs little. */
const STEPS = 25;
const risk = 0.05;

interface Mode {
  readonly name: string;
  /** Microseconds of the processor a step, round by round, and of the clock. */
  readonly cpu: number[];
  readonly wall: number[];
  run(texts: readonly string[]): Promise<void>;
}

export async function measureOverhead(setup: Setup): Promise<Measured> {
  const { ask, cue, options } = banking8();
  const asked = { ask, cue, options };
  const texts = [...new Set(readSet(setup.folder, "banking77").train!.map(({ text }) => text))];
  const [rounds, runs] = setup.quick ? [4, 20] : [21, 80];
  const modes = [await modeOf("no promise asked for", asked, null), await modeOf("under a certificate", asked, risk)];
  let taken = 0;
  const next = (): readonly string[] => {
    taken += STEPS;
    return Array.from({ length: STEPS }, (_, index) => texts[(taken + index) % texts.length]!);
  };
  for (let round = -2; round < rounds; round++) {
    const items = Array.from({ length: runs }, next);
    for (let turn = 0; turn < modes.length; turn++) {
      const mode = modes[(Math.max(0, round) + turn) % modes.length]!;
      globalThis.gc?.({ execution: "sync", type: "minor" });
      await pause(5);
      const [before, begun] = [process.cpuUsage(), performance.now()];
      for (const item of items) await mode.run(item);
      const [clock, used] = [performance.now() - begun, process.cpuUsage(before)];
      // Two rounds go unmeasured: the compiler has not seen everything yet.
      if (round < 0) continue;
      mode.cpu.push((used.user + used.system) / (runs * STEPS));
      mode.wall.push((1000 * clock) / (runs * STEPS));
    }
  }
  const [plain, promised] = modes as [Mode, Mode];
  const extra = (read: (mode: Mode) => readonly number[]) =>
    read(plain).map((base, round) => read(promised)[round]! - base);
  const rows: Row[] = modes.map(({ name, cpu, wall }) => rowOf(name, cpu, wall));
  rows.push(
    rowOf(
      "the promise alone: the difference in each round",
      extra(({ cpu }) => cpu),
      extra(({ wall }) => wall),
    ),
  );
  const { cpu, wall } = await judging(asked, texts, setup.quick ? 5 : 40);
  rows.push(rowOf("of which judge and toss", cpu, wall));
  return {
    title: `A promise's cost a decision, ${rounds} rounds of ${(runs * STEPS).toLocaleString("en")} decisions`,
    columns: { what: "what", cpu: "µs of the processor (95 %)", wall: "µs of the clock (95 %)" },
    rows,
    values: { "policy-overhead-us": median(extra(({ cpu }) => cpu)) },
  };
}

function rowOf(what: string, cpu: readonly number[], wall: readonly number[]): Row {
  return { what, cpu: formatInterval(medianInterval(cpu), 1), wall: formatInterval(medianInterval(wall), 1) };
}

/** Parts over a journal that has a certificate for a rung that replies at once, sure enough to stand. */
async function certifiedParts(asked: Asked): Promise<{ readonly parts: OpenParts; readonly journal: Journal }> {
  const journal = memoryJournal({ keep: "unfinished" });
  const [rung, upper] = [instant("instant", 0.97), knownLabel(() => Object.keys(asked.options)[0]!)];
  await issue(journal, assumed([rung], risk), { asked, rungs: [rung], upper: upper.name, step: "team" });
  // It does not learn meanwhile: audits are drawn and filed, and wait.
  const parts = makeParts({ ladder: [rung, upper], promises: { learn: false } }, journal);
  await parts.open();
  return { parts, journal };
}

async function modeOf(name: string, asked: Asked, promised: number | null): Promise<Mode> {
  const { parts, journal } = await certifiedParts(asked);
  const about = { ...asked, otherwise: false, ...(promised !== null && { risk: promised }) } as const;
  let stood = 0;
  const loop = defineLoop({
    name: "overhead",
    input: z.array(z.string()),
    output: z.number(),
    limits: { steps: 2 * STEPS },
    run: async (texts, step) => {
      for (const [index, text] of texts.entries()) {
        const { rung } = await step.choose(["team", index], { about: text, ...about });
        if (rung === "instant") stood++;
      }
      return texts.length;
    },
  });
  let items = 0;
  return {
    name,
    cpu: [],
    wall: [],
    async run(texts) {
      const item = `${++items}`;
      const taken = await journal.begin({ loop: "overhead", version: "1", item, content: "", input: [...texts] });
      if (taken.kind !== "taken") throw new Error(`run ${item} is ${taken.kind}`);
      const end = await runItem(loop, taken, parts);
      if (end.kind !== "ended" || end.outcome.kind !== "done") throw new Error(JSON.stringify(end));
      // What is timed is a decision that stands, with its promise where one was asked for.
      const isPromised = [...parts.policy.questions].some(({ standing }) => standing.certificate !== null);
      if (stood !== items * STEPS || isPromised !== (promised !== null)) throw new Error(`${name}: nothing stood`);
    },
  };
}

/** The two calls that every decision makes, a block of a hundred texts at a time. */
async function judging(
  asked: Asked,
  texts: readonly string[],
  blocks: number,
): Promise<{ readonly cpu: readonly number[]; readonly wall: readonly number[] }> {
  const { parts } = await certifiedParts(asked);
  const questions = texts.slice(0, 2000).map((about): Question => {
    return chooseQuestion({ name: "team", path: "team" }, { about, ...asked, otherwise: false });
  });
  const [rung] = parts.ladder("team");
  const replies = await Promise.all(
    questions.map(async (question) => {
      const context = { signal: new AbortController().signal, run: "", item: null, suggestion: null, repair: null };
      return (await rung!.decide(question, context)) as Answered;
    }),
  );
  const standing = (question: Question): Standing => parts.policy.standing(question, risk, parts.ladder("team"))!;
  const [cpu, wall]: [number[], number[]] = [[], []];
  for (let block = -5; block < blocks; block++) {
    const [before, begun] = [process.cpuUsage(), performance.now()];
    let drawn = 0;
    for (const [index, question] of questions.entries()) {
      const now = standing(question);
      if (now.judge(rung!, question, replies[index]!).stands && now.toss(question).drawn) drawn++;
    }
    const [clock, used] = [performance.now() - begun, process.cpuUsage(before)];
    if (drawn === 0) throw new Error("no audit was drawn");
    if (block < 0) continue;
    cpu.push((used.user + used.system) / questions.length);
    wall.push((1000 * clock) / questions.length);
  }
  return { cpu, wall };
}
