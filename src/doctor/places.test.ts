import { describe, expect, test } from "vitest";
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
    expect(first).toEqual({ url: "http://gpu-box:8000", why: "OPENAI_BASE_URL", key: "sk-made-up" });
    expect(rest.map(({ url }) => url)).toContain("http://127.0.0.1:11434");
  });

  test("hold every address once, under the name that somebody gave it", () => {
    const all = places({ OLLAMA_HOST: "localhost:11434" });
    expect(new Set(all.map(({ url }) => url)).size).toBe(all.length);
    expect(all.filter(({ url }) => url.endsWith(":11434"))).toEqual([
      { url: "http://127.0.0.1:11434", why: "OLLAMA_HOST" },
    ]);
  });

  test("a key without an address names no place: hosted vendors are not knocked at", () => {
    const all = places({ OPENAI_API_KEY: "sk-made-up", ANTHROPIC_API_KEY: "sk-made-up" });
    expect(all.every(({ url }) => url.startsWith("http://127.0.0.1:"))).toBe(true);
    expect(JSON.stringify(all)).not.toContain("sk-made-up");
  });
});
