/** The gateway described for programs: OpenAPI 3.1. */

import type { Json } from "../core/json.ts";
import { standingNames } from "./view.ts";

type Doc = { readonly [key: string]: Json };

const refTo = (name: string): Doc => ({ $ref: `#/components/schemas/${name}` });
const text: Doc = { type: "string" };
const probability: Doc = { type: "number", minimum: 0, maximum: 1 };
const content: Doc = {
  description: "A text, an object (read as lines of key: value) or a list of parts.",
  type: ["string", "object", "array"],
};
const json = (schema: Doc): Doc => ({ "application/json": { schema } });
const object = (properties: Doc, required: readonly string[] = Object.keys(properties)): Doc => ({
  type: "object",
  properties,
  required,
});

const headers: Doc = {
  "x-request-id": { description: "Id of the run that answered; pawl explain takes it.", schema: text },
  "pawl-standing": { description: "The weakest standing of the answers.", schema: { enum: standingNames } },
};

const failed = (description: string, more: Doc = {}): Doc => ({
  description,
  content: json(refTo("Error")),
  ...more,
});
const place: Doc = { headers: { location: { description: "Where to ask again.", schema: text } } };

const asked: Doc = {
  "202": {
    description: "With Prefer: respond-async. A person is asked, or the work goes on.",
    content: json(object({ pawl: refTo("Pawl") })),
    ...place,
  },
  "400": failed("The request cannot be read, or the question cannot be asked."),
  "401": failed("A bearer token is needed."),
  "403": failed("A host or an origin that is not allowed."),
  "409": failed("Another request was sent under this Idempotency-Key."),
  "413": failed("The body is too large."),
  "415": failed("The body is not JSON."),
  "429": failed("Too many requests.", {
    headers: { "retry-after": { description: "In seconds.", schema: { type: "integer", minimum: 1 } } },
  }),
  "500": failed("The run failed."),
  "503": failed("Not ready, or shutting down.", place),
  "504": failed("The time limit passed; the work goes on.", place),
};

const asking = (summary: string, request: string, reply: string): Doc => ({
  post: {
    summary,
    operationId: `ask${request}`,
    parameters: [{ $ref: "#/components/parameters/IdempotencyKey" }, { $ref: "#/components/parameters/Prefer" }],
    requestBody: { required: true, content: json(refTo(request)) },
    responses: {
      "200": {
        description: "The answers, with stream: true as server-sent events that end in [DONE].",
        headers,
        content: { ...json(refTo(reply)), "text/event-stream": { schema: text } },
      },
      ...asked,
    },
  },
});

const reading = (summary: string, operationId: string, body: Doc, more: Doc = {}): Doc => ({
  get: {
    summary,
    operationId,
    responses: { "200": { description: summary, content: body }, ...more },
  },
});

const withPawl = (properties: Doc, required: readonly string[]): Doc => ({
  ...object({ ...properties, pawl: refTo("Pawl") }, [...required, "pawl"]),
});

