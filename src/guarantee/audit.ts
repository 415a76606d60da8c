/**
 * Which accepted decisions are checked afterwards. A coin that the content cannot influence, with a probability that is
 * on record before the answer is used: without both, an estimate of what stands wrongly is a guess.
 */

import { hash } from "node:crypto";
import { UsageError } from "../core/errors.ts";

/** A decision that stood, with its coin. Whole before the answer is used; the audit's result comes later, elsewhere. */
export interface AuditRecord {
  /** What the coin was thrown for: see `auditUnit`. */
  readonly decision: string;
  /** The state of the step at that moment, which set the rate. */
  readonly state: string;
  /** Probability of being audited, above 0 and at most 1. */
  readonly propensity: number;
  readonly drawn: boolean;
  /** Expected error before any label of this decision, 0 to 1; `null` when nobody had one. See estimate.ts. */
  readonly expectedError: number | null;
  /** Code over all of the above under the secret: a propensity written over later no longer fits. */
  readonly seal: string;
}

/** What a coin is thrown for, and how likely it is to fall on the audited side. */
export interface AuditDraw {
  readonly decision: string;
  readonly state: string;
  readonly propensity: number;
  readonly expectedError?: number | null;
}

/** HMAC-SHA256 of a list of texts. As JSON, so that no two lists share a message; `use` keeps coins and seals apart. */
function code(
  secret: Uint8Array,
  use: "coin" | "seal",
  parts: readonly unknown[],
  encoding: "hex" | "base64url",
): string {
  if (secret.length < 16) {
    throw new UsageError("E_SECRET", `the audits' secret has ${secret.length} bytes; take 32 random ones`);
  }
  return hmac(secret, JSON.stringify([use, ...parts]), encoding);
}

const BLOCK = 64;
const DIGEST = 32;

/**
 * What both passes begin with, for one secret (RFC 2104). Every decision that stands takes two of these codes, and to hash
 * twice in one call each takes half of the time of an Hmac object.
 */
interface Pads {
  readonly of: Uint8Array;
  readonly inner: Buffer;
  readonly outer: Buffer;
}

let pads: Pads | null = null;

function padsOf(secret: Uint8Array): Pads {
  const key = secret.length > BLOCK ? Buffer.from(hash("sha256", secret, "hex"), "hex") : secret;
  const [inner, outer] = [Buffer.alloc(4096), Buffer.alloc(BLOCK + DIGEST)];
  for (let index = 0; index < BLOCK; index++) {
    inner[index] = (key[index] ?? 0) ^ 0x36;
    outer[index] = (key[index] ?? 0) ^ 0x5c;
  }
  return { of: Uint8Array.from(secret), inner, outer };
}

function hmac(secret: Uint8Array, message: string, encoding: "hex" | "base64url"): string {
  if (!pads || !isSame(pads.of, secret)) pads = padsOf(secret);
  const { inner, outer } = pads;
  // A letter takes three bytes of UTF-8 at most.
  const isLong = 3 * message.length > inner.length - BLOCK;
  const first = isLong
    ? Buffer.concat([inner.subarray(0, BLOCK), Buffer.from(message)])
    : inner.subarray(0, BLOCK + inner.write(message, BLOCK));
  outer.write(hash("sha256", first, "hex"), BLOCK, "hex");
  return hash("sha256", outer, encoding);
}

function isSame(a: Uint8Array, b: Uint8Array): boolean {
  if (a === b) return true;
  if (a.length !== b.length) return false;
  for (let index = 0; index < a.length; index++) if (a[index] !== b[index]) return false;
  return true;
}

/**
 * The decision id that a coin is thrown for: the item's cluster under one version, so that 5,000 copies of an item share
 * one coin, are audited once or not at all, and count once: the first record stands for all. A new version throws anew. Where few clusters recur for
 * months the coins would run out; `period` (a day, say) throws again each time, and a burst inside it is still one draw.
 */
export function auditUnit(version: string, cluster: string, period = ""): string {
  return JSON.stringify([version, cluster, period]);
}

