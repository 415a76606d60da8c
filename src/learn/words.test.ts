import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { wordTable } from "./word-table.ts";
import { defaultWords, WordCounter, wordVector } from "./words.ts";

const read = (text: string, pieces = false): ReadonlyMap<number, number> => {
  const counter = new WordCounter({ bits: 18, pieces });
  const size = counter.read(text);
  return new Map([...counter.buckets.subarray(0, size)].map((bucket) => [bucket, counter.counts[bucket]!]));
};
const grams = (text: string): number[] => [...read(text).keys()].sort((a, b) => a - b);

describe("what a text is counted as", () => {
  test("words and pairs of neighbours, each as often as it is met", () => {
    expect(grams("lost card")).toHaveLength(3);
    expect([...read("card card card").values()].sort()).toEqual([2, 3]);
    expect(read("card").size).toBe(1);
    expect(grams("lost card")).toEqual(expect.arrayContaining([...grams("lost"), ...grams("card")]));
  });

  test("the order of two words shows in their pair and nowhere else", () => {
    const [one, other] = [grams("lost card"), grams("card lost")];
    expect(one.filter((bucket) => other.includes(bucket))).toHaveLength(2);
  });

  test.each([
    ["case", "Lost CARD", "lost card"],
    ["punctuation", "lost, card!", "lost card"],
    ["single letters", "I lost a card", "lost card"],
    ["case beyond ASCII", "ÄRGER Über", "ärger über"],
    ["composed and decomposed letters", "caf\u0065\u0301", "café"],
    ["full width", "ｃａｒｄ", "card"],
    ["ligatures", "ﬁne", "fine"],
  ])("%s makes no difference", (_, a, b) => {
    expect(grams(a)).toEqual(grams(b));
  });

  test("letters of any script are words, and an accent is a difference", () => {
    expect(read("Где моя карта").size).toBe(5);
    expect(grams("cafe")).not.toEqual(grams("café"));
    expect(read("😀 ... —").size).toBe(0);
    expect(read("").size).toBe(0);
  });

  test("a script without spaces is read by characters and pairs of them", () => {
    expect(read("銀行卡").size).toBe(5);
    expect(read("𠀀𠀁").size).toBe(3);
    expect(grams("銀行")).toEqual(grams("銀 行"));
  });

  test("pieces find a misspelling near, whole words do not", () => {
    const shared = (pieces: boolean): number => {
      const other = read("recieved transfer", pieces);
      return [...read("received transfers", pieces).keys()].filter((bucket) => other.has(bucket)).length;
    };
    expect(shared(false)).toBe(0);
    expect(shared(true)).toBeGreaterThan(10);
  });

  test("a counter that is used again forgets the text before", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme" }), fc.string({ unit: "grapheme" }), (before, text) => {
        const counter = new WordCounter(defaultWords);
        counter.read(before);
        const size = counter.read(text);
        const total = counter.counts.reduce((sum, count) => sum + count, 0);
        const own = [...counter.buckets.subarray(0, size)];
        expect(own.reduce((sum, bucket) => sum + counter.counts[bucket]!, 0)).toBe(total);
        expect(new Set(own).size).toBe(size);
        expect(own).toEqual([...read(text).keys()]);
      }),
      { numRuns: 20 },
    );
  });

  test("long texts and long words fit", () => {
    const words = Array.from({ length: 2000 }, (_, index) => `word${index}`).join(" ");
    expect(read(words).size).toBeGreaterThan(3900);
    expect(read("x".repeat(5000), true).size).toBeGreaterThan(3);
  });

  test("a number of buckets out of range is refused", () => {
    expect(() => new WordCounter({ bits: 9, pieces: false })).toThrow("from 10 to 22");
  });
});

describe("vectors", () => {
  test("have length 1 and ascending buckets, and leave out what is unknown", () => {
    const counter = new WordCounter();
    const { indices, values } = wordVector(counter, "where is my lost lost card", () => 1);
    expect(values.reduce((sum, value) => sum + value * value, 0)).toBeCloseTo(1, 6);
    expect([...indices]).toEqual([...indices].sort((a, b) => a - b));
    // "lost" was said twice: 1 + ln 2 against 1.
    expect(Math.max(...values) / Math.min(...values)).toBeCloseTo(1 + Math.log(2), 5);
    expect(wordVector(counter, "where", () => 0).indices).toHaveLength(0);
  });

  test("a table holds the same numbers as one text at a time, with the frequencies of its texts", () => {
    const texts = ["lost card", "card stolen", "card lost again", ""];
    const table = wordTable(texts, defaultWords);
    const weights = new Map([...table.buckets].map((bucket, column) => [bucket, table.weights[column]!]));
    const card = grams("card")[0]!;
    expect(weights.get(card)).toBeCloseTo(Math.log(5 / 4) + 1, 6);
    const counter = new WordCounter();
    for (const [row, text] of texts.entries()) {
      const { indices, values } = wordVector(counter, text, (bucket) => weights.get(bucket) ?? 0);
      const [from, to] = [table.rows.starts[row]!, table.rows.starts[row + 1]!];
      expect([...table.rows.places.subarray(from, to)].map((place) => table.buckets[place])).toEqual([...indices]);
      for (const [index, value] of values.entries()) expect(table.rows.values[from + index]).toBeCloseTo(value, 6);
    }
    expect(wordTable(texts, defaultWords, 2).buckets).toHaveLength(2);
  });
});
