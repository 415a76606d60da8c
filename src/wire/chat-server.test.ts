import type { ChatCompletion, ChatCompletionChunk, ChatCompletionCreateParams } from "openai/resources/chat";
import { describe, expect, test } from "vitest";
import { z } from "zod";
import {
  type ChatAnswer,
  closedText,
  type IncomingChat,
  parseChat,
  renderChat,
  renderChunks,
  renderEvents,
} from "./chat-server.ts";
import { closedAnswer } from "./closed-schema.ts";

const messages: ChatCompletionCreateParams["messages"] = [
  { role: "system", content: "Which team?" },
  { role: "user", content: "The parcel is late." },
];

function read(more: Partial<ChatCompletionCreateParams> = {}): IncomingChat {
  const parsed = parseChat({ model: "pawl", messages, ...more });
  if (!parsed.ok) throw new Error(`${parsed.issue.path}: ${parsed.issue.message}`);
  return parsed.value;
}

const held = (schema: { [key: string]: unknown }, more: object = {}): Partial<ChatCompletionCreateParams> => ({
  response_format: { type: "json_schema", json_schema: { name: "routing", schema, ...more } },
});

describe("a chat request", () => {
  test("without a demand is free, whatever else stands in it", () => {
    const content = [{ type: "image_url" as const, image_url: { url: "data:," } }];
    expect(read({ messages: [{ role: "user", content }] }).wanted).toEqual({ kind: "free" });
    expect(read({ response_format: { type: "json_object" } }).wanted).toEqual({ kind: "free" });
    expect(read({ tools: [{ type: "function", function: { name: "f" } }], tool_choice: "auto" }).wanted.kind).toBe(
      "free",
    );
  });

  test("with a schema of a few values is a closed question", () => {
    const { wanted } = read(held(z.toJSONSchema(z.object({ team: z.enum(["billing", "shipping"]) }))));
    expect(wanted).toEqual({
      kind: "closed",
      property: "team",
      about: "The parcel is late.",
      question: {
        id: "routing",
        name: "routing",
        kind: "choice",
        ask: "Which team?",
        options: [
          { name: "billing", value: "billing", description: "" },
          { name: "shipping", value: "shipping", description: "" },
        ],
      },
    });
    if (wanted.kind === "closed") expect(closedText(wanted, "shipping")).toBe('{"team":"shipping"}');
  });

  test("with a truth value is a judgement", () => {
    const { wanted } = read(held({ type: "object", properties: { spam: { type: "boolean", description: "Is it?" } } }));
    expect(wanted).toMatchObject({ kind: "closed", question: { kind: "judge", ask: "Which team?\nIs it?" } });
    if (wanted.kind === "closed") expect(closedText(wanted, "no")).toBe('{"spam":false}');
  });

  test("with any other schema is fields to fill", () => {
    const schema = { type: "object", properties: { a: { type: "string" }, b: { type: "string" } } };
    expect(read(held(schema, { description: "From the mail." })).wanted).toEqual({
      kind: "object",
      name: "routing",
      ask: "Which team?\nFrom the mail.",
      schema,
      about: "The parcel is late.",
    });
  });

  test("with a demanded tool is a call", () => {
    const f = (name: string) => ({
      type: "function" as const,
      function: { name, description: name, parameters: { type: "object" } },
    });
    const tools = [f("find"), f("reply")];
    const names = (more: Partial<ChatCompletionCreateParams>) => {
      const { wanted } = read({ tools, ...more });
      return wanted.kind === "call" ? wanted.tools.map(({ name }) => name) : wanted.kind;
    };
    expect(names({ tool_choice: "required" })).toEqual(["find", "reply"]);
    expect(names({ tool_choice: { type: "function", function: { name: "reply" } } })).toEqual(["reply"]);
    const allowed = { mode: "required" as const, tools: [{ type: "function", function: { name: "find" } }] };
    expect(names({ tool_choice: { type: "allowed_tools", allowed_tools: allowed } })).toEqual(["find"]);
  });

  test("that was a conversation says who spoke", () => {
    const said = [
      ...messages,
      { role: "assistant" as const, content: "Which?" },
      { role: "user" as const, content: "AB1" },
    ];
    expect(read({ ...held({ enum: ["a", "b"] }), messages: said }).wanted).toMatchObject({
      about: "user: The parcel is late.\nassistant: Which?\nuser: AB1",
    });
  });

  test("says whether it is streamed", () => {
    expect(read({ stream: true, stream_options: { include_usage: true } })).toMatchObject({
      stream: true,
      streamUsage: true,
    });
    expect(read()).toMatchObject({ stream: false, streamUsage: false });
  });

  test.each([
    ["messages", { messages: [] }],
    [
      "messages[0].content[0]",
      { messages: [{ role: "user", content: [{ type: "image_url", image_url: {} }] }], ...held({ enum: [1, 2] }) },
    ],
    ["response_format.json_schema.schema", { response_format: { type: "json_schema", json_schema: { name: "x" } } }],
    [
      "tool_choice",
      {
        tools: [{ type: "function", function: { name: "f" } }],
        tool_choice: { type: "function", function: { name: "g" } },
      },
    ],
    ["tool_choice", { tools: [], tool_choice: { type: "web_search" } }],
    ["tools", { tool_choice: "required" }],
    ["n", { n: 2, ...held({ enum: [1, 2] }) }],
  ])("is refused with the place: %s", (path, part) => {
    const parsed = parseChat({ model: "m", messages, ...part });
    expect(parsed.ok ? null : parsed.issue).toMatchObject({ path });
  });
});

