/** The ladder under a promise: what a governed rung may not let stand goes up, with a reason that a person can read. */

import { describe, expect, test } from "vitest";
import { loopOf } from "../../test/support/loops.ts";
import { certified, oracle, reader, secret, sure, teams, World } from "../../test/support/promises.ts";
import { bench, outcomeOf } from "../../test/support/run-loop.ts";
import type { Reply } from "../core/answer.ts";
import { ModelError } from "../core/errors.ts";
import type { StepAnswered } from "../core/event.ts";
import { noUsage } from "../core/usage.ts";
import { reasonsOf } from "../gate/reason.ts";
import { memoryJournal } from "../journal/memory.ts";
import type { Rung } from "../rung/rung.ts";

const world = new World();
const { text } = world.ticket(1);
const asks = loopOf(
  async (step) =>
    (await step.choose("team", { about: text, ask: "?", options: [...teams], risk: 0.1, otherwise: "none of these" }))
      .value,
);

async function climb(decide: Rung["decide"]) {
  const low = reader(world, { name: "low", decide });
  const started = bench(asks, [low, oracle(world)], { journal: memoryJournal({ secret }) });
  Object.assign(started.parts, { policy: certified([low]) });
  const outcome = outcomeOf(await started.go());
  const event = started.events[0] as StepAnswered;
  const [first] = event.trail;
  const reason = first?.verdict ? reasonsOf(first.verdict) : first?.reason;
  return { outcome, event, reason };
}

const reply = (more: object): Reply => ({ ...sure("billing", 0.99), ...more }) as Reply;
const options = (...list: readonly (readonly [string, number])[]): object => ({
  evidence: { options: list.map(([name, p]) => ({ name, p })) },
});

describe("under a certificate", () => {
  test("an answer that is sure enough stands", async () => {
    const { event } = await climb(() => reply({}));
    expect(event).toMatchObject({ rung: "low", value: "billing", basis: "calibrated", standing: { key: "k1" } });
  });

  test.each<[string, Rung["decide"], RegExp]>([
    ["not sure enough", () => sure("billing", 0.89), /confidence 0.89 is below the threshold 0.9/],
    ["not a number", () => reply({ confidence: Number.NaN }), /no usable confidence/],
    ["more than certain", () => reply({ confidence: 1.01 }), /no usable confidence/],
    ["without evidence", () => reply({ confidence: null, evidence: {} }), /no usable confidence/],
    [
      "without a word of evidence",
      () => reply({ confidence: null, evidence: undefined }),
      /no usable confidence|undefined/,
    ],
    ["sure of an option that is none", () => reply(options(["billing", 1], ["sales", 0])), /no usable confidence/],
    ["with an empty option", () => reply(options(["billing", 1], ["", 0])), /no usable confidence/],
    ["with a probability that is no number", () => reply(options(["billing", Number.NaN], ["refund", 0])), /no usable/],
    ["not in the set", () => reply({ value: "sales" }), /sales|option|billing/],
    ["empty", () => reply({ value: "" }), /./],
    ["malformed", () => reply({ value: { team: "billing" } }), /./],
    [
      "the way out",
      () => reply({ value: "none of these", ...options(["none of these", 1], ["billing", 0]) }),
      /way out/,
    ],
    ["refused", () => ({ kind: "escalated", reason: "I would rather not", usage: noUsage }), /I would rather not/],
    [
      "a rung that throws",
      () => {
        throw new ModelError("E_MODEL", "broken");
      },
      /broken/,
    ],
    ["a rung that rejects", () => Promise.reject(new Error("timed out")), /timed out/],
    ["nothing at all", () => undefined as never, /no reply/],
  ])("one that is %s goes up, with a reason", async (_, decide, why) => {
    const { outcome, event, reason } = await climb(decide);
    expect(outcome.kind).toBe("done");
    expect(event.rung).toBe("oracle");
    expect(event).not.toHaveProperty("standing");
    expect(reason).toMatch(why);
  });
});
