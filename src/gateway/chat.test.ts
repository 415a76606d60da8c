/** Free chat: written by a rung of the ladder, or handed to a server as it is. */

import { describe, expect, test } from "vitest";
import { openGateway } from "../../test/support/gateway.ts";
import type { Json } from "../core/json.ts";
import type { Backend, BackendRequest } from "../net/backend.ts";
import { BackendError } from "../net/backend-error.ts";
import { person } from "../rung/person.ts";
import type { Rung } from "../rung/rung.ts";
import { scripted } from "../rung/scripted.ts";

const route = "/v1/chat/completions";
const hello = {
  model: "m",
  messages: [
    { role: "system", content: "Be kind." },
    { role: "user", content: "Hello" },
  ],
};
const eventsIn = (text: string): Json[] =>
  text
    .trim()
    .split("\n\n")
    .map((event) => event.slice("data: ".length))
    .map((data) => (data === "[DONE]" ? data : JSON.parse(data)));

/** Writes what it is told to, piece by piece. */
function writer(name: string, pieces: readonly string[], whole: string | undefined = pieces.join("")): Rung {
  return scripted(
    async ({ onText }) => {
      for (const piece of pieces) {
        onText?.(piece);
        await new Promise((resolve) => setImmediate(resolve));
      }
      return whole;
    },
    { name },
  );
}

describe("a rung", () => {
  test("writes the reply, as a step with a receipt", async () => {
    const asked: { ask: string; about: string; maxTokens: number; stop: readonly string[] }[] = [];
    const rung = scripted(
      ({ ask, about, maxTokens, stop }) => {
        asked.push({ ask, about, maxTokens, stop });
        return "Good day.";
      },
      { name: "low" },
    );
    await using world = await openGateway({ config: { ladder: [rung] } });
    const { body } = await world.post(route, { ...hello, max_tokens: 20, stop: "END" });
    expect(body.choices[0].message.content).toBe("Good day.");
    expect(body.pawl).toMatchObject({ rung: "low", standing: "unpromised" });
    expect(asked).toEqual([
      { ask: "Be kind.\nWrite the assistant's next message.", about: "user: Hello", maxTokens: 20, stop: ["END"] },
    ]);
    expect(world.journal.counts().done).toBe(1);
  });

  test("is the one that the config names", async () => {
    const ladder = [writer("low", ["low"]), writer("high", ["high"]), person()];
    await using world = await openGateway({ config: { ladder, serve: { chat: "high" } } });
    expect((await world.post(route, hello)).body.choices[0].message.content).toBe("high");
  });

  const tools = [{ type: "function", function: { name: "f" } }];
  test.each([
    ["response_format", { response_format: { type: "json_object" } }],
    ["tools", { tools }],
    ["tools", { tools, tool_choice: "auto" }],
    ["tools", { tools, tool_choice: { type: "allowed_tools", allowed_tools: { mode: "auto", tools } } }],
    [
      "tools",
      { tools, response_format: { type: "json_schema", json_schema: { name: "a", schema: { enum: [1, 2] } } } },
    ],
    ["tools", { functions: [{ name: "f" }] }],
  ])("is not asked for a text where it would be no answer: %s (%#)", async (param, more) => {
    await using world = await openGateway({ config: { ladder: [writer("low", ["x"])] } });
    expect(await world.post(route, { ...hello, ...more })).toMatchObject({
      status: 400,
      body: { error: { param, message: expect.stringContaining("serve.chat") } },
    });
  });

  test.each([{ response_format: { type: "text" } }, { tools, tool_choice: "none" }, { tools: [] }])(
    "(control) is asked for it where it is one: %j",
    async (more) => {
      await using world = await openGateway({ config: { ladder: [writer("low", ["x"])] } });
      expect((await world.post(route, { ...hello, ...more })).body.choices[0].message.content).toBe("x");
    },
  );

  test("that cannot leaves it to a person, and the client gets a refusal", async () => {
    await using world = await openGateway({ config: { ladder: [scripted({}, { name: "low" })] } });
    const { body } = await world.post(route, hello);
    expect(body.choices[0].message).toMatchObject({ content: null, refusal: expect.stringContaining(body.pawl.at) });
    const stream = eventsIn((await world.post(route, { ...hello, stream: true })).text);
    expect(stream.at(-1)).toBe("[DONE]");
    expect(JSON.stringify(stream)).toContain("refusal");
  });

  test("is shown while it writes", async () => {
    await using world = await openGateway({ config: { ladder: [writer("low", ["Good ", "day", "."])] } });
    const { text, headers } = await world.post(route, { ...hello, stream: true });
    expect(headers.get("content-type")).toMatch(/^text\/event-stream/);
    const chunks = eventsIn(text);
    const pieces = chunks.flatMap((chunk) => (chunk as { choices?: { delta: { content?: string } }[] }).choices ?? []);
    expect(pieces.map(({ delta }) => delta.content ?? "").filter(Boolean)).toEqual(["Good ", "day", "."]);
    expect(chunks.at(-2)).toMatchObject({ pawl: { rung: "low" }, choices: [{ finish_reason: "stop" }] });
    expect(chunks.at(-1)).toBe("[DONE]");
  });

  test("whose shown text does not stand is found out by the client", async () => {
    const ladder = [writer("low", ["Go away"], ""), writer("high", ["Good day."])];
    await using world = await openGateway({ config: { ladder } });
    const chunks = eventsIn((await world.post(route, { ...hello, stream: true })).text);
    expect(chunks.at(-2)).toMatchObject({ error: { code: "text_not_kept" } });
  });

  test.each([
    [{ ...hello, n: 2 }, "n"],
    [{ ...hello, max_tokens: 0 }, "max_completion_tokens"],
    [{ ...hello, stop: [""] }, "stop"],
    [{ model: "m", messages: [] }, "messages"],
    [
      { model: "m", messages: [{ role: "user", content: [{ type: "image_url", image_url: {} }] }] },
      "messages[0].content[0]",
    ],
  ])("is not asked for what cannot be (%#)", async (body, param) => {
    await using world = await openGateway({ config: { ladder: [writer("low", ["x"])] } });
    expect(await world.post(route, body)).toMatchObject({ status: 400, body: { error: { param } } });
  });
});

