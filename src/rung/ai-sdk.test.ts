import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import type { LanguageModelV4, LanguageModelV4CallOptions, LanguageModelV4GenerateResult } from "@ai-sdk/provider";
import { MockLanguageModelV3, MockLanguageModelV4 } from "ai/test";
import { afterEach, describe, expect, expectTypeOf, test } from "vitest";
import { memoryJournal } from "../journal/memory.ts";
import { type HostileFaultName, hostileFaults } from "../testing/hostile-faults.ts";
import { startHostileServer } from "../testing/hostile-server.ts";
import { type AiSdkOptions, aiSdk } from "./ai-sdk.ts";
import type { AiSdkCall, AiSdkModel, AiSdkResult } from "./ai-sdk-model.ts";
import { contextOf, questionOf } from "./rung.contract.ts";
import type { Rung } from "./rung.ts";

const price = { input: 1, output: 2, updated: "2026-11-01" };
const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

async function open(model: AiSdkModel, options: AiSdkOptions = {}, journal = memoryJournal()): Promise<Rung> {
  const rung = aiSdk(model, options);
  const { notes, vectors, recall, calls } = journal;
  await rung.open?.({ notes, vectors, recall, calls, say: () => {} });
  return rung;
}

function resultOf(text: string, more: Partial<LanguageModelV4GenerateResult> = {}): LanguageModelV4GenerateResult {
  return {
    content: [
      { type: "reasoning", text: "hm" },
      { type: "text", text },
    ],
    finishReason: { unified: "stop", raw: "stop" },
    usage: {
      inputTokens: { total: 100, noCache: 60, cacheRead: 40, cacheWrite: 0 },
      outputTokens: { total: 10, text: 10, reasoning: 0 },
    },
    warnings: [],
    ...more,
  };
}

const saying = (text: string, more: Partial<LanguageModelV4GenerateResult> = {}) =>
  new MockLanguageModelV4({ provider: "mock.chat", modelId: "big", doGenerate: resultOf(text, more) });

test("a language model of the AI SDK is what the bridge takes, and its calls are ones", () => {
  expectTypeOf<LanguageModelV4>().toExtend<AiSdkModel>();
  expectTypeOf<MockLanguageModelV4>().toExtend<AiSdkModel>();
  expectTypeOf<AiSdkCall>().toExtend<LanguageModelV4CallOptions>();
  expectTypeOf<LanguageModelV4GenerateResult>().toExtend<AiSdkResult>();
});

