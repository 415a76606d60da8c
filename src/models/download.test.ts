import { createHash } from "node:crypto";
import { readFile, stat, writeFile } from "node:fs/promises";
import type { IncomingMessage, ServerResponse } from "node:http";
import { join } from "node:path";
import { expect, test } from "vitest";
import { serve, temporaryFolder } from "../../test/fixtures/models/folders.ts";
import { download } from "./download.ts";
import type { Progress } from "./models.ts";

const body = Buffer.from(Array.from({ length: 300_000 }, (_, index) => (index * 31) % 251));
const sha256 = createHash("sha256").update(body).digest("hex");

/** Answers as a well-behaved server does: ranges, an etag, a length. */
function answer(request: IncomingMessage, response: ServerResponse): void {
  const from = Number(/^bytes=(\d+)-$/u.exec(request.headers.range ?? "")?.[1] ?? 0);
  if (from >= body.length) {
    response.writeHead(416, { "content-range": `bytes */${body.length}` }).end();
    return;
  }
  const headers = { etag: '"one"', "content-length": body.length - from };
  if (from > 0)
    response.writeHead(206, { ...headers, "content-range": `bytes ${from}-${body.length - 1}/${body.length}` });
  else response.writeHead(200, headers);
  response.end(body.subarray(from));
}

/** Leaves half a file behind, as an interrupted download does. */
async function leaveHalf(destination: string, url: string, content: Buffer = body): Promise<void> {
  await writeFile(`${destination}.part`, content.subarray(0, 150_000));
  await writeFile(`${destination}.part.json`, JSON.stringify({ url, etag: '"one"' }));
}

test("a file arrives with progress, checksum and nothing unfinished left", async () => {
  const url = `${await serve(answer)}/model.gguf`;
  const target = join(await temporaryFolder(), "deep", "model.gguf");
  const seen: Progress[] = [];
  const result = await download(url, target, { sha256, what: "the model", onProgress: (each) => seen.push(each) });
  expect(result).toMatchObject({ bytes: body.length, sha256, resumedFrom: 0, announcedSha256: null });
  expect(result.hosts).toEqual([new URL(url).host]);
  expect(await readFile(target)).toEqual(body);
  expect(seen.at(-1)).toMatchObject({ what: "the model", bytes: body.length, total: body.length });
  expect(seen.at(-1)?.bytesPerSecond).toBeGreaterThan(0);
  await expect(stat(`${target}.part`)).rejects.toThrow();
  await expect(stat(`${target}.part.json`)).rejects.toThrow();
});

test("half a file is taken up where it broke off", async () => {
  const asked: (string | undefined)[] = [];
  const url = `${await serve((request, response) => {
    asked.push(request.headers.range, request.headers["if-range"]?.toString());
    answer(request, response);
  })}/model.gguf`;
  const target = join(await temporaryFolder(), "model.gguf");
  await leaveHalf(target, url);
  const result = await download(url, target, { sha256 });
  expect(result.resumedFrom).toBe(150_000);
  expect(asked).toEqual(["bytes=150000-", '"one"']);
  expect(await readFile(target)).toEqual(body);
});

test("a part that is whole already is only checked", async () => {
  const url = `${await serve(answer)}/model.gguf`;
  const target = join(await temporaryFolder(), "model.gguf");
  await leaveHalf(target, url);
  await writeFile(`${target}.part`, body);
  expect(await download(url, target, { sha256 })).toMatchObject({ bytes: body.length, sha256 });
});

test("a server that ignores the range is read from the start", async () => {
  const url = `${await serve((_request, response) => response.end(body))}/model.gguf`;
  const target = join(await temporaryFolder(), "model.gguf");
  await leaveHalf(target, url);
  expect((await download(url, target, { sha256 })).resumedFrom).toBe(0);
  expect(await readFile(target)).toEqual(body);
});

test("half of an older file is thrown away when the whole does not fit its checksum", async () => {
  const url = `${await serve(answer)}/model.gguf`;
  const target = join(await temporaryFolder(), "model.gguf");
  await leaveHalf(target, url, Buffer.alloc(150_000, 7));
  await download(url, target, { sha256 });
  expect(await readFile(target)).toEqual(body);
});

