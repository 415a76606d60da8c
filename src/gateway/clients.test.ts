/** The clients that people have already, unchanged, against a server that really listens. */

import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import {
  createGateway as aiGateway,
  Experimental_DecisionRefusalError as DecisionRefusalError,
  experimental_decide as decide,
  generateText,
  jsonSchema,
  Output,
  streamText,
} from "ai";
import OpenAI from "openai";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Config, defineConfig } from "../config/config.ts";
import { memoryJournal } from "../journal/memory.ts";
import { person } from "../rung/person.ts";
import { scripted } from "../rung/scripted.ts";
import { createGateway } from "./gateway.ts";
import { type Listening, listen } from "./server.ts";

const run = promisify(execFile);

/** Answers by what the text says; reads probabilities; does not know what is "murky". */
const model = scripted(
  ({ verb, about, options, tools, onText }) => {
    if (about.includes("murky")) return undefined;
    if (verb === "write") {
      for (const piece of ["Good ", "day."]) onText?.(piece);
      return "Good day.";
    }
    if (verb === "extract") return { order: /[A-Z]{2}\d+/.exec(about)?.[0] ?? "none", urgent: about.includes("now") };
    if (verb === "pick") return { tool: tools.at(-1)!.name, args: { order: "AB12" } };
    const said = options.findIndex(({ name }) => about.includes(name));
    const best = Math.max(0, said);
    const p = options.map((_, index) => (index === best ? 0.9 : 0.1 / Math.max(1, options.length - 1)));
    return {
      kind: "answered",
      value: options[best]!.name,
      confidence: 0.9,
      basis: "raw",
      evidence: { options: options.map(({ name }, index) => ({ name, p: p[index]! })) },
      usage: { inputTokens: 20, outputTokens: 1, milliseconds: 1, cost: 0 },
    };
  },
  { name: "model" },
);

const config: Config = defineConfig({ ladder: [model, person()] });
const journal = memoryJournal();
const gateway = createGateway({ config, journal });
let listening: Listening;
let client: OpenAI;

beforeAll(async () => {
  await gateway.open();
  listening = await listen(gateway, { host: "127.0.0.1", port: 0 });
  client = new OpenAI({ baseURL: `${listening.address}/v1`, apiKey: "any", maxRetries: 0 });
});

afterAll(async () => {
  await listening.close(1000);
  await journal.close();
});

const teamSchema = {
  type: "object",
  properties: { team: { type: "string", enum: ["billing", "security"] } },
  required: ["team"],
  additionalProperties: false,
};
const orderTool = {
  type: "function",
  function: {
    name: "findOrder",
    description: "Finds an order",
    parameters: { type: "object", properties: { order: { type: "string" } }, required: ["order"] },
  },
} as const;

