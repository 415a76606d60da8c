/** What programs read about the gateway: its metrics and its OpenAPI document. */

import { Validator } from "@seriousme/openapi-schema-validator";
import { Ajv2020 as Ajv } from "ajv/dist/2020.js";
import { describe, expect, test } from "vitest";
import { openGateway, teamRequest } from "../../test/support/gateway.ts";
import { person } from "../rung/person.ts";
import { scripted } from "../rung/scripted.ts";
import { openApi } from "./openapi.ts";
import { Registry } from "./prometheus.ts";

const config = {
  ladder: [
    scripted({}, { name: "low" }),
    scripted(() => "refund", { name: "high", cost: 0.25, local: false }),
    person(),
  ],
};

describe("the OpenAPI document", () => {
  test("is valid, and every reference in it leads somewhere", async () => {
    const result = await new Validator().validate(structuredClone(openApi));
    expect(result.errors ?? []).toEqual([]);
    expect(result.valid).toBe(true);
    const text = JSON.stringify(openApi);
    for (const [, name] of text.matchAll(/"#\/components\/schemas\/(\w+)"/g)) {
      expect(Object.keys((openApi.components as { schemas: object }).schemas)).toContain(name);
    }
  });

  test("(control) a document that is broken is found out", async () => {
    const broken = { ...structuredClone(openApi), paths: { "/x": { get: { responses: "none" } } } };
    expect((await new Validator().validate(broken)).valid).toBe(false);
  });

  test("holds every route that answers, and no other", async () => {
    await using world = await openGateway({ config });
    const { body } = await world.get("/openapi.json");
    for (const [path, item] of Object.entries(body.paths as Record<string, object>)) {
      const method = "post" in item ? "post" : "get";
      const told = method === "post" ? await world.post(path, {}) : await world.get(path.replace("{id}", "none-1"));
      expect([path, told.body?.error?.code]).not.toEqual([path, "not_found"]);
    }
    expect((await world.get("/v1/nothing")).status).toBe(404);
  });
});

describe("a reply", () => {
  const ajv = new Ajv({ strict: false }).addSchema({ $id: "api", ...openApi });
  const question = { type: "choice", instructions: "Which?", criteria: { a: null, b: null } };
  const format = {
    type: "json_schema",
    json_schema: { name: "n", schema: { type: "object", properties: { a: { type: "string" } } } },
  };
  const listed = { ...question, choices: [{ value: "a" }, { value: "b" }] };
  const messages = [{ role: "user", content: "x" }];

  test.each([
    ["/v1/systemone", "SystemOne", { model: "m", state: "x", questions: { q: question } }],
    ["/v1/decisions", "Decisions", { model: "m", input: "x", questions: [listed] }],
    ["/v1/decision-model", "DecisionModel", { stateParts: [{ type: "text", text: "x" }], questions: { q: question } }],
    ["/v1/chat/completions", "Chat", { model: "m", messages, response_format: format }],
  ])("of %s is what the document says, as are its request and its errors", async (path, name, body) => {
    await using world = await openGateway({ config: { ladder: [scripted({}, { name: "low" }), person()] } });
    const fits = (schema: string, value: unknown): void => {
      const validate = ajv.getSchema(`api#/components/schemas/${schema}`)!;
      validate(value);
      expect(validate.errors ?? []).toEqual([]);
    };
    fits(`${name}Request`, body);
    const told = await world.post(path, body);
    expect(told.status).toBe(200);
    fits(`${name}Reply`, told.body);
    const broken = await world.post(path, { ...body, questions: 3, messages: 3 });
    expect(broken.status).toBe(400);
    fits("Error", broken.body);
    expect(ajv.getSchema(`api#/components/schemas/${name}Reply`)!({ ...told.body, pawl: {} })).toBe(false);
  });
});

describe("the metrics", () => {
  test("count what came and what became of it", async () => {
    await using world = await openGateway({ config });
    await world.post("/v1/systemone", teamRequest("x"));
    await world.post("/v1/systemone", "{");
    await world.get("/a/made/up/path");
    const { text, headers } = await world.get("/metrics");
    expect(headers.get("content-type")).toBe("text/plain; version=0.0.4; charset=utf-8");
    expect(text).toContain('pawl_requests_total{route="/v1/systemone",status="200"} 1');
    expect(text).toContain('pawl_requests_total{route="/v1/systemone",status="400"} 1');
    expect(text).toContain('pawl_requests_total{route="other",status="404"} 1');
    expect(text).toContain('pawl_request_seconds_count{route="/v1/systemone"} 2');
    expect(text).toContain('pawl_answers_total{rung="high",standing="unpromised"} 1');
    expect(text).toContain('pawl_escalations_total{rung="low"} 1');
    expect(text).toContain("pawl_cost_total 0.25");
    expect(text).toContain("pawl_journal_writes_total 3");
    expect(text).toMatch(/^pawl_in_flight 0$/m);
  });

  test("are spelled as Prometheus reads them", () => {
    const registry = new Registry();
    registry.counter("c_total", "a\nb\\").add({ x: 'say "\n\\' }, 2);
    registry.gauge("g", "now", () => Number.POSITIVE_INFINITY);
    const histogram = registry.histogram("h", "how long", [0.1, 1]);
    for (const value of [0.1, 0.5, 3]) histogram.observe({ r: "a" }, value);
    expect(registry.text()).toBe(`# HELP c_total a\\nb\\\\
# TYPE c_total counter
c_total{x="say \\"\\n\\\\"} 2
# HELP g now
# TYPE g gauge
g +Inf
# HELP h how long
# TYPE h histogram
h_bucket{r="a",le="0.1"} 1
h_bucket{r="a",le="1"} 2
h_bucket{r="a",le="+Inf"} 3
h_sum{r="a"} 3.6
h_count{r="a"} 3
`);
  });
});
