import { createHmac } from "node:crypto";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type AuditRecord, allocateAudits, auditCoin, auditUnit, drawAudit, isDrawn, verifyAudits } from "./audit.ts";
import { certificateProcess, eValue, observe } from "./e-process.ts";

const secret = Uint8Array.from({ length: 32 }, (_, index) => index);
const unit = (index: number): string => auditUnit("v1", `cluster ${index}`);

test("coins are uniform, the same again, and others under another secret or version", () => {
  const coins = Array.from({ length: 5000 }, (_, index) => auditCoin(secret, unit(index)));
  for (let tenth = 0; tenth < 10; tenth++) {
    const inside = coins.filter((coin) => coin >= tenth / 10 && coin < (tenth + 1) / 10).length;
    expect(Math.abs(inside - 500)).toBeLessThan(4 * Math.sqrt(450));
  }
  expect(auditCoin(secret, unit(7))).toBe(coins[7]);
  expect(
    auditCoin(
      secret.map((byte) => byte ^ 1),
      unit(7),
    ),
  ).not.toBe(coins[7]);
  expect(auditCoin(secret, auditUnit("v2", "cluster 7"))).not.toBe(coins[7]);
  expect(() => auditCoin(new Uint8Array(8), "x")).toThrow("8 bytes");
});

test("no two units share an id, and what one rate draws a higher one draws too", () => {
  expect(auditUnit("a", "b,c")).not.toBe(auditUnit("a,b", "c"));
  expect(auditUnit("a", 'b"', "c")).not.toBe(auditUnit("a", "b", '"c'));
  const rate = fc.double({ min: 0.001, max: 1, noNaN: true });
  fc.assert(
    fc.property(fc.string(), rate, rate, (decision, a, b) => {
      const coin = auditCoin(secret, decision);
      expect(isDrawn(coin, Math.min(a, b)) && !isDrawn(coin, Math.max(a, b))).toBe(false);
    }),
  );
});

test("coins and seals are HMAC-SHA256 as the platform's own, whatever the length of secret and message", () => {
  const secrets = fc.uint8Array({ minLength: 16, maxLength: 100 });
  const texts = fc.oneof(
    fc.string({ unit: "binary" }),
    fc.constant("x".repeat(5000)),
    fc.constant("\u{1f600}".repeat(1200)),
  );
  fc.assert(
    fc.property(secrets, texts, texts, (key, decision, state) => {
      const own = (...parts: unknown[]): Buffer => createHmac("sha256", key).update(JSON.stringify(parts)).digest();
      const coin = Number(own("coin", decision).readBigUInt64BE() >> 11n) / 2 ** 53;
      expect(auditCoin(key, decision)).toBe(coin);
      const { drawn, seal } = drawAudit(key, { decision, state, propensity: 0.5 });
      expect(drawn).toBe(coin < 0.5);
      expect(seal).toBe(own("seal", decision, state, 0.5, drawn, null).toString("base64url").slice(0, 22));
    }),
  );
});

test("5,000 copies of an item are one draw, and count as one audit", () => {
  const rows = Array.from({ length: 5000 }, () =>
    drawAudit(secret, { decision: unit(1), state: "watch", propensity: 1 }),
  );
  const counted = new Map(rows.map((row) => [row.decision, row]));
  expect(counted.size).toBe(1);
  const start = certificateProcess(0.02);
  expect(eValue(observe(start, 0, counted.size))).toBeLessThan(1.02);
  expect(eValue(observe(start, 0, rows.length)), "(control) counted as rows they would certify").toBeGreaterThan(1e9);
});

describe("replaying a log", () => {
  const log = Array.from({ length: 2000 }, (_, index) =>
    drawAudit(secret, { decision: unit(index), state: "certified", propensity: 0.02, expectedError: 0.01 }),
  );
  const accepted = log.map(({ decision }) => decision);
  const drawn = log.findIndex((record) => record.drawn);
  const changed = (index: number, change: Partial<AuditRecord>): readonly AuditRecord[] =>
    log.with(index, { ...log[index]!, ...change });

  test("finds every coin as it was", () => {
    expect(log.filter((record) => record.drawn).length).toBeGreaterThan(10);
    expect(verifyAudits(log, secret, accepted)).toEqual([]);
    expect(verifyAudits(JSON.parse(JSON.stringify(log)) as AuditRecord[], secret, accepted)).toEqual([]);
  });

  test.each([
    ["a propensity that was raised", { propensity: 0.5 }],
    ["a propensity that was lowered a little", { propensity: 0.0199999 }],
    ["a draw that was taken back", { drawn: false }],
    ["another state", { state: "watch" }],
    ["another expected error", { expectedError: 0.5 }],
    ["a propensity that is none", { propensity: Number.NaN }],
  ])("finds %s", (_what, change) => {
    const faults = verifyAudits(changed(drawn, change), secret);
    expect(faults).toContainEqual({ decision: log[drawn]!.decision, kind: "seal" });
    expect(faults.every(({ decision }) => decision === log[drawn]!.decision)).toBe(true);
  });

  test("finds a draw that somebody with the secret sealed against the coin", () => {
    const other = drawAudit(secret, { decision: unit(9999), state: "certified", propensity: 1 });
    const forged = { ...other, drawn: false };
    expect(verifyAudits([forged], secret).map(({ kind }) => kind)).toEqual(["seal", "coin"]);
  });

  test("finds what is absent, what is there twice, and a log under another secret", () => {
    const { decision } = log[drawn]!;
    expect(verifyAudits(log.toSpliced(drawn, 1), secret, accepted)).toEqual([{ decision, kind: "absent" }]);
    expect(verifyAudits([...log, log[drawn]!], secret, accepted)).toEqual([{ decision, kind: "twice" }]);
    expect(
      verifyAudits(
        log,
        secret.map((byte) => byte ^ 1),
      ).length,
    ).toBeGreaterThanOrEqual(log.length);
  });
});

describe("an allocation", () => {
  const expected = Array.from({ length: 400 }, (_, index) => ((index + 1) / 401) ** 3 / 2);

  test("spends its rate, most where the outcome is least certain, and weighs nothing above 3.4", () => {
    const of = allocateAudits({ rate: 0.02 }, expected);
    const rates = expected.map(of);
    expect(rates.reduce((sum, rate) => sum + rate, 0) / rates.length).toBeCloseTo(0.02, 9);
    expect(rates).toEqual(rates.toSorted((a, b) => a - b));
    expect(0.02 / Math.min(...rates)).toBeLessThan(3.4);
    expect(of(Number.NaN), "an unknown error counts as most uncertain").toBe(of(0.5));
  });

  test("keeps its floor, gives everybody the rate when nothing is uncertain, and refuses a rate of 0", () => {
    const of = allocateAudits({ rate: 0.02, floor: 0.015 }, expected);
    expect(Math.min(...expected.map(of))).toBe(0.015);
    expect(allocateAudits({ rate: 0.02 }, [0, 0])(0)).toBeCloseTo(0.02, 12);
    expect(() => allocateAudits({ rate: 0 }, expected)).toThrow("not at 0");
    expect(() => drawAudit(secret, { decision: "x", state: "cold", propensity: 0 })).toThrow("not at 0");
    expect(() => allocateAudits({ rate: 0.02, floor: 0.1 }, expected)).toThrow("the floor");
  });
});
