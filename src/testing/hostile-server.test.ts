/** The hostile server is what it says: right without a fault, and wrong in just the way that was asked for. */

import { afterEach, describe, expect, test } from "vitest";
import type { WireName } from "../wire/wire.ts";
import { hostileFaults } from "./hostile-faults.ts";
import { type HostileOptions, type HostileServer, startHostileServer } from "./hostile-server.ts";

const opened: HostileServer[] = [];
afterEach(async () => {
  for (const server of opened.splice(0)) await server[Symbol.asyncDispose]();
});

async function start(options: HostileOptions = {}): Promise<HostileServer> {
  const server = await startHostileServer(options);
  opened.push(server);
  return server;
}

const schema = { type: "object", properties: { answer: { enum: ["card", "cash"] } } };
const messages = [{ role: "user", content: "I lost my card" }];

/** Path and body of the same question in each format. */
const questions: { readonly [wire in WireName]: readonly [path: string, body: object] } = {
  chat: [
    "/v1/chat/completions",
    { model: "m", messages, logprobs: true, response_format: { type: "json_schema", json_schema: { schema } } },
  ],
  ollama: ["/api/chat", { model: "m", messages, format: schema, stream: false, logprobs: true }],
  messages: ["/v1/messages", { model: "m", messages, tools: [{ name: "answer", input_schema: schema }] }],
  systemone: [
    "/v1/systemone",
    {
      model: "m",
      state: "I lost my card",
      questions: {
        team: { type: "choice", instructions: "Which?", criteria: { card: null, cash: null } },
        angry: { type: "noul", instructions: "Angry?" },
        urgency: { type: "score", instructions: "How urgent?", criteria: ["low", "high"] },
      },
    },
  ],
  decisions: [
    "/v1/decisions",
    {
      model: "m",
      input: "I lost my card",
      questions: [
        { type: "choice", name: "team", instructions: "Which?", choices: [{ value: "card" }, { value: "cash" }] },
        { type: "predicate", name: "angry", instructions: "Angry?" },
      ],
    },
  ],
};

async function ask(server: HostileServer, wire: WireName, more: object = {}): Promise<Response> {
  const [path, body] = questions[wire];
  return await fetch(server.url + path, {
    method: "POST",
    body: JSON.stringify({ ...body, ...more }),
    redirect: "manual",
    signal: AbortSignal.timeout(5000),
  });
}

/** A reply as plain data: whatever a server sends may be looked at. */
async function json(response: Promise<Response>): Promise<Record<string, never>> {
  return (await (await response).json()) as Record<string, never>;
}

