import { describe, expect, test } from "vitest";
import { plain, quirksOf, vendors, withQuirks } from "./quirks.ts";
import { isCloudName, isSameModel } from "./same-model.ts";

describe("quirks", () => {
  test.each([
    ["anthropic", "claude-opus-5-5", { forcedTool: false, temperature: "never", logprobs: "none" }],
    ["anthropic", "claude-sonnet-5-5", { forcedTool: false, noThinking: { thinking: { type: "between_tools" } } }],
    ["anthropic", "claude-sonnet-5", { forcedTool: true, temperature: "never" }],
    [
      "anthropic",
      "claude-haiku-4-5",
      { forcedTool: true, temperature: "any", noThinking: { thinking: { type: "disabled" } } },
    ],
    ["openai", "gpt-4.1-mini", { logprobs: "raw", temperature: "any", unconstrainedForLogprobs: true, noThinking: {} }],
    [
      "openai",
      "gpt-6-luna",
      { logprobs: "none", temperature: "without reasoning", noThinking: { reasoning_effort: "none" } },
    ],
    ["openai", "gpt-6-astra", { temperature: "never", noThinking: { reasoning_effort: "low" } }],
    ["openai", "gpt-5-mini", { temperature: "never", noThinking: { reasoning_effort: "minimal" } }],
    ["openai", "o3-mini", { logprobs: "none", temperature: "never" }],
    ["openrouter", "anthropic/claude-opus-5.5", { logprobs: "none", forcedTool: false }],
    ["openrouter", "openai/gpt-5.2-pro", { noThinking: { reasoning: { effort: "low" } }, temperature: "never" }],
    ["openrouter", "anthropic/claude-opus-4.7", { temperature: "never", forcedTool: true }],
    ["openrouter", "anthropic/claude-opus-4.6", { temperature: "any" }],
    ["openrouter", "anthropic/claude-haiku-5", { temperature: "never", forcedTool: true }],
    [
      "openrouter",
      "anthropic/claude-fable-5.1",
      { temperature: "never", forcedTool: false, noThinking: { reasoning: { effort: "low" } } },
    ],
    ["ollama", "qwen3:4b", { logprobs: "raw", topLogprobs: 20, forcedTool: false }],
    ["vllm", "any", { logprobs: "raw", unconstrainedForLogprobs: true }],
    ["lmstudio", "any", { logprobs: "unknown" }],
    ["llama-server", "any", { logprobs: "raw", unconstrainedForLogprobs: false, freeNames: true }],
  ] as const)("of %s's %s", (vendor, model, quirks) => {
    expect(quirksOf(vendor, model)).toMatchObject(quirks);
  });

  test("of OpenRouter's models by Anthropic are as strict as those of Anthropic's own", () => {
    for (const name of ["opus-4-6", "opus-4-7", "opus-4-9", "opus-5", "opus-5-5", "sonnet-4-5", "sonnet-5"]) {
      expectAlike(name);
    }
    for (const name of ["sonnet-5-5", "haiku-4-5", "haiku-5", "fable-5", "fable-5-1"]) expectAlike(name);

    function expectAlike(name: string): void {
      const own = quirksOf("anthropic", `claude-${name}`);
      const dotted = `anthropic/claude-${name.replace(/(\d)-(\d)/, "$1.$2")}`;
      const { temperature, forcedTool, thinkingTokens } = quirksOf("openrouter", dotted);
      expect({ name, temperature, forcedTool, thinkingTokens }).toEqual({
        name,
        temperature: own.temperature,
        forcedTool: own.forcedTool,
        thinkingTokens: own.thinkingTokens,
      });
    }
  });

  test("make no vendor's call repeatable by a key that it promises nothing for", () => {
    for (const { quirks } of Object.values(vendors)) expect(quirks.idempotencyHeader ?? null).toBeNull();
  });

  test("of who is not known are plain", () => {
    expect(quirksOf("generic", "gpt-6")).toEqual(plain);
  });

  test("send a key only to who has one, and to no local server by default", () => {
    for (const { local, keyVariable, url } of Object.values(vendors)) {
      if (local) {
        expect(keyVariable).toBeNull();
        expect(url).toMatch(/^http:\/\/127\.0\.0\.1:/);
      } else if (url !== null) {
        expect(keyVariable).not.toBeNull();
        expect(url).toMatch(/^https:/);
      }
    }
  });

  test("are merged one level deep, and the wire has the last word", () => {
    expect(withQuirks({ a: { x: 1 }, b: 2 }, { a: { y: 1, x: 0 }, b: 1, c: 3 })).toEqual({
      a: { x: 1, y: 1 },
      b: 2,
      c: 3,
    });
  });
});

describe("a model's name", () => {
  test.each([
    ["gpt-6", "gpt-6-2026-10-01"],
    ["gpt-4", "gpt-4-0613"],
    ["openai/gpt-6", "gpt-6-2026-10-01"],
    ["claude-sonnet-4", "claude-sonnet-4-20250514"],
    ["claude-sonnet-4-20250514", "claude-sonnet-4"],
    ["qwen3:4b", "qwen3:4b"],
    ["qwen3", "qwen3:latest"],
    ["Qwen/Qwen3-4B", "qwen3-4b"],
    ["model:free", "model"],
    ["jev-latest", "jev-1.13.0"],
  ])("%s is answered by %s", (asked, named) => expect(isSameModel(asked, named)).toBe(true));

  test.each([
    ["gpt-6", "gpt-6-mini"],
    ["gpt-6", "gpt-6.1"],
    ["claude-opus-5", "claude-opus-5-5"],
    ["qwen3:4b", "qwen3:0.6b"],
    ["qwen3:4b", "qwen3"],
    ["m", "some-other-model-0.5b"],
  ])("%s is not answered by %s", (asked, named) => expect(isSameModel(asked, named)).toBe(false));

  test("may stand for a cloud", () => {
    expect(isCloudName("gpt-oss:120b-cloud")).toBe(true);
    expect(isCloudName("cloudy:4b")).toBe(false);
  });
});
