import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { windowsOf } from "./windows.ts";

describe("windows of a text", () => {
  test("end behind sentences, else between words, else anywhere", () => {
    expect(windowsOf("One two. Three four. Five.", 2)).toEqual(["One two. ", "Three four. ", "Five."]);
    expect(windowsOf("one two three four", 2)).toEqual(["one two ", "three ", "four"]);
    expect(windowsOf("abcdefgh", 2)).toEqual(["abcd", "efgh"]);
    expect(windowsOf("首先。然后。最后。", 3)).toEqual(["首先。", "然后。", "最后。"]);
    expect(windowsOf("short", 1)).toEqual(["short"]);
  });

  test("together are the text, none is longer than its share, no letter is cut in two", () => {
    const texts = fc.string({ unit: fc.constantFrom("a", " ", ".", "\n", "。", "😀", "é"), minLength: 2 });
    fc.assert(
      fc.property(texts, fc.integer({ min: 2, max: 9 }), (text, count) => {
        const windows = windowsOf(text, count);
        expect(windows.join("")).toBe(text);
        expect(windows.length).toBeGreaterThanOrEqual(2);
        const size = Math.max(2, Math.ceil(text.length / count));
        for (const window of windows) {
          expect(window.length).toBeGreaterThan(0);
          expect(window.length).toBeLessThanOrEqual(size);
          // A share of one unit cannot hold a letter of two.
          if (size > 2) expect(window.isWellFormed()).toBe(text.isWellFormed());
        }
      }),
    );
  });
});
