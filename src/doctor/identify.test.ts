/** Shapes as the servers document them: none of these but llama.cpp's can run here. */

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Ask, identify } from "./identify.ts";

const place = { url: "http://127.0.0.1:1", why: "a test" };

function answering(routes: { readonly [path: string]: unknown }, otherwise = 404): Ask {
  return async (path) => (path in routes ? { status: 200, body: routes[path] } : { status: otherwise, body: null });
}

const ollama = {
  "/api/version": { version: "0.35.1" },
  "/v1/models": { object: "list", data: [{ id: "qwen3:4b", owned_by: "library" }] },
  "/api/tags": {
    models: [
      { name: "qwen3:4b", model: "qwen3:4b", digest: "2bfd38a7daaf", details: { family: "qwen3" } },
      { name: "gpt-oss:120b-cloud", digest: "569662207105", remote_host: "https://models.example", details: {} },
      { name: "big-cloud", digest: "77", details: {} },
      { name: "nomic-embed-text", digest: "0a109f422b47", details: { family: "nomic-bert" } },
    ],
  },
};
const llama = {
  "/props": { default_generation_settings: { n_ctx: 4096 }, build_info: "b9999", model_path: "models/small.gguf" },
  "/v1/models": { data: [{ id: "small.gguf", owned_by: "llamacpp", meta: { n_params: 134515008 } }] },
};

describe("who answers", () => {
  test("Ollama: its models with their digests, and which of them are a cloud or an encoder", async () => {
    const found = await identify(place, answering(ollama));
    expect(found).toMatchObject({ software: "ollama", version: "0.35.1", trouble: null });
    expect(found?.models.map(({ name, remoteHost, isEncoder }) => [name, remoteHost !== null, isEncoder])).toEqual([
      ["qwen3:4b", false, false],
      ["gpt-oss:120b-cloud", true, false],
      ["big-cloud", true, false],
      ["nomic-embed-text", false, true],
    ]);
    expect(found?.models[0]?.digest).toBe("2bfd38a7daaf");
  });

  test("llama.cpp: context, build, and a digest that changes with the weights", async () => {
    const found = await identify(place, answering(llama));
    expect(found).toMatchObject({ software: "llama-server", version: "b9999" });
    expect(found?.models).toMatchObject([{ name: "small.gguf", context: 4096 }]);
    const other = { ...llama, "/v1/models": { data: [{ id: "small.gguf", meta: { n_params: 2 } }] } };
    expect((await identify(place, answering(other)))?.models[0]?.digest).not.toBe(found?.models[0]?.digest);
  });

  test.each([
    [
      "vllm",
      {
        "/version": { version: "0.32.0" },
        "/v1/models": { data: [{ id: "qwen", owned_by: "vllm", max_model_len: 8192 }] },
      },
    ],
    ["lmstudio", { "/api/v0/models": { data: [{ id: "qwen", type: "llm", max_context_length: 8192 }] } }],
    ["sglang", { "/get_model_info": { model_path: "qwen" }, "/v1/models": { data: [{ id: "qwen" }] } }],
    ["litellm", { "/v1/models": { data: [{ id: "qwen", owned_by: "openai" }] }, "/health/liveliness": "alive" }],
    ["pawl", { "/v1/models": { data: [{ id: "ladder", owned_by: "pawl" }] }, "/readyz": { version: "1" } }],
    ["openai-compatible", { "/v1/models": { data: [{ id: "qwen" }] } }],
  ])("%s", async (software, routes) => {
    const found = await identify(place, answering(routes));
    expect(found).toMatchObject({ software, trouble: null });
    expect(found?.models).toHaveLength(1);
  });

  test("nobody is nobody, and a web page is no model server", async () => {
    expect(await identify(place, async () => null)).toBeNull();
    expect(await identify(place, answering({}))).toMatchObject({ software: "unknown", models: [] });
  });

  test.each([
    [401, "it wants a key"],
    [503, "it is still loading its model"],
  ])("status %d everywhere: %s", async (status, trouble) => {
    expect(await identify(place, answering({}, status))).toMatchObject({ trouble });
  });

  test.each([
    ["a keyed gateway", { "/readyz": { version: "1" } }],
    ["vLLM that guards its models alone", { "/version": { version: "0.32.0" } }],
  ])("%s wants a key, whatever else it answers", async (_, routes) => {
    expect(await identify(place, answering(routes, 401))).toMatchObject({ trouble: "it wants a key" });
  });

  test("a page that answers everything is nobody's trouble", async () => {
    const found = await identify(place, async () => ({ status: 200, body: null }));
    expect(found).toMatchObject({
      software: "unknown",
      trouble: "it answers HTTP, and none of the routes of a model server",
    });
  });

  test("the same weights are the same whenever a server was started", async () => {
    const at = async (created: number) =>
      (await identify(place, answering({ "/v1/models": { data: [{ id: "qwen", created }] } })))?.models[0]?.digest;
    expect(await at(1)).toBe(await at(2));
  });

  test("whatever a stranger sends is somebody or unknown, never an error", async () => {
    await fc.assert(
      fc.asyncProperty(fc.jsonValue(), fc.integer({ min: 100, max: 599 }), async (body, status) => {
        const found = await identify(place, async () => ({ status, body }));
        expect(Array.isArray(found?.models)).toBe(true);
      }),
      { numRuns: 200 },
    );
  });
});
