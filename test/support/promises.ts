/** A world of tickets whose truth is known, rungs that read them, and a stream of runs: for tests of promises. */

import { z } from "zod";
import type { Config } from "../../src/config/config.ts";
import { makeParts, type OpenParts } from "../../src/config/parts.ts";
import type { Reply } from "../../src/core/answer.ts";
import type { StepAnswered, StepWaiting } from "../../src/core/event.ts";
import type { PolicyEvent } from "../../src/core/policy-event.ts";
import { noUsage } from "../../src/core/usage.ts";
import { seededRandom } from "../../src/guarantee/random.ts";
import type { Journal } from "../../src/journal/journal.ts";
import { memoryJournal } from "../../src/journal/memory.ts";
import { defineLoop, type Loop } from "../../src/loop/loop.ts";
import { runItem } from "../../src/loop/run.ts";
import type { Policy } from "../../src/policy/policy.ts";
import type { QuestionReport } from "../../src/policy/report.ts";
import { Serving } from "../../src/policy/serving.ts";
import { StandingNow } from "../../src/policy/standing.ts";
import type { Rung } from "../../src/rung/rung.ts";

/** Of every journal in these tests: the same coins in every run of them. */
export const secret: Uint8Array = Uint8Array.from({ length: 32 }, (_, index) => index);

export const teams = ["billing", "delivery", "refund"] as const;

export interface Ticket {
  readonly text: string;
  readonly truth: string;
  /** What the local rung says, and how sure it is. */
  readonly said: string;
  readonly p: number;
}

export interface WorldOptions {
  readonly seed?: number;
  /** From this ticket on, the local rung is as sure as before and right in half of the cases. */
  readonly driftsAt?: number;
  /** Share of its answers `refund` that are wrong, from the first on, however sure it is. */
  readonly wrongRefunds?: number;
}

/** Tickets by number, and by their text. The local rung is right as often as it says, until the world drifts. */
export class World {
  readonly #options: WorldOptions;
  readonly #byText = new Map<string, Ticket>();

  constructor(options: WorldOptions = {}) {
    this.#options = options;
  }

  ticket(number: number): Ticket {
    const { seed = 1, driftsAt = Number.POSITIVE_INFINITY, wrongRefunds } = this.#options;
    const random = seededRandom(seed * 1_000_003 + number);
    const place = Math.floor(random() * 3);
    const p = 1 - 0.6 * random() ** 4;
    const usual = place === 2 && wrongRefunds !== undefined ? 1 - wrongRefunds : p;
    const isRight = random() < (number >= driftsAt ? 0.5 : usual);
    const said = teams[place]!;
    const truth = isRight ? said : teams[(place + 1) % 3]!;
    const ticket = { text: `ticket ${letters(number)}`, truth, said, p };
    this.#byText.set(ticket.text, ticket);
    return ticket;
  }

  read(text: string): Ticket {
    const ticket = this.#byText.get(text);
    if (!ticket) throw new Error(`nobody wrote ${text}`);
    return ticket;
  }
}

/** A number without digits, because texts that differ in digits alone are one cluster. */
function letters(number: number): string {
  return number.toString(26).replace(/[0-9]/g, (digit) => "qrstuvwxyz"[Number(digit)]!);
}

/** A reply with evidence, as an encoder or a model gives it. */
export function sure(value: string, p: number): Reply {
  const others = teams.filter((team) => team !== value);
  const options = [{ name: value, p }, ...others.map((name) => ({ name, p: (1 - p) / others.length }))];
  return { kind: "answered", value, confidence: p, basis: "similarity", evidence: { options }, usage: noUsage };
}

/** A local rung that reads tickets. `version` may change while it is held. */
export function reader(world: World, more: Partial<Rung> & { readonly name?: string } = {}): Rung {
  return {
    name: "reader",
    local: true,
    mostCost: 0,
    acceptAt: 0.9,
    version: () => "1",
    decide(question) {
      const { said, p } = world.read(question.about);
      return sure(said, p);
    },
    ...more,
  };
}

/** The rung above, which knows the truth and labels what goes up. */
export function oracle(world: World, more: Partial<Rung> = {}): Rung {
  return {
    name: "oracle",
    local: false,
    mostCost: 0,
    acceptAt: null,
    source: "known",
    decide({ about }) {
      const value = world.read(about).truth;
      return { kind: "answered", value, confidence: null, basis: "certain", evidence: {}, usage: noUsage };
    },
    ...more,
  };
}

export interface StreamOptions {
  readonly world?: World;
  readonly ladder?: readonly Rung[];
  readonly config?: Omit<Config, "ladder">;
  readonly journal?: Journal;
  readonly risk?: number;
  /** Items that run side by side; 1 unless said otherwise. More share the journal's commits. */
  readonly atOnce?: number;
  /** Words of the question: another byte is another version. */
  readonly ask?: string;
}

