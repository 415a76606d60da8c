// The fake model in the shape of a Vercel language model, version 4, which both AI SDK and Mastra take.
import { nextCall } from "../job.ts";

const usage = {
  inputTokens: { total: 1, noCache: 1, cacheRead: undefined, cacheWrite: undefined },
  outputTokens: { total: 1, text: 1, reasoning: undefined },
};

function answer(prompt) {
  const conversation = prompt.filter((message) => message.role !== "system");
  const turns = Number(conversation[0].content[0].text);
  // After the question every turn adds two messages: the call and its result.
  return nextCall((conversation.length - 1) / 2, turns);
}

export const model = {
  specificationVersion: "v4",
  provider: "fake",
  modelId: "fake",
  supportedUrls: {},
  async doGenerate({ prompt }) {
    const call = answer(prompt);
    if (call === undefined) {
      return {
        content: [{ type: "text", text: "done" }],
        finishReason: { unified: "stop", raw: undefined },
        usage,
        warnings: [],
      };
    }
    return {
      content: [{ type: "tool-call", toolCallId: call.id, toolName: call.tool, input: JSON.stringify({ n: call.n }) }],
      finishReason: { unified: "tool-calls", raw: undefined },
      usage,
      warnings: [],
    };
  },
  // Mastra streams inside `generate` too for some model versions.
  async doStream({ prompt }) {
    const call = answer(prompt);
    const parts = [{ type: "stream-start", warnings: [] }];
    if (call === undefined) {
      parts.push(
        { type: "text-start", id: "0" },
        { type: "text-delta", id: "0", delta: "done" },
        { type: "text-end", id: "0" },
      );
    } else {
      const input = JSON.stringify({ n: call.n });
      parts.push({ type: "tool-call", toolCallId: call.id, toolName: call.tool, input });
    }
    parts.push({ type: "finish", finishReason: { unified: call ? "tool-calls" : "stop", raw: undefined }, usage });
    return { stream: ReadableStream.from(parts) };
  },
};
