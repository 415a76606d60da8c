/** Who may ask, and how much they may send. */

import { describe, expect, test } from "vitest";
import { openGateway, teamRequest } from "../../test/support/gateway.ts";
import { defineConfig } from "../config/config.ts";
import { memoryJournal } from "../journal/memory.ts";
import { person } from "../rung/person.ts";
import { scripted } from "../rung/scripted.ts";
import { createGateway } from "./gateway.ts";

const config = { ladder: [scripted({}, { name: "model" }), person()] };
const key = "0123456789abcdef";
const body = teamRequest("x");

describe("a key", () => {
  test.each(["0.0.0.0", "::", "192.168.1.5", "gateway.example", "127.0.0.1.example"])("is needed on %s", (host) => {
    const journal = memoryJournal();
    expect(() => createGateway({ config, journal, host })).toThrow(expect.objectContaining({ code: "E_SERVE_KEYS" }));
    expect(createGateway({ config, journal, host, keys: [key] }).needsKey).toBe(true);
  });

  test.each(["127.0.0.1", "localhost", "::1", "127.8.8.8"])("is not needed on %s", (host) => {
    expect(createGateway({ config, journal: memoryJournal(), host }).needsKey).toBe(false);
  });

  test("opens every route but the probes", async () => {
    await using world = await openGateway({ config, keys: [key] });
    for (const path of ["/healthz", "/readyz"]) expect((await world.get(path)).status).toBe(200);
    for (const path of ["/metrics", "/openapi.json", "/v1/models", "/v1/answers/x", "/nothing"]) {
      expect(await world.get(path)).toMatchObject({ status: 401, body: { error: { type: "authentication_error" } } });
    }
    const told = await world.post("/v1/systemone", body);
    expect({ status: told.status, asks: told.headers.get("www-authenticate") }).toEqual({
      status: 401,
      asks: "Bearer",
    });
    for (const wrong of [`Bearer ${key}x`, `Bearer ${key.slice(1)}`, key, `Basic ${key}`, "Bearer ", ""]) {
      expect((await world.post("/v1/systemone", body, { authorization: wrong })).status).toBe(401);
    }
    expect((await world.post("/v1/systemone", body, { authorization: `bearer ${key}` })).status).toBe(200);
  });

  test("that can be guessed is none", () => {
    expect(() => defineConfig({ ...config, serve: { keys: ["short"] } })).toThrow(/at least 16/);
    const weak = { config, journal: memoryJournal(), keys: ["short"] };
    expect(() => createGateway(weak)).toThrow(expect.objectContaining({ code: "E_SERVE_KEYS" }));
    expect(() => createGateway(weak)).not.toThrow(/short/);
  });
});

describe("on this machine's own address", () => {
  test.each([
    [{ host: "evil.example" }, "host_not_allowed"],
    [{ host: "127.0.0.1.evil.example:8787" }, "host_not_allowed"],
    [{ origin: "https://evil.example" }, "origin_not_allowed"],
    [{ origin: "null" }, "origin_not_allowed"],
  ])("%j is no client", async (headers, code) => {
    await using world = await openGateway({ config });
    const told = await world.post("/v1/systemone", body, headers as Record<string, string>);
    expect(told).toMatchObject({ status: 403, body: { error: { code } } });
  });

  test.each([
    { host: "localhost:8787" },
    { host: "[::1]:80" },
    { host: "127.0.0.1" },
    { origin: "http://localhost:3000" },
  ])("%j is one", async (headers) => {
    await using world = await openGateway({ config });
    expect((await world.post("/v1/systemone", body, headers as Record<string, string>)).status).toBe(200);
  });

  test("no header lets a website read", async () => {
    await using world = await openGateway({ config });
    const { headers } = await world.post("/v1/systemone", body, { origin: "http://localhost:3000" });
    expect([...headers.keys()].filter((name) => name.startsWith("access-control"))).toEqual([]);
  });
});

describe("a body", () => {
  const big = (bytes: number): string => JSON.stringify(teamRequest("x".repeat(bytes)));

  test("has a bound, announced or not", async () => {
    await using world = await openGateway({ config });
    expect((await world.post("/v1/systemone", big(60_000))).status).toBe(200);
    expect(await world.post("/v1/systemone", big(66_000))).toMatchObject({
      status: 413,
      body: { error: { code: "body_too_large" } },
    });
    const pieces = new Request("http://localhost/v1/systemone", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: new ReadableStream({
        pull(controller) {
          controller.enqueue(new Uint8Array(10_000));
        },
      }),
      duplex: "half",
    } as RequestInit);
    expect((await world.gateway.fetch(pieces)).status).toBe(413);
    const announced = { "content-length": "1000000" };
    expect((await world.post("/v1/systemone", "{}", announced)).status).toBe(413);
    await using small = await openGateway({ config: { ...config, serve: { maxBodyBytes: 100 } } });
    expect((await small.post("/v1/chat/completions", big(100))).status).toBe(413);
  });

  test.each([
    ["not JSON", "{", 400, "invalid_json"],
    ["not text", "\ud800", 400, "invalid_json"],
    ["no object", "[]", 400, "invalid_request"],
    ["without a question", '{"model":"m","state":"x","questions":{}}', 400, "invalid_request"],
    ["nested without end", `{"model":"m","state":${"[".repeat(20_000)}${"]".repeat(20_000)}}`, 400, "invalid_request"],
  ])("that is %s is refused", async (_, text, status, code) => {
    await using world = await openGateway({ config });
    expect(await world.post("/v1/systemone", text)).toMatchObject({ status, body: { error: { code } } });
  });

  test("whose schema is nested without end is refused", async () => {
    await using world = await openGateway({ config });
    const deep = `${'{"items":'.repeat(20_000)}{}${"}".repeat(20_000)}`;
    const format = `{"type":"json_schema","json_schema":{"name":"n","schema":${deep}}}`;
    const text = `{"model":"m","messages":[{"role":"user","content":"x"}],"response_format":${format}}`;
    expect((await world.post("/v1/chat/completions", text)).status).toBe(400);
  });

  test("of another type is refused: a website's form could send it unasked", async () => {
    await using world = await openGateway({ config });
    for (const type of ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""]) {
      expect((await world.post("/v1/systemone", body, { "content-type": type })).status).toBe(415);
    }
    const typed = { "content-type": "application/json; charset=utf-8" };
    expect((await world.post("/v1/systemone", body, typed)).status).toBe(200);
  });
});

describe("a config's serve", () => {
  test.each([
    [{ port: 70_000 }, /serve.port/],
    [{ risk: 1.5 }, /serve.risk/],
    [{ uncertified: "model" }, /only beside serve.risk/],
    [{ risk: 0.1, uncertified: "modle" }, /names modle, but the rungs are model, person/],
    [{ chat: "nobody" }, /serve.chat/],
    [{ questions: { team: { risk: 2 } } }, /serve.questions.team/],
    [{ questions: { "a/b": {} } }, /step's name/],
    [{ seconds: 0 }, /serve.seconds/],
    [{ queues: 3 }, /no "queues"/],
  ])("%j is refused", (serve, message) => {
    expect(() => defineConfig({ ...config, serve: serve as object })).toThrow(message);
  });

  test("may name a rung and a person", () => {
    const serve = { risk: 0.1, uncertified: "person", chat: "model", questions: { team: { risk: null } } };
    expect(defineConfig({ ...config, serve }).serve).toBe(serve);
  });
});
