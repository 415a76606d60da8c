import { describe, expect, test } from "vitest";
import { answeredOf, asked, extract, pick, question, target } from "./asked.contract.ts";
import { messages } from "./messages.ts";
import { ollama } from "./ollama.ts";
import { quirksOf } from "./quirks.ts";
import type { Wire, WireRequest } from "./wire.ts";

function bodyOf(request: ReturnType<Wire["ask"]>): WireRequest["body"] {
  if ("cannot" in request) throw new Error(request.cannot);
  return request.body;
}

describe("Ollama", () => {
  const whom = target(quirksOf("ollama", "qwen3:4b"), { model: "qwen3:4b" });
  const weighed = { ...whom, logprobs: true };
  const said = (message: object, more: object = {}): object => ({
    model: "qwen3:4b",
    created_at: "2026-01-01T00:00:00Z",
    message: { role: "assistant", ...message },
    done: true,
    done_reason: "stop",
    prompt_eval_count: 88,
    eval_count: 4,
    ...more,
  });

  test("is asked with a schema, without thinking, and not to cut the prompt", () => {
    expect(bodyOf(ollama.ask(asked(), whom))).toMatchObject({
      model: "qwen3:4b",
      stream: false,
      think: false,
      truncate: false,
      shift: false,
      format: { properties: { answer: { enum: ["billing", "shipping", "technical"] } } },
      options: { temperature: 0 },
    });
  });

  test("is asked for at most twenty alternatives", () => {
    const body = bodyOf(ollama.ask(asked(), { ...weighed, quirks: { ...weighed.quirks, topLogprobs: 100 } }));
    expect(body).toMatchObject({ logprobs: true, top_logprobs: 20, options: { num_predict: 4 } });
    expect(body).not.toHaveProperty("format");
  });

  test("answers in JSON, and counts what was cached", () => {
    const reply = answeredOf(
      ollama.read(said({ content: '{"answer":"billing"}' }, { prompt_eval_cached_count: 60 }), asked(), whom),
    );
    expect(reply).toMatchObject({ value: "billing", faults: [], tokens: { input: 88, output: 4, cachedInput: 60 } });
  });

  test("answers with logprobs beside the message", () => {
    const top_logprobs = [
      { token: "B", logprob: -0.1231 },
      { token: "A", logprob: -2.4142 },
      { token: "C", logprob: -4.0113 },
    ];
    const reply = answeredOf(
      ollama.read(
        said({ content: "B" }, { logprobs: [{ token: "B", logprob: -0.1231, top_logprobs }] }),
        asked(),
        weighed,
      ),
    );
    expect(reply).toMatchObject({ value: "shipping", basis: "raw", faults: [] });
    expect(reply.confidence).toBeCloseTo(0.8916, 3);
  });

  test.each([
    ["no logprobs, as before 0.12.11", said({ content: "A" }), weighed, ["logprobs missing"]],
    ["only a thought", said({ content: "", thinking: "billing, surely" }), whom, ["answer in reasoning"]],
    ["not done", said({ content: '{"answer":"billing"}' }, { done: false }), whom, ["answer truncated"]],
    ["cut", said({ content: '{"ans' }, { done_reason: "length" }), whom, ["answer truncated"]],
    ["no count", said({ content: '{"answer":"billing"}' }, { prompt_eval_count: undefined }), whom, ["usage missing"]],
    [
      "a cloud",
      said({ content: '{"answer":"billing"}' }, { remote_host: "https://cloud.invalid" }),
      whom,
      ["cloud proxy"],
    ],
    ["an error", { error: "model not found" }, whom, ["malformed", "usage missing"]],
  ])("is found out: %s", (_, body, of, faults) => {
    expect(ollama.read(body, asked(), of).faults).toEqual(faults);
  });

  test("calls tools with arguments that are an object", () => {
    const call = { function: { name: "find_order", arguments: { order: "AB123456" } } };
    const tools = { ...whom, quirks: { ...whom.quirks, structure: "tool" as const } };
    expect(answeredOf(ollama.read(said({ content: "", tool_calls: [call] }), asked(pick()), tools)).value).toEqual({
      tool: "find_order",
      args: { order: "AB123456" },
    });
  });
});

