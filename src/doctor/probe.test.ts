/** Probes against a made-up server that is honest, or dishonest in one way at a time. */

import { describe, expect, test } from "vitest";
import type { Json } from "../core/json.ts";
import type { Backend, BackendRequest, Exchange } from "../net/backend.ts";
import { BackendError } from "../net/backend-error.ts";
import { plain } from "../wire/quirks.ts";
import { chatDialect, ollamaDialect } from "./dialect.ts";
import type { Capabilities } from "./doctor.ts";
import { probes } from "./examine.ts";
import { type Probe, probeAll } from "./probe.ts";
import { schemaProbe } from "./probe-format.ts";

type Body = { readonly [key: string]: Json };

interface Manners {
  readonly schema?: "ignored" | "refused";
  readonly tool?: "ignored" | "as text" | "refused";
  readonly logprobs?: "missing" | "masked" | "rounded" | "wavering";
  readonly context?: "truncated" | "refused";
  readonly thinks?: "field" | "tags" | "hidden";
  readonly usage?: "missing" | "doubled";
  readonly followsLetters?: false;
  readonly speaks?: "systemone";
}

const refusal = (fault: "bad request" | "not found", status: number) =>
  new BackendError(fault, "no", { maybeDone: false, faults: [fault], status });

class Server implements Backend {
  readonly host = "127.0.0.1:1";
  readonly asked: Body[] = [];
  readonly #manners: Manners;

  constructor(manners: Manners) {
    this.#manners = manners;
  }

  async request({ path, body = {} }: BackendRequest): Promise<Exchange> {
    this.asked.push(body);
    const reply = path.startsWith("/v1/chat") || path === "/api/chat" ? this.#chat(path, body) : this.#decide(path);
    const milliseconds = 5;
    return {
      status: 200,
      headers: new Headers(),
      body: reply,
      milliseconds,
      totalMilliseconds: 5,
      tries: 1,
      faults: [],
    };
  }

  #decide(path: string): unknown {
    if (path !== "/v1/systemone" || this.#manners.speaks !== "systemone") throw refusal("not found", 404);
    return { answers: { topic: { type: "choice", choice: "animals", probabilities: { animals: 0.9, weather: 0.1 } } } };
  }

  #chat(path: string, body: Body): unknown {
    const manners = this.#manners;
    const messages = body.messages as readonly { readonly role: string; readonly content: string }[];
    const [system, user] = [messages.find(({ role }) => role === "system")?.content ?? "", messages.at(-1)!.content];
    const words = user.split(/\s+/).length;
    if (words > 4096 && manners.context === "refused") throw refusal("bad request", 400);
    let content = "yes";
    let toolCalls: unknown[] = [];
    const schema = JSON.stringify(body.response_format ?? body.format ?? null);
    const word = /"enum":\["([^"]+)"\]/.exec(schema)?.[1];
    if (word && manners.schema === "refused") throw refusal("bad request", 400);
    if (word && manners.schema !== "ignored") content = JSON.stringify({ answer: word });
    if (body.tools) {
      const choice = body.tool_choice as { readonly function: { readonly name: string } } | undefined;
      const name = manners.tool === "ignored" || !choice ? "ring_the_bell" : choice.function.name;
      if (manners.tool === "refused") throw refusal("bad request", 400);
      content = manners.tool === "as text" ? `<function=${name}></function>` : "";
      if (manners.tool !== "as text") toolCalls = [{ function: { name, arguments: "{}" } }];
    }
    const options = /Answer with one of|Answer with one letter/.test(system)
      ? answerKnown(system, user, manners)
      : null;
    if (options !== null) content = options;
    const thinking = manners.thinks === "field" ? { reasoning_content: "Let me see." } : {};
    if (manners.thinks === "tags") content = `<think>Let me see.</think>${content}`;
    const output = manners.thinks === "hidden" ? 40 : 4;
    const input = manners.context === "truncated" ? Math.min(words, 4096) : words + 10;
    const tokens = body.logprobs ? this.#tokens(content, word !== undefined) : null;
    const message = { role: "assistant", content, tool_calls: toolCalls, ...thinking };
    if (path === "/api/chat") {
      return { model: "m", message, done: true, prompt_eval_count: input, eval_count: output, logprobs: tokens ?? [] };
    }
    const total = manners.usage === "doubled" ? 2 * (input + output) : input + output;
    const usage = { prompt_tokens: input, completion_tokens: output, total_tokens: total };
    return {
      model: "m",
      choices: [{ message, logprobs: tokens && { content: tokens } }],
      ...(manners.usage === "missing" ? {} : { usage }),
    };
  }

  #tokens(content: string, constrained: boolean): unknown[] | null {
    const { logprobs } = this.#manners;
    if (logprobs === "missing") return null;
    // What a constraint forced was unlikely, unless it is looked at after the constraint.
    const free =
      logprobs === "rounded" ? Math.log(0.25) : -0.123456 - (logprobs === "wavering" ? this.asked.length : 0);
    const logprob = constrained ? (logprobs === "masked" ? -0.0001 : -9.87654) : free;
    const alternatives = [
      { token: content, logprob },
      { token: "no", logprob: logprobs === "rounded" ? Math.log(0.75) : -3.4567 },
    ];
    return [...content].map((token) => ({ token, logprob, top_logprobs: alternatives }));
  }

  stream(): never {
    throw new Error("not asked for");
  }

  state(): never {
    throw new Error("not asked for");
  }

  async close(): Promise<void> {}
}

