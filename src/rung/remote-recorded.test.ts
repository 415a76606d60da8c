/** Replies in the shapes that vendors' servers give, for those that cannot run here: what the rung makes of each. */

import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, test } from "vitest";
import type { Json } from "../core/json.ts";
import { memoryJournal } from "../journal/memory.ts";
import { remote } from "./remote.ts";
import type { RemoteOptions } from "./remote-options.ts";
import { contextOf, questionOf } from "./rung.contract.ts";

type Body = { readonly [key: string]: Json };

interface Recorded {
  readonly name: string;
  readonly model: string;
  readonly options: RemoteOptions;
  readonly reply: Body | ((asked: Body) => Body);
  readonly path: string;
  /** What stands in the request. */
  readonly sends: object;
  readonly gives: object;
}

const price = { input: 0.4, output: 1.6, cachedInput: 0.1, updated: "2026-11-01" };
const logprobs = (probabilities: { readonly [token: string]: number }): Json => {
  const top = Object.entries(probabilities).map(([token, p]) => ({ token, logprob: Math.log(p), bytes: null }));
  return [{ ...top[0], top_logprobs: top }];
};
/** Of the letters and of what else was possible, the most probable first. */
const sorted = { B: 0.91, A: 0.06, C: 0.02, The: 0.01 };