describe("Messages", () => {
  const whom = target(quirksOf("anthropic", "claude-opus-5"), { model: "claude-opus-5", logprobs: true });
  const said = (content: readonly object[], more: object = {}): object => ({
    id: "msg_1",
    type: "message",
    role: "assistant",
    model: "claude-opus-5-20260801",
    content,
    stop_reason: "end_turn",
    usage: { input_tokens: 20, cache_read_input_tokens: 64, cache_creation_input_tokens: 8, output_tokens: 9 },
    ...more,
  });
  const text = (value: string) => ({ type: "text", text: value });

  test("is asked with a schema, whatever probabilities are wished for", () => {
    const body = bodyOf(messages.ask(asked(extract()), whom));
    expect(body).toMatchObject({
      system: expect.stringContaining("Fill in the fields."),
      messages: [{ role: "user" }],
      max_tokens: 200,
      thinking: { type: "disabled" },
      output_config: { format: { type: "json_schema", schema: { additionalProperties: false } } },
    });
    expect(body).not.toHaveProperty("temperature");
    expect(body).not.toHaveProperty("logprobs");
  });

  test("keeps what turns thinking down beside the schema", () => {
    const of = target(quirksOf("anthropic", "claude-opus-5-5"), { model: "claude-opus-5-5" });
    const body = bodyOf(messages.ask(asked(), of));
    expect(body.output_config).toMatchObject({ effort: "low", format: { type: "json_schema" } });
    expect(body).not.toHaveProperty("thinking");
    expect(body.max_tokens).toBeGreaterThan(1000);
  });

  test("forces a tool only where the model lets itself be forced", () => {
    const choiceOf = (model: string) => {
      const quirks = { ...quirksOf("anthropic", model), structure: "tool" as const };
      return bodyOf(messages.ask(asked(), target(quirks, { model }))).tool_choice;
    };
    expect(choiceOf("claude-opus-5")).toMatchObject({ type: "tool", name: "answer" });
    expect(choiceOf("claude-sonnet-5-5")).toMatchObject({ type: "auto" });
  });

  test("answers without confidence, and counts the cached prompt in", () => {
    const reply = answeredOf(
      messages.read(said([{ type: "thinking", thinking: "hm" }, text('{"answer":"billing"}')]), asked(), whom),
    );
    expect(reply).toMatchObject({
      value: "billing",
      confidence: null,
      basis: "none",
      faults: [],
      tokens: { input: 92, output: 9, cachedInput: 64 },
    });
  });

  test.each([
    ["a refusal", said([], { stop_reason: "refusal" }), ["refused"]],
    ["cut", said([text('{"answer":"bil')], { stop_reason: "max_tokens" }), ["answer truncated"]],
    ["only a thought", said([{ type: "thinking", thinking: "billing" }]), ["answer in reasoning"]],
    ["nothing", said([]), ["empty answer"]],
    ["another model", said([text('{"answer":"billing"}')], { model: "claude-opus-5-5" }), ["wrong model"]],
    [
      "an error",
      { type: "error", error: { type: "overloaded_error", message: "busy" } },
      ["malformed", "usage missing"],
    ],
  ])("gives no answer: %s", (_, body, faults) => {
    expect(messages.read(body, asked(), whom)).toMatchObject({ kind: "unanswered", faults });
  });

  test("calls a tool", () => {
    const tools = { ...whom, quirks: { ...whom.quirks, structure: "tool" as const } };
    const body = said([{ type: "tool_use", id: "t", name: "answer", input: { answer: "shipping" } }], {
      stop_reason: "tool_use",
    });
    expect(answeredOf(messages.read(body, asked(question()), tools))).toMatchObject({ value: "shipping", faults: [] });
  });
});