describe("the bridge", () => {
  test("asks with a schema, and reads text, tokens and model", async () => {
    const model = saying('{"answer":"billing"}', { response: { modelId: "big-2026" } });
    const journal = memoryJournal();
    const rung = await open(model, { price: { ...price, cachedInput: 0.5 } }, journal);
    expect(rung).toMatchObject({ name: "ai-sdk:mock.chat/big", local: false, acceptAt: null });
    const reply = await rung.decide(questionOf("choose"), contextOf({ run: "run-of-nobody" }));
    expect(reply).toMatchObject({
      kind: "answered",
      value: "billing",
      confidence: null,
      basis: "none",
      evidence: { host: "mock.chat", model: "big-2026" },
      usage: { inputTokens: 60, outputTokens: 10, cost: (60 + 40 * 0.5 + 10 * 2) / 1e6 },
    });
    const [call] = model.doGenerateCalls;
    expect(call).toMatchObject({
      prompt: [{ role: "system" }, { role: "user", content: [{ type: "text" }] }],
      responseFormat: { type: "json", schema: { type: "object", required: ["answer"] } },
    });
    expect(call?.maxOutputTokens).toBeGreaterThan(1024);
    expect(JSON.stringify(call)).not.toContain("run-of-nobody");
    expect(journal.calls.totals()).toMatchObject({ calls: 1, open: 0, unpriced: 0 });
  });

  test("makes calls, fills fields and writes", async () => {
    const pick = await open(saying('{"answer":{"tool":"look_up","args":{"order":"AB1"}}}'));
    expect(await pick.decide(questionOf("pick"), contextOf())).toMatchObject({
      value: { tool: "look_up", args: { order: "AB1" } },
    });
    const extract = await open(saying('{"order":"AB1"}'));
    expect(await extract.decide(questionOf("extract"), contextOf())).toMatchObject({ value: { order: "AB1" } });
    const write = await open(saying("Dear Jo"));
    expect(await write.decide(questionOf("write"), contextOf())).toMatchObject({ value: "Dear Jo" });
  });

  test("takes the text that the provider chose for structured output", async () => {
    const rung = await open(saying("a draft", { structuredOutputText: '{"answer":"shipping"}' }));
    expect(await rung.decide(questionOf("choose"), contextOf())).toMatchObject({ value: "shipping" });
  });

  test("votes at a temperature, and hands the provider's own options on", async () => {
    const model = saying('{"answer":"billing"}');
    const rung = await open(model, { votes: 3, providerOptions: { mock: { effort: "low" } } });
    expect(await rung.decide(questionOf("choose"), contextOf())).toMatchObject({ basis: "votes", confidence: 1 });
    expect(model.doGenerateCalls).toHaveLength(3);
    expect(model.doGenerateCalls[0]).toMatchObject({ temperature: 1, providerOptions: { mock: { effort: "low" } } });
  });

  test("an earlier reply serves only where nothing was changed that decides it", async () => {
    const journal = memoryJournal();
    const low = { providerOptions: { mock: { effort: "low" } } };
    const versions = new Set<string>();
    for (const options of [{}, {}, low, low, { providerOptions: { mock: { effort: "high" } } }, { version: "2" }]) {
      const rung = await open(saying('{"answer":"billing"}'), options, journal);
      expect(await rung.decide(questionOf("choose"), contextOf())).toMatchObject({ kind: "answered" });
      versions.add(rung.version!(questionOf("choose")));
    }
    expect(journal.calls.totals()).toMatchObject({ calls: 4, served: 2 });
    expect(versions.size).toBe(4);
  });

  test("hands a text to whoever wants to see it", async () => {
    const seen: string[] = [];
    const rung = await open(saying("Dear Jo"));
    const question = Object.assign(questionOf("write"), { onText: (text: string) => void seen.push(text) });
    await rung.decide(question, contextOf());
    expect(seen).toEqual(["Dear Jo"]);
  });

  test("sends no value that is to be taken out", async () => {
    const model = saying('{"order":"[email 1]"}');
    const rung = await open(model, { redact: true });
    const reply = await rung.decide(questionOf("extract", "I am jo@mail.example"), contextOf());
    expect(reply).toMatchObject({ value: { order: "jo@mail.example" }, evidence: { redacted: { emails: 1 } } });
    expect(JSON.stringify(model.doGenerateCalls)).not.toContain("jo@mail");
  });

  test.each<[string, Partial<LanguageModelV4GenerateResult>, string]>([
    ['{"answer":"bill', { finishReason: { unified: "length", raw: "length" } }, "answer truncated"],
    ['{"answer":"billing"}', { finishReason: { unified: "interrupted", raw: undefined } }, "answer truncated"],
    ["", { finishReason: { unified: "content-filter", raw: "filter" } }, "refused"],
    ["Happy to help!", {}, "schema ignored"],
  ])("%j with %o goes up: %s", async (text, more, fault) => {
    const reply = await (await open(saying(text, more))).decide(questionOf("choose"), contextOf());
    expect(reply).toMatchObject({ kind: "escalated", evidence: { faults: expect.arrayContaining([fault]) } });
  });

  test("what was not counted is unpriced", async () => {
    const none = { total: undefined, noCache: undefined, cacheRead: undefined, cacheWrite: undefined };
    const usage = { inputTokens: none, outputTokens: { total: undefined, text: undefined, reasoning: undefined } };
    const reply = await (await open(saying('{"answer":"billing"}', { usage }), { price })).decide(
      questionOf("choose"),
      contextOf(),
    );
    expect(reply).toMatchObject({ evidence: { faults: ["usage missing"] }, usage: { cost: null } });
  });

  test("a model that never answers is not waited for, and may have been paid", async () => {
    const model = new MockLanguageModelV4({ doGenerate: () => new Promise(() => {}) });
    const journal = memoryJournal();
    const rung = await open(model, { timeoutSeconds: 0.05, price }, journal);
    const reply = await rung.decide(questionOf("choose"), contextOf());
    expect(reply).toMatchObject({ kind: "escalated", evidence: { faults: ["too slow"] }, usage: { cost: null } });
    expect(journal.calls.totals()).toMatchObject({ calls: 1, unpriced: 1, open: 0 });
    const stop = new AbortController();
    const asked = Promise.resolve(rung.decide(questionOf("judge"), contextOf({ signal: stop.signal })));
    stop.abort(new Error("stopped"));
    await expect(asked).rejects.toThrow("stopped");
  });

  test("refuses what is no model of this version of the SDK, and options it does not know", () => {
    // @ts-expect-error a model by its name is for the SDK's own gateway
    expect(() => aiSdk("openai/gpt-6-luna")).toThrow("not string");
    const old: unknown = new MockLanguageModelV3();
    expect(() => aiSdk(old as AiSdkModel)).toThrow("specification v3");
    expect(() => aiSdk(saying(""), { temperature: 1 } as object)).toThrow('has no "temperature"');
  });
});

