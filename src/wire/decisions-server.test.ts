import type { Decision, DecisionCreateParams } from "openai/resources/decisions";
import { describe, expect, test } from "vitest";
import { parseDecisions, renderDecisions } from "./decisions-server.ts";
import { distributionOf, type Incoming, meanPlace, peakedness } from "./incoming.ts";
import { parseSystemOne, renderError, renderSystemOne } from "./systemone-server.ts";

function read(body: DecisionCreateParams): Incoming {
  const parsed = parseDecisions(body);
  if (!parsed.ok) throw new Error(`${parsed.issue.path}: ${parsed.issue.message}`);
  return parsed.value;
}

const urgent = { type: "predicate", instructions: "It is urgent." } as const;
const issue = (body: unknown) => {
  const parsed = parseDecisions(body);
  return parsed.ok ? null : parsed.issue;
};

describe("a request of Decisions", () => {
  test("may be of all three types, in the types of the official package", () => {
    const incoming = read({
      model: "gpt-6-luna",
      input: "The parcel is late.",
      questions: [
        { ...urgent, name: "urgent" },
        {
          type: "choice",
          instructions: "Team?",
          choices: [{ value: "yes" }, { value: true, description: "sure" }, { value: "true" }],
        },
        {
          type: "score",
          instructions: [{ type: "input_text", text: "How angry?" }],
          levels: [{ label: "calm" }, { label: "angry", description: "shouts" }],
        },
      ],
    });
    expect(incoming.questions).toEqual([
      {
        id: "0",
        name: "urgent",
        kind: "judge",
        ask: "It is urgent.",
        options: [
          { name: "yes", value: true, description: "" },
          { name: "no", value: false, description: "" },
        ],
      },
      {
        id: "1",
        name: null,
        kind: "choice",
        ask: "Team?",
        options: [
          { name: "yes", value: "yes", description: "" },
          { name: "true (boolean)", value: true, description: "sure" },
          { name: "true", value: "true", description: "" },
        ],
      },
      {
        id: "2",
        name: null,
        kind: "score",
        ask: "How angry?",
        options: [
          { name: "0", value: "calm", description: "calm" },
          { name: "1", value: "angry", description: "angry: shouts" },
        ],
      },
    ]);
  });

  test("may be a conversation, with calls and JSON in it", () => {
    const incoming = read({
      model: "gpt-6-luna",
      questions: [urgent],
      input: [
        {
          role: "user",
          content: [
            { type: "input_text", text: "Where is it?" },
            { type: "input_json", data: { order: 7 } },
          ],
        },
        { type: "function_call", call_id: "c", name: "find", arguments: '{"order":7}' },
        { type: "function_call_output", call_id: "c", output: "lost" },
        { role: "assistant", content: [{ type: "refusal", refusal: "I cannot say." }] },
      ],
    });
    expect(incoming.about).toBe(
      'user: Where is it?\n{"order":7}\ncall of find: {"order":7}\nits result: lost\nassistant: I cannot say.',
    );
  });

  test.each([
    ["input[0].content[0]", { input: [{ role: "user", content: [{ type: "input_image", image_url: "data:," }] }] }],
    ["input", { input: "" }],
    ["questions", { questions: [] }],
    ["questions[0].type", { questions: [{ type: "box", instructions: "?" }] }],
    ["questions[0].instructions", { questions: [{ type: "predicate", instructions: "" }] }],
    ["questions[0].choices", { questions: [{ type: "choice", instructions: "?", choices: [{ value: "a" }] }] }],
    [
      "questions[0].choices",
      { questions: [{ type: "choice", instructions: "?", choices: [{ value: "a" }, { value: "a" }] }] },
    ],
    [
      "questions[0].choices[0].value",
      { questions: [{ type: "choice", instructions: "?", choices: [{ value: 1 }, { value: "a" }] }] },
    ],
    [
      "questions[0].levels",
      {
        questions: [
          { type: "score", instructions: "?", levels: Array.from({ length: 11 }, (_, i) => ({ label: String(i) })) },
        ],
      },
    ],
    ["model", { model: undefined }],
  ])("is refused where it is wrong, with the place: %s", (path, part) => {
    expect(issue({ model: "m", input: "x", questions: [urgent], ...part })).toMatchObject({ path });
  });

  test("that is nested without end is refused, and ends nobody's stack", () => {
    let content: unknown = "x";
    for (let depth = 0; depth < 100_000; depth++) content = { role: "user", content: [content] };
    expect(issue({ model: "m", input: [content], questions: [urgent] })?.message).toBe("this is nested too deeply");
  });
});

