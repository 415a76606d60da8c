// How near the encoder comes to the library used plainly, what its cache saves, and whether its vectors are right.
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openEncoder } from "../../src/engine/encoder.ts";
import type { EncoderEngine } from "../../src/engine/engine.ts";
import { openJournal } from "../../src/journal/sqlite.ts";
import { openTextVectors } from "../../src/rung/text-vectors.ts";
import type { Row } from "../bench.ts";
import type { Measured } from "../parts.ts";
import type { ToPlain } from "./encoder-plain.ts";
import { deadline, type Setup } from "./setup.ts";
import { formatInterval, medianInterval, ratioInterval } from "./statistics.ts";

/** Texts in flight, as `pawl run` has them. */
const IN_FLIGHT = 16;
const MOST_ROUNDS = 15;

/** Rounds of all modes in turn on tickets of 23 to 27 tokens, and the cosines to the float32 reference. */
export async function measureEncoder(setup: Setup): Promise<Measured> {
  const path = await setup.encoderPath();
  const plain = await Promise.all(Array.from({ length: setup.processes }, () => Plain.start(path)));
  const engine = await openEncoder(path, { processes: setup.processes, digest: "0".repeat(64) });
  const folder = mkdtempSync(join(tmpdir(), "pawl-encoder-bench-"));
  try {
    const items = await itemsOf(setup, plain[0]!);
    const [all, one, own] = [
      `${plain.length} plain process${plain.length === 1 ? "" : "es"}`,
      "1 plain process",
      "Pawl",
    ];
    let journals = 0;
    const cold = (): string => join(folder, `${journals++}.db`);
    await throughJournal(engine, join(folder, "warm.db"), items);
    const modes: { readonly [mode: string]: () => Promise<void> } = {
      [all]: () => inParts(plain, items),
      [one]: () => inParts(plain.slice(0, 1), items),
      [own]: () => throughJournal(engine, cold(), items),
      [`${own}, every text in its cache`]: () => throughJournal(engine, join(folder, "warm.db"), items),
    };
    const speeds = await measureRounds(modes, items.length, setup);
    const rows: Row[] = Object.entries(speeds).map(([what, perSecond]) => ({
      what,
      speed: formatInterval(medianInterval(perSecond), 0),
      ratio: formatInterval(ratioInterval(perSecond, speeds[all]!)),
      rounds: perSecond.length,
    }));
    const cosines = await cosinesOf(engine);
    const [least, mean] = [Math.min(...cosines), cosines.reduce((sum, value) => sum + value, 0) / cosines.length];
    rows.push({
      what: `cosine to the float32 reference, ${cosines.length} texts`,
      speed: `least ${least.toFixed(5)}, mean ${mean.toFixed(5)}`,
    });
    return {
      title: `The encoder, ${items.length} tickets of about 25 tokens`,
      columns: { what: "what", speed: "texts a second (95 %)", ratio: `times ${all}`, rounds: "rounds" },
      rows,
      values: {
        "encoder-vs-plain": ratioInterval(speeds[own]!, speeds[all]!)?.value ?? null,
        "encoder-cosine": least,
      },
    };
  } finally {
    for (const process of plain) process.close();
    await engine.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Every mode once a round, each round in another order, so that neither warmth nor a noisy minute favours one. */
async function measureRounds(
  modes: { readonly [mode: string]: () => Promise<void> },
  items: number,
  setup: Setup,
): Promise<{ readonly [mode: string]: number[] }> {
  const names = Object.keys(modes);
  const speeds = Object.fromEntries(names.map((name): [string, number[]] => [name, []]));
  const isOver = deadline(setup.seconds);
  for (let round = 0; round < MOST_ROUNDS && !(round >= 2 && isOver()); round++) {
    for (let turn = 0; turn < names.length; turn++) {
      const name = names[(round + turn) % names.length]!;
      const begun = performance.now();
      await modes[name]!();
      speeds[name]!.push((items / (performance.now() - begun)) * 1000);
    }
  }
  return speeds;
}

/** Tickets with 23 to 27 tokens: a ratio is cleanest where all items cost the same. */
async function itemsOf(setup: Setup, plain: Plain): Promise<readonly string[]> {
  const texts = setup.data.banking77.train.map(({ text }) => text);
  const tokens = await plain.ask<readonly number[]>({ measure: texts });
  const near = texts.filter((_, index) => tokens[index]! >= 23 && tokens[index]! <= 27);
  return near.slice(0, setup.size(400, 40));
}

/** Each process gets its share in one message, so that nothing but the library is timed. */
async function inParts(plain: readonly Plain[], items: readonly string[]): Promise<void> {
  await Promise.all(
    plain.map((process, part) => process.ask({ embed: items.filter((_, index) => index % plain.length === part) })),
  );
}

/** As a rung reads texts: through a journal's cache, so many at a time. */
async function throughJournal(engine: EncoderEngine, file: string, items: readonly string[]): Promise<void> {
  const journal = openJournal(file);
  try {
    const texts = await openTextVectors("", { vectors: journal.vectors, say: () => {} }, { engine });
    const left = items.values();
    const lane = async (): Promise<void> => {
      for (const text of left) await texts.of(text);
    };
    await Promise.all(Array.from({ length: IN_FLIGHT }, lane));
  } finally {
    await journal.close();
  }
}

async function cosinesOf(engine: EncoderEngine): Promise<readonly number[]> {
  const file = new URL("../../test/fixtures/models/minilm-reference.json", import.meta.url);
  const { rows }: { rows: { text: string; vector: string }[] } = JSON.parse(readFileSync(file, "utf8"));
  const cosines: number[] = [];
  for (const { text, vector } of rows.filter((row) => row.text.trim() !== "")) {
    const bytes = Buffer.from(vector, "base64");
    const expected = Array.from({ length: bytes.length / 2 }, (_, index) => bytes.readInt16LE(index * 2));
    const got = await engine.embed(text);
    const product = got.vector.reduce((sum, value, index) => sum + value * expected[index]!, 0);
    cosines.push(product / Math.hypot(...expected));
  }
  return cosines;
}

class Plain {
  readonly #process: ChildProcess;

  private constructor(process: ChildProcess) {
    this.#process = process;
  }

  static async start(path: string): Promise<Plain> {
    const child = fork(new URL("./encoder-plain.ts", import.meta.url), [], {
      serialization: "advanced",
      stdio: ["ignore", "ignore", "inherit", "ipc"],
      execArgv: [],
      env: { ...process.env, NODE_OPTIONS: "", NODE_LLAMA_CPP_SKIP_DOWNLOAD: "true" },
    });
    const plain = new Plain(child);
    await plain.ask({ open: path });
    return plain;
  }

  async ask<T>(message: ToPlain): Promise<T> {
    const ended = new AbortController();
    const answered = once(this.#process, "message", { signal: ended.signal });
    const gone = once(this.#process, "exit", { signal: ended.signal }).then(() => {
      throw new Error("The library's process ended.");
    });
    this.#process.send(message);
    try {
      const [value] = (await Promise.race([answered, gone])) as [T];
      return value;
    } finally {
      gone.catch(() => {});
      ended.abort();
    }
  }

  close(): void {
    this.#process.kill("SIGKILL");
  }
}