/** Each is one of two that are the next one. */
function doubled(times: number): { [key: string]: unknown } {
  const each = Array.from({ length: times }, (_, number) => {
    const next = { $ref: `#/$defs/a${number + 1}` };
    return [`a${number}`, number === times - 1 ? { enum: ["a", "b"] } : { anyOf: [next, next] }];
  });
  return { $ref: "#/$defs/a0", $defs: Object.fromEntries(each) };
}

describe("a schema is closed", () => {
  const valuesOf = (schema: { [key: string]: unknown }) =>
    closedAnswer(schema)?.options.map(({ value }) => value) ?? null;
  const team = { enum: ["a", "b"] };

  test.each([
    ["an enumeration alone", team, ["a", "b"]],
    ["by reference", { $defs: { Team: team }, properties: { t: { $ref: "#/$defs/Team" } } }, ["a", "b"]],
    [
      "by reference in allOf",
      { definitions: { Team: team }, properties: { t: { allOf: [{ $ref: "#/definitions/Team" }] } } },
      ["a", "b"],
    ],
    ["by constants", { properties: { t: { anyOf: [{ const: 1 }, { const: 2 }] } } }, [1, 2]],
    [
      "by lists of lists",
      { anyOf: [{ oneOf: [{ const: "a" }, { enum: ["b", "c"] }] }, { const: "d" }] },
      ["a", "b", "c", "d"],
    ],
    ["by truth", { type: "boolean" }, [true, false]],
  ])("%s", (_, schema, values) => expect(valuesOf(schema)).toEqual(values));

  test.each([
    ["text", { properties: { t: { type: "string" } } }],
    ["two properties", { properties: { t: team, u: team } }],
    ["a value or nothing", { properties: { t: { anyOf: [team, { type: "null" }] } } }],
    ["one value", { enum: ["a"] }],
    ["values of one spelling", { enum: ["1", 1] }],
    ["many circles in one", { anyOf: Array.from({ length: 50 }, () => ({ $ref: "#" })) }],
    ["a list twice as long each time", doubled(30)],
    ["more values than may be options", { anyOf: Array.from({ length: 300 }, (_, value) => ({ const: value })) }],
    ["a circle", { $defs: { A: { anyOf: [{ $ref: "#/$defs/A" }] } }, $ref: "#/$defs/A" }],
    ["a reference to nothing", { $ref: "#/$defs/B" }],
  ])("(control) not: %s", (_, schema) => expect(valuesOf(schema)).toBeNull());
});

describe("an answer", () => {
  const head = { id: "chatcmpl-1", created: 1, model: "pawl", inputTokens: 3, outputTokens: 2 };
  const usage = { prompt_tokens: 3, completion_tokens: 2, total_tokens: 5 };
  const call: ChatAnswer = { ...head, said: { kind: "call", id: "call_1", name: "find", args: { order: 7 } } };

  test("is what the official package says it is", () => {
    const expected: ChatCompletion = {
      id: "chatcmpl-1",
      object: "chat.completion",
      created: 1,
      model: "pawl",
      choices: [
        {
          index: 0,
          message: {
            role: "assistant",
            content: null,
            refusal: null,
            tool_calls: [{ id: "call_1", type: "function", function: { name: "find", arguments: '{"order":7}' } }],
          },
          logprobs: null,
          finish_reason: "tool_calls",
        },
      ],
      usage,
    };
    expect(renderChat(call)).toEqual(expected);
    const refused = renderChat({ ...head, said: { kind: "refusal", text: "Not sure." } });
    expect(refused.choices).toMatchObject([
      { message: { content: null, refusal: "Not sure." }, finish_reason: "stop" },
    ]);
  });

  test("in pieces says the same, and ends", () => {
    const chunks = renderChunks({ ...head, said: { kind: "content", text: '{"team":"a"}' } }, true);
    const read = JSON.parse(JSON.stringify(chunks)) as ChatCompletionChunk[];
    expect(read.map((chunk) => chunk.choices[0]?.delta.content ?? "").join("")).toBe('{"team":"a"}');
    expect(read.at(-1)).toMatchObject({ choices: [], usage });
    expect(read.at(-2)?.choices[0]?.finish_reason).toBe("stop");
    const events = renderEvents(renderChunks(call, false)).split("\n\n");
    expect(events.at(-2)).toBe("data: [DONE]");
    expect(events).toHaveLength(5);
    for (const event of events.slice(0, 3)) expect(JSON.parse(event.slice("data: ".length))).toHaveProperty("choices");
  });
});