test("a reply of Decisions is what the official package says it is", () => {
  const incoming = read({
    model: "m",
    input: "x",
    questions: [
      { ...urgent, name: "urgent" },
      { type: "choice", instructions: "?", choices: [{ value: false }, { value: "b" }] },
      { type: "score", instructions: "?", levels: [{ label: "calm" }, { label: "angry" }] },
      urgent,
    ],
  });
  const body = renderDecisions(incoming, {
    model: "pawl",
    inputTokens: 10,
    outputTokens: 2,
    answers: [
      { kind: "answered", probabilities: [0.9, 0.1] },
      { kind: "answered", probabilities: [0.75, 0.25] },
      { kind: "answered", probabilities: [0.25, 0.75] },
      { kind: "refused" },
    ],
  });
  const expected: Decision = {
    model: "pawl",
    answers: [
      { type: "predicate", name: "urgent", probability: 0.9 },
      {
        type: "choice",
        name: null,
        choice: false,
        probabilities: [
          { value: false, probability: 0.75 },
          { value: "b", probability: 0.25 },
        ],
        confidence: 0.5,
      },
      {
        type: "score",
        name: null,
        score: 0.75,
        probabilities: [
          { value: 0, label: "calm", probability: 0.25 },
          { value: 1, label: "angry", probability: 0.75 },
        ],
        confidence: 0.5,
      },
      { type: "refusal", name: null },
    ],
    usage: {
      input_tokens: 10,
      input_tokens_details: { cached_tokens: 0, cache_write_tokens: 0 },
      output_tokens: 2,
      output_tokens_details: { reasoning_tokens: 0 },
      total_tokens: 12,
    },
  };
  expect(body).toEqual(expected);
});

