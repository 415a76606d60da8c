import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { deferAfterLarge, deferBeforeLarge } from "./deferral.ts";
import { type BothKnown, expectedGain, fitGain, gainSignals } from "./gain.ts";
import { seededRandom, shuffle } from "./random.ts";

describe("the gain model", () => {
  const random = seededRandom(3);
  /** The small model is right at `x`; the large one is right at 0.9 where `y` is below 1/2, and else no better than it. */
  const drawn = Array.from({ length: 4000 }, (): BothKnown => {
    const [x, y] = [random(), random()];
    const smallRight = random() < x;
    return { signals: [x, y < 0.5 ? 1 : 0], smallRight, largeRight: y < 0.5 ? random() < 0.9 : smallRight };
  });

  it("knows where the large model helps and where it does not", () => {
    const model = fitGain(drawn);
    const [helped, same] = [expectedGain(model, [0.3, 1]), expectedGain(model, [0.3, 0])];
    expect(helped.gain).toBeGreaterThan(0.4);
    expect(Math.abs(same.gain)).toBeLessThan(0.15);
    expect(helped.small).toBeCloseTo(same.small, 1);
  });

  it("survives a signal that never changes, and being stored", () => {
    const items = drawn.slice(0, 200).map((item) => ({ ...item, signals: [...item.signals, 5] }));
    const model = fitGain(items);
    const again: typeof model = JSON.parse(JSON.stringify(model));
    expect(expectedGain(again, [0.3, 1, 5])).toEqual(expectedGain(model, [0.3, 1, 5]));
    expect(Number.isFinite(expectedGain(model, [0.3, 1, 5]).gain)).toBe(true);
  });

  it("corrects by weights what escalation left out", () => {
    // Items above 0.5 are known only where an audit drew them, one in ten; unweighted, the share right is that of the rest.
    const kept = drawn.filter(({ signals: [x] }) => x! < 0.5 || random() < 0.1);
    const known = kept.map((item) => ({ ...item, signals: [1], weight: item.signals[0]! < 0.5 ? 1 : 10 }));
    const truth = drawn.filter(({ smallRight }) => smallRight).length / drawn.length;
    const unweighted = known.map(({ weight: _, ...item }) => item);
    expect(expectedGain(fitGain(known), [1]).small).toBeCloseTo(truth, 1);
    expect(expectedGain(fitGain(unweighted), [1]).small).toBeLessThan(truth - 0.1);
  });

  it("refuses no items, ragged ones and signals that are no numbers", () => {
    expect(() => fitGain([])).toThrow(expect.objectContaining({ code: "E_GAIN_EMPTY" }));
    expect(() => fitGain([drawn[0]!, { ...drawn[1]!, signals: [1] }])).toThrow(
      expect.objectContaining({ code: "E_SIGNALS" }),
    );
    expect(() => expectedGain(fitGain(drawn.slice(0, 9)), [Number.NaN, 1])).toThrow(
      expect.objectContaining({ code: "E_SIGNALS" }),
    );
  });

  it("reads the signals of a question from its options' probabilities", () => {
    const [margin, cut, top, gap, entropy, ...options] = gainSignals([0.2, 0.7, 0.1]);
    expect(margin).toBeCloseTo(Math.log(3.5), 12);
    expect([cut, top]).toEqual([1, 0.7]);
    expect(gap).toBeCloseTo(0.5, 12);
    expect(entropy).toBeGreaterThan(0.7);
    expect(options).toEqual([0, 1, 0, 0, margin, 0]);
    expect(gainSignals([0.5, 0.5])[4]).toBeCloseTo(1, 12);
    expect(() => gainSignals([1])).toThrow(expect.objectContaining({ code: "E_PROBABILITIES" }));
    expect(() => gainSignals([1, Number.NaN])).toThrow(expect.objectContaining({ code: "E_PROBABILITIES" }));
  });
});

