import { expect, test } from "vitest";
import { FakeEncoder } from "../engine/fake.contract.ts";
import { Examples } from "./examples.ts";
import { openTextVectors } from "./text-vectors.ts";

const labelled = [
  { text: "my card is lost", answer: "cards" },
  { text: "the machine kept my money", answer: "cash" },
  { text: "a new card please", answer: "cards" },
];

async function opened(kept = new Map<string, Uint8Array>()) {
  const engine = new FakeEncoder();
  const vectors = {
    get: (key: string) => kept.get(key),
    set: (key: string, bytes: Uint8Array) => void kept.set(key, bytes),
  };
  return { engine, kept, texts: await openTextVectors("fake.gguf", { vectors, say: () => {} }, { engine }) };
}

test("gives the nearest, with their answers, and reads each example once in the life of its journal", async () => {
  const { kept, texts } = await opened();
  const near = await (await Examples.open(texts, labelled)).nearest("my card is lost again", 2);
  expect(near.map(({ answer }) => answer)).toEqual(["cards", "cards"]);
  expect(near[0]).toMatchObject({ text: "my card is lost" });
  expect(near[0]!.similarity).toBeGreaterThan(near[1]!.similarity);
  const later = await opened(kept);
  await Examples.open(later.texts, labelled);
  expect(later.engine.embedded).toEqual([]);
});

test("none are none; one without a text is named", async () => {
  const { texts, engine } = await opened();
  expect(await (await Examples.open(texts, [])).nearest("a card", 3)).toEqual([]);
  expect(engine.embedded).toEqual([]);
  await expect(Examples.open(texts, [...labelled, { text: " ", answer: "x" }])).rejects.toMatchObject({
    code: "E_EXAMPLES",
    message: "example 4 has no text",
  });
});