describe("System One's server", () => {
  test("reads its three types, structured states, and odd names", () => {
    const criteria = JSON.parse('{"__proto__": null, "10": "ten", "b": {"means": "bee"}}') as object;
    const parsed = parseSystemOne({
      model: "m",
      state: { subject: "Late", lines: [1], nothing: null },
      questions: {
        u: { type: "noul", instructions: "Urgent?", criteria: { true: "today", false: null } },
        c: { type: "choice", instructions: null, criteria },
        s: { type: "score", instructions: "Angry?", criteria: ["calm", "angry"] },
      },
    });
    if (!parsed.ok) throw new Error(parsed.issue.message);
    expect(parsed.value.about).toBe("subject: Late\nlines: [1]");
    expect(parsed.value.questions.map(({ id, kind, ask }) => [id, kind, ask])).toEqual([
      ["u", "judge", "Urgent?"],
      ["c", "choice", "Which of these fits the text?"],
      ["s", "score", "Angry?"],
    ]);
    const body = renderSystemOne(parsed.value, {
      model: "pawl",
      inputTokens: 1,
      outputTokens: 0,
      answers: [
        { kind: "refused" },
        { kind: "answered", probabilities: [0.2, 0.5, 0.3] },
        { kind: "answered", probabilities: [0, 1] },
      ],
    });
    const { answers } = JSON.parse(JSON.stringify(body)) as { answers: { c: { probabilities: object }; u?: object } };
    expect(answers.u).toBeUndefined();
    expect(Object.keys(answers.c.probabilities)).toContain("__proto__");
    expect(answers).toMatchObject({
      s: { type: "score", score: 1, legend: { "0": "calm", "1": "angry" }, confidence: 1 },
    });
  });

  test("keeps a part whose type is the client's own, and all that it says", () => {
    const state = [
      { type: "profile", name: "Ana" },
      { type: "comment", text: "Late!", author: "Bo" },
      { type: "video-call", minutes: 3 },
      { type: "input_text", text: "Where is it?" },
    ];
    const parsed = parseSystemOne({ model: "m", state, questions: { a: { type: "noul", instructions: "?" } } });
    expect(parsed.ok && parsed.value.about.split("\n")).toEqual([
      '{"type":"profile","name":"Ana"}',
      '{"type":"comment","text":"Late!","author":"Bo"}',
      '{"type":"video-call","minutes":3}',
      "Where is it?",
    ]);
  });

  test.each([
    ["state", { state: 7 }],
    ["state[0]", { state: [{ type: "image_url", image_url: {} }] }],
    ["state[0]", { state: [{ type: "input_audio", input_audio: {} }] }],
    ["state[0]", { state: [{ type: "file", file: {} }] }],
    ["questions", { questions: {} }],
    ["questions.a.type", { questions: { a: { type: "bool", instructions: "?" } } }],
    ["questions.a.criteria", { questions: { a: { type: "choice", instructions: "?", criteria: { only: null } } } }],
    ["questions.a.instructions", { questions: { a: { type: "noul" } } }],
  ])("refuses with the place: %s", (path, part) => {
    const parsed = parseSystemOne({
      model: "m",
      state: "x",
      questions: { a: { type: "noul", instructions: "?" } },
      ...part,
    });
    expect(parsed.ok ? null : parsed.issue).toMatchObject({ path });
  });

  test("says an error as clients read it", () => {
    expect(renderError({ path: "model", message: "this must be a text" })).toEqual({
      error: { message: "model: this must be a text", type: "invalid_request_error", param: "model", code: null },
    });
  });
});

describe("a distribution for the client", () => {
  const options = ["a", "b", "c"].map((name) => ({ name, description: "", value: name }));
  const sumOf = (values: readonly number[] | null) => values?.reduce((sum, value) => sum + value, 0);

  test("gives the answer its confidence, and the others the rest as they were read", () => {
    const read = [
      { name: "a", p: 0.4 },
      { name: "b", p: 0.4 },
      { name: "c", p: 0.2 },
    ];
    const shared = distributionOf(options, { name: "b", confidence: 0.7, read });
    expect(shared?.map((p) => p.toFixed(2))).toEqual(["0.20", "0.70", "0.10"]);
  });

  test("never makes another option the better one, and always sums to one", () => {
    for (const confidence of [0, 0.2, 0.35, 0.5, 0.99, 1]) {
      for (const read of [
        undefined,
        [{ name: "a", p: 1 }],
        [
          { name: "a", p: 0.9 },
          { name: "c", p: 0.1 },
        ],
      ]) {
        const shared = distributionOf(options, { name: "b", confidence, ...(read ? { read } : {}) });
        expect(sumOf(shared)).toBeCloseTo(1, 9);
        expect(Math.max(...(shared ?? []))).toBeCloseTo(shared?.[1] ?? -1, 9);
      }
    }
  });

  test("is none without a confidence, or of an answer that was not offered", () => {
    expect(distributionOf(options, { name: "b", confidence: null })).toBeNull();
    expect(distributionOf(options, { name: "b", confidence: Number.NaN })).toBeNull();
    expect(distributionOf(options, { name: "d", confidence: 0.9 })).toBeNull();
  });

  test("has its statistics", () => {
    expect(peakedness([0.25, 0.25, 0.25, 0.25])).toBe(0);
    expect(peakedness([1, 0, 0])).toBe(1);
    expect(meanPlace([0, 0.5, 0.5])).toBe(1.5);
  });
});
