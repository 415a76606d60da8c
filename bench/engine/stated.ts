// The count that Pawl states: decisions a second and a day on all cores, with gate and journal, beside the plain form.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { defineLoop, fallback, makeParts, model, openJournal } from "pawl";
import { z } from "zod";
import { runBatch } from "../../src/batch/batch.ts";
import { identifier } from "../../src/data/identity.ts";
import type { Row as DataRow } from "../../src/data/row.ts";
import type { ChatEngine, Prefix } from "../../src/engine/engine.ts";
import { DEFAULT_CHAT } from "../../src/models/catalogue.ts";
import type { Measured } from "../parts.ts";
import { LibraryProcess } from "./library.ts";
import { deadline, type Setup } from "./setup.ts";
import { formatInterval, medianInterval, ratioInterval } from "./statistics.ts";

/** Tokens that each item adds: the message, the end of its turn, the cue. */
const NEW_TOKENS = 25;
/** The prior is learned from 64 items and then frozen, so these are asked before the clock starts. */
const WARM = 64;

const columns = {
  what: "what",
  rate: "decisions/s (95 %)",
  day: "a day, million",
  share: "of the plain form (95 %)",
  rounds: "rounds",
};

export async function measureStated(setup: Setup): Promise<Measured> {
  const { ask, cue, options } = setup.data.banking8;
  const size = setup.size(100, 8);
  const rounds = setup.quick ? 2 : 10;
  const folder = mkdtempSync(join(tmpdir(), "pawl-stated-"));
  const journal = openJournal(join(folder, "pawl.db"));
  const engine = await setup.chat({ threads: 1, processes: setup.processes });
  const watched = new Watched(engine);
  const parts = makeParts(
    { ladder: [model(DEFAULT_CHAT, { engine: watched, sketch: true }), fallback("account")] },
    journal,
  );
  const libraries: LibraryProcess[] = [];
  const loop = defineLoop({
    name: "stated",
    input: z.object({ id: z.string(), text: z.string() }),
    output: z.string(),
    run: async ({ text }, step) =>
      (await step.choose("team", { about: text, ask, cue, options, otherwise: false })).value,
  });
  let batches = 0;
  /** Seconds that a batch takes from its first row to the last commit. */
  const ours = async (texts: readonly string[]): Promise<number> => {
    const batch = `batch-${++batches}`;
    const begun = performance.now();
    const { counts, complete } = await runBatch({
      loop,
      rows: rowsOf(texts, batch),
      batch,
      identify: identifier({ id: "" }).identify,
      parts,
      isLocal: () => true,
      concurrency: 4 * setup.processes,
    });
    const seconds = (performance.now() - begun) / 1000;
    if (!complete || counts.done !== texts.length) throw new Error(`${batch} ended with ${JSON.stringify(counts)}`);
    return seconds;
  };
  const plain = async (texts: readonly string[]): Promise<number> => {
    const begun = performance.now();
    let next = 0;
    const worker = async (library: LibraryProcess): Promise<void> => {
      while (next < texts.length) await library.ask("plain", "stated", texts[next++]!);
    };
    await Promise.all(libraries.map(worker));
    return (performance.now() - begun) / 1000;
  };
  try {
    await parts.open();
    const { test, train } = setup.data.banking77;
    const texts = [...test, ...train].map(({ text }) => text.trim());
    // The first batch learns the prior and tells which prefix the rung asks with; the plain form is given the same.
    const warm = setup.quick ? 2 : WARM;
    await ours(texts.slice(0, warm));
    const prefix = watched.prefix!;
    const items = await itemsOf(engine, prefix, texts.slice(warm), size * rounds);
    for (let index = 0; index < setup.processes; index++) {
      const library = await LibraryProcess.start(await setup.chatPath(), 1, engine.tuning);
      libraries.push(library);
      await library.prepare({ name: "stated", prefix, options });
      await library.ask("plain", "stated", items[0]!);
    }
    const times = { ours: [] as number[], plain: [] as number[] };
    const up = deadline(setup.seconds - 60);
    for (let round = 0; round < rounds && (round < 2 || !up()); round++) {
      const asked = items.slice(round * size, (round + 1) * size);
      const turns = [async () => times.ours.push(await ours(asked)), async () => times.plain.push(await plain(asked))];
      for (const turn of round % 2 === 0 ? turns : turns.toReversed()) await turn();
      const rate = (seconds: readonly number[]): string => (asked.length / seconds.at(-1)!).toFixed(1);
      console.log(
        `  round ${round + 1} of ${rounds}: Pawl ${rate(times.ours)}, plain ${rate(times.plain)} decisions/s`,
      );
    }
    const share = ratioInterval(times.plain, times.ours);
    const row = (what: string, seconds: readonly number[]) => {
      const rate = medianInterval(seconds.map((each) => size / each));
      return {
        what,
        rate: formatInterval(rate, 1),
        day: rate && (rate.value * 86_400) / 1e6,
        rounds: seconds.length,
      };
    };
    const name = setup.processes === 1 ? "one process, one thread" : `${setup.processes} processes of one thread`;
    return {
      title: `The stated count: 8 options, ${NEW_TOKENS} new tokens, ${setup.processes} ${setup.processes === 1 ? "core" : "cores"}`,
      columns,
      rows: [
        { ...row(`a loop in a batch, gate and durable journal on, ${name}`, times.ours), share: formatInterval(share) },
        row(`plain form: 8 options and 512 logits read, no journal, ${name}`, times.plain),
      ],
      values: { "stated-share-of-plain": share?.value ?? null },
    };
  } finally {
    await parts.close();
    await engine.close();
    for (const library of libraries) library.close();
    await journal.close();
    rmSync(folder, { recursive: true });
  }
}

