import { spawnSync } from "node:child_process";
import fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import { banking8, loadTickets } from "../data/tickets.ts";
import { seededRandom, shuffle } from "../guarantee/random.ts";
import type { LearnedModel } from "./learned.ts";
import { learnedDigest, learnedFromBytes, learnedToBytes } from "./learned-bytes.ts";
import { modelOf, type Training, train } from "./train.ts";
import { trainInBackground } from "./trainer.ts";
import type { TrainingSet } from "./training-set.ts";

const options = Object.keys(banking8().options);
let past: TrainingSet;
let later: { readonly texts: readonly string[]; readonly labels: readonly string[] };
let trained: Training;

beforeAll(async () => {
  const { fold } = banking8();
  const [before, after] = [(await loadTickets("train")).slice(0, 450), (await loadTickets("test")).slice(0, 400)];
  past = { options, texts: before.map(({ text }) => text), labels: before.map(({ intent }) => fold[intent]!) };
  later = { texts: after.map(({ text }) => text), labels: after.map(({ intent }) => fold[intent]!) };
  trained = train(past);
});

const accuracy = (model: LearnedModel): number => {
  const right = later.texts.filter((text, row) => {
    const { probabilities } = model.decide(text);
    return options[probabilities.indexOf(Math.max(...probabilities))] === later.labels[row];
  });
  return right.length / later.texts.length;
};
/** A word that no other row has. */
const own = (row: number): string => `own${String.fromCharCode(97 + Math.floor(row / 26), 97 + (row % 26))}`;
const sum = (values: Iterable<number>): number => [...values].reduce((total, value) => total + value, 0);

describe("words alone, after 450 real tickets", () => {
  test("are right on more than 72 of 100 others, and shuffled labels are not", () => {
    expect(accuracy(modelOf(trained))).toBeGreaterThan(0.72);
    const control = train({ ...past, labels: shuffle(past.labels, seededRandom(1)) });
    expect(accuracy(modelOf(control))).toBeLessThan(0.35);
  });

  test("know from cross-validation how right they are, within what 450 items can tell", () => {
    expect(Math.abs(trained.compared[0]!.accuracy - accuracy(modelOf(trained)))).toBeLessThan(0.07);
  });

  test("give probabilities that sum to 1, for any text and out of fold", () => {
    const model = modelOf(trained);
    fc.assert(
      fc.property(fc.string({ unit: "grapheme" }), (text) => {
        const { probabilities } = model.decide(text);
        expect(sum(probabilities)).toBeCloseTo(1, 9);
        expect(probabilities.every((p) => p >= 0)).toBe(true);
      }),
    );
    for (let row = 0; row < past.texts.length; row++) {
      expect(sum(trained.outOfFold.subarray(row * options.length, (row + 1) * options.length))).toBeCloseTo(1, 5);
    }
  });

  test("say the same of every text without a known word", () => {
    const model = modelOf(trained);
    const [one, other] = [model.decide("zzyzx qwrtp"), model.decide("")];
    expect([...one.probabilities]).toEqual([...other.probabilities]);
    expect(Math.max(...one.probabilities)).toBeLessThan(0.6);
  });

  test("are the same model from the same labels in another order, within tolerance", () => {
    const order = shuffle([...past.texts.keys()], seededRandom(3));
    const again = modelOf(
      train({ ...past, texts: order.map((row) => past.texts[row]!), labels: order.map((row) => past.labels[row]!) }),
    );
    const model = modelOf(trained);
    for (const text of later.texts) {
      const [a, b] = [model.decide(text).probabilities, again.decide(text).probabilities];
      for (const [option, p] of a.entries()) expect(Math.abs(p - b[option]!)).toBeLessThan(0.02);
    }
  });

  test("learn on from where they were", () => {
    const warm = train(past, trained.warm);
    expect(accuracy(modelOf(warm))).toBeGreaterThan(0.72);
    expect(warm.compared[0]!.loss).toBeCloseTo(trained.compared[0]!.loss, 1);
  });
});

