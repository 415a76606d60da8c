import { afterEach, expect, test, vi } from "vitest";
import { serve, temporaryFolder, tinyBert } from "../../test/fixtures/models/folders.ts";
import { arrival, openModelFile } from "./model-file.ts";

afterEach(() => vi.unstubAllEnvs());

test("an arriving model is told by source, bytes and rate, at most every two seconds", () => {
  const lines: string[] = [];
  let time = 50_000;
  const show = arrival(
    "minilm",
    (line) => lines.push(line),
    () => time,
  );
  const what = "model.safetensors from hub.example";
  show({ what: "config.json from hub.example", bytes: 600, total: 600, bytesPerSecond: 600 });
  for (let step = 1; step <= 45; step++) {
    time += 100;
    show({ what, bytes: step * 410_000, total: 25_300_000, bytesPerSecond: 4_100_000 });
  }
  show({ what: "a 1.0 from PyPI", bytes: 0, total: null, bytesPerSecond: 0 });
  time += 2_000;
  show({ what: "a 1.0 from PyPI", bytes: 1_500_000, total: null, bytesPerSecond: 750_000 });
  expect(lines).toEqual([
    "minilm: 8.2 of 25.3 MB, 4.1 MB/s",
    "minilm: 16.4 of 25.3 MB, 4.1 MB/s",
    "minilm: 1.5 MB, 0.8 MB/s",
  ]);
});

test("a rung's first download is said, its second opening says nothing", async () => {
  const files = tinyBert();
  const hub = await serve((request, response) => {
    const content = files[(request.url ?? "").split("/resolve/")[1]?.split("/").slice(1).join("/") ?? ""];
    if (content === undefined) response.writeHead(404).end();
    else response.end(content);
  });
  vi.stubEnv("HF_ENDPOINT", hub);
  vi.stubEnv("PAWL_HOME", await temporaryFolder());
  const lines: string[] = [];
  const say = (line: string): unknown => lines.push(line);
  const first = await openModelFile("bge-base-en", say);
  expect(lines[0]).toContain(`Fetching bge-base-en from ${new URL(hub).host}`);
  lines.length = 0;
  expect(await openModelFile("bge-base-en", say)).toEqual(first);
  expect(lines).toEqual([]);
});
