import { describe, expect, test } from "vitest";
import { label, read, teamQuestion } from "../../test/support/evaluated.ts";
import type { CertificateFigures } from "../core/policy-event.ts";
import { wilson } from "../core/wilson.ts";
import { compare } from "./comparison.ts";
import { type EvaluationInput, evaluate } from "./evaluation.ts";
import { frontierPicture } from "./frontier-picture.ts";
import { historyOf } from "./history.ts";
import { historyPicture } from "./history-picture.ts";
import { merged, reliabilityPicture } from "./reliability-picture.ts";
import { type QuestionFacts, writeReport } from "./report.ts";
import { riskCoveragePicture } from "./risk-coverage-picture.ts";

const hostile = `</td><script>alert("x")</script><img src=x onerror=alert(1)>`;
const met = teamQuestion(["billing", hostile]);

const figures: CertificateFigures = {
  threshold: 0.8,
  risk: 0.1,
  delta: 0.05,
  accepted: 30,
  wrong: 0,
  labels: 40,
  error: 0,
  upper: 0.09,
  step: 3,
  coverage: 0.7,
  source: "person",
};

/** Forty labels: the surest thirty are right, the others are not. */
const input: EvaluationInput = {
  met,
  version: { key: "k2", trainedOn: 100 },
  members: ["words"],
  read: Array.from({ length: 40 }, (_, index) =>
    read(index + 1, index < 30 ? "billing" : hostile, "billing", 0.99 - index * 0.005),
  ),
  leftOut: { trained: 100, picked: 7 },
  upper: "model",
  price: { amount: 0.01, unit: "USD" },
  certificate: { ...figures, threshold: 0.99 - 19.5 * 0.005 },
};
const evaluation = evaluate(input);

const secret = "my card number is 4711";
const facts: QuestionFacts = {
  question: "team",
  ask: hostile,
  version: met.version,
  risk: 0.1,
  state: "probation",
  why: "a certificate",
  promise: { says: hostile, truth: null, doesNotSay: [hostile] },
  history: historyOf(
    [{ at: 0, state: "cold", what: hostile }],
    Array.from({ length: 50 }, (_, at) => ({ at, isLocal: at % 2 === 0 })),
  ),
  evaluation,
  notEvaluated: null,
  comparison: compare(met, { before: "k1", after: "k2" }, [
    {
      label: label(1, "billing", { about: secret, decision: hostile }),
      before: [{ value: hostile, p: 1 }],
      after: [{ value: "billing", p: 1 }],
    },
  ]),
};
const pageOf = (questions: readonly QuestionFacts[], withTexts = false): string =>
  writeReport({ journal: `${hostile}.db`, now: 0, questions, contacted: [`other machine ${hostile}`], withTexts });

/** The coordinates of a line of a picture. */
function pointsOf(text: string, name: string): number[][] {
  const points = new RegExp(`class="${name}" points="([^"]*)"`).exec(text)?.[1] ?? "";
  return points.split(" ").map((pair) => pair.split(",").map(Number));
}