describe("a model as bytes", () => {
  test("comes back exactly, and its digest is that of its content", () => {
    const bytes = learnedToBytes(trained.state);
    expect(learnedFromBytes(bytes)).toEqual(trained.state);
    // A view into a larger buffer, at an odd place.
    const moved = new Uint8Array(bytes.length + 3);
    moved.set(bytes, 3);
    expect(learnedFromBytes(moved.subarray(3))).toEqual(trained.state);
    expect(learnedDigest(train(past).state)).toBe(learnedDigest(trained.state));
    const intercepts = trained.state.intercepts.map((value, index) => (index === 0 ? value + 1e-6 : value));
    expect(learnedDigest({ ...trained.state, intercepts })).not.toBe(learnedDigest(trained.state));
  });

  test("is refused when any byte is another, or some are missing", () => {
    const bytes = learnedToBytes(trained.state);
    fc.assert(
      fc.property(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }), (at, by) => {
        const changed = Uint8Array.from(bytes);
        changed[at]! ^= by;
        expect(() => learnedFromBytes(changed)).toThrow("no learned model");
      }),
      { numRuns: 30 },
    );
    expect(() => learnedFromBytes(bytes.subarray(0, bytes.length - 1))).toThrow("they were changed");
    expect(() => learnedFromBytes(new Uint8Array(0))).toThrow("begin otherwise");
  });
});

describe("numbers beside the words", () => {
  const rows = Array.from({ length: 60 }, (_, row) => row);
  const labels = rows.map((row) => `team ${row % 3}`);
  const values = Float32Array.from(rows.flatMap((row) => [0, 1, 2].map((at) => (at === row % 3 ? 900 : 100))));
  const set: TrainingSet = {
    options: ["team 0", "team 1", "team 2", "team 3"],
    texts: rows.map(own),
    labels,
    dense: { width: 3, values },
    blocks: [{ name: "sketch", width: 3, scaling: "standard" }],
  };

  test("decide where the words say nothing, on any scale", () => {
    const model = modelOf(train(set));
    const { probabilities, unlearned } = model.decide("never seen", { dense: Float32Array.of(100, 900, 100) });
    expect(probabilities[1]).toBeGreaterThan(0.8);
    expect(unlearned).toEqual(["team 3"]);
    expect(probabilities[3]).toBe(0);
  });

  test("must be there, all of them and finite", () => {
    const model = modelOf(train(set));
    for (const dense of [undefined, Float32Array.of(1, 2), Float32Array.of(1, 2, Number.NaN)]) {
      expect(() => model.decide("x", { dense })).toThrow("3 numbers of dense");
    }
  });

  test("an option without an example keeps its zero-shot probability, and the others share the rest", () => {
    const zeroShot = Float32Array.from(labels.flatMap((_, row) => [0, 1, 2, 3].map((at) => (at === row % 3 ? 2 : 0))));
    const training = train({ ...set, zeroShot });
    const scores = [0, 0, 0, 5];
    const { probabilities, unlearned } = modelOf(training).decide("x", {
      dense: Float32Array.of(900, 100, 100),
      zeroShot: scores,
    });
    const temperature = training.state.zeroShotTemperature;
    const prior = Math.exp(5 / temperature) / (3 + Math.exp(5 / temperature));
    expect(probabilities[3]).toBeCloseTo(prior, 6);
    expect(sum(probabilities)).toBeCloseTo(1, 9);
    expect(unlearned).toEqual(["team 3"]);
  });
});

