import { afterEach, describe, expect, test } from "vitest";
import { UsageError } from "../core/errors.ts";
import type { ServerFault, TransportFault } from "../core/server-fault.ts";
import { noUsage } from "../core/usage.ts";
import { memoryJournal } from "../journal/memory.ts";
import { BackendError } from "../net/backend-error.ts";
import { type HostileOptions, type HostileServer, startHostileServer } from "../testing/hostile-server.ts";
import type { WireName } from "../wire/wire.ts";
import { BrokenRung } from "./broken-rung.ts";
import { remote } from "./remote.ts";
import { Health } from "./remote-health.ts";
import type { RemoteOptions } from "./remote-options.ts";
import { contextOf, questionOf } from "./rung.contract.ts";
import type { OpenNeeds, Rung } from "./rung.ts";

const price = { input: 1, output: 2, updated: "2026-11-01" };
const wires: readonly WireName[] = ["chat", "ollama", "messages", "systemone", "decisions"];
const verbs = ["choose", "judge", "pick", "extract", "write"];
const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

function needsOf(journal = memoryJournal()): OpenNeeds {
  return {
    notes: journal.notes,
    vectors: journal.vectors,
    recall: journal.recall,
    calls: journal.calls,
    say: () => {},
  };
}

async function serve(options: HostileOptions = {}): Promise<HostileServer> {
  const server = await startHostileServer(options);
  closing.push(async () => await server[Symbol.asyncDispose]());
  return server;
}

async function open(rung: Rung, needs = needsOf()): Promise<Rung> {
  await rung.open?.(needs);
  closing.push(async () => rung.close?.());
  return rung;
}

describe("what a rung on a server is called and may cost", () => {
  test.each<[string, string, RemoteOptions, Partial<Rung>]>([
    ["openai", "gpt-6-luna", { price }, { name: "openai:gpt-6-luna", local: false, acceptAt: null }],
    ["openai", "gpt-6-luna", {}, { mostCost: null }],
    [
      "openai",
      "gpt-6-luna",
      { votes: 3, price },
      { acceptAt: 0.9, mostCost: expect.closeTo((3 * (36_000 + 2 * 1026)) / 1e6, 12) as number },
    ],
    ["ollama", "qwen3:4b", {}, { name: "ollama:qwen3:4b", local: true, mostCost: 0, acceptAt: 0.9 }],
    ["ollama", "qwen3:480b-cloud", {}, { local: false, mostCost: null }],
    ["http://gpu-box:8000/v1", "qwen", { vendor: "vllm" }, { name: "remote:gpu-box:8000/qwen", local: false }],
    ["http://localhost:11434", "tev1", { wire: "systemone" }, { local: true, acceptAt: 0.9 }],
    ["http://127.0.0.1:8080", "m", { price }, { local: true, mostCost: (36_000 + 2 * 1026) / 1e6 }],
    ["anthropic", "claude-haiku-4-5", { votes: 5, acceptAt: 0.7 }, { acceptAt: 0.7 }],
  ])("%s %s %o", (vendorOrUrl, model, options, expected) => {
    expect(remote(vendorOrUrl, model, options)).toMatchObject(expected);
  });

  test.each<[string, string, object, string]>([
    ["opanai", "m", {}, "one of openai"],
    ["generic", "m", {}, "no address of its own"],
    ["openai", "", {}, "model's name"],
    ["http://user:secret@host", "m", {}, "key belongs into the option key"],
    ["openai", "m", { temprature: 1 }, 'has no "temprature"'],
    ["openai", "m", { votes: 2 }, "odd"],
    ["anthropic", "claude-opus-5-5", { votes: 3 }, "claude-opus-5-5 takes no temperature"],
    ["anthropic", "claude-haiku-4-5", { logprobs: true }, "no token probabilities"],
    ["openai", "m", { acceptAt: 0.8 }, "its replies carry none"],
    ["ollama", "m", { acceptAt: 1.2 }, "from 0 to 1"],
    ["openai", "m", { price: { input: 1, output: -2, updated: "x" } }, "amount for a million tokens"],
    ["openai", "m", { price: { input: 1, ouput: 2, updated: "x" } }, 'has no "ouput"'],
    ["anthropic", "m", { wire: "chat" }, "anthropic speaks messages"],
    ["ollama", "m", { wire: "systemone", votes: 3 }, "takes no votes"],
    ["ollama", "m", { redact: ["emails"] }, "redact is"],
    ["ollama", "m", { vendor: "vllm" }, "named twice"],
    ["ollama", "m", { maxTokens: 0 }, "maxTokens is above 0"],
    ["ollama", "m", { timeoutSeconds: 281 }, "timeoutSeconds is at most 280"],
  ])("refuses %s %s %o", (vendorOrUrl, model, options, message) => {
    expect(() => remote(vendorOrUrl, model, options)).toThrow(message);
    expect(() => remote(vendorOrUrl, model, options)).toThrow(UsageError);
  });

  test("a key is needed where the vendor is paid, and goes nowhere but to its own address", async () => {
    const server = await serve();
    const before = process.env.OPENAI_API_KEY;
    closing.push(async () => {
      if (before === undefined) delete process.env.OPENAI_API_KEY;
      else process.env.OPENAI_API_KEY = before;
    });
    delete process.env.OPENAI_API_KEY;
    await expect(remote("openai", "m").open?.(needsOf())).rejects.toThrow("set OPENAI_API_KEY");
    process.env.OPENAI_API_KEY = "sk-not-for-others";
    const rung = await open(remote(server.url, "m", { vendor: "openai", logprobs: false }));
    await rung.decide(questionOf("choose"), contextOf());
    expect(JSON.stringify(server.requests)).not.toContain("sk-not-for-others");
    const own = await open(remote(server.url, "m", { key: "sk-given", headers: { "x-team": "a" } }));
    await own.decide(questionOf("choose"), contextOf());
    expect(server.requests.at(-1)?.headers).toMatchObject({ authorization: "Bearer sk-given", "x-team": "a" });
    expect(own.version?.(questionOf("choose"))).not.toContain("sk-given");
  });
});

