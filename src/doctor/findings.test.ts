import { describe, expect, test } from "vitest";
import type { Capabilities, ExaminedModel, FoundServer } from "./doctor.ts";
import { isOnlyLookedAt, modelFindings, serverFindings } from "./findings.ts";
import { nothingKnown } from "./probe.ts";

const server: FoundServer = {
  place: { url: "http://127.0.0.1:11434", why: "Ollama's usual port" },
  software: "ollama",
  version: "0.35.1",
  models: [{ name: "qwen3:4b", digest: "d", context: null, remoteHost: null, isEncoder: false }],
  trouble: null,
};

function examined(capabilities: Partial<Capabilities>): ExaminedModel {
  return {
    server: server.place.url,
    software: "ollama",
    version: "0.35.1",
    model: server.models[0]!,
    capabilities: { ...nothingKnown, ...capabilities },
    speed: null,
    unknown: [],
    probed: "2026-11-23",
    cached: false,
  };
}

describe("of a server", () => {
  test("one that is well is said so, and nothing is to be done", () => {
    expect(serverFindings(server)).toEqual([
      { level: "ok", about: "127.0.0.1:11434", says: "ollama 0.35.1, 1 model (Ollama's usual port)", fix: null },
    ]);
  });

  test("a cloud behind a local name is an error: items would leave the machine", () => {
    const models = [{ ...server.models[0]!, name: "gpt-oss-cloud", remoteHost: "models.example" }];
    const [, cloud] = serverFindings({ ...server, models });
    expect(cloud).toMatchObject({ level: "error", says: expect.stringContaining("models.example") });
  });

  test.each([
    ["0.12.10", true],
    ["0.9.0", true],
    ["0.12.11", false],
    ["0.13.0-rc1", false],
    ["1.0", false],
    ["built-by-hand", false],
  ])("Ollama %s drops probabilities: %s", (version, drops) => {
    const says = serverFindings({ ...server, version }).map((finding) => finding.says);
    expect(says.some((text) => text.includes("probabilities"))).toBe(drops);
  });

  test.each([
    ["litellm", {}, false],
    ["pawl", {}, false],
    ["vllm", { mayCost: true }, false],
    ["litellm", { isNamed: true, mayCost: true }, true],
    ["vllm", {}, true],
  ] as const)("%s at a place that is %j is asked what it can do: %s", (software, more, isAsked) => {
    const found = { ...server, software, place: { ...server.place, ...more } };
    expect(isOnlyLookedAt(found)).toBe(!isAsked);
    expect(serverFindings(found).some(({ says }) => says.includes("may cost money"))).toBe(!isAsked);
  });

  test("what the config wants and the server has not is an error, with what brings it", () => {
    const place = { ...server.place, models: ["qwen3:4b", "qwen3:8b"] };
    const missing = serverFindings({ ...server, place }).filter(({ level }) => level === "error");
    expect(missing).toMatchObject([
      { says: "it does not serve qwen3:8b, which the config wants", fix: "ollama pull qwen3:8b" },
    ]);
    // llama.cpp answers to any name.
    const free = { ...server, software: "llama-server", place } as const;
    expect(serverFindings(free).every(({ level }) => level !== "error")).toBe(true);
  });

  test("without a model there is a command that brings one; some other program on the port is only noted", () => {
    expect(serverFindings({ ...server, models: [] })).toMatchObject([
      { level: "warning", fix: "ollama pull qwen3:4b" },
    ]);
    const page = {
      ...server,
      software: "unknown",
      models: [],
      trouble: "it answers HTTP, and none of the routes",
    } as const;
    expect(serverFindings(page)).toMatchObject([{ level: "note" }]);
  });
});

describe("of a model", () => {
  test.each<[Partial<Capabilities>, string, string]>([
    [{ schema: "ignored" }, "warning", "schema is ignored"],
    [{ schema: "refused" }, "note", "schema is refused"],
    [{ toolChoice: "ignored" }, "note", "not called"],
    [{ toolChoice: "as text" }, "note", "come as text"],
    [{ logprobs: "missing" }, "warning", "no token probabilities"],
    [{ logprobs: "masked" }, "warning", "after the constraint"],
    [{ logprobs: "raw" }, "ok", "before the constraint"],
    [{ rounded: true }, "warning", "two decimals"],
    [{ repeatable: false }, "warning", "other numbers"],
    [{ overlong: "truncated" }, "error", "cut without a word"],
    [{ thinking: "on" }, "warning", "thinks"],
    [{ usage: "missing" }, "warning", "does not say"],
    [{ usage: "implausible" }, "warning", "cannot be true"],
    [{ names: { right: 2, asked: 6 }, letters: { right: 3, asked: 6 } }, "warning", "2 of 6 by name"],
    [{ names: { right: 6, asked: 6 }, letters: { right: 3, asked: 6 } }, "ok", "6 of 6 by name"],
    [{ systemone: true }, "ok", "/v1/systemone"],
  ])("%j: %s, %s", (capabilities, level, says) => {
    expect(modelFindings(examined(capabilities))).toMatchObject([{ level, says: expect.stringContaining(says) }]);
  });

  test("what is not known makes no finding, unless a probe said why", () => {
    expect(modelFindings(examined({}))).toEqual([]);
    const silent = { ...examined({}), unknown: [{ probe: "context", why: "no answer within 60 s" }] };
    expect(modelFindings(silent)).toMatchObject([{ level: "note", says: "context: not known, no answer within 60 s" }]);
  });

  test("speed is one line", () => {
    const speed = {
      milliseconds: 12.3,
      steps: [
        { atOnce: 1, perSecond: 81 },
        { atOnce: 4, perSecond: 200.04 },
      ],
      knee: 4,
    };
    expect(modelFindings({ ...examined({}), speed })[0]?.says).toBe(
      "12 ms a short decision, 200.0 a second with 4 at once",
    );
  });
});