/** The coin of a decision: uniform on [0, 1) to whoever does not know the secret. 53 bits of HMAC-SHA256. */
export function auditCoin(secret: Uint8Array, decision: string): number {
  const digest = code(secret, "coin", [decision], "hex");
  const [high, low] = [Number.parseInt(digest.slice(0, 8), 16), Number.parseInt(digest.slice(8, 16), 16)];
  return (high * 2 ** 21 + (low >>> 11)) / 2 ** 53;
}

/** Whether a coin falls on the audited side. A larger propensity draws all that a smaller one draws. */
export function isDrawn(coin: number, propensity: number): boolean {
  return coin < propensity;
}

/** Throws the coin of a decision and seals what was thrown. */
export function drawAudit(
  secret: Uint8Array,
  { decision, state, propensity, expectedError = null }: AuditDraw,
): AuditRecord {
  refuseBadRate("propensity", propensity);
  const drawn = isDrawn(auditCoin(secret, decision), propensity);
  const record = { decision, state, propensity, drawn, expectedError };
  return { ...record, seal: sealOf(secret, record) };
}

function sealOf(secret: Uint8Array, record: Omit<AuditRecord, "seal">): string {
  const { decision, state, propensity, drawn, expectedError } = record;
  return code(secret, "seal", [decision, state, propensity, drawn, expectedError], "base64url").slice(0, 22);
}

/** What is wrong with a record, or with the list as a whole. */
export interface AuditFault {
  readonly decision: string;
  readonly kind: "seal" | "coin" | "propensity" | "twice" | "absent";
}

/**
 * Every fault of a list of records: a seal that does not fit (something was written over), a draw that is not the
 * coin's, a propensity that is none, a decision that is there twice, and one of `accepted` that is not there at all.
 * Whoever has the secret can forge records; who has only the records cannot.
 */
export function verifyAudits(
  records: readonly AuditRecord[],
  secret: Uint8Array,
  accepted: readonly string[] = [],
): readonly AuditFault[] {
  const faults: AuditFault[] = [];
  const seen = new Set<string>();
  for (const record of records) {
    const { decision, propensity, drawn } = record;
    const fault = (kind: AuditFault["kind"]): number => faults.push({ decision, kind });
    if (seen.has(decision)) fault("twice");
    seen.add(decision);
    if (sealOf(secret, record) !== record.seal) fault("seal");
    if (!isRate(propensity)) fault("propensity");
    if (isDrawn(auditCoin(secret, decision), propensity) !== drawn) fault("coin");
  }
  for (const decision of new Set(accepted)) if (!seen.has(decision)) faults.push({ decision, kind: "absent" });
  return faults;
}

export interface Allocation {
  /** Audits per accepted decision, on average. */
  readonly rate: number;
  /** No decision is audited with a smaller probability: the largest weight of an audit is rate / floor. */
  readonly floor?: number;
}

/**
 * Propensities that spend audits where the outcome is least certain: proportional to sqrt(q (1 - q)), q the expected
 * error (Neyman allocation), 70 parts to 30 of the same for all, so that no weight exceeds 3.4 and a wrong q costs
 * little. `expected` are the q of recent accepted decisions, labels not needed: they set the scale.
 */
export function allocateAudits(
  { rate, floor = 0 }: Allocation,
  expected: readonly number[],
): (expectedError: number) => number {
  refuseBadRate("rate", rate);
  if (!(floor >= 0 && floor <= rate)) {
    throw new UsageError("E_PROPENSITY", `the floor lies between 0 and the rate ${rate}, not at ${floor}`, {
      value: floor,
    });
  }
  const scale = expected.reduce((sum, q) => sum + spread(q), 0) / expected.length;
  return (q) => {
    const share = scale > 0 ? spread(q) / scale : 1;
    return Math.min(1, Math.max(floor, rate * (0.3 + 0.7 * share)));
  };
}

/** Standard deviation of an outcome with this expected error. An unknown one counts as most uncertain. */
function spread(expectedError: number): number {
  return expectedError >= 0 && expectedError <= 1 ? Math.sqrt(expectedError * (1 - expectedError)) : 0.5;
}

function isRate(value: number): boolean {
  return value > 0 && value <= 1;
}

function refuseBadRate(name: string, value: number): void {
  if (isRate(value)) return;
  throw new UsageError("E_PROPENSITY", `a ${name} lies above 0 and at most at 1, not at ${value}`, { value });
}
