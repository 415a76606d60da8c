import { describe, expect, test } from "vitest";
import { label, teamQuestion } from "../../test/support/evaluated.ts";
import type { Event } from "../core/event.ts";
import type { PolicyEvent } from "../core/policy-event.ts";
import { type Decision, decisionsOf, historyOf, stateChanges } from "./history.ts";

const met = teamQuestion();

function event(type: PolicyEvent["type"], at: number, more: object): PolicyEvent {
  return { type, question: met.name, version: met.version, at, seq: 0, after: 0, ...more } as PolicyEvent;
}

const figures = { risk: 0.1, delta: 0.05, accepted: 60, wrong: 0, labels: 70, upper: 0.05, threshold: 0.8 };
const made = event("version_made", 20, { key: "k", trainedOn: 250, upTo: 250, grid: [0.9, 0.8], coverage: [0.4, 0.7] });
const issued = event("certificate_issued", 30, { key: "k", after: 330, step: 1, coverage: 0.7, ...figures });
const met0 = event("question_met", 10, { record: met, risk: 0.1 });

describe("the states of a promise", () => {
  test("are those of the record", () => {
    const revoked = event("certificate_revoked", 40, { key: "k", after: 400, why: "too many wrong" });
    const changes = stateChanges(met, 0.1, [met0, made, issued, revoked], []);
    expect(changes.map(({ at, state }) => [at, state])).toEqual([
      [10, "cold"],
      [20, "cold"],
      [30, "probation"],
      [40, "revoked"],
    ]);
    expect(changes[2]?.what).toBe("certified on 70 labels: 0 of 60 wrong, 70.0 % may stay local");
  });

  test("move with the answers of audits, as the policy's own do", () => {
    const audit = (seq: number, isRight: boolean) =>
      label(400 + seq, isRight ? "cards" : "billing", {
        sample: "audit",
        key: "k",
        stood: "cards",
        seq,
        at: 100 + seq,
      });
    const right = Array.from({ length: 60 }, (_, index) => audit(index + 1, true));
    const wrong = Array.from({ length: 60 }, (_, index) => audit(index + 1, false));
    const last = (labels: typeof right) => stateChanges(met, 0.1, [met0, made, issued], labels).at(-1);
    expect(last(right)).toMatchObject({ state: "certified", what: "certified, by the answer to an audit" });
    expect(last(wrong)?.state).toBe("revoked");
    const ofAnother = wrong.map((one) => ({ ...one, key: "other" }));
    expect(last(ofAnother)?.state).toBe("probation");
  });

  test("of another risk or another version of the question are not its own", () => {
    expect(stateChanges(met, 0.2, [met0, made, issued], []).map(({ state }) => state)).toEqual(["cold"]);
    expect(stateChanges({ ...met, version: "x" }, 0.1, [met0, made, issued], [])).toEqual([]);
  });
});

describe("the decisions of a question", () => {
  const answered = (path: string, rung: string, elapsed: number, more: object = {}) =>
    ({ type: "step_answered", path, question: met.version, rung, elapsed, ...more }) as Event;

  test("count where they first came from, once, and one that waits is not local", () => {
    const waits = { type: "step_waiting", path: "team", question: met, elapsed: 4 } as unknown as Event;
    const byPerson = { type: "person_answered", path: "team", value: "cards", by: "ana", elapsed: 9 } as Event;
    const runs = [
      { started: 200, events: [waits, byPerson] },
      { started: 100, events: [answered("team", "words", 5), answered("other", "words", 6, { question: "x" })] },
      { started: 300, events: [answered("team/2", "cache", 1, { origin: { rung: "words", run: "1", path: "team" } })] },
      { started: 400, events: [answered("team", "model", 1)] },
    ];
    expect(decisionsOf(met, runs, (rung) => rung === "words")).toEqual([
      { at: 105, isLocal: true },
      { at: 204, isLocal: false },
      { at: 301, isLocal: true },
      { at: 401, isLocal: false },
    ]);
  });
});

describe("a history", () => {
  const decisions: Decision[] = Array.from({ length: 100 }, (_, index) => ({ at: index, isLocal: index >= 50 }));

  test("has the share kept local among the last decisions, and among all", () => {
    const { window, share, kept } = historyOf([], decisions);
    expect([window, kept, share.length]).toEqual([20, 0.5, 81]);
    const at = (count: number) => share.find((point) => point.decisions === count)?.share;
    expect([at(20), at(50), at(60), at(70), at(100)]).toEqual([0, 0, 0.5, 1, 1]);
  });

  test("has each state from the decision on at which it began", () => {
    const change = (at: number, state: "cold" | "probation" | "revoked") => ({ at, state, what: "" });
    const changes = [change(-5, "cold"), change(29.5, "cold"), change(49.5, "probation"), change(89.5, "revoked")];
    expect(historyOf(changes, decisions).spans).toEqual([
      { state: "cold", from: 0, to: 50 },
      { state: "probation", from: 50, to: 90 },
      { state: "revoked", from: 90, to: 100 },
    ]);
  });

  test("of nothing is empty", () => {
    expect(historyOf([], [])).toEqual({ changes: [], decisions: 0, kept: null, window: 0, share: [], spans: [] });
  });
});