describe("a server", () => {
  function backendWith(answer: (request: BackendRequest) => unknown): Backend & { readonly asked: BackendRequest[] } {
    const asked: BackendRequest[] = [];
    const took = { milliseconds: 1, totalMilliseconds: 1, tries: 1, faults: [] };
    return {
      asked,
      host: "model.example:443",
      async request(request) {
        asked.push(request);
        return { status: 200, headers: new Headers(), body: answer(request), ...took };
      },
      async stream(request) {
        asked.push(request);
        return new Response(String(answer(request)));
      },
      state: () => {
        throw new Error("nobody asks");
      },
      close: async () => {},
    };
  }
  const config = (backend: Backend) => ({
    ladder: [scripted({}, { name: "low" })],
    serve: { chat: { backend, model: "big-1" }, maxInFlight: 1 },
  });

  test("gets the request as it is, but for the model's name", async () => {
    const backend = backendWith(() => ({ id: "x", choices: [{ message: { content: "Hi" } }] }));
    await using world = await openGateway({ config: config(backend) });
    const tools = [{ type: "function", function: { name: "f" } }];
    const { body, headers } = await world.post(route, { ...hello, tools, temperature: 0.3 });
    expect(body).toMatchObject({ id: "x", pawl: { standing: "passed on", host: "model.example:443" } });
    expect(headers.get("pawl-standing")).toBe("passed on");
    expect(backend.asked[0]!.body).toEqual({ ...hello, tools, temperature: 0.3, model: "big-1" });
    expect(world.journal.counts().done).toBe(0);
  });

  test("gets no question that the ladder answers", async () => {
    const backend = backendWith(() => ({}));
    await using world = await openGateway({ config: config(backend) });
    const schema = { type: "object", properties: { a: { type: "string" } } };
    const format = { type: "json_schema", json_schema: { name: "a", schema } };
    expect((await world.post(route, { ...hello, response_format: format })).body.pawl.standing).toBe("waiting");
    expect(backend.asked).toEqual([]);
  });

  test("streams through, and gives its place back", async () => {
    const backend = backendWith(() => "data: {}\n\ndata: [DONE]\n\n");
    await using world = await openGateway({ config: config(backend) });
    for (let time = 0; time < 3; time++) {
      expect((await world.post(route, { ...hello, stream: true })).text).toBe("data: {}\n\ndata: [DONE]\n\n");
    }
    expect((await world.get("/metrics")).text).toMatch(/^pawl_in_flight 0$/m);
  });

  test.each([
    ["rate limited", 429],
    ["bad request", 400],
    ["stalled", 504],
    ["unreachable", 502],
  ] as const)("that fails (%s) is a %i", async (fault, status) => {
    const backend = backendWith(() => {
      throw new BackendError(fault, "no", { maybeDone: false, faults: [fault] });
    });
    await using world = await openGateway({ config: config(backend) });
    for (let time = 0; time < 2; time++) expect((await world.post(route, hello)).status).toBe(status);
  });
});

test("a schema that cannot be checked is refused before anybody is asked", async () => {
  await using world = await openGateway({ config: { ladder: [scripted({}, { name: "low" })] } });
  const schema = { type: "object", properties: { a: { type: "string" }, b: {} }, unevaluatedProperties: false };
  const format = { type: "json_schema", json_schema: { name: "a", schema } };
  const told = await world.post(route, { ...hello, response_format: format });
  expect(told).toMatchObject({ status: 400, body: { error: { code: "E_SCHEMA_UNSUPPORTED" } } });
  expect(world.journal.counts()).toMatchObject({ done: 0, failed: 0, waiting: 0 });
});