/**
 * Faults of the chat format that the provider hands on. Where it waits for ever is tested above; broken bytes it mends by
 * itself, and models' names are not compared.
 */
const through = hostileFaults.filter(
  ({ name, wires, where }) =>
    where !== "probe" &&
    wires.includes("chat") &&
    !/stall|slow-loris|endless|logprobs|tool |UTF-8|wrong model|10 MB|redirect/.test(name),
);
/** What the provider's own reading makes of it. */
const seenAs: { readonly [fault in HostileFaultName]?: readonly string[] } = {
  // It says that a whole reply could not be processed, and not why.
  "connection reset mid-body": ["not JSON"],
  "another shape with 200": ["not JSON", "malformed"],
  "error with 200": ["overloaded", "not JSON", "malformed"],
  "usage doubled": ["usage implausible"],
};

describe("the bridge over a provider and a server", () => {
  const providerOf = (url: string) =>
    createOpenAICompatible({ name: "hostile", baseURL: `${url}/v1`, supportsStructuredOutputs: true })("hostile");

  test("that does nothing wrong has its answer", async () => {
    const server = await startHostileServer({ script: "shipping" });
    closing.push(async () => await server[Symbol.asyncDispose]());
    const rung = await open(providerOf(server.url), { price });
    const reply = await rung.decide(questionOf("choose"), contextOf());
    expect(reply).toMatchObject({ kind: "answered", value: "shipping" });
    expect(reply).toMatchObject({ usage: { cost: expect.any(Number) } });
    expect(Reflect.get(reply, "evidence").faults).toBeUndefined();
  });

  test.each(through)("that does $name is found out", async ({ name, finds, mayStand }) => {
    const server = await startHostileServer({ fault: name });
    closing.push(async () => await server[Symbol.asyncDispose]());
    const journal = memoryJournal();
    const rung = await open(providerOf(server.url), { price }, journal);
    const reply: unknown = await Promise.resolve(rung.decide(questionOf("choose"), contextOf())).catch(
      (thrown: unknown) => thrown,
    );
    const faults: readonly string[] = Reflect.get(reply as object, "evidence").faults;
    expect(
      faults.some((fault) => (seenAs[name] ?? [finds]).includes(fault)),
      faults.join(),
    ).toBe(true);
    if (!mayStand) expect(reply).not.toMatchObject({ kind: "answered" });
    expect(journal.calls.totals()).toMatchObject({ calls: 1, open: 0 });
    expect(server.requests.length).toBeLessThanOrEqual(1);
  });
});