describe("what goes up", () => {
  test.each(wires)("over %s is the question and its item, nothing of the run and of lower rungs", async (wire) => {
    const server = await serve();
    const rung = await open(remote(server.url, "hostile", { wire, price }));
    const context = contextOf({
      run: "run-of-nobody",
      item: { about: "parcel", hidden: "hidden-field" },
      suggestion: { rung: "model:lower", value: "lower-thought", confidence: 0.123456 },
    });
    for (const verb of verbs) await rung.decide(questionOf(verb, "Where is my parcel?"), context);
    const sent = JSON.stringify(server.requests);
    expect(sent).toContain("Where is my parcel?");
    for (const word of ["run-of-nobody", "hidden-field", "lower", "0.123456"]) expect(sent).not.toContain(word);
  });

  test.each(wires)("over %s has no value that is to be taken out, and the answer has it again", async (wire) => {
    const about = "I am jo@mail.example, +49 30 1234567, card 4111 1111 1111 1111.";
    const server = await serve({
      script: ({ schema, questions }) => {
        if (questions[0]) return undefined;
        return schema ? { answer: { order: "[email 1] / [card 1]" }, order: "[email 1] / [card 1]" } : "Dear [Email 1]";
      },
    });
    const rung = await open(remote(server.url, "hostile", { wire, redact: true, logprobs: false }));
    const replies = [];
    for (const verb of verbs) replies.push(await rung.decide(questionOf(verb, about), contextOf()));
    const sent = JSON.stringify(server.requests);
    expect(sent).toContain("[email 1], [phone 1], card [card 1].");
    for (const value of ["jo@mail", "1234567", "4111"]) expect(sent).not.toContain(value);
    for (const reply of replies.filter(({ kind }) => kind === "answered")) {
      expect(reply).toMatchObject({ evidence: { redacted: { emails: 1, phones: 1, cards: 1 } } });
      expect(JSON.stringify(reply)).not.toMatch(/\[(email|card) 1\]/i);
    }
    const [extracted, written] = replies.slice(3);
    if (wire === "systemone" || wire === "decisions") return;
    expect(extracted).toMatchObject({ value: { order: "jo@mail.example / 4111 1111 1111 1111" } });
    expect(written).toMatchObject({ value: "Dear jo@mail.example" });
  });

  test("a reply that speaks of a placeholder without being one is not believed", async () => {
    const server = await serve({ script: { order: "email 1" } });
    const rung = await open(remote(server.url, "hostile", { redact: ["email"] }));
    const reply = await rung.decide(questionOf("extract", "I am jo@mail.example"), contextOf());
    expect(reply).toMatchObject({ kind: "escalated", reason: expect.stringContaining("placeholder") });
  });

  test("is nothing where it is more than was reckoned with", async () => {
    const server = await serve();
    const rung = await open(remote(server.url, "hostile", { maxInputTokens: 3000, price }));
    const reply = await rung.decide(questionOf("choose", "x".repeat(3000)), contextOf());
    expect(reply).toMatchObject({ kind: "escalated", reason: expect.stringMatching(/at most 3000.*maxInputTokens/) });
    const small = await open(remote(server.url, "hostile", { maxTokens: 4, price }));
    expect(await small.decide(questionOf("choose"), contextOf())).toMatchObject({ kind: "escalated" });
    expect(server.requests).toHaveLength(0);
  });
});

