/** Whether what is demanded of an answer is kept: its schema, the tool it must call, its length, its thinking. */

import { BackendError } from "../net/backend-error.ts";
import type { Said } from "./dialect.ts";
import type { Capabilities } from "./doctor.ts";
import type { Probe, Subject } from "./probe.ts";

/** Nobody says this word by himself: where it comes back, it was the schema that made it. */
const WORD = "marzipan-7";

export const schemaProbe: Probe = {
  name: "schema",
  async run(subject) {
    const schema = {
      type: "object",
      properties: { answer: { type: "string", enum: [WORD] } },
      required: ["answer"],
      additionalProperties: false,
    };
    const said = await refusable(subject, {
      user: "How much is two and two? Answer with a digit.",
      maxTokens: 40,
      schema,
    });
    if (said === "refused") return { schema: "refused" };
    return { schema: wordIn(said.content) === WORD ? "honoured" : "ignored" };
  },
};

function wordIn(content: string): unknown {
  try {
    const value: unknown = JSON.parse(content);
    return typeof value === "object" && value !== null ? (value as { answer?: unknown }).answer : undefined;
  } catch {
    return undefined;
  }
}

/** The question wants one tool, the demand another. */
export const toolProbe: Probe = {
  name: "tool choice",
  async run(subject) {
    const [wanted, demanded] = ["ring_the_bell", "water_the_plants"];
    const said = await refusable(subject, {
      user: "Please ring the bell now.",
      maxTokens: 80,
      tools: [wanted, demanded],
      demand: demanded,
    });
    if (said === "refused") return { toolChoice: "refused" };
    const [call] = said.toolCalls;
    if (call) return { toolChoice: call.name === demanded ? "honoured" : "ignored" };
    return { toolChoice: said.content.includes(wanted) || said.content.includes(demanded) ? "as text" : "ignored" };
  },
};

/** Thinking shows in a field of its own, in tags, or in tokens that nobody sees. */
export const thinkingProbe: Probe = {
  name: "thinking and usage",
  async run({ dialect, signal }) {
    const said = await dialect.say({ user: "Answer with the one word: yes", maxTokens: 48 }, signal);
    const hidden = (said.outputTokens ?? 0) > 16 && said.content.length < 16;
    const thinks = said.reasoning !== "" || /<think/i.test(said.content) || hidden;
    return { thinking: thinks ? "on" : "off", usage: usageOf(said, 48) };
  },
};

function usageOf({ promptTokens, outputTokens, totalTokens }: Said, most: number): Capabilities["usage"] {
  if (promptTokens === null || outputTokens === null) return "missing";
  const sums = totalTokens === null || totalTokens === promptTokens + outputTokens;
  // One token more than was allowed is how some count the end of the text.
  return sums && promptTokens > 0 && outputTokens <= most + 1 ? "given" : "implausible";
}

/** A prompt of one third more than the context; where that is not known, of more than Ollama's usual 4,096. */
export const contextProbe: Probe = {
  name: "context",
  async run(subject) {
    const context = subject.model.context ?? 4096;
    if (context > LONGEST) return { overlong: "not tried" };
    const words = Math.ceil((context * 4) / 3);
    const user = `${"stone ".repeat(words)}\nAnswer with the one word: yes`;
    try {
      const { promptTokens } = await subject.dialect.say({ user, maxTokens: 4 }, subject.signal);
      // A word of it is a token, or more than one; never less.
      if (promptTokens === null) return {};
      return { overlong: promptTokens >= words ? "read" : "truncated" };
    } catch (thrown) {
      if (thrown instanceof BackendError && isRefusal(thrown)) return { overlong: "refused" };
      throw thrown;
    }
  },
};

/** Reading more than this for a probe takes minutes on a processor. */
const LONGEST = 8192;

function isRefusal({ fault }: BackendError): boolean {
  return fault === "context exceeded" || fault === "bad request" || fault === "server error";
}

async function refusable(
  { dialect, signal }: Subject,
  saying: Parameters<typeof dialect.say>[0],
): Promise<Said | "refused"> {
  try {
    return await dialect.say(saying, signal);
  } catch (thrown) {
    if (thrown instanceof BackendError && isRefusal(thrown)) return "refused";
    throw thrown;
  }
}
