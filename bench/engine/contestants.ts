// Who takes part in the race for speed: the library's ways of asking, Pawl's engine, and the kernels' floor.
import type { EmbeddedChat } from "../../src/engine/chat.ts";
import type { Data } from "./data.ts";
import { LibraryProcess, type ModeName } from "./library.ts";
import type { Question } from "./questions.ts";
import type { Setup } from "./setup.ts";

export interface Contestant {
  readonly name: string;
  /** Items that it is handed in one turn: two for each of its processes where it has several. */
  readonly items: number;
  /** The only question that it is asked; all where there is none. */
  readonly only?: string;
  /** Answers them all. */
  ask(question: Question, items: readonly string[]): Promise<{ readonly generated: number }>;
}

export interface Contest {
  readonly contestants: readonly Contestant[];
  /** Length of a text in tokens. */
  tokens(text: string): Promise<number>;
  /** Tokens that all items of a question share. */
  prefixTokens(question: Question): Promise<number>;
  close(): Promise<void>;
}

export const NAIVE = "naive: a new session an item, JSON grammar";
export const TEMPLATE_ONCE = "the same, template resolved once";
export const PREFIX_KEPT = "prefix kept, session and template once, JSON grammar";
export const DECIDE = "the library's decision context";
export const FLOOR = "floor: the same tokens evaluated, nothing read";
export const PAWL = "Pawl";
export const POOLED = ", all cores";

/** Unlabelled items from which each option's prior is read before the race: the rung takes it off, and so does Pawl here. */
const PRIOR_ITEMS = 8;

/** Opens everything. One thing at a time is at work; only those with several processes keep them busy together. */
export async function openContest(setup: Setup, questions: readonly Question[]): Promise<Contest> {
  const path = await setup.chatPath();
  const engine = await setup.chat();
  const pool = setup.processes > 1 ? await setup.chat({ threads: 1, processes: setup.processes }) : null;
  const libraries: LibraryProcess[] = [];
  const startLibrary = async (threads: number): Promise<LibraryProcess> => {
    const library = await LibraryProcess.start(path, threads, engine.tuning);
    libraries.push(library);
    for (const question of questions) await library.prepare(question);
    return library;
  };
  const close = async (): Promise<void> => {
    await engine.close();
    await pool?.close();
    for (const library of libraries) library.close();
  };
  try {
    const library = await startLibrary(setup.threads);
    const bias = new Map<string, readonly number[]>();
    for (const question of questions) bias.set(question.name, await readBias(engine, question, setup.data));
    const withPrior = (question: Question) => ({ bias: bias.get(question.name) });
    const names = questions[0]!.name;
    const contestants: Contestant[] = [
      ofLibrary(NAIVE, "naive", [library]),
      ofLibrary(TEMPLATE_ONCE, "naive-wrapper-once", [library]),
      ofLibrary(PREFIX_KEPT, "reuse", [library]),
      ofLibrary(DECIDE, "decide", [library]),
      ofPawl(PAWL, engine, 1, withPrior),
      // Only where names share first tokens is there a branch that might not be read.
      { ...ofPawl(`${PAWL}, prior left on`, engine, 1, () => ({})), only: names },
      { ...ofPawl(`${PAWL}, every branch read`, engine, 1, () => ({ every: true })), only: names },
      ofLibrary(FLOOR, "floor", [library]),
    ];
    if (pool) {
      const all = await Promise.all(Array.from({ length: setup.processes }, () => startLibrary(1)));
      contestants.push(ofPawl(PAWL + POOLED, pool, 2 * setup.processes, withPrior));
      contestants.push(ofLibrary(FLOOR + POOLED, "floor", all));
    }
    return {
      contestants,
      close,
      tokens: async (text) => (await engine.measure(await engine.prepare(questions[0]!.prefix), text)).tokens,
      async prefixTokens({ prefix }) {
        return (await engine.measure(await engine.prepare(prefix), prefix.instructions)).tokens;
      },
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Minus the mean log-probability of each option: what the model rung adds before it compares. */
async function readBias(engine: EmbeddedChat, question: Question, data: Data): Promise<readonly number[]> {
  const prefix = await engine.prepare(question.prefix);
  const sum = question.prefix.choices.map(() => 0);
  for (const { text } of data.banking77.train.slice(-PRIOR_ITEMS)) {
    const { logp } = await engine.score({ prefix, item: text, every: true });
    for (const [index, value] of logp.entries()) sum[index] = sum[index]! - value / PRIOR_ITEMS;
  }
  return sum;
}

function ofPawl(
  name: string,
  engine: EmbeddedChat,
  items: number,
  how: (question: Question) => { bias?: readonly number[] | undefined; every?: boolean },
): Contestant {
  return {
    name,
    items,
    async ask(question, asked) {
      const prefix = await engine.prepare(question.prefix);
      await Promise.all(asked.map((item) => engine.score({ prefix, item, ...how(question) })));
      return { generated: 0 };
    },
  };
}

function ofLibrary(name: string, mode: ModeName, processes: readonly LibraryProcess[]): Contestant {
  return {
    name,
    items: processes.length > 1 ? 2 * processes.length : 1,
    async ask(question, asked) {
      let next = 0;
      let generated = 0;
      const work = async (process: LibraryProcess): Promise<void> => {
        while (next < asked.length) generated += (await process.ask(mode, question.name, asked[next++]!)).generated;
      };
      await Promise.all(processes.map(work));
      return { generated };
    },
  };
}