test("a wrong checksum lands nothing and says both digests", async () => {
  const url = `${await serve(answer)}/model.gguf`;
  const target = join(await temporaryFolder(), "model.gguf");
  await expect(download(url, target, { sha256: "0".repeat(64) })).rejects.toMatchObject({
    code: "E_DOWNLOAD_CHECKSUM",
    message: expect.stringContaining(sha256),
  });
  await expect(stat(target)).rejects.toThrow();
  await expect(stat(`${target}.part`)).rejects.toThrow();
});

test("a body that ends early is taken up again and again", async () => {
  let requests = 0;
  const url = `${await serve((request, response) => {
    requests++;
    if (requests > 3) return answer(request, response);
    const from = Number(/^bytes=(\d+)-$/u.exec(request.headers.range ?? "")?.[1] ?? 0);
    const status = from > 0 ? 206 : 200;
    const range = from > 0 ? { "content-range": `bytes ${from}-${body.length - 1}/${body.length}` } : {};
    response.writeHead(status, { etag: '"one"', "content-length": body.length - from, ...range });
    response.write(body.subarray(from, from + 50_000));
    // Not at once: a connection that dies with its first bytes delivers none of them.
    setTimeout(() => response.destroy(), 50);
  })}/model.gguf`;
  const target = join(await temporaryFolder(), "model.gguf");
  await download(url, target, { sha256 });
  expect(requests).toBe(4);
  expect(await readFile(target)).toEqual(body);
});

test("a server that falls silent is given up after a while, and what came is kept", async () => {
  const url = `${await serve((_request, response) => {
    response.writeHead(200, { etag: '"one"', "content-length": body.length });
    response.write(body.subarray(0, 1000));
  })}/model.gguf`;
  const target = join(await temporaryFolder(), "model.gguf");
  await expect(download(url, target, { idleSeconds: 0.1, attempts: 1 })).rejects.toMatchObject({
    code: "E_DOWNLOAD_BROKEN",
    message: expect.stringMatching(/model\.gguf from 127\.0\.0\.1:\d+ broke off .* \(silent for 0\.1 s\)/u),
  });
  expect((await stat(`${target}.part`)).size).toBe(1000);
});

test("a server that never answers, one that is not there and one that refuses are told apart", async () => {
  const target = join(await temporaryFolder(), "model.gguf");
  const silent = await serve(() => undefined);
  await expect(download(`${silent}/model.gguf`, target, { connectSeconds: 0.1 })).rejects.toMatchObject({
    code: "E_UNREACHABLE",
    message: expect.stringContaining("no answer in 0.1 s"),
  });
  await expect(download("http://127.0.0.1:1/model.gguf", target)).rejects.toMatchObject({
    code: "E_UNREACHABLE",
    message: expect.stringMatching(/^127\.0\.0\.1:1 could not be reached \(/u),
  });
  const refusing = await serve((_request, response) => response.writeHead(401).end("no"));
  await expect(download(`${refusing}/model.gguf`, target)).rejects.toMatchObject({
    code: "E_DOWNLOAD_STATUS",
    message: expect.stringContaining("status 401"),
  });
});

test("redirects are followed, counted as hosts, and the hub's own checksum is heeded", async () => {
  const storage = await serve(answer);
  let announced = sha256;
  const hub = await serve((_request, response) => {
    response.writeHead(302, { location: `${storage}/blob?signed=1`, "x-linked-etag": `"${announced}"` }).end();
  });
  const target = join(await temporaryFolder(), "model.gguf");
  const result = await download(`${hub}/model.gguf`, target);
  expect(result.announcedSha256).toBe(sha256);
  expect(result.hosts).toEqual([new URL(hub).host, new URL(storage).host]);
  announced = "1".repeat(64);
  await expect(download(`${hub}/model.gguf`, target)).rejects.toMatchObject({ code: "E_DOWNLOAD_CHECKSUM" });
});

test("an abort stops at once with its reason and keeps what came", async () => {
  const controller = new AbortController();
  const url = `${await serve((_request, response) => {
    response.writeHead(200, { etag: '"one"', "content-length": body.length });
    response.write(body.subarray(0, 1000));
  })}/model.gguf`;
  const target = join(await temporaryFolder(), "model.gguf");
  const reason = new Error("stopped by a person");
  const running = download(url, target, { signal: controller.signal, onProgress: () => controller.abort(reason) });
  await expect(running).rejects.toBe(reason);
  expect((await stat(`${target}.part`)).size).toBe(1000);
});