/** An engine that remembers the prefix it was last given: the plain form is asked with the same. */
class Watched implements ChatEngine {
  prefix: Prefix | undefined;
  readonly #engine: ChatEngine;

  constructor(engine: ChatEngine) {
    this.#engine = engine;
  }
  get model() {
    return this.#engine.model;
  }
  prepare: ChatEngine["prepare"] = (prefix) => {
    this.prefix = prefix;
    return this.#engine.prepare(prefix);
  };
  score: ChatEngine["score"] = (request) => this.#engine.score(request);
  fill: ChatEngine["fill"] = (request) => this.#engine.fill(request);
  write: ChatEngine["write"] = (request) => this.#engine.write(request);
  measure: ChatEngine["measure"] = (prefix, item) => this.#engine.measure(prefix, item);
  close: ChatEngine["close"] = () => this.#engine.close();
}

/** Real tickets, each once, that add exactly so many tokens. */
async function itemsOf(
  engine: ChatEngine,
  prefix: Prefix,
  texts: readonly string[],
  count: number,
): Promise<readonly string[]> {
  const id = await engine.prepare(prefix);
  const tokens = async (text: string): Promise<number> => (await engine.measure(id, text)).tokens;
  const probe = texts[0]!;
  // Twice: the first may evaluate the prefix too.
  await engine.score({ prefix: id, item: probe });
  const around = (await engine.score({ prefix: id, item: probe })).newTokens - (await tokens(probe));
  const items = new Set<string>();
  for (const text of texts) {
    if (items.size < count && (await tokens(text)) + around === NEW_TOKENS) items.add(text);
  }
  if (items.size < count) throw new Error(`Only ${items.size} tickets add ${NEW_TOKENS} tokens; ${count} are needed.`);
  return [...items];
}

async function* rowsOf(texts: readonly string[], batch: string): AsyncGenerator<DataRow> {
  for (const [index, text] of texts.entries()) {
    const value = { id: `${batch}-${index}`, text };
    yield { kind: "row", position: index + 1, line: index + 1, bytes: text.length, value };
  }
}