describe("gain against confidence on 12,032 questions of MMLU-Pro, by category (f.24)", () => {
  const fixture = new URL("../../fixtures/escalation/mmlupro-pairs.csv.gz", import.meta.url);
  const lines = gunzipSync(readFileSync(fixture)).toString().trimEnd().split("\n").slice(1);
  const questions = lines.map((line) => line.split(","));
  const categories = [...new Set(questions.map(([, category]) => category))];
  const costs = { error: 1, large: 0, human: 1, abstain: Number.POSITIVE_INFINITY };

  interface Judged extends BothKnown {
    readonly bothWrong: boolean;
  }
  const pair = (small: number): Judged[] =>
    questions.map((row) => {
      const [smallRight, largeRight] = [row[small] === "1", row[5] === "1"];
      const signals = categories.map((name) => Number(name === row[1]));
      return { signals, smallRight, largeRight, bothWrong: !smallRight && !largeRight };
    });

  const review = 0.15;
  const nth = (values: readonly number[], share: number): number =>
    values.toSorted((a, b) => b - a)[Math.floor(share * values.length)]!;

  /** Fits on one half and decides the other, both ways spending the same: by gain, and by doubt alone. As many go to a person. */
  function compare(items: readonly Judged[], spends: readonly number[], seed: number) {
    const order = shuffle(items, seededRandom(seed));
    const [tune, test] = [order.slice(0, order.length / 2), order.slice(order.length / 2)];
    const model = fitGain(tune);
    const random = seededRandom(seed);
    // Within a category all are alike; the same coin breaks the ties of both rules.
    const judged = test.map((item) => ({ item, tie: 1e-6 * random(), ...expectedGain(model, item.signals) }));
    const rule = (by: "gain" | "doubt", spend: number) => {
      const urgency = (one: (typeof judged)[number]): number => (by === "gain" ? one.gain : 1 - one.small) + one.tie;
      // The shadow prices are what the first item left out would have paid.
      const money = nth(judged.map(urgency), spend);
      const prices = { money: Math.max(0, money), reviewer: 0 };
      const escalates = judged.map((one) => {
        if (by === "doubt") return urgency(one) > money;
        const large = Math.min(1, one.large + one.tie);
        return deferBeforeLarge({ small: one.small, large, acceptable: true }, costs, prices).kind === "escalate";
      });
      // Doubt alone has no opinion of the large model: what it sent up stands.
      const losses = judged.map((one, at) => (escalates[at] ? (by === "gain" ? 1 - one.large : 0) : 1 - one.small));
      const reviewer = nth(
        losses.map((loss, at) => loss + judged[at]!.tie),
        review,
      );
      const toPerson = losses.map((loss, at) => {
        const stands = Math.max(0, 1 - loss - judged[at]!.tie);
        return deferAfterLarge({ large: stands }, { ...costs, human: 0 }, { money: 0, reviewer }).kind === "human";
      });
      const bothWrong = judged.filter(({ item }) => item.bothWrong).length;
      const right = judged.filter(({ item }, at) => (escalates[at] ? item.largeRight : item.smallRight)).length;
      return {
        spent: escalates.filter(Boolean).length / judged.length,
        reviewed: toPerson.filter(Boolean).length / judged.length,
        quality: right / judged.length,
        bothWrongToPerson: judged.filter(({ item }, at) => item.bothWrong && toPerson[at]).length / bothWrong,
      };
    };
    return spends.map((spend) => ({ spend, gain: rule("gain", spend), doubt: rule("doubt", spend) }));
  }

  it.each([
    ["Yi-6B", 3],
    ["Llama-3.1-8B", 4],
  ])("is at least as good at the same spend, and sends more of what both get wrong to a person: %s", (_, small) => {
    const runs = [1, 2, 3, 4, 5].flatMap((seed) => compare(pair(small), [0.2, 0.3, 0.5], seed));
    const mean = (of: (run: (typeof runs)[number]) => number): number =>
      runs.reduce((sum, run) => sum + of(run), 0) / runs.length;
    for (const { spend, gain, doubt } of runs) {
      for (const rule of [gain, doubt]) {
        expect(rule.spent).toBeCloseTo(spend, 2);
        expect(rule.reviewed).toBeCloseTo(review, 2);
      }
    }
    expect(mean(({ gain }) => gain.quality)).toBeGreaterThanOrEqual(mean(({ doubt }) => doubt.quality));
    expect(mean(({ gain }) => gain.bothWrongToPerson)).toBeGreaterThan(mean(({ doubt }) => doubt.bothWrongToPerson));
    expect(mean(({ gain }) => gain.bothWrongToPerson)).toBeGreaterThan(review);
  });
});