function answerKnown(system: string, user: string, { followsLetters }: Manners): string {
  const topic = /cat|dog/.test(user) ? "animals" : /rain|Snow/.test(user) ? "weather" : "money";
  if (!system.includes("letter")) return topic;
  const letter = new RegExp(`([A-C]): ${topic}`).exec(system)?.[1] ?? "?";
  return followsLetters === false ? "A" : letter;
}

async function probed(manners: Manners, native = false, asked = probes) {
  const backend = new Server(manners);
  const dialect = native ? ollamaDialect(backend, "m", plain) : chatDialect(backend, "m", plain);
  const model = { name: "m", digest: "d", context: 4096, remoteHost: null, isEncoder: false };
  return await probeAll({ backend, dialect, model, signal: new AbortController().signal }, asked, 5);
}

const honest: Capabilities = {
  schema: "honoured",
  toolChoice: "honoured",
  logprobs: "raw",
  rounded: false,
  topLogprobs: 2,
  overlong: "read",
  thinking: "off",
  usage: "given",
  letters: { right: 6, asked: 6 },
  names: { right: 6, asked: 6 },
  systemone: false,
  decisions: false,
  repeatable: true,
};

describe("the probes", () => {
  test("find nothing wrong with an honest server", async () => {
    expect(await probed({})).toEqual({ capabilities: honest, unknown: [] });
  });

  test.each<[Manners, Partial<Capabilities>]>([
    [{ schema: "ignored" }, { schema: "ignored", logprobs: "unknown" }],
    [{ schema: "refused" }, { schema: "refused", logprobs: "unknown" }],
    [{ tool: "ignored" }, { toolChoice: "ignored" }],
    [{ tool: "as text" }, { toolChoice: "as text" }],
    [{ tool: "refused" }, { toolChoice: "refused" }],
    [{ logprobs: "missing" }, { logprobs: "missing", topLogprobs: 0, rounded: null, repeatable: null }],
    [{ logprobs: "masked" }, { logprobs: "masked" }],
    [{ logprobs: "rounded" }, { rounded: true }],
    [{ logprobs: "wavering" }, { repeatable: false }],
    [{ context: "truncated" }, { overlong: "truncated" }],
    [{ context: "refused" }, { overlong: "refused" }],
    [{ thinks: "field" }, { thinking: "on" }],
    [{ thinks: "tags" }, { thinking: "on" }],
    [{ thinks: "hidden" }, { thinking: "on" }],
    [{ usage: "missing" }, { usage: "missing", overlong: "unknown" }],
    [{ usage: "doubled" }, { usage: "implausible" }],
    [{ followsLetters: false }, { letters: { right: 2, asked: 6 } }],
    [{ speaks: "systemone" }, { systemone: true }],
  ])("find %j, and that alone", async (manners, differs) => {
    const { capabilities } = await probed(manners);
    expect(capabilities).toMatchObject(differs);
    const same = Object.keys(honest).filter((key) => !(key in differs)) as (keyof Capabilities)[];
    // Tags before an answer also spoil the schema's.
    for (const key of same.filter((one) => manners.thinks !== "tags" || /names|letters/.test(one)))
      expect([key, capabilities[key]]).toEqual([key, honest[key]]);
  });

  test("speak Ollama's own format, which has no field that demands a tool", async () => {
    const { capabilities } = await probed({}, true);
    expect(capabilities).toEqual({ ...honest, toolChoice: "ignored" });
  });

  test("a probe that fails is a thing not known, with its reason, and the others go on", async () => {
    const broken: Probe = { name: "broken", run: () => Promise.reject(new Error("it fell over")) };
    const { capabilities, unknown } = await probed({}, false, [broken, schemaProbe]);
    expect(unknown).toEqual([{ probe: "broken", why: "it fell over" }]);
    expect(capabilities.schema).toBe("honoured");
  });

  test("one interrupt ends them all", async () => {
    const stop = new AbortController();
    const backend = new Server({});
    const stopping: Probe = {
      name: "stopping",
      run: async () => {
        stop.abort();
        throw new Error("gone");
      },
    };
    const model = { name: "m", digest: "d", context: null, remoteHost: null, isEncoder: false };
    const subject = { backend, dialect: chatDialect(backend, "m", plain), model, signal: stop.signal };
    await expect(probeAll(subject, [stopping, schemaProbe], 5)).rejects.toThrow("aborted");
    expect(backend.asked).toEqual([]);
  });
});
