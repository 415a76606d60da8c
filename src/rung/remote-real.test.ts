/** A real llama.cpp server with the default chat model, asked as any chat server is: one process, one thread. */

import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type RunningServer, startLlamaServer, whyNoServer } from "../../test/support/llama-server.ts";
import { Question } from "../core/question.ts";
import { memoryJournal } from "../journal/memory.ts";
import { DEFAULT_CHAT } from "../models/catalogue.ts";
import { ensureModel } from "../models/pull.ts";
import { BrokenRung } from "./broken-rung.ts";
import { remote } from "./remote.ts";
import type { RemoteOptions } from "./remote-options.ts";
import { contextOf, questionOf, rungContract } from "./rung.contract.ts";
import type { OpenNeeds, Rung } from "./rung.ts";

const reason = await whyNoServer();
if (reason !== null) console.warn(`SKIPPED: ${reason}`);
let server: RunningServer;
beforeAll(async () => {
  if (reason === null) server = await startLlamaServer((await ensureModel(DEFAULT_CHAT)).path);
});
afterAll(() => server?.[Symbol.asyncDispose]());

const model = "default";
const onServer = (options: RemoteOptions = {}) =>
  remote(server.url, model, { vendor: "llama-server", maxTokens: 48, ...options });

/** The address is known once the server runs: after the rung is made, before it is opened. */
function later(make: () => Rung): Rung {
  let rung: Rung | null = null;
  const made = (): Rung => {
    rung ??= make();
    return rung;
  };
  return {
    name: "remote:llama-server",
    local: true,
    mostCost: 0,
    acceptAt: null,
    decide: (question, context) => made().decide(question, context),
    open: async (needs) => made().open?.(needs),
    close: async () => made().close?.(),
  };
}

async function opened(rung: Rung): Promise<Rung> {
  const journal = memoryJournal();
  const { notes, vectors, recall, calls } = journal;
  await rung.open?.({ notes, vectors, recall, calls, say: () => {} } satisfies OpenNeeds);
  return rung;
}

describe.skipIf(reason !== null)("a real llama.cpp server", () => {
  const make = () => later(() => onServer({ logprobs: false }));
  rungContract({ name: "remote over a llama.cpp server's chat", make, expects: "answered" });

  test("gives raw probabilities of names that it is held to, counts its tokens and says which model it is", async () => {
    const rung = await opened(onServer());
    const options = Array.from({ length: 30 }, (_, index) => ({ name: `team ${index}`, description: "" }));
    const { verb, ask, cue, otherwise, fields, tools, maxTokens, stop, onText, split, check, parse } =
      questionOf("choose");
    const spec = { verb, ask, cue, options, otherwise, fields, tools, maxTokens, stop, onText, split, check };
    const reply = await rung.decide(new Question("team", "team", spec, () => "Team 7, please", parse), contextOf());
    if (reply.kind !== "answered") throw new Error(reply.reason);
    expect(reply.basis).toBe("raw");
    expect(reply.confidence).toBeGreaterThan(0);
    expect(reply.confidence).toBeLessThan(1);
    expect(reply.evidence).toMatchObject({ host: new URL(server.url).host, model: expect.any(String) });
    expect(reply.evidence.faults).toBeUndefined();
    expect(reply.usage.inputTokens + reply.usage.outputTokens).toBeGreaterThan(20);
    expect(reply.usage.cost).toBe(0);
    await rung.close?.();
  });

  test("gives raw probabilities of letters, and how much of all it would have said they are", async () => {
    const rung = await opened(onServer());
    const reply = await rung.decide(questionOf("choose"), contextOf());
    if (reply.kind !== "answered") throw new Error(reply.reason);
    const { options = [], mass, byLetter, faults } = reply.evidence;
    expect({ basis: reply.basis, byLetter, faults }).toEqual({ basis: "raw", byLetter: true, faults: undefined });
    expect(options.map(({ name }) => name)).toEqual(["billing", "shipping", "none of these"]);
    expect(reply.confidence).toBeCloseTo(Math.max(...options.map(({ p }) => p)), 10);
    // Not taken after the constraint: a model of 135 million parameters would rather have written a sentence.
    expect(mass).toBeLessThan(0.9);
    await rung.close?.();
  });

  test("votes with it are shares", async () => {
    const rung = await opened(onServer({ votes: 3 }));
    const reply = await rung.decide(questionOf("judge"), contextOf());
    expect(reply).toMatchObject({ basis: "votes", evidence: { votes: 3 } });
    expect([1 / 3, 2 / 3, 1]).toContainEqual(expect.closeTo(Number(Reflect.get(reply, "confidence")), 10));
    await rung.close?.();
  });

  test("a chat model asked for decisions says that it has none, which is found", async () => {
    const rung = await opened(onServer({ wire: "systemone" }));
    const asked = Promise.resolve(rung.decide(questionOf("choose"), contextOf()));
    await expect(asked).rejects.toBeInstanceOf(BrokenRung);
    await expect(asked).rejects.toMatchObject({ evidence: { faults: ["not found"] } });
    await rung.close?.();
  });
});
