import { describe, expect, test } from "vitest";
import {
  logScoreMartingale,
  mixMonitor,
  mixRings,
  rateMonitor,
  rateRings,
  scoreMonitor,
  scoresRing,
  watchMix,
  watchRate,
  watchScore,
} from "./drift.ts";
import { seededRandom } from "./random.ts";

/** Decisions until `rings`, at most `most`; `null` if it never does. */
function until<Monitor>(
  start: Monitor,
  watch: (monitor: Monitor) => Monitor,
  rings: (monitor: Monitor) => boolean,
  most: number,
): number | null {
  let monitor = start;
  for (let seen = 1; seen <= most; seen++) {
    monitor = watch(monitor);
    if (rings(monitor)) return seen;
  }
  return null;
}

const rung = (runs: readonly (number | null)[]): number => runs.filter((run) => run !== null).length;
const median = (runs: readonly (number | null)[]): number =>
  runs.map((run) => run ?? Number.POSITIVE_INFINITY).toSorted((a, b) => a - b)[Math.floor(runs.length / 2)]!;
const times = (count: number, run: () => number | null): readonly (number | null)[] =>
  Array.from({ length: count }, run);

describe("a rate", () => {
  const start = rateMonitor("escalation", { count: 300, of: 1000, limit: 1000 });
  const runs = (random: () => number, share: number): readonly (number | null)[] =>
    times(100, () => until(start, (monitor) => watchRate(monitor, random() < share), rateRings, 1000));

  test("that stays where it was rings falsely in few of 100 streams of 1,000", () => {
    expect(rung(runs(seededRandom(1), 0.3))).toBeLessThanOrEqual(5);
  });

  test.each([
    ["rises", 0.45],
    ["falls", 0.15],
  ])("that %s by half is seen within 200 decisions", (_way, share) => {
    expect(median(runs(seededRandom(2), share))).toBeLessThan(200);
  });

  test("that moves inside its tolerance is no change", () => {
    const tolerant = rateMonitor("escalation", { count: 300, of: 1000, tolerance: 0.6, limit: 1000 });
    const random = seededRandom(3);
    const seen = times(50, () => until(tolerant, (monitor) => watchRate(monitor, random() < 0.45), rateRings, 1000));
    expect(rung(seen)).toBeLessThanOrEqual(3);
  });

  test("that was 0 or 1 in calm times is watched on its open side only", () => {
    expect(rateMonitor("refused", { count: 0, of: 500 }).fall).toBeNull();
    let always = rateMonitor("valid", { count: 500, of: 500, limit: 100 });
    for (let seen = 0; seen < 200; seen++) always = watchRate(always, true);
    expect(rateRings(always)).toBe(false);
    for (let seen = 0; seen < 20; seen++) always = watchRate(always, false);
    expect(rateRings(always)).toBe(true);
    expect(() => rateMonitor("none", { count: 0, of: 0 })).toThrow("no reference");
  });
});

describe("a mix", () => {
  const start = mixMonitor("options", { counts: { approve: 500, refuse: 400, ask: 100 }, limit: 1000 });
  const drawn = (random: () => number, asks: number): string => {
    const at = random();
    return at < asks ? "ask" : at < asks + (1 - asks) * 0.555 ? "approve" : "refuse";
  };
  const runs = (random: () => number, asks: number): readonly (number | null)[] =>
    times(40, () =>
      until(
        start,
        (mix) => watchMix(mix, drawn(random, asks)),
        (mix) => mixRings(mix) !== null,
        1000,
      ),
    );

  test("that stays rings falsely in few of 40 streams; one that shifts is seen", () => {
    expect(rung(runs(seededRandom(4), 0.1))).toBeLessThanOrEqual(2);
    expect(median(runs(seededRandom(5), 0.3))).toBeLessThan(150);
  });

  test("names the class that changed, also one that nobody knew", () => {
    const fed = (names: readonly string[]): string | null => mixRings(names.reduce(watchMix, start));
    expect(fed(Array.from({ length: 60 }, () => "ask"))).toBe("ask");
    expect(fed(Array.from({ length: 20 }, () => "explode"))).toBe("(other)");
    expect(fed([])).toBeNull();
  });
});

describe("scores", () => {
  const gauss = (random: () => number): number =>
    Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  const edgesFrom = seededRandom(6);
  const sample = Array.from({ length: 400 }, () => gauss(edgesFrom)).toSorted((a, b) => a - b);
  const edges = Array.from({ length: 30 }, (_, index) => sample[Math.floor(((index + 1) * 400) / 31)]!);
  const start = (random: () => number, limit = 1000): ReturnType<typeof scoreMonitor> =>
    scoreMonitor({ edges, limit, calibration: Array.from({ length: 500 }, () => gauss(random)) });
  const runs = (random: () => number, shift: number, most: number): readonly (number | null)[] =>
    times(60, () =>
      until(start(random), (monitor) => watchScore(monitor, gauss(random) + shift, random()), scoresRing, most),
    );

  test("that go on as in calibration take more than the limit of 1,000 decisions on average to a false alarm", () => {
    const most = 3000;
    const lengths = runs(seededRandom(7), 0, most).map((run) => run ?? most);
    expect(lengths.reduce((sum, length) => sum + length, 0) / lengths.length).toBeGreaterThan(1000);
  });

  test.each([-0.5, 0.5])("that shift by %d standard deviations are seen within 250 decisions", (shift) => {
    expect(median(runs(seededRandom(8), shift, 1000))).toBeLessThan(250);
  });

  test("the martingale ever reaches 20 in at most 5 of 100 calm streams", () => {
    const random = seededRandom(9);
    const seen = times(200, () =>
      until(
        start(random),
        (monitor) => watchScore(monitor, gauss(random), random()),
        (monitor) => logScoreMartingale(monitor) >= Math.log(20),
        400,
      ),
    );
    expect(rung(seen) / 200).toBeLessThanOrEqual(0.05);
  });

  test("ties are no evidence when the jitter breaks them; (control) without jitter they are", () => {
    const random = seededRandom(10);
    const same = (): ReturnType<typeof scoreMonitor> =>
      scoreMonitor({ edges: [0.5, 0.999], limit: 1000, calibration: Array.from({ length: 300 }, () => 1) });
    const broken = times(40, () => until(same(), (monitor) => watchScore(monitor, 1, random()), scoresRing, 300));
    expect(rung(broken)).toBeLessThanOrEqual(2);
    expect(until(same(), (monitor) => watchScore(monitor, 1, 0), scoresRing, 300)).not.toBeNull();
  });

  test("the monitor survives JSON, and refuses what it cannot rank", () => {
    const monitor = watchScore(start(seededRandom(11)), 0.3, 0.4);
    const back = JSON.parse(JSON.stringify(monitor)) as typeof monitor;
    expect(watchScore(back, 1, 0.2)).toEqual(watchScore(monitor, 1, 0.2));
    expect(() => watchScore(monitor, Number.NaN, 0)).toThrow("not a number");
    expect(() => watchScore(monitor, 1, 1)).toThrow("jitter");
    expect(() => scoreMonitor({ edges: [1, 1], calibration: [1] })).toThrow("ascend");
  });
});