const recorded: readonly Recorded[] = [
  {
    name: "OpenAI, by schema",
    model: "gpt-6-luna",
    options: { vendor: "openai", price },
    path: "/v1/chat/completions",
    sends: {
      reasoning_effort: "none",
      max_completion_tokens: expect.any(Number),
      response_format: { type: "json_schema", json_schema: { strict: true } },
    },
    reply: {
      id: "chatcmpl-1",
      object: "chat.completion",
      created: 1793600000,
      model: "gpt-6-luna-2026-09-15",
      choices: [
        {
          index: 0,
          message: { role: "assistant", content: '{"answer":"shipping"}', refusal: null, annotations: [] },
          logprobs: null,
          finish_reason: "stop",
        },
      ],
      usage: {
        prompt_tokens: 160,
        completion_tokens: 8,
        total_tokens: 168,
        prompt_tokens_details: { cached_tokens: 128, audio_tokens: 0 },
        completion_tokens_details: { reasoning_tokens: 0, audio_tokens: 0 },
      },
      service_tier: "default",
      system_fingerprint: null,
    },
    gives: {
      value: "shipping",
      confidence: null,
      basis: "none",
      evidence: { model: "gpt-6-luna-2026-09-15" },
      usage: { inputTokens: 32, outputTokens: 8, cost: expect.closeTo((32 * 0.4 + 128 * 0.1 + 8 * 1.6) / 1e6, 12) },
    },
  },
  {
    name: "OpenAI, a refusal",
    model: "gpt-6-luna",
    options: { vendor: "openai", price },
    path: "/v1/chat/completions",
    sends: {},
    reply: {
      model: "gpt-6-luna-2026-09-15",
      choices: [
        { index: 0, message: { role: "assistant", content: null, refusal: "I can't help." }, finish_reason: "stop" },
      ],
      usage: { prompt_tokens: 160, completion_tokens: 8, total_tokens: 168 },
    },
    gives: { kind: "escalated", evidence: { faults: ["refused"] } },
  },
  {
    name: "OpenAI Decisions",
    model: "gpt-6-luna",
    options: { vendor: "openai", wire: "decisions", price },
    path: "/v1/decisions",
    sends: { questions: [{ type: "choice" }] },
    reply: ({ questions }) => {
      const [{ name = null } = {}] = questions as readonly { readonly name?: string }[];
      const shares = { billing: 0.0612, shipping: 0.9175, "none of these": 0.0213 };
      const probabilities = Object.entries(shares).map(([value, probability]) => ({ value, probability }));
      return {
        model: "gpt-6-luna-2026-09-15",
        answers: [{ type: "choice", name, choice: "shipping", probabilities, confidence: 0.8 }],
        usage: { input_tokens: 120, output_tokens: 1, total_tokens: 121 },
      };
    },
    gives: {
      value: "shipping",
      confidence: 0.9175,
      evidence: { options: [{ p: 0.0612 }, { p: 0.9175 }, { p: 0.0213 }] },
    },
  },
  {
    name: "OpenRouter, which says what it cost",
    model: "openai/gpt-6-luna",
    options: { vendor: "openrouter", price },
    path: "/v1/chat/completions",
    sends: { provider: { require_parameters: true }, usage: { include: true } },
    reply: {
      id: "gen-1",
      provider: "OpenAI",
      model: "openai/gpt-6-luna",
      object: "chat.completion",
      choices: [
        {
          index: 0,
          finish_reason: "stop",
          native_finish_reason: "stop",
          message: { role: "assistant", content: '{"answer":"shipping"}', refusal: null, reasoning: null },
        },
      ],
      usage: { prompt_tokens: 160, completion_tokens: 8, total_tokens: 168, cost: 0.0000768, is_byok: false },
    },
    gives: { value: "shipping", usage: { cost: 0.0000768 } },
  },
  {
    name: "Anthropic",
    model: "claude-haiku-4-5",
    options: { vendor: "anthropic", price },
    path: "/v1/messages",
    sends: { max_tokens: expect.any(Number), system: expect.anything() },
    reply: {
      id: "msg_1",
      type: "message",
      role: "assistant",
      model: "claude-haiku-4-5-20251001",
      content: [{ type: "text", text: '{"answer":"shipping"}' }],
      stop_reason: "end_turn",
      stop_sequence: null,
      usage: { input_tokens: 150, cache_creation_input_tokens: 0, cache_read_input_tokens: 40, output_tokens: 9 },
    },
    gives: { value: "shipping", confidence: null, basis: "none", usage: { inputTokens: 150, outputTokens: 9 } },
  },
  {
    name: "Ollama, with logprobs",
    model: "qwen3:4b",
    options: { vendor: "ollama", logprobs: true },
    path: "/api/chat",
    sends: { think: false, stream: false, logprobs: true, top_logprobs: 20 },
    reply: {
      model: "qwen3:4b",
      created_at: "2026-11-01T10:00:00.000Z",
      message: { role: "assistant", content: "B" },
      logprobs: logprobs(sorted),
      done: true,
      done_reason: "stop",
      total_duration: 90_000_000,
      prompt_eval_count: 130,
      eval_count: 2,
    },
    gives: { value: "shipping", basis: "raw", confidence: expect.closeTo(0.91, 1), usage: { cost: 0 } },
  },
  {
    name: "Ollama, System One",
    model: "tev1",
    options: { vendor: "ollama", wire: "systemone" },
    path: "/v1/systemone",
    sends: { model: "tev1" },
    reply: ({ questions }) => ({
      model: "tev1:latest",
      answers: Object.fromEntries(
        Object.keys(questions as object).map((id) => [
          id,
          {
            type: "choice",
            choice: "shipping",
            probabilities: { billing: 0.0612, shipping: 0.9175, "none of these": 0.0213 },
            confidence: 0.7,
          },
        ]),
      ),
      usage: { input_tokens: 110, output_tokens: 1 },
    }),
    gives: { value: "shipping", confidence: 0.9175 },
  },
  {
    name: "vLLM, asked without a structured output so that its numbers are raw",
    model: "qwen",
    options: { vendor: "vllm", logprobs: true },
    path: "/v1/chat/completions",
    sends: { logprobs: true, chat_template_kwargs: { enable_thinking: false } },
    reply: {
      id: "chatcmpl-1",
      object: "chat.completion",
      model: "qwen",
      choices: [
        {
          index: 0,
          message: { role: "assistant", content: "B", reasoning: null, tool_calls: [] },
          logprobs: { content: logprobs(sorted) },
          finish_reason: "stop",
          stop_reason: null,
        },
      ],
      usage: { prompt_tokens: 130, total_tokens: 132, completion_tokens: 2, prompt_tokens_details: null },
      prompt_logprobs: null,
      kv_transfer_params: null,
    },
    gives: { value: "shipping", basis: "raw", confidence: expect.closeTo(0.91, 1) },
  },
  {
    name: "LM Studio, whose logprobs are a stub",
    model: "qwen3-4b",
    options: { vendor: "lmstudio", logprobs: true },
    path: "/v1/chat/completions",
    sends: { logprobs: true },
    reply: {
      id: "chatcmpl-1",
      object: "chat.completion",
      model: "qwen3-4b",
      choices: [{ index: 0, message: { role: "assistant", content: "B" }, logprobs: null, finish_reason: "stop" }],
      usage: { prompt_tokens: 130, completion_tokens: 2, total_tokens: 132 },
      stats: {},
    },
    gives: { value: "shipping", confidence: null, evidence: { faults: ["logprobs missing"] } },
  },
  {
    name: "LM Studio, by schema",
    model: "qwen3-4b",
    options: { vendor: "lmstudio" },
    path: "/v1/chat/completions",
    sends: { response_format: { type: "json_schema" } },
    reply: {
      model: "qwen3-4b",
      choices: [
        {
          index: 0,
          message: { role: "assistant", content: '{"answer":"shipping"}' },
          logprobs: null,
          finish_reason: "stop",
        },
      ],
      usage: { prompt_tokens: 130, completion_tokens: 7, total_tokens: 137 },
      stats: {},
    },
    gives: { value: "shipping", basis: "none", usage: { cost: 0 } },
  },
];

const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

/** A server that gives one reply, whatever it is asked; and what it was asked. */
async function serve(reply: Recorded["reply"]): Promise<{ url: string; asked: { path: string; body: Body }[] }> {
  const asked: { path: string; body: Body }[] = [];
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
    const body = JSON.parse(Buffer.concat(chunks).toString()) as Body;
    asked.push({ path: request.url ?? "", body });
    response.setHeader("content-type", "application/json");
    response.end(JSON.stringify(typeof reply === "function" ? reply(body) : reply));
  });
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  closing.push(async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked };
}

describe("a reply as it comes from", () => {
  test.each(recorded)("$name", async ({ model, options, reply, path, sends, gives }) => {
    const { url, asked } = await serve(reply);
    const rung = remote(url, model, options);
    const { notes, vectors, recall, calls } = memoryJournal();
    await rung.open?.({ notes, vectors, recall, calls, say: () => {} });
    closing.push(async () => rung.close?.());
    const said = await rung.decide(questionOf("choose"), contextOf());
    expect(said).toMatchObject({ kind: "answered", ...gives });
    expect(asked).toMatchObject([{ path, body: sends }]);
  });
});