describe("what a reply costs", () => {
  test("is on record before and after, and is worked out of its tokens", async () => {
    const server = await serve();
    const needs = needsOf();
    const rung = await open(remote(server.url, "hostile", { price }), needs);
    const reply = await rung.decide(questionOf("choose"), contextOf());
    if (reply.kind !== "answered") throw new Error(reply.reason);
    const { inputTokens, outputTokens, cost } = reply.usage;
    expect(cost).toBeCloseTo((inputTokens + 2 * outputTokens) / 1e6, 12);
    expect(needs.calls.totals()).toMatchObject({ calls: 1, open: 0, unpriced: 0, cost });
  });

  test("the same question about the same text is served from the record, in another run too", async () => {
    const server = await serve();
    const needs = needsOf();
    const rung = await open(remote(server.url, "hostile", { price }), needs);
    const first = await rung.decide(questionOf("choose"), contextOf());
    const again = await rung.decide(questionOf("choose"), contextOf({ run: "memory00-2" }));
    expect(server.requests).toHaveLength(1);
    expect(again).toMatchObject({ value: Reflect.get(first, "value"), usage: { cost: 0 } });
    expect(again).toMatchObject({ evidence: { note: expect.stringContaining("earlier reply") } });
    expect(needs.calls.totals()).toMatchObject({ calls: 1, served: 1 });
    await rung.decide(questionOf("choose", "another text"), contextOf());
    expect(server.requests).toHaveLength(2);
  });

  test("a loopback server without a price costs nothing and leaves no record", async () => {
    const server = await serve({ fault: "usage missing" });
    const needs = needsOf();
    const rung = await open(remote(server.url, "hostile"), needs);
    expect(await rung.decide(questionOf("choose"), contextOf())).toMatchObject({
      kind: "answered",
      usage: { cost: 0 },
    });
    expect(needs.calls.totals().calls).toBe(0);
  });

  test("(control) without a count of tokens a paid reply is unpriced, which is not 0", async () => {
    const server = await serve({ fault: "usage missing" });
    const needs = needsOf();
    const rung = await open(remote(server.url, "hostile", { price }), needs);
    expect(await rung.decide(questionOf("choose"), contextOf())).toMatchObject({ usage: { cost: null } });
    expect(needs.calls.totals()).toMatchObject({ calls: 1, unpriced: 1, cost: 0 });
  });

  test("a call that is broken off by the run is on record as perhaps paid", async () => {
    const server = await serve({ fault: "stall before the reply" });
    const needs = needsOf();
    const rung = await open(remote(server.url, "hostile", { price }), needs);
    const stop = new AbortController();
    const asked = Promise.resolve(rung.decide(questionOf("choose"), contextOf({ signal: stop.signal })));
    while (server.requests.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    stop.abort(new Error("stopped"));
    await expect(asked).rejects.toThrow("stopped");
    expect(needs.calls.totals()).toMatchObject({ calls: 1, unpriced: 1 });
    expect(server.requests).toHaveLength(1);
  });
});

describe("votes", () => {
  const votesOf = (said: readonly string[]): HostileOptions => {
    let next = 0;
    return { script: () => said[next++ % said.length] ?? null };
  };

  test("are asked side by side at a temperature, each a call of its own; the share is the confidence", async () => {
    const server = await serve(votesOf(["billing", "shipping", "billing"]));
    const needs = needsOf();
    const rung = await open(remote(server.url, "hostile", { votes: 3, price }), needs);
    const reply = await rung.decide(questionOf("choose"), contextOf());
    expect(reply).toMatchObject({
      kind: "answered",
      value: "billing",
      basis: "votes",
      evidence: { votes: 3, options: [{ name: "billing" }, { name: "shipping", p: 1 / 3 }, { p: 0 }] },
    });
    expect(Reflect.get(reply, "confidence")).toBeCloseTo(2 / 3, 10);
    expect(server.requests.map(({ body }) => Reflect.get(body as object, "temperature"))).toEqual([1, 1, 1]);
    expect(needs.calls.totals()).toMatchObject({ calls: 3, open: 0 });
    await rung.decide(questionOf("choose"), contextOf());
    expect(server.requests).toHaveLength(3);
    expect(needs.calls.totals()).toMatchObject({ calls: 3, served: 3 });
  });

  test("that fail speak for nothing, and too few are no answer", async () => {
    const failing = await serve({ fault: "empty answer", faultFor: 1, script: "billing" });
    const rung = await open(remote(failing.url, "hostile", { votes: 3 }));
    const reply = await rung.decide(questionOf("choose"), contextOf());
    expect(reply).toMatchObject({ value: "billing", evidence: { votes: 2, faults: ["empty answer"] } });
    expect(Reflect.get(reply, "confidence")).toBeCloseTo(2 / 3, 10);
    const worse = await serve({ fault: "empty answer", faultFor: 2, script: "billing" });
    const poor = await open(remote(worse.url, "hostile", { votes: 3 }));
    expect(await poor.decide(questionOf("choose"), contextOf())).toMatchObject({
      kind: "escalated",
      reason: expect.stringContaining("1 answered"),
    });
  });
});

describe("a rung that is broken as a whole", () => {
  test.each<[NonNullable<HostileOptions["fault"]>, ServerFault]>([
    ["unauthorized", "unauthorized"],
    ["not found", "not found"],
    ["self-signed certificate", "certificate"],
    ["redirect off the host", "redirect"],
  ])("throws on %s, and says what was found", async (fault, finds) => {
    const server = await serve({ fault });
    const rung = await open(remote(server.url, "hostile"));
    const asked = Promise.resolve(rung.decide(questionOf("choose"), contextOf()));
    await expect(asked).rejects.toBeInstanceOf(BrokenRung);
    await expect(asked).rejects.toMatchObject({ evidence: { model: "hostile", faults: [finds] } });
  });

  test("says what it may have cost to find out", async () => {
    const failure = new BackendError("not found", "x", { maybeDone: true, faults: ["not found"] });
    const usage = { ...noUsage, cost: null };
    const broken = BrokenRung.by(failure, "remote", { kind: "escalated", reason: "x", usage });
    expect(broken).toMatchObject({ code: "E_BACKEND", usage: { cost: null } });
  });

  test("is one that was never there, and one that twenty questions in a row did not find", () => {
    const health = new Health(() => 0);
    const failure = new BackendError("unreachable", "x", { maybeDone: false, faults: ["unreachable"] });
    expect(health.isBroken(failure)).toBe(true);
    expect(health.isBroken(null)).toBe(false);
    for (let asked = 0; asked < 20; asked++) expect(health.isBroken(failure)).toBe(false);
    expect(health.isBroken(failure)).toBe(true);
    expect(health.isBroken(null)).toBe(false);
    expect(health.isBroken(failure)).toBe(false);
  });

  test("is one that is away for longer than a restart takes", () => {
    let now = 0;
    const health = new Health(() => now);
    const failure = (fault: TransportFault) => new BackendError(fault, "x", { maybeDone: false, faults: [fault] });
    expect(health.isBroken(null)).toBe(false);
    expect(health.isBroken(failure("unreachable"))).toBe(false);
    now = 29_000;
    expect(health.isBroken(failure("circuit open"))).toBe(false);
    now = 31_000;
    expect(health.isBroken(failure("circuit open"))).toBe(true);
    expect(health.isBroken(null)).toBe(false);
    expect(health.isBroken(failure("circuit open"))).toBe(false);
    expect(health.isBroken(failure("bad request"))).toBe(false);
    expect(health.isBroken(failure("unauthorized"))).toBe(true);
  });
});

describe("the version", () => {
  const question = questionOf("choose");
  const versionOf = (options: RemoteOptions, model = "m") =>
    remote("http://127.0.0.1:9999", model, options).version?.(question);

  test("changes with all that the numbers depend on, and with nothing else", () => {
    const changed: readonly RemoteOptions[] = [
      { vendor: "vllm" },
      { wire: "systemone" },
      { logprobs: true },
      { votes: 3 },
      { structure: "none" },
      { redact: true },
      { version: "2" },
      { maxTokens: 9 },
    ];
    const versions = changed.map((options) => versionOf(options));
    expect(new Set([versionOf({}), versionOf({}, "n"), ...versions]).size).toBe(changed.length + 2);
    expect(versionOf({ price, timeoutSeconds: 5, key: "k", headers: { a: "b" } })).toBe(versionOf({}));
  });

  test("holds the model as the server names it, from the first reply on and after a restart", async () => {
    const server = await serve();
    const needs = needsOf();
    const rung = await open(remote(server.url, "hostile"), needs);
    const before = rung.version?.(question);
    await rung.decide(question, contextOf());
    const after = rung.version?.(question);
    expect(after).not.toBe(before);
    expect((await open(remote(server.url, "hostile"), needs)).version?.(question)).toBe(after);
  });
});