describe("without a fault", () => {
  test("the script's answer comes in every format", async () => {
    const server = await start({ script: "cash" });
    expect(await json(ask(server, "chat"))).toMatchObject({
      model: "m",
      choices: [{ message: { content: '{"answer":"cash"}' }, finish_reason: "stop" }],
      usage: { completion_tokens: expect.any(Number) },
    });
    expect(await json(ask(server, "ollama"))).toMatchObject({ message: { content: '{"answer":"cash"}' }, done: true });
    expect(await json(ask(server, "messages"))).toMatchObject({
      content: [{ type: "tool_use", name: "answer", input: { answer: "cash" } }],
      stop_reason: "tool_use",
    });
    expect(await json(ask(server, "systemone"))).toMatchObject({
      answers: { team: { choice: "cash", probabilities: { cash: 0.9 } }, angry: { noul: 0.9 } },
    });
    expect(await json(ask(server, "decisions"))).toMatchObject({
      answers: [{ choice: "cash" }, { type: "predicate", probability: 0.9 }],
    });
    expect(server.requests.map(({ path }) => path)).toEqual(Object.values(questions).map(([path]) => path));
  });

  test("the answer's token has its rivals beside it, and they sum to one", async () => {
    const reply = await json(ask(await start({ script: "cash", sure: 0.7 }), "chat"));
    const [{ logprobs }] = reply.choices as unknown as [{ logprobs: { content: { token: string }[] } }];
    const token = logprobs.content.find((one) => one.token === "cash") as unknown as {
      top_logprobs: { token: string; logprob: number }[];
    };
    expect(token.top_logprobs.map((one) => [one.token, Math.exp(one.logprob)])).toEqual([
      ["cash", expect.closeTo(0.7)],
      ["card", expect.closeTo(0.3)],
    ]);
  });

  test("the same answer comes as a stream where one is asked for", async () => {
    const server = await start({ script: "cash" });
    const chat = await (await ask(server, "chat", { stream: true })).text();
    const chunks = [...chat.matchAll(/^data: (\{.*)$/gm)].map(([, data]) => JSON.parse(data!));
    const text = chunks.map((chunk) => chunk.choices[0]?.delta.content ?? "").join("");
    expect(text).toBe('{"answer":"cash"}');
    expect(chat.trimEnd().endsWith("data: [DONE]")).toBe(true);
    const lines = (await (await ask(server, "ollama", { stream: undefined })).text()).trimEnd().split("\n");
    expect(lines.map((line) => JSON.parse(line).message.content).join("")).toBe('{"answer":"cash"}');
    expect(await (await ask(server, "messages", { stream: true })).text()).toContain("event: message_stop");
  });

  test("a function of what is asked may be the script, and what it does not say is the first that fits", async () => {
    const server = await start({ script: ({ wire }) => (wire === "chat" ? { answer: "cash" } : undefined) });
    expect(JSON.stringify(await json(ask(server, "chat")))).toContain("cash");
    expect(await json(ask(server, "systemone"))).toMatchObject({ answers: { team: { choice: "card" } } });
  });

  test("another format than the one it speaks is not found", async () => {
    const server = await start({ wire: "ollama" });
    expect((await ask(server, "chat")).status).toBe(404);
    expect(await json(fetch(`${server.url}/api/tags`))).toMatchObject({ models: [{ name: "hostile" }] });
  });
});

describe("a fault", () => {
  test("is one of at least twenty-two, each with its own name", () => {
    const names = hostileFaults.map(({ name }) => name);
    expect(names.length).toBeGreaterThanOrEqual(22);
    expect(new Set(names).size).toBe(names.length);
  });

  const inReply = hostileFaults.filter(({ where }) => where === "reply");
  test.each(inReply.flatMap(({ name, wires }) => wires.map((wire) => [name, wire] as const)))(
    "%s changes the reply of %s, and it stays a reply",
    async (fault, wire) => {
      const [good, bad] = [await start({ script: "cash" }), await start({ script: "cash", fault })];
      const [right, wrong] = [await json(ask(good, wire)), await json(ask(bad, wire))];
      expect(wrong).not.toEqual(right);
      expect(typeof wrong).toBe("object");
    },
  );

  test("lasts for as many questions as it is told", async () => {
    const server = await start({ fault: "429 storm with Retry-After", faultFor: 2 });
    const replies = [await ask(server, "chat"), await ask(server, "chat"), await ask(server, "chat")];
    expect(replies.map(({ status }) => status)).toEqual([429, 429, 200]);
    expect(replies[0]!.headers.get("retry-after")).toBe("1");
  });

  test("that is unknown, or not of the format, is refused", async () => {
    await expect(startHostileServer({ fault: "nothing such" as never })).rejects.toThrow("knows no fault");
    await expect(startHostileServer({ fault: "logprobs masked", wire: "messages" })).rejects.toThrow("does not happen");
  });

  test("a cloud behind a local name shows in what the server says of its models", async () => {
    const [good, bad] = [await start(), await start({ fault: "cloud proxy" })];
    const show = (server: HostileServer) => json(fetch(`${server.url}/api/show`, { method: "POST", body: "{}" }));
    expect(await show(bad)).toMatchObject({ remote_model: "hostile-cloud" });
    expect(await show(good)).not.toHaveProperty("remote_model");
  });

  test("the certificate fails only because nobody signed it", async () => {
    const server = await start({ fault: "self-signed certificate" });
    const failed = await ask(server, "chat").catch((error: Error) => error.cause);
    expect(failed).toMatchObject({ code: "DEPTH_ZERO_SELF_SIGNED_CERT" });
  });
});
