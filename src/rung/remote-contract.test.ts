/** The contract of rungs, by every rung that asks a server: over each wire, and over a model of the AI SDK. */

import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import { MockLanguageModelV4 } from "ai/test";
import { afterAll } from "vitest";
import { startHostileServer } from "../testing/hostile-server.ts";
import type { WireName } from "../wire/wire.ts";
import { aiSdk } from "./ai-sdk.ts";
import { remote } from "./remote.ts";
import { rungContract } from "./rung.contract.ts";

/** In its good mode: it answers with the first thing that fits; asked by letters, with a letter. */
const server = await startHostileServer({
  script: ({ schema, questions }) => (schema || questions[0] ? undefined : "A"),
});
afterAll(() => server[Symbol.asyncDispose]());

const wires: readonly WireName[] = ["chat", "ollama", "messages", "systemone", "decisions"];
for (const wire of wires) {
  rungContract({
    name: `remote over ${wire}`,
    make: () => remote(server.url, "hostile", { wire }),
    expects: "answered",
  });
}
rungContract({
  name: "remote with logprobs",
  make: () => remote(server.url, "hostile", { logprobs: true, redact: true }),
  expects: "answered",
});
rungContract({
  name: "remote with votes and a price",
  make: () => remote(server.url, "hostile", { votes: 3, price: { input: 1, output: 2, updated: "2026-11-01" } }),
  expects: "answered",
});
const provider = createOpenAICompatible({
  name: "hostile",
  baseURL: `${server.url}/v1`,
  supportsStructuredOutputs: true,
});
rungContract({ name: "aiSdk over a server", make: () => aiSdk(provider("hostile")), expects: "answered" });
rungContract({
  name: "aiSdk over a mock",
  make: () =>
    aiSdk(
      new MockLanguageModelV4({
        doGenerate: async () => ({
          content: [{ type: "text", text: '{"answer":"billing"}' }],
          finishReason: { unified: "stop", raw: "stop" },
          usage: {
            inputTokens: { total: 90, noCache: 90, cacheRead: 0, cacheWrite: 0 },
            outputTokens: { total: 7, text: 7, reasoning: 0 },
          },
          warnings: [],
        }),
      }),
    ),
  expects: "answered",
});
