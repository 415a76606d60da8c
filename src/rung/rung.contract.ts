/** What every rung must do, run over a list of them in rung.test.ts. A new rung is done when it is on that list. */

import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Reply } from "../core/answer.ts";
import { Question, type QuestionSpec } from "../core/question.ts";
import { memoryJournal } from "../journal/memory.ts";
import type { DecideContext, Rung } from "./rung.ts";

export interface RungCase {
  readonly name: string;
  readonly make: () => Rung;
  /** How it takes a question that it should be good at; `any` where it depends on a model. */
  readonly expects: Reply["kind"] | "any";
}

const blank = {
  cue: "",
  fields: null,
  tools: [],
  maxTokens: 0,
  stop: [],
  onText: null,
  split: null,
  check: null,
} as const;
const teams = [
  { name: "billing", description: "Payments, refunds, invoices" },
  { name: "shipping", description: "Parcels, delays" },
];
const lookUp = {
  name: "look_up",
  description: "Looks an order up",
  effect: "read",
  input: { type: "object", properties: { order: { type: "string" } }, required: ["order"] },
} as const;
const specs: { readonly [verb: string]: QuestionSpec } = {
  choose: { ...blank, verb: "choose", ask: "Which team?", options: teams, otherwise: "none of these" },
  judge: {
    ...blank,
    verb: "judge",
    ask: "Is it urgent?",
    options: ["yes", "no"].map((name) => ({ name, description: "" })),
    otherwise: "cannot tell",
  },
  pick: { ...blank, verb: "pick", ask: "Which tool?", options: [lookUp], tools: [lookUp], otherwise: null },
  extract: { ...blank, verb: "extract", ask: "Fill in.", options: [], fields: lookUp.input, otherwise: null },
  write: { ...blank, verb: "write", ask: "Answer.", options: [], otherwise: null, maxTokens: 8 },
};

export function questionOf(verb: string, about = "Where is my parcel with order AB123456?"): Question {
  return new Question(
    verb,
    verb,
    specs[verb]!,
    () => about,
    (value) => ({ ok: true, value }),
  );
}

export function contextOf(more: Partial<DecideContext> = {}): DecideContext {
  const signal = new AbortController().signal;
  return { signal, run: "memory00-1", item: {}, suggestion: null, repair: null, ...more };
}

export function rungContract({ name, make, expects }: RungCase): void {
  describe(`the rung ${name}`, () => {
    const rung = make();
    const notes = new Map<string, string>();
    beforeAll(() =>
      rung.open?.({
        notes: { get: (key) => notes.get(key), set: (key, value) => void notes.set(key, value), add: async () => 0 },
        vectors: { get: () => undefined, set: () => {} },
        recall: () => undefined,
        calls: memoryJournal().calls,
        say: () => {},
      }),
    );
    afterAll(() => rung.close?.());

    test("says who it is, what it may cost, and how sure it must be", () => {
      expect(rung.name).not.toBe("");
      expect(typeof rung.local).toBe("boolean");
      expect(rung.mostCost === null || rung.mostCost >= 0).toBe(true);
      expect(rung.acceptAt === null || (rung.acceptAt >= 0 && rung.acceptAt <= 1)).toBe(true);
    });

    test.each(Object.keys(specs))("replies to %s with a reply that can be written down", async (verb) => {
      const reply = await rung.decide(questionOf(verb), contextOf());
      expect(JSON.parse(JSON.stringify(reply))).toEqual(reply);
      if (reply.kind === "waiting") {
        expect(reply.reason).not.toBe("");
        return;
      }
      const { cost, inputTokens, outputTokens, milliseconds } = reply.usage;
      expect(cost === null || (cost >= 0 && (rung.mostCost === null || cost <= rung.mostCost))).toBe(true);
      for (const count of [inputTokens, outputTokens, milliseconds]) expect(count).toBeGreaterThanOrEqual(0);
      if (reply.kind === "escalated") {
        expect(reply.reason).not.toBe("");
        return;
      }
      const { confidence, evidence } = reply;
      expect(confidence === null || (confidence >= 0 && confidence <= 1)).toBe(true);
      if (evidence.options) {
        expect(evidence.options.reduce((sum, option) => sum + option.p, 0)).toBeCloseTo(1, 3);
      }
      // Without a threshold nobody asks how sure it is, so it must not claim a probability of its own.
      if (rung.acceptAt === null && !reply.origin) expect(["certain", "none"]).toContain(reply.basis);
    });

    test.runIf(expects !== "any")(`takes a question that is meant for it: ${expects}`, async () => {
      expect((await rung.decide(questionOf("choose"), contextOf())).kind).toBe(expects);
    });

    test("keeps no state between questions: the same one twice is answered the same", async () => {
      const ask = async () => rung.decide(questionOf("choose"), contextOf());
      const strip = (reply: Reply): unknown => ({ ...reply, usage: null, evidence: null });
      expect(strip(await ask())).toEqual(strip(await ask()));
    });
  });
}
