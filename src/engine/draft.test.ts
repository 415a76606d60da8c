import fc from "fast-check";
import { expect, test } from "vitest";
import { Draft } from "./draft.ts";

/** Grows a text by pieces as a model writes it, until the draft says that it ends. */
function write(pieces: readonly string[], stop: readonly string[]): { text: string; shown: string; ended: boolean } {
  let shown = "";
  const draft = new Draft(stop, (piece) => {
    shown += piece;
  });
  let text = "";
  for (const piece of pieces) {
    text += piece;
    if (draft.grow(text)) return { text: draft.end(text), shown, ended: true };
  }
  return { text: draft.end(text), shown, ended: false };
}

test("ends before the first stop, and nothing of the stop is shown", () => {
  const stop = ["\n\n", "END"];
  expect(write(["Dear", " Ann,\n", "\nE", "N"], stop)).toEqual({ text: "Dear Ann,", shown: "Dear Ann,", ended: true });
  expect(write(["one E", "N", "D two"], stop)).toEqual({ text: "one ", shown: "one ", ended: true });
  expect(write(["one E", "N two"], stop)).toEqual({ text: "one EN two", shown: "one EN two", ended: false });
});

test("what is shown is always what is returned, and holds no stop", () => {
  const letters = fc.array(fc.stringMatching(/^[abc]{1,3}$/), { maxLength: 12 });
  fc.assert(
    fc.property(letters, fc.array(fc.stringMatching(/^[abc]{1,3}$/), { maxLength: 3 }), (pieces, stop) => {
      const { text, shown, ended } = write(pieces, stop);
      expect(shown).toBe(text);
      expect(stop.some((each) => text.includes(each))).toBe(false);
      expect(ended).toBe(stop.some((each) => pieces.join("").includes(each)));
      expect(pieces.join("").startsWith(text)).toBe(true);
    }),
  );
});

test("half a letter is not shown", () => {
  const shown: string[] = [];
  const draft = new Draft([], (piece) => shown.push(piece));
  draft.grow("caf\uFFFD");
  draft.grow("café");
  expect(shown).toEqual(["caf", "é"]);
});