describe("scores that need no label", () => {
  const random = seededRandom(6);
  const few = Array.from({ length: 60 }, (_, row) => row % 3);
  const set: TrainingSet = {
    options: ["a", "b", "c"],
    texts: few.map((_, row) => own(row)),
    labels: few.map((label) => "abc"[label]!),
  };
  const cosines = (strength: number): Float32Array =>
    Float32Array.from(
      few.flatMap((label) => [0, 1, 2].map((at) => 0.3 + 0.05 * random() + (at === label ? strength : 0))),
    );

  test("decide while labels add nothing to them", () => {
    const training = train({ ...set, zeroShot: cosines(0.04) });
    expect(training.state.basis).not.toBe("learned");
    const zeroShot = training.compared.find(({ basis }) => basis === "zero-shot")!;
    expect(zeroShot.accuracy).toBeGreaterThan(0.8);
    const { probabilities } = modelOf(training).decide("new", { zeroShot: [0.32, 0.33, 0.39] });
    expect(probabilities[2]).toBeGreaterThan(0.5);
  });

  test("are left when they say nothing and the labels say much", () => {
    const texts = few.map((label, row) => `${["lost card", "top up", "exchange rate"][label]} ${own(row)}`);
    const training = train({ ...set, texts, zeroShot: cosines(0) });
    expect(training.state.basis).not.toBe("zero-shot");
    const { probabilities } = modelOf(training).decide("my lost card", { zeroShot: [0.3, 0.3, 0.3] });
    expect(probabilities[0]).toBeGreaterThan(0.6);
  });
});

test("what cannot be learned from is refused with its reason", () => {
  const set: TrainingSet = {
    options: ["a", "b"],
    texts: ["v w", "w x", "x y", "y z", "z v"],
    labels: ["a", "b", "a", "b", "a"],
  };
  expect(() => train(set)).not.toThrow();
  expect(() => train({ ...set, labels: ["a", "b", "a", "b", "c"] })).toThrow('"c" is none of the options');
  expect(() => train({ ...set, labels: ["a", "a", "a", "a", "a"] })).toThrow("fewer than two options");
  expect(() => train({ ...set, texts: ["v w", "V W!", "x y", "y z", "z v"] })).toThrow("fewer than five");
  expect(() => train({ ...set, labels: ["a", "b"] })).toThrow("5 texts and 2 labels");
  expect(() => train({ ...set, weights: [1, 1, 0, 1, 1] })).toThrow("positive number");
  expect(() => train({ ...set, dense: { width: 2, values: new Float32Array(9) } })).toThrow("9 dense numbers");
  expect(() => train({ ...set, zeroShot: new Float32Array(10).fill(Number.NaN) })).toThrow("not finite");
});

describe("in the background", () => {
  const small = (): TrainingSet => ({ ...past, texts: past.texts.slice(0, 80), labels: past.labels.slice(0, 80) });

  test("the same bytes come out", async () => {
    const training = await trainInBackground(small(), { staysAlive: true });
    expect(learnedDigest(training.state)).toBe(learnedDigest(train(small()).state));
  });

  test("what is wrong with the set is said as it is in this thread", async () => {
    const wrong = { ...small(), options: ["none"] };
    await expect(trainInBackground(wrong, { staysAlive: true })).rejects.toMatchObject({
      name: "UsageError",
      code: "E_LEARN",
    });
  });

  test("aborting ends it with the signal's reason, before and while it works", async () => {
    const reason = new Error("enough");
    await expect(trainInBackground(past, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    const controller = new AbortController();
    const training = trainInBackground(past, { signal: controller.signal, staysAlive: true });
    controller.abort(reason);
    await expect(training).rejects.toBe(reason);
  });

  test.each([
    [false, ""],
    [true, "trained"],
  ])("a process that stays alive for it (%s) says: %j", (staysAlive, said) => {
    const program = `
      import { trainInBackground } from ${JSON.stringify(new URL("trainer.ts", import.meta.url).href)};
      const set = ${JSON.stringify(small())};
      trainInBackground(set, { staysAlive: ${staysAlive} }).then(() => process.stdout.write("trained"));`;
    const { stdout, status, stderr } = spawnSync(process.execPath, ["--input-type=module", "-e", program], {
      encoding: "utf8",
    });
    expect({ stdout, status, stderr }).toEqual({ stdout: said, status: 0, stderr: "" });
  });
});
