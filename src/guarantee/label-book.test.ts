import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { gridFrom } from "./grid.ts";
import { certifyOnce, emptyBook, type LabelBook, levelFor, spend, spentOn } from "./label-book.ts";
import { calibrationSample, unlabelledSample } from "./samples.ts";

const scored = (name: string, count: number): { id: string; score: number }[] =>
  Array.from({ length: count }, (_, index) => ({ id: `${name}${index}`, score: index / count }));
const grid = gridFrom(unlabelledSample(scored("u", 100)));
const sample = calibrationSample(scored("c", 400).map((item) => ({ ...item, wrong: false })));
const options = { grid, sample, risk: 0.05, delta: 0.05 };

describe("the book of labels", () => {
  test("lets fresh labels certify at the full delta and writes it down", () => {
    const { certificate, book } = certifyOnce({ ...options, book: emptyBook, version: "v1" });
    expect(certificate).toMatchObject({ kind: "certified", delta: 0.05 });
    expect(book.spendings).toMatchObject([{ version: "v1", attempt: 1, level: 0.05 }]);
    expect(spentOn(book, ["c3"])).toBe(0.05);
    expect(spentOn(book, ["other"])).toBe(0);
  });

  test("refuses a second certificate on the same labels, unless at what is left", () => {
    const { book } = certifyOnce({ ...options, book: emptyBook, version: "v1" });
    const again = { ...options, book, version: "v2" };
    expect(() => certifyOnce(again)).toThrow(expect.objectContaining({ code: "spent_labels" }));
    const { attempt, level, used } = levelFor(book, sample.clusters, 0.05);
    expect([attempt, used]).toEqual([2, 400]);
    expect(level).toBeCloseTo((0.05 * 6) / (Math.PI ** 2 * 4), 12);
    expect(certifyOnce({ ...again, level }).certificate).toMatchObject({ kind: "certified", delta: level });
    expect(() => certifyOnce({ ...again, level: level * 1.01 })).toThrow(
      expect.objectContaining({ code: "spent_labels" }),
    );
  });

  test("counts an attempt that failed", () => {
    const wrong = calibrationSample(scored("c", 400).map((item) => ({ ...item, wrong: true })));
    const { certificate, book } = certifyOnce({ ...options, sample: wrong, book: emptyBook, version: "v1" });
    expect(certificate.kind).toBe("not certifiable");
    expect(levelFor(book, ["c0"], 0.05).attempt).toBe(2);
  });

  test("takes a mixed set for its most used label, and leaves fresh ones their delta", () => {
    let book = spend(emptyBook, { labels: ["a", "b"], delta: 0.05, level: 0.05, version: "v1" });
    book = spend(book, { labels: ["b", "c"], delta: 0.05, level: 0.001, version: "v2" });
    expect(levelFor(book, ["b", "z"], 0.05).attempt).toBe(3);
    expect(levelFor(book, ["a", "z"], 0.05).attempt).toBe(2);
    // c came in with b, at b's second attempt.
    expect(levelFor(book, ["c"], 0.05).attempt).toBe(3);
    expect(levelFor(book, ["y", "z"], 0.05)).toEqual({ attempt: 1, level: 0.05, used: 0 });
  });

  test("never spends 1.4 delta on a label, however often", () => {
    let book: LabelBook = emptyBook;
    for (let attempt = 1; attempt <= 200; attempt++) {
      const { level } = levelFor(book, ["a"], 0.05);
      book = spend(book, { labels: ["a"], delta: 0.05, level, version: `v${attempt}` });
    }
    expect(spentOn(book, ["a"])).toBeLessThan(1.4 * 0.05);
    expect(spentOn(book, ["a"])).toBeGreaterThan(1.38 * 0.05);
  });

  test("goes to JSON and back, whatever the labels are called", () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.oneof(fc.string(), fc.constant("__proto__")), { minLength: 1 }), (labels) => {
        const book = spend(emptyBook, { labels, delta: 0.05, level: 0.05, version: "v1" });
        const read: LabelBook = JSON.parse(JSON.stringify(book));
        expect(read).toEqual(book);
        expect(levelFor(read, [labels[0]!], 0.05)).toMatchObject({ attempt: 2, used: 1 });
      }),
    );
  });
});
