/** The contract of rungs by every vendor and wire: replies in the shape that each vendor documents, with all that stands beside. */

import { afterAll, describe, expect, test } from "vitest";
import { type Dress, type DressedServer, type Fields, startDressedServer } from "../../test/support/dressed-server.ts";
import { startHostileServer } from "../testing/hostile-server.ts";
import { type VendorName, vendors } from "../wire/quirks.ts";
import type { WireName } from "../wire/wire.ts";
import { remote } from "./remote.ts";
import type { RemoteOptions } from "./remote-options.ts";
import { rungContract } from "./rung.contract.ts";

const model = "hostile";
const server = await startHostileServer({
  script: ({ schema, questions }) => (schema || questions[0] ? undefined : "A"),
});
const dressed: DressedServer[] = [];
afterAll(async () => {
  for (const one of dressed) await one[Symbol.asyncDispose]();
  await server[Symbol.asyncDispose]();
});

/** A chat completion with more in its first choice, in that one's message, and in its usage. */
function chatWith(more: { reply?: Fields; choice?: Fields; message?: Fields; usage?: Fields }): Dress {
  return (reply) => {
    const [choice] = reply.choices as readonly Fields[];
    const message = { ...(choice?.message as Fields), ...more.message };
    const usage = { ...(reply.usage as Fields), ...more.usage };
    return { ...reply, choices: [{ ...choice, message, ...more.choice }], usage, ...more.reply };
  };
}

const asItIs: Dress = (reply) => reply;
/** Fields that a later version of a format may bring. */
const withMore =
  (more: Fields): Dress =>
  (reply) => ({ ...reply, ...more });

const dresses: { readonly [vendor in VendorName]: { readonly [wire in WireName]?: Dress } } = {
  openai: {
    chat: chatWith({
      reply: { model: `${model}-2026-09-15`, service_tier: "default", system_fingerprint: null },
      message: { refusal: null, annotations: [] },
      usage: {
        prompt_tokens_details: { cached_tokens: 0, audio_tokens: 0 },
        completion_tokens_details: { reasoning_tokens: 0, audio_tokens: 0, accepted_prediction_tokens: 0 },
      },
    }),
    decisions: withMore({ id: "dec_1", object: "decision", created_at: 1793600000, model: `${model}-2026-09-15` }),
  },
  openrouter: {
    chat: chatWith({
      reply: { id: "gen-1", provider: "Somebody" },
      choice: { native_finish_reason: "stop" },
      message: { refusal: null, reasoning: null },
      usage: { cost: 0.0000768, is_byok: false },
    }),
  },
  anthropic: {
    messages: (reply) => ({
      ...reply,
      type: "message",
      role: "assistant",
      stop_sequence: null,
      container: null,
      usage: {
        cache_creation_input_tokens: 0,
        cache_read_input_tokens: 0,
        cache_creation: { ephemeral_5m_input_tokens: 0, ephemeral_1h_input_tokens: 0 },
        service_tier: "standard",
        ...(reply.usage as Fields),
      },
    }),
  },
  ollama: {
    ollama: withMore({
      created_at: "2026-11-01T10:00:00.000Z",
      done: true,
      total_duration: 90_000_000,
      load_duration: 1_000_000,
      prompt_eval_duration: 40_000_000,
      eval_duration: 30_000_000,
    }),
    chat: chatWith({ reply: { id: "chatcmpl-77", system_fingerprint: "fp_ollama", model: `${model}:latest` } }),
    systemone: withMore({ model: `${model}:latest` }),
  },
  "llama-server": {
    chat: chatWith({
      reply: {
        model: "/models/hostile.gguf",
        system_fingerprint: "b9999",
        timings: { prompt_n: 12, predicted_n: 2, predicted_per_second: 90.1 },
      },
    }),
    systemone: asItIs,
  },
  vllm: {
    chat: chatWith({
      reply: { service_tier: null, prompt_logprobs: null, prompt_token_ids: null, kv_transfer_params: null },
      choice: { stop_reason: null, token_ids: null },
      message: { refusal: null, annotations: null, audio: null, function_call: null, reasoning: null },
      usage: { prompt_tokens_details: null },
    }),
    systemone: asItIs,
  },
  lmstudio: {
    chat: chatWith({ reply: { stats: {}, system_fingerprint: model }, choice: { logprobs: null } }),
    systemone: asItIs,
  },
  typesafe: { systemone: asItIs },
  upstage: { systemone: asItIs, chat: chatWith({ reply: { system_fingerprint: null } }) },
  // Over each wire in remote-contract.test.ts.
  generic: {},
};

const price = { input: 0.4, output: 1.6, updated: "2026-11-01" };

for (const [vendor, byWire] of Object.entries(dresses) as [VendorName, (typeof dresses)[VendorName]][]) {
  for (const [wire, dress] of Object.entries(byWire) as [WireName, Dress][]) {
    const front = await startDressedServer(server.url, dress);
    dressed.push(front);
    const options: RemoteOptions = { vendor, wire, key: "k", ...(vendors[vendor].local ? {} : { price }) };
    rungContract({
      name: `remote over ${wire}, as ${vendor} speaks it`,
      make: () => remote(front.url, model, options),
      expects: "answered",
    });
  }
}

describe("no vendor's wire", () => {
  test.each(Object.values(vendors).filter(({ name }) => name !== "generic"))(
    "of $name is left without a shape",
    ({ name, wires }) => {
      expect(Object.keys(dresses[name]).sort()).toEqual([...wires].sort());
    },
  );
});
