import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { MemberRecord } from "../core/policy-event.ts";
import { type VersionParts, versionKey } from "./version-key.ts";

const member: MemberRecord = { name: "words", version: "model-a q4", weights: "w1", calibrator: { kind: "raw" } };
const parts: VersionParts = { question: "q1", members: [member], upper: "frontier", upTo: 7 };
const withMember = (more: Partial<MemberRecord>): VersionParts => ({ ...parts, members: [{ ...member, ...more }] });

describe("the key of a version", () => {
  test("is 16 hexadecimal digits, whatever order the fields come in", () => {
    expect(versionKey(parts)).toMatch(/^[0-9a-f]{16}$/);
    const { name, version, weights, calibrator } = member;
    const turned = { upTo: 7, upper: "frontier", members: [{ calibrator, weights, version, name }], question: "q1" };
    expect(versionKey(turned)).toBe(versionKey(parts));
  });

  test("is another for each single thing that its numbers depend on", () => {
    const lower: MemberRecord = { ...member, name: "rules" };
    const keys = [
      parts,
      { ...parts, question: "q2" },
      { ...parts, upper: "another" },
      { ...parts, upTo: 8 },
      withMember({ name: "encoder" }),
      withMember({ version: "model-a q8" }),
      withMember({ weights: "w2" }),
      withMember({ weights: null }),
      withMember({ calibrator: { kind: "temperature", temperature: 1.1 } }),
      withMember({ calibrator: { kind: "temperature", temperature: 1.2 } }),
      withMember({ calibrator: null }),
      { ...parts, members: [lower, member] },
      { ...parts, members: [member, lower] },
      { ...parts, members: [] },
    ].map(versionKey);
    expect(new Set(keys).size).toBe(keys.length);
  });

  test("does not run two neighbouring texts together", () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), fc.string({ minLength: 1 }), (question, upper, moved) => {
        const one = versionKey({ question: question + moved, members: [], upper, upTo: 0 });
        expect(versionKey({ question, members: [], upper: moved + upper, upTo: 0 })).not.toBe(one);
      }),
    );
  });
});
