import { expect, test } from "vitest";
import { FakeChat } from "../engine/fake.contract.ts";
import { Codes, followsLetters, LETTERS, wantsCodes } from "./model-codes.ts";
import type { Notes } from "./rung.ts";

/** A model that finds the option whose letter it is asked for in the instructions, and is right about `share` items. */
function reader(isRight: (asked: number) => boolean): FakeChat {
  const right = ["weather", "cooking", "travel", "sport", "health", "music", "cars", "gardening"];
  const items = ["rain", "recipe", "flight", "goalkeeper", "tooth", "violin", "engine", "tulips"];
  let asked = 0;
  const answers = new Map<string, boolean>();
  return new FakeChat({
    logp: (letter, item, { instructions }) => {
      const name = right[items.findIndex((word) => item.includes(word))];
      const key = item + instructions;
      if (!answers.has(key)) answers.set(key, isRight(asked++));
      const line = instructions.split("\n").find((each) => each.startsWith(`${letter}. `));
      const found = line === `${letter}. ${name}`;
      return found === answers.get(key) ? -0.1 : -3;
    },
  });
}

function notesOf(): Notes & { readonly all: Map<string, string> } {
  const all = new Map<string, string>();
  return { all, get: (key) => all.get(key), set: (key, value) => void all.set(key, value), add: async () => 0 };
}

const described = (...names: string[]) => ({
  options: names.map((name) => ({ name, description: "" })),
  otherwise: null,
});

test("a model that reads letters is known by it, one slip allowed", async () => {
  expect(await followsLetters(reader(() => true))).toBe(true);
  expect(await followsLetters(reader((asked) => asked !== 3))).toBe(true);
  expect(await followsLetters(reader((asked) => asked !== 3 && asked !== 9))).toBe(false);
});

test("one that always says A is not, and is not asked for long", async () => {
  const engine = new FakeChat({ logp: (letter) => (letter === "A" ? -0.1 : -3) });
  expect(await followsLetters(engine)).toBe(false);
  expect(engine.scored.length).toBeLessThan(8);
});

test("letters are for names that begin alike or are long, as many as there are letters", () => {
  expect(wantsCodes(described("cards", "cash"))).toBe(false);
  expect(wantsCodes(described("card payment", "card delivery", "cash"))).toBe(true);
  expect(wantsCodes({ ...described("card payment", "cash"), otherwise: "card of another bank" })).toBe(true);
  expect(wantsCodes(described("cash", "a message that complains about how long a transfer takes"))).toBe(true);
  expect(wantsCodes(described(...Array.from({ length: LETTERS.length + 1 }, (_, index) => `card ${index}`)))).toBe(
    false,
  );
  expect(wantsCodes(described("card only"))).toBe(false);
});

test("the model is asked once, and what was found is kept for the next process", async () => {
  const notes = notesOf();
  const engine = reader(() => true);
  const codes = new Codes(engine, notes);
  const question = described("card payment", "card delivery") as never;
  expect(await Promise.all([codes.fit(question), codes.fit(question)])).toEqual([true, true]);
  expect(await codes.fit(described("cards", "cash") as never)).toBe(false);
  expect(engine.scored).toHaveLength(16);
  const later = new FakeChat();
  expect(await new Codes(later, notes).fit(question)).toBe(true);
  expect(later.scored).toHaveLength(0);
  expect([...notes.all]).toEqual([[`codes/${engine.model.digest}`, "follows"]]);
});
