// Whether the engine's numbers are right: held against a softmax over the whole vocabulary and against every path read alone.
import type { ChatEngine, Score } from "../../src/engine/engine.ts";
import type { Row } from "../bench.ts";
import type { Measured } from "../parts.ts";
import { labelsOf, words } from "./data.ts";
import { LibraryProcess, type ModeName } from "./library.ts";
import { type Question, question, speedItems } from "./questions.ts";
import { deadline, type Setup } from "./setup.ts";

const columns = {
  what: "what",
  choices: "choices",
  items: "items",
  read: "choices read to the end, %",
  p: "largest difference of p",
  nat: "largest difference, nat",
  changed: "winners changed",
  clear: "of those with a margin over 0.1",
  wrong: "bounds broken",
};

const shapes: { readonly [mode: string]: string } = {
  reference: "same shape",
  "reference-longer": "other shape: pass begun 11 tokens earlier",
  "reference-at-once": "other shape: prefix and item in one pass",
};

/** A winner may change where the reference itself is not sure. */
const CLEAR_MARGIN = 0.1;

export async function measureEquality(setup: Setup): Promise<Measured> {
  const { banking8, banking77 } = setup.data;
  const seconds = setup.seconds / 3;
  const chat = await setup.chatPath();
  // One token each, so that an answer is one read and the two shapes can be the very same.
  const single = ["account", "exchange", "cash", "security", "transfers", "payments", "cards"];
  const teams = Object.fromEntries(single.map((name) => [name, banking8.options[name]!]));
  const short = [
    question("7 teams, one token each", teams, banking8.cue, banking8.ask),
    question("yes or no", { yes: "", no: "" }, "Answer:", "Is this message about a lost or stolen card?"),
  ];
  const names = Object.fromEntries(labelsOf(banking77).map((label) => [words(label), ""]));
  const rows: Row[] = [];
  const compare = async (path: string, asked: readonly Question[], mode: ModeName, every: boolean, size: number) => {
    const engine = await setup.open(path);
    const library = await LibraryProcess.start(path, setup.threads, engine.tuning);
    try {
      for (const each of asked) {
        rows.push(await compareOne(setup, engine, library, each, mode, every, size, seconds / asked.length));
        console.log(`  ${JSON.stringify(rows.at(-1))}`);
      }
    } finally {
      await engine.close();
      library.close();
    }
  };
  const size = setup.size(60, 4);
  await compare(chat, short, "reference", true, size);
  await compare(chat, short, "reference-longer", true, size);
  await compare(chat, short, "reference-at-once", true, size);
  const tiny = setup.data.tinyModel;
  // Nothing is listed in the tiny model's prompt, which holds 512 tokens; its choices are the 77 names all the same.
  const many = { ...question("77 names", names, "This is about:", ""), prefix: prefixWithoutList(names) };
  await compare(tiny, [{ ...many, name: "77 names, tiny model, every branch" }], "reference", true, size);
  await compare(tiny, [{ ...many, name: "77 names, tiny model, as it is used" }], "reference", false, size);
  const worst = (key: string, of: (row: Row) => boolean): number | null => {
    const values = rows.filter(of).map((row) => Number(row[key]));
    return values.length === 0 ? null : Math.max(...values);
  };
  const isTiny = (row: Row): boolean => String(row.what).includes("tiny");
  const isSame = (row: Row): boolean => !isTiny(row) && String(row.what).includes("same shape");
  return {
    title: "Equality with references",
    columns,
    rows,
    values: {
      "equality-p-same-shape": worst("p", isSame),
      "equality-nat-other-shape": worst("nat", (row) => !isTiny(row) && !isSame(row)),
      "equality-clear-winners-changed": worst("clear", (row) => !isTiny(row)),
      "tree-nat": worst("nat", isTiny),
      "tree-clear-winners-changed": worst("clear", isTiny),
      "tree-bounds-broken": worst("wrong", isTiny),
    },
  };
}

function prefixWithoutList(names: Question["options"]): Question["prefix"] {
  const choices = Object.keys(names).map((name) => ` ${name}`);
  return { instructions: "Read the message.", cue: "This is about:", choices };
}

async function compareOne(
  setup: Setup,
  engine: ChatEngine,
  library: LibraryProcess,
  asked: Question,
  mode: ModeName,
  every: boolean,
  size: number,
  seconds: number,
): Promise<Row> {
  const prefix = await engine.prepare(asked.prefix);
  await library.prepare(asked);
  const items = await speedItems(setup.data, size, async (text) => (await engine.measure(prefix, text)).tokens);
  const up = deadline(seconds);
  const found = { p: 0, nat: 0, changed: 0, clear: 0, wrong: 0, items: 0 };
  let exact = 0;
  for (const item of items) {
    if (found.items >= 3 && up()) break;
    const score = await engine.score({ prefix, item, every });
    const { logp } = await library.ask(mode, asked.name, item);
    const truth = logp!;
    const [first, second] = truth.toSorted((a, b) => b - a) as [number, number];
    const changed = best(score.logp) !== best(truth);
    found.items++;
    found.changed += Number(changed);
    found.clear += Number(changed && first - second > CLEAR_MARGIN);
    if (mode === "reference") found.wrong += boundsBroken(score, truth);
    const read = truth.flatMap((_, index) => (score.exact[index] ? [index] : []));
    for (const index of read) found.nat = Math.max(found.nat, Math.abs(score.logp[index]! - truth[index]!));
    exact += read.length;
    // Shares can be compared only where every branch was read.
    const [mine, theirs] = [shares(score.logp), shares(truth)];
    if (read.length === truth.length)
      for (const index of read) found.p = Math.max(found.p, Math.abs(mine[index]! - theirs[index]!));
  }
  return {
    what: `${asked.name}, ${shapes[mode]}`,
    choices: asked.prefix.choices.length,
    ...found,
    read: (100 * exact) / (found.items * asked.prefix.choices.length),
  };
}

/** Where a branch was left unread, what is said of it must still hold: at most its bound, and the mass in its interval. */
function boundsBroken({ logp, exact, massInterval }: Score, truth: readonly number[]): number {
  // In the same shape there is nothing but rounding between the two.
  const tolerance = 0.01;
  const above = truth.filter((value, index) => !exact[index] && value > logp[index]! + tolerance).length;
  const mass = truth.reduce((sum, value) => sum + Math.exp(value), 0);
  const [low, high] = massInterval;
  const outside = mass < low * Math.exp(-tolerance) || mass > high * Math.exp(tolerance);
  return above + Number(outside);
}

function best(values: readonly number[]): number {
  return values.indexOf(Math.max(...values));
}

function shares(logp: readonly number[]): number[] {
  const top = Math.max(...logp);
  const total = logp.reduce((sum, value) => sum + Math.exp(value - top), 0);
  return logp.map((value) => Math.exp(value - top) / total);
}