export interface Stream extends AsyncDisposable {
  readonly journal: Journal;
  readonly parts: OpenParts;
  readonly world: World;
  /** One item after another, each with all that can be learned before it. */
  feed(from: number, count: number): Promise<readonly Decision[]>;
  /** The same text once more, in a run of its own. */
  repeat(number: number): Promise<Decision>;
  report(): QuestionReport;
  events(type?: PolicyEvent["type"]): readonly PolicyEvent[];
}

export interface Decision {
  readonly ticket: Ticket;
  /** How it ended: an answer, or a step that waits. */
  readonly event: StepAnswered | StepWaiting;
}

function sorts(ask: string, risk: number): Loop {
  return defineLoop({
    name: "sorts",
    version: "1",
    input: z.object({ text: z.string() }),
    output: z.string(),
    run: async ({ text }, step) =>
      (await step.choose("team", { about: text, ask, options: [...teams], risk, otherwise: false })).value,
  });
}

/** Runs over tickets, with a promise asked for. */
export async function openStream(options: StreamOptions = {}): Promise<Stream> {
  const { world = new World(), risk = 0.1, ask = "Which team?", config = {}, atOnce = 1 } = options;
  const { ladder = [reader(world), oracle(world)] } = options;
  const journal = options.journal ?? memoryJournal({ secret });
  const parts = makeParts({ ...config, ladder }, journal);
  await parts.open();
  const loop = sorts(ask, risk);
  let again = 0;
  const run = async (number: number, item: string): Promise<Decision> => {
    const ticket = world.ticket(number);
    await parts.policy.settled();
    const taken = await journal.begin({
      loop: "sorts",
      version: "1",
      item,
      content: "c",
      input: { text: ticket.text },
    });
    if (taken.kind !== "taken") throw new Error(`the run is ${taken.kind}`);
    await runItem(loop, taken, parts);
    const event = journal.events(taken.run.number).find(({ type }) => type.startsWith("step_"));
    return { ticket, event: event as Decision["event"] };
  };
  return {
    journal,
    parts,
    world,
    async feed(from, count) {
      const decisions: Decision[] = [];
      for (let number = from; number < from + count; number += atOnce) {
        const numbers = Array.from({ length: Math.min(atOnce, from + count - number) }, (_, index) => number + index);
        decisions.push(...(await Promise.all(numbers.map((one) => run(one, `i${one}`)))));
      }
      await parts.policy.settled();
      return decisions;
    },
    repeat: (number) => run(number, `again${again++} of ${number}`),
    report() {
      const [policy] = [...parts.policy.questions];
      return policy!.report();
    },
    events: (type) => journal.policy.read().filter((event) => type === undefined || event.type === type),
    async [Symbol.asyncDispose]() {
      await parts.close();
      await journal.close();
    },
  };
}

/** Feeds until the state is reached; says after how many items. Throws where it never is. */
export async function feedUntil(
  stream: Stream,
  from: number,
  most: number,
  isReached: (report: QuestionReport) => boolean,
): Promise<number> {
  for (let number = from; number < from + most; number += 25) {
    await stream.feed(number, 25);
    if (isReached(stream.report())) return number + 25;
  }
  throw new Error(`not reached within ${most} items: ${stream.report().state}, ${stream.report().why}`);
}

/** A policy under whose certificate these rungs stand, each by its own raw probability of 0.9 or more. */
export function certified(rungs: readonly Rung[]): Policy {
  const members = rungs.map((rung) => {
    return { rung, version: "1", answers: null, weights: null, calibrator: { kind: "raw" } } as const;
  });
  const grid = [0.95, 0.9];
  const counts = { accepted: [1, 1], wrong: [0, 0] };
  const version = { key: "k1", members, grid, coverage: [0.5, 0.8], ...counts, trainedOn: 1, upTo: 1 };
  const promise = { threshold: 0.9, step: 1, coverage: 0.8, risk: 0.1, delta: 0.05 };
  const figures = {
    ...promise,
    accepted: 100,
    wrong: 1,
    labels: 100,
    error: 0.01,
    upper: 0.04,
    source: "known",
  } as const;
  const standing = new StandingNow({
    question: "team",
    rungs,
    serving: new Serving("team", version, figures, 2, 0),
    why: "a certificate",
    epoch: null,
    learned: () => null,
    classes: {},
    holdsAudits: false,
    secret,
    propensity: 0.1,
    watch: () => {},
  });
  return { standing: () => standing, nudge: () => {} };
}