describe("the official openai client", () => {
  test("decides", async () => {
    const decision = await client.decisions.create({
      model: "gpt-6-luna",
      input: "My card was stolen: security, please",
      questions: [
        {
          type: "choice",
          name: "team",
          instructions: "Which team?",
          choices: [{ value: "billing" }, { value: "security" }],
        },
        { type: "predicate", instructions: "Is it urgent?" },
        { type: "score", name: "mood", instructions: "How angry?", levels: [{ label: "calm" }, { label: "angry" }] },
      ],
    });
    expect(decision.model).toBe("pawl");
    expect(decision.answers[0]).toMatchObject({
      type: "choice",
      name: "team",
      choice: "security",
      probabilities: [
        { value: "billing", probability: expect.closeTo(0.1) },
        { value: "security", probability: 0.9 },
      ],
    });
    expect(decision.answers[1]).toMatchObject({ type: "predicate", name: null, probability: 0.9 });
    expect(decision.answers[2]).toMatchObject({ type: "score", name: "mood", score: expect.closeTo(0.1) });
    expect(decision.usage.input_tokens).toBe(60);
    expect(decision).toMatchObject({ pawl: { standing: "unpromised", questions: { 0: { rung: "model" } } } });
    expect(decision._request_id).toMatch(/-\d+$/);
  });

  test("gets a refusal for what went to a person", async () => {
    const decision = await client.decisions.create({
      model: "pawl",
      input: "murky",
      questions: [{ type: "predicate", name: "ok", instructions: "Is it right?" }],
    });
    expect(decision.answers).toEqual([{ type: "refusal", name: "ok" }]);
    expect(decision).toMatchObject({ pawl: { standing: "waiting", at: expect.stringMatching(/^\/v1\/answers\//) } });
  });

  test("chats, whole and in pieces", async () => {
    const messages = [{ role: "user" as const, content: "Hello" }];
    const whole = await client.chat.completions.create({ model: "pawl", messages });
    expect(whole.choices[0]!.message.content).toBe("Good day.");
    const pieces: string[] = [];
    const stream = await client.chat.completions.create({
      model: "pawl",
      messages,
      stream: true,
      stream_options: { include_usage: true },
    });
    let last: unknown;
    for await (const chunk of stream) {
      const piece = chunk.choices[0]?.delta.content;
      if (piece) pieces.push(piece);
      last = chunk;
    }
    expect(pieces).toEqual(["Good ", "day."]);
    expect(last).toMatchObject({ usage: { total_tokens: expect.any(Number) }, pawl: { rung: "model" } });
  });

  test("gets structured output, also in pieces", async () => {
    const asked = {
      model: "pawl",
      messages: [
        { role: "system" as const, content: "Which team?" },
        { role: "user" as const, content: "a matter of security" },
      ],
      response_format: {
        type: "json_schema" as const,
        json_schema: { name: "team", schema: teamSchema, strict: true },
      },
    };
    const whole = await client.chat.completions.parse(asked);
    expect(whole.choices[0]!.message.parsed).toEqual({ team: "security" });
    const stream = client.chat.completions.stream(asked);
    expect((await stream.finalChatCompletion()).choices[0]!.message.content).toBe('{"team":"security"}');
    const schema = {
      type: "object",
      properties: { order: { type: "string" }, urgent: { type: "boolean" } },
      required: ["order", "urgent"],
    };
    const open = await client.chat.completions.create({
      ...asked,
      messages: [{ role: "user", content: "Send AB123 now" }],
      response_format: { type: "json_schema", json_schema: { name: "order", schema } },
    });
    expect(JSON.parse(open.choices[0]!.message.content!)).toEqual({ order: "AB123", urgent: true });
  });

  test("gets the call that it demands", async () => {
    const messages = [{ role: "user" as const, content: "Where is AB12?" }];
    const other = { ...orderTool, function: { ...orderTool.function, name: "other" } };
    const forced = await client.chat.completions.create({
      model: "pawl",
      messages,
      tools: [other, orderTool],
      tool_choice: { type: "function", function: { name: "findOrder" } },
    });
    expect(forced.choices[0]).toMatchObject({
      finish_reason: "tool_calls",
      message: { tool_calls: [{ type: "function", function: { name: "findOrder" } }] },
    });
    const stream = client.chat.completions.stream({
      model: "pawl",
      messages,
      tools: [other, orderTool],
      tool_choice: "required",
    });
    const [call] = (await stream.finalChatCompletion()).choices[0]!.message.tool_calls!;
    expect(call).toMatchObject({ function: { name: "findOrder", arguments: '{"order":"AB12"}' } });
  });

  test("gets a refusal message where a person is asked", async () => {
    const refused = await client.chat.completions.create({
      model: "pawl",
      messages: [{ role: "user", content: "murky" }],
      response_format: { type: "json_schema", json_schema: { name: "team", schema: teamSchema } },
    });
    expect(refused.choices[0]!.message).toMatchObject({
      content: null,
      refusal: expect.stringContaining("/v1/answers/"),
    });
  });

  test("lists the models, and reads errors", async () => {
    const models = [];
    for await (const one of client.models.list()) models.push(one.id);
    expect(models).toEqual(["pawl"]);
    expect((await client.models.retrieve("pawl")).owned_by).toBe("pawl");
    const bad = client.decisions.create({ model: "pawl", input: "x", questions: [] });
    await expect(bad).rejects.toBeInstanceOf(OpenAI.BadRequestError);
    await expect(bad).rejects.toMatchObject({ param: "questions", code: "invalid_request" });
  });
});

describe("AI SDK 7", () => {
  test("decides with its own gateway provider", async () => {
    const provider = aiGateway({ baseURL: `${listening.address}/v1`, apiKey: "any" });
    const asked = {
      model: provider.decisionModel("pawl"),
      questions: {
        team: {
          type: "choice",
          instructions: "Which team?",
          criteria: { billing: "Payments", security: "Cards and PINs" },
        },
        severity: { type: "score", instructions: "How severe?", criteria: ["cosmetic", "blocking"] },
        refund: { type: "boolean", instructions: "Is a refund asked for?" },
      },
    } as const;
    const result = await decide({ ...asked, state: { message: "a matter of security, blocking" } });
    expect(result.answers.team).toMatchObject({ choice: "security", probabilities: { security: 0.9 } });
    expect(result.answers.severity.score).toBeCloseTo(0.9);
    expect(result.answers.refund.probability).toBeCloseTo(0.9);
    expect(result.providerMetadata).toMatchObject({ pawl: { standing: "unpromised" } });
    await expect(decide({ ...asked, state: "murky", maxRetries: 0 })).rejects.toBeInstanceOf(DecisionRefusalError);
  });

  test("generates objects and text with its openai-compatible provider", async () => {
    const provider = createOpenAICompatible({
      name: "pawl",
      baseURL: `${listening.address}/v1`,
      supportsStructuredOutputs: true,
    });
    const { output } = await generateText({
      model: provider("pawl"),
      output: Output.object({ schema: jsonSchema<{ team: string }>(teamSchema as never) }),
      prompt: "a matter of security",
    });
    expect(output).toEqual({ team: "security" });
    const { textStream } = streamText({ model: provider("pawl"), prompt: "Hello" });
    let said = "";
    for await (const piece of textStream) said += piece;
    expect(said).toBe("Good day.");
  });
});

describe("curl", () => {
  const curl = async (...args: readonly string[]): Promise<string> => (await run("curl", ["-sS", ...args])).stdout;
  const question = { type: "choice", instructions: "Which team?", criteria: { billing: null, security: null } };
  const body = (state: string, more: object = {}): string =>
    JSON.stringify({ model: "pawl", state, questions: { team: question }, ...more });

  test("asks System One", async () => {
    const reply = JSON.parse(await curl("--json", body("a matter of security"), `${listening.address}/v1/systemone`));
    expect(reply).toMatchObject({ model: "pawl", answers: { team: { type: "choice", choice: "security" } } });
    expect(reply.pawl).toMatchObject({ rung: "model", basis: "raw", confidence: 0.9, cached: false });
    const missing = JSON.parse(await curl("--json", body("murky"), `${listening.address}/v1/systemone`));
    expect(missing).toMatchObject({ answers: {}, pawl: { standing: "waiting" } });
  });

  test("streams, and is told to come again", async () => {
    const stream = await curl("-N", "--json", body("security", { stream: true }), `${listening.address}/v1/systemone`);
    const [first, last] = stream.trim().split("\n\n");
    expect(JSON.parse(first!.slice("data: ".length))).toMatchObject({ answers: { team: { choice: "security" } } });
    expect(last).toBe("data: [DONE]");
    const head = await curl(
      "-i",
      "-H",
      "Prefer: respond-async",
      "--json",
      body("murky"),
      `${listening.address}/v1/systemone`,
    );
    expect(head).toMatch(/^HTTP\/1.1 202/);
    expect(head).toMatch(/location: \/v1\/answers\//i);
  });
});
