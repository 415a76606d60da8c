// Reads every text once with each model and keeps what it said, so that a hundred seeds need no model.
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { banking8 } from "../../src/data/tickets.ts";
import { memoryJournal } from "../../src/journal/memory.ts";
import { chooseQuestion } from "../../src/loop/ask.ts";
import { encoder } from "../../src/rung/encoder.ts";
import { model } from "../../src/rung/model.ts";
import type { Rung } from "../../src/rung/rung.ts";
import { textToVector } from "../../src/vectors/packed.ts";

const cache = `${import.meta.dirname}/cache`;

/** Numbers of `count` texts, `width` each, in the order of the texts. */
export interface Stored {
  readonly count: number;
  readonly width: number;
  readonly values: Float32Array;
}

/** What the encoder makes of each text, from the cache where it was read before. */
export async function vectorsOf(texts: readonly string[]): Promise<Stored> {
  return await stored("minilm", texts, async (keep) => {
    await withRung(encoder("minilm", { acceptAt: 0 }), texts, 64, (index, evidence) =>
      keep(index, textToVector(evidence.vector!)),
    );
  });
}

/** The chat model on banking8: the log-probability of each team as read, then the 512 numbers of the sketch. */
export async function sketchesOf(texts: readonly string[]): Promise<Stored> {
  return await stored("smollm2-135m-banking8", texts, async (keep) => {
    await withRung(model("smollm2-135m", { acceptAt: 0, sketch: true }), texts, 4, (index, evidence) =>
      keep(index, Float32Array.from([...evidence.logp!, ...textToVector(evidence.sketch!)])),
    );
  });
}

/** Whether the chat model has read these texts before: to read them takes it an hour. */
export function areSketchesStored(texts: readonly string[]): boolean {
  return existsSync(fileOf("smollm2-135m-banking8", texts));
}

function fileOf(name: string, texts: readonly string[]): string {
  const key = createHash("sha256").update(texts.join("\n")).digest("hex").slice(0, 12);
  return `${cache}/${name}-${key}.f32`;
}

/** Reads what is not in the file yet, and writes it every thousand texts: a stopped reading goes on. */
async function stored(
  name: string,
  texts: readonly string[],
  read: (keep: (index: number, values: Float32Array) => void) => Promise<void>,
): Promise<Stored> {
  mkdirSync(cache, { recursive: true });
  const file = fileOf(name, texts);
  if (!existsSync(file)) {
    const rows: Float32Array[] = new Array(texts.length);
    let done = 0;
    await read((index, values) => {
      rows[index] = values;
      if (++done % 500 === 0) console.log(`  ${name}: ${done} of ${texts.length}`);
    });
    const width = rows[0]!.length;
    const values = new Float32Array(texts.length * width);
    for (const [index, row] of rows.entries()) values.set(row, index * width);
    writeFileSync(`${file}.part`, new Uint8Array(values.buffer));
    renameSync(`${file}.part`, file);
  }
  const bytes = readFileSync(file);
  const values = new Float32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4);
  return { count: texts.length, width: values.length / texts.length, values };
}

async function withRung(
  rung: Rung,
  texts: readonly string[],
  atOnce: number,
  met: (index: number, evidence: { vector?: string; sketch?: string; logp?: readonly number[] }) => void,
): Promise<void> {
  const { ask, cue, options } = banking8();
  const journal = memoryJournal();
  const { notes, vectors, recall, calls } = journal;
  await rung.open?.({ notes, vectors, recall, calls, say: (line) => console.log(`  ${line}`) });
  const signal = new AbortController().signal;
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < texts.length) {
      const index = next++;
      const place = { name: "team", path: "team" };
      const question = chooseQuestion(place, { about: texts[index]!, ask, cue, options, otherwise: false });
      const reply = await rung.decide(question, { signal, run: "", item: null, suggestion: null, repair: null });
      if (reply.kind === "waiting" || !reply.evidence) throw new Error(`${rung.name} cannot read text ${index}`);
      met(index, reply.evidence);
    }
  };
  try {
    await Promise.all(Array.from({ length: atOnce }, worker));
  } finally {
    await rung.close?.();
  }
}
