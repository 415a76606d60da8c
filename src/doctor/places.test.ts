import { describe, expect, test } from "vitest";
import { remote } from "../rung/remote.ts";
import { addressIn, places } from "./places.ts";

describe("an address as people write it", () => {
  test.each([
    ["gpu-box", "http://gpu-box:11434"],
    ["0.0.0.0:11434", "http://127.0.0.1:11434"],
    ["http://localhost:8000/v1", "http://127.0.0.1:8000"],
    ["http://localhost:8000/v1/", "http://127.0.0.1:8000"],
    ["https://models.example.com/team/v1", "https://models.example.com/team"],
    ["[::]:9000", "http://127.0.0.1:9000"],
  ])("%s is %s", (said, url) => expect(addressIn(said)).toBe(url));

  test.each(["", "   ", undefined, "http://", "a b"])("%j is none", (said) => expect(addressIn(said)).toBeNull());
});

describe("the places to knock at", () => {
  test("begin with what the environment names, with its key", () => {
    const [first, ...rest] = places({ OPENAI_BASE_URL: "http://gpu-box:8000/v1", OPENAI_API_KEY: "sk-made-up" });
    expect(first).toEqual({
      url: "http://gpu-box:8000",
      why: "OPENAI_BASE_URL",
      key: "sk-made-up",
      mayCost: true,
    });
    expect(rest.map(({ url }) => url)).toContain("http://127.0.0.1:11434");
  });

  test("hold every address once, under the name that somebody gave it", () => {
    const all = places({ OLLAMA_HOST: "localhost:11434" });
    expect(new Set(all.map(({ url }) => url)).size).toBe(all.length);
    expect(all.filter(({ url }) => url.endsWith(":11434"))).toEqual([
      { url: "http://127.0.0.1:11434", why: "OLLAMA_HOST" },
    ]);
  });

  test("a hosted vendor's own address is none of them, whoever names it", () => {
    const rungs = [remote("openai", "gpt-6-luna"), remote("https://openrouter.ai/api", "some/model")];
    const all = places({ OPENAI_BASE_URL: "https://api.openai.com/v1", OPENAI_API_KEY: "sk-made-up" }, rungs);
    expect(all.every(({ url }) => url.startsWith("http://127.0.0.1:"))).toBe(true);
  });

  test("begin with where the config's rungs are, with the models that it wants there", () => {
    const price = { input: 1, output: 1, updated: "2026-11-01" };
    const rungs = [
      remote("http://127.0.0.1:9123/v1", "small"),
      remote("http://127.0.0.1:9123", "large"),
      remote("http://gpu-box:8000", "qwen", { price }),
    ];
    expect(places({}, rungs).slice(0, 2)).toEqual([
      { url: "http://127.0.0.1:9123", why: "remote:127.0.0.1:9123/small", models: ["small", "large"] },
      { url: "http://gpu-box:8000", why: "remote:gpu-box:8000/qwen", models: ["qwen"], mayCost: true },
    ]);
  });

  test("are not asked where one of the rungs there has a price, of its own or by the config; any key goes along", () => {
    const price = { input: 1, output: 1, updated: "2026-11-01" };
    const url = "http://gpu-box:8000";
    const both = [remote(url, "small"), remote(url, "large", { price, key: "k" })];
    expect(places({}, both)[0]).toMatchObject({ models: ["small", "large"], mayCost: true, key: "k" });
    const [first] = places({}, [remote(url, "small")], new Set(["remote:gpu-box:8000/small"]));
    expect(first).toMatchObject({ mayCost: true });
    expect(places({}, [remote(url, "small")])[0]).not.toHaveProperty("mayCost");
  });

  test("a key that stays on this machine costs nothing", () => {
    const [first] = places({ VLLM_BASE_URL: "http://localhost:8000", VLLM_API_KEY: "k" });
    expect(first).toEqual({ url: "http://127.0.0.1:8000", why: "VLLM_BASE_URL", key: "k" });
  });

  test("a key without an address names no place: hosted vendors are not knocked at", () => {
    const all = places({ OPENAI_API_KEY: "sk-made-up", ANTHROPIC_API_KEY: "sk-made-up" });
    expect(all.every(({ url }) => url.startsWith("http://127.0.0.1:"))).toBe(true);
    expect(JSON.stringify(all)).not.toContain("sk-made-up");
  });
});