describe("the pictures", () => {
  const area = { left: 62, right: 654, top: 14 };

  test("of risk and coverage go through the curve's own points", () => {
    const drawn = riskCoveragePicture(evaluation, 0.1)!.text;
    const points = pointsOf(drawn, "curve");
    expect(points).toHaveLength(40);
    const width = area.right - area.left;
    expect(points[19]![0]).toBeCloseTo(area.left + width / 2, 1);
    expect(points.at(-1)![0]).toBe(area.right);
    // Nothing is wrong until three quarters are kept; from there on it rises.
    const bottom = points[0]![1]!;
    expect(points.slice(0, 30).every(([, y]) => y === bottom)).toBe(true);
    expect(points[39]![1]).toBeLessThan(points[30]![1]!);
    expect(drawn).toContain("certified: 50.0 % kept, 0.0 % of it wrong (0.0 % to 16.1 %)");
  });

  test("of reliability put each group at how sure and how right it was", () => {
    const rows = [0.2, 0.7].map((share, index) => ({
      bin: index + 1,
      items: 10,
      meanConfidence: share,
      accuracy: wilson(share * 10, 10)!,
    }));
    const drawn = reliabilityPicture(rows)!.text;
    const circles = [...drawn.matchAll(/circle cx="([^"]+)" cy="([^"]+)"/g)].map(([, x, y]) => [Number(x), Number(y)]);
    // Where sure and right are the same, a point lies on the diagonal: as far along as it is up.
    const [from, to] = pointsOf(drawn, "diagonal") as [number[], number[]];
    for (const [x, y] of circles) {
      expect((x! - from[0]!) / (to[0]! - from[0]!)).toBeCloseTo((y! - from[1]!) / (to[1]! - from[1]!), 3);
    }
    expect(circles).toHaveLength(2);
    expect(drawn).toContain("10 answers: sure to 70.0 %, right in 70.0 %");
  });

  test("draw groups that would lie upon each other as one, with all their items", () => {
    const row = (bin: number, items: number, meanConfidence: number, right: number) => ({
      bin,
      items,
      meanConfidence,
      accuracy: wilson(right, items)!,
    });
    const rows = merged([row(1, 10, 0.5, 5), row(2, 10, 0.99, 9), row(3, 30, 0.995, 30)]);
    expect(rows.map(({ items, accuracy }) => [items, accuracy.share])).toEqual([
      [10, 0.5],
      [40, 39 / 40],
    ]);
    expect(rows[1]?.meanConfidence).toBeCloseTo(0.99375, 9);
  });

  test("of cost begin where everything goes up, at its price, without an error", () => {
    const drawn = frontierPicture(evaluation)!.text;
    const points = pointsOf(drawn, "curve");
    expect(points[0]).toEqual([area.right, points[10]![1]]);
    expect(points.at(-1)![0]).toBe(area.left);
    expect(points.at(-1)![1]).toBeLessThan(points[0]![1]!);
    expect(drawn).toContain("USD for model, for 1,000 items");
    expect(frontierPicture(evaluate({ ...input, price: null }))!.text).toContain("share that goes up to model");
  });

  test("of time show states as wide as they lasted", () => {
    const decisions = Array.from({ length: 100 }, (_, at) => ({ at, isLocal: at >= 25 }));
    const changes = [
      { at: -1, state: "cold", what: "" },
      { at: 24.5, state: "probation", what: "" },
    ] as const;
    const drawn = historyPicture(historyOf(changes, decisions))!.text;
    const widths = [...drawn.matchAll(/class="state (\w+)" x="[^"]+" y="[^"]+" width="([^"]+)"/g)];
    expect(widths.map(([, state, width]) => [state, Number(width)])).toEqual([
      ["cold", 148],
      ["probation", 444],
    ]);
    expect(pointsOf(drawn, "curve").at(-1)).toEqual([area.right, area.top]);
  });

  test("of nothing are none", () => {
    const silent = evaluate({ ...input, read: [read(1, "billing", null)] });
    expect([riskCoveragePicture(silent, 0.1), frontierPicture(silent), reliabilityPicture([])]).toEqual([
      null,
      null,
      null,
    ]);
    expect(historyPicture(historyOf([], []))).toBeNull();
  });
});

describe("the page", () => {
  test("runs nothing and loads nothing, whatever the data say", () => {
    const text = pageOf([facts], true);
    expect(text).not.toMatch(/<(script|img|iframe|link|object|a)[\s>]/i);
    expect(text).not.toMatch(/<[^>]*\s(src|href|onerror|onload)=/i);
    expect(text).toContain("&lt;script&gt;alert(&quot;x&quot;)&lt;/script&gt;");
    expect(text).toContain("default-src 'none'");
    // (control) The same data would do harm if they were put in as they are.
    expect(`<td>${hostile}</td>`).toMatch(/<[^>]*\s(src|href|onerror|onload)=/i);
  });

  test("holds the texts of items only where that was asked for", () => {
    expect(pageOf([facts])).not.toContain(secret);
    expect(pageOf([facts])).toContain("It holds no text of an item");
    expect(pageOf([facts], true)).toContain(secret);
  });

  test("shows no number that is none, also where nothing is known", () => {
    const bare: QuestionFacts = {
      ...facts,
      state: "cold",
      why: "too few labels",
      promise: null,
      history: historyOf([], []),
      evaluation: null,
      notEvaluated: "not enough labels: 130 more",
      comparison: null,
    };
    const silent = {
      ...bare,
      evaluation: evaluate({ ...input, read: [read(1, "billing", null)], certificate: figures }),
    };
    for (const text of [pageOf([]), pageOf([bare]), pageOf([silent]), pageOf([facts, bare])]) {
      expect(text).not.toMatch(/\b(NaN|Infinity|undefined|null)\b/);
      expect(text.match(/<(section|table|figure|div|svg|p)[\s>]/g)?.length).toBe(
        text.match(/<\/(section|table|figure|div|svg|p)>/g)?.length,
      );
    }
    expect(pageOf([bare])).toContain("not enough labels: 130 more");
    expect(pageOf([bare])).toContain("Nothing is promised: <bdi>too few labels</bdi>.");
  });

  test("says the promise, the figures and the flips", () => {
    const text = pageOf([facts]);
    expect(text).toContain("right if nothing went up, 59.8 % to 85.8 %, on 40 labels");
    expect(text).toContain("1,000 items cost 5 at the certified threshold and 10 without local rungs");
    expect(text).toMatch(/class="good">fixed/);
  });
});