const schemas: Doc = {
  Error: object(
    {
      error: object({
        message: text,
        type: text,
        param: { type: ["string", "null"] },
        code: { type: ["string", "null"] },
      }),
      pawl: { type: "object" },
    },
    ["error"],
  ),
  Standing: {
    description:
      "certified: under a certificate; escalated: one is in force, and somebody whom it does not cover answered; uncertified: none was in force; unpromised: none was asked for; waiting: a person is asked; unanswered: nobody knew.",
    enum: standingNames,
  },
  Given: {
    ...object(
      {
        standing: refTo("Standing"),
        rung: { description: "Who answered.", type: ["string", "null"] },
        basis: { enum: ["raw", "constrained", "similarity", "votes", "calibrated", "certain", "none"] },
        confidence: { type: ["number", "null"] },
        cached: { type: "boolean" },
        path: text,
        risk: { description: "Largest share of wrong answers that is promised.", ...probability },
        delta: { description: "Chance that the promise is wrong.", ...probability },
        state: { enum: ["probation", "certified", "watch"] },
      },
      ["standing", "rung", "basis", "confidence", "cached", "path"],
    ),
  },
  Pawl: {
    description: "What the answers rest on. Of a single question its fields stand here too.",
    ...object(
      {
        run: text,
        at: { description: "Where the answer can be asked for.", ...text },
        standing: refTo("Standing"),
        repeated: { description: "The same request was sent before.", type: "boolean" },
        questions: { type: "object", additionalProperties: refTo("Given") },
      },
      ["run", "at"],
    ),
  },
  SystemOneRequest: object(
    {
      model: text,
      state: content,
      questions: { type: "object", minProperties: 1, additionalProperties: refTo("SystemOneQuestion") },
      stream: { type: "boolean" },
    },
    ["model", "state", "questions"],
  ),
  SystemOneQuestion: object(
    {
      type: { enum: ["noul", "choice", "score"] },
      instructions: content,
      criteria: { type: ["object", "array", "null"] },
    },
    ["type"],
  ),
  SystemOneReply: withPawl(
    {
      model: text,
      answers: { description: "A question without an answer is missing.", type: "object" },
      usage: object({ input_tokens: { type: "integer" }, output_tokens: { type: "integer" } }),
    },
    ["model", "answers", "usage"],
  ),
  DecisionsRequest: object(
    {
      model: text,
      input: { type: ["string", "array"] },
      questions: { type: "array", minItems: 1, maxItems: 400, items: refTo("DecisionsQuestion") },
      stream: { type: "boolean" },
    },
    ["model", "input", "questions"],
  ),
  DecisionsQuestion: object(
    {
      type: { enum: ["predicate", "choice", "score"] },
      name: text,
      instructions: { type: ["string", "array"] },
      choices: { type: "array", minItems: 2, maxItems: 255 },
      levels: { type: "array", minItems: 2, maxItems: 10 },
    },
    ["type", "instructions"],
  ),
  DecisionsReply: withPawl(
    {
      model: text,
      answers: { type: "array", items: object({ type: { enum: ["predicate", "choice", "score", "refusal"] } }) },
      usage: { type: "object" },
    },
    ["model", "answers", "usage"],
  ),
  DecisionModelRequest: object({ stateParts: { type: "array" }, questions: { type: "object", minProperties: 1 } }, [
    "stateParts",
    "questions",
  ]),
  DecisionModelReply: withPawl({ model: text, answers: { type: "object" }, usage: { type: "object" } }, [
    "model",
    "answers",
    "usage",
  ]),
  ChatRequest: object(
    {
      model: text,
      messages: { type: "array", minItems: 1 },
      response_format: { type: "object" },
      tools: { type: "array" },
      tool_choice: { type: ["string", "object"] },
      stream: { type: "boolean" },
    },
    ["model", "messages"],
  ),
  ChatReply: withPawl(
    { id: text, object: text, created: { type: "integer" }, model: text, choices: { type: "array" } },
    ["id", "object", "created", "model", "choices"],
  ),
};

export const openApi: Doc = {
  openapi: "3.1.0",
  info: {
    title: "Pawl gateway",
    version: "1",
    description: "A ladder of models and people behind the formats that clients speak already.",
    license: { name: "MIT", identifier: "MIT" },
  },
  servers: [{ url: "/" }],
  security: [{ bearer: [] }, {}],
  paths: {
    "/v1/systemone": asking("Closed questions about a state", "SystemOneRequest", "SystemOneReply"),
    "/v1/decisions": asking("Closed questions about an input", "DecisionsRequest", "DecisionsReply"),
    "/v1/decision-model": asking("Decisions of the AI SDK", "DecisionModelRequest", "DecisionModelReply"),
    "/v1/chat/completions": asking("A structured answer, a call, or a reply", "ChatRequest", "ChatReply"),
    "/v1/answers/{id}": {
      get: {
        summary: "The answer of an earlier request, in its own format",
        operationId: "answer",
        parameters: [{ name: "id", in: "path", required: true, schema: text }],
        responses: {
          "200": { description: "The final answer.", headers, content: json({ type: "object" }) },
          "202": { description: "Not final yet.", headers, content: json({ type: "object" }) },
          "401": failed("A bearer token is needed."),
          "404": failed("No such answer of this client's."),
        },
      },
    },
    "/v1/models": reading("The models: the ladder as a whole", "models", json({ type: "object" })),
    "/healthz": reading("Whether the process lives", "health", json({ type: "object" })),
    "/readyz": reading("Whether questions are taken", "ready", json({ type: "object" }), {
      "503": {
        description: "Not yet, no more, or not while the journal cannot be written.",
        content: json({ type: "object" }),
      },
    }),
    "/metrics": reading("Counters for Prometheus", "metrics", { "text/plain": { schema: text } }),
    "/openapi.json": reading("This document", "openapi", json({ type: "object" })),
  },
  components: {
    schemas,
    parameters: {
      IdempotencyKey: {
        name: "Idempotency-Key",
        in: "header",
        description: "The same request under the same key is asked once.",
        schema: { type: "string", minLength: 1, maxLength: 255 },
      },
      Prefer: {
        name: "Prefer",
        in: "header",
        description: "respond-async: 202 and a place to ask again, instead of a refusal, where a person is asked.",
        schema: text,
      },
    },
    securitySchemes: { bearer: { type: "http", scheme: "bearer" } },
  },
};
