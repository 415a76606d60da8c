/** Fetches one file over HTTP: with progress, resumable, checked, and landing whole or not at all. */
import { createHash, type Hash } from "node:crypto";
import { type FileHandle, mkdir, open, readFile, rename, rm, stat, statfs, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { ModelError, PawlError, StorageError } from "../core/errors.ts";
import { hashInto } from "./digest.ts";
import type { Progress } from "./models.ts";

export interface DownloadOptions {
  /** Hex. When given, a file with another digest never lands. */
  sha256?: string | null | undefined;
  /** Said in progress; default the address. */
  what?: string;
  onProgress?: ((progress: Progress) => void) | undefined;
  signal?: AbortSignal | undefined;
  /** Until the answer's headers are there. Default 5. */
  connectSeconds?: number | undefined;
  /** Longest silence inside a body. Default 30. */
  idleSeconds?: number | undefined;
  /** How often a transfer that had begun is taken up again without getting further. Default 3. */
  attempts?: number | undefined;
}

export interface Downloaded {
  bytes: number;
  /** Of the file, hex. */
  sha256: string;
  /** What the hub says the sha256 is (its `x-linked-etag`), `null` when it says nothing. */
  announcedSha256: string | null;
  /** Every host that answered or was asked. */
  hosts: string[];
  /** Bytes that an earlier transfer had left. */
  resumedFrom: number;
}

const MAX_REDIRECTS = 5;
const PROGRESS_MILLISECONDS = 100;

/** What one call carries from attempt to attempt. */
interface Transfer {
  url: string;
  part: string;
  options: DownloadOptions;
  hash: Hash;
  bytes: number;
  total: number | null;
  resumedFrom: number;
  received: number;
  started: number;
  reported: number;
  announcedSha256: string | null;
  hosts: Set<string>;
}

/**
 * Downloads `url` to `destination`. Unfinished bytes stay in `destination.part`, and the next call goes on from there.
 * @throws ModelError E_UNREACHABLE (no answer), E_DOWNLOAD_STATUS (an answer, but not the file), E_DOWNLOAD_BROKEN
 * (began and could not be finished), E_DOWNLOAD_CHECKSUM (finished and wrong; the part is removed).
 * @throws StorageError E_DISK_FULL. @throws the signal's reason.
 */
export async function download(url: string, destination: string, options: DownloadOptions = {}): Promise<Downloaded> {
  await mkdir(dirname(destination), { recursive: true });
  const transfer = await begin(url, `${destination}.part`, options);
  await transferAll(transfer);
  let sha256 = transfer.hash.copy().digest("hex");
  const expected = options.sha256 ?? transfer.announcedSha256;
  if (expected !== null && sha256 !== expected && transfer.resumedFrom > 0) {
    // What was left from before may belong to an older file: once more from the start.
    await restart(transfer);
    await transferAll(transfer);
    sha256 = transfer.hash.copy().digest("hex");
  }
  if (expected !== null && sha256 !== expected) {
    await forget(transfer.part);
    throw new ModelError(
      "E_DOWNLOAD_CHECKSUM",
      `${describe(transfer)} arrived, but its sha256 is ${sha256}, not ${expected}`,
      { value: sha256 },
    );
  }
  await rename(transfer.part, destination);
  await rm(memoryPath(transfer.part), { force: true });
  const { bytes, announcedSha256, hosts, resumedFrom } = transfer;
  return { bytes, sha256, announcedSha256, hosts: [...hosts], resumedFrom };
}

async function begin(url: string, part: string, options: DownloadOptions): Promise<Transfer> {
  const transfer: Transfer = {
    url,
    part,
    options,
    hash: createHash("sha256"),
    bytes: 0,
    total: null,
    resumedFrom: 0,
    received: 0,
    started: performance.now(),
    reported: 0,
    announcedSha256: null,
    hosts: new Set(),
  };
  const left = await stat(part).catch(() => undefined);
  const memory = await readMemory(part);
  // Bytes of unknown origin are only worth keeping when something will tell in the end whether they fit.
  if (left && memory?.url === url && (memory.etag !== null || options.sha256)) {
    await hashInto(transfer.hash, part, options.signal);
    transfer.bytes = left.size;
    transfer.resumedFrom = left.size;
  } else await forget(part);
  return transfer;
}

/** Goes on until the body is complete, taking it up again after breaks as long as that gets it further. */
async function transferAll(transfer: Transfer): Promise<void> {
  const { signal, attempts = 3 } = transfer.options;
  let fruitless = 0;
  for (;;) {
    const before = transfer.bytes;
    try {
      await transferOnce(transfer);
      return;
    } catch (thrown) {
      signal?.throwIfAborted();
      const broken = thrown instanceof Broken;
      if (!broken && !(transfer.received > 0 && codeOf(thrown) === "E_UNREACHABLE")) throw thrown;
      fruitless = transfer.bytes > before ? 1 : fruitless + 1;
      if (fruitless >= attempts) {
        throw broken
          ? new ModelError(
              "E_DOWNLOAD_BROKEN",
              `${describe(transfer)} broke off after ${transfer.bytes} of ${transfer.total ?? "unknown"} bytes (${thrown.message}); what came is kept`,
              { value: transfer.url, cause: thrown },
            )
          : thrown;
      }
      await sleep(200 * fruitless, undefined, signal === undefined ? {} : { signal });
    }
  }
}

/** A body that ended early, fell silent or was cut. */
class Broken extends Error {}

async function transferOnce(transfer: Transfer): Promise<void> {
  const { signal, connectSeconds = 5, idleSeconds = 30 } = transfer.options;
  const clock = new Deadline(signal);
  try {
    const response = await request(transfer, clock, connectSeconds);
    if (response === undefined) return;
    await using handle = await open(transfer.part, transfer.bytes === 0 ? "w" : "r+");
    if (response.body === null) throw new Broken("no body");
    clock.set(idleSeconds);
    try {
      for await (const chunk of response.body as AsyncIterable<Uint8Array>) {
        clock.set(idleSeconds);
        await write(handle, chunk, transfer);
      }
    } catch (thrown) {
      if (thrown instanceof PawlError) throw thrown;
      throw new Broken(clock.expired ? `silent for ${idleSeconds} s` : networkReason(thrown));
    }
    if (transfer.total !== null && transfer.bytes < transfer.total) throw new Broken("the body ended early");
    await handle.sync();
    report(transfer, true);
  } finally {
    clock.clear();
  }
}

/** Sends the request and follows redirects; `undefined` when the part turns out to be complete already. */
async function request(transfer: Transfer, clock: Deadline, connectSeconds: number): Promise<Response | undefined> {
  const response = await follow(transfer, clock, connectSeconds);
  if (response.status === 416) {
    await response.body?.cancel();
    const whole = /\/(\d+)$/u.exec(response.headers.get("content-range") ?? "")?.[1];
    if (whole !== undefined && Number(whole) === transfer.bytes) return undefined;
    await restart(transfer);
    return request(transfer, clock, connectSeconds);
  }
  if (response.status === 206) {
    const range = /^bytes (\d+)-\d+\/(\d+|\*)$/u.exec(response.headers.get("content-range") ?? "");
    if (Number(range?.[1]) !== transfer.bytes) {
      await response.body?.cancel();
      await restart(transfer);
      throw new Broken("the server sent another range than was asked for");
    }
    transfer.total = range?.[2] === undefined || range[2] === "*" ? null : Number(range[2]);
  } else if (response.status === 200) {
    // The server ignored the range, or the file changed: from the start.
    if (transfer.bytes > 0) await restart(transfer);
    const length = response.headers.get("content-length");
    transfer.total = length === null ? null : Number(length);
  } else {
    await response.body?.cancel();
    throw new ModelError("E_DOWNLOAD_STATUS", `${describe(transfer)} was answered with status ${response.status}`, {
      value: response.status,
    });
  }
  await writeMemory(transfer.part, { url: transfer.url, etag: response.headers.get("etag") });
  await requireSpace(transfer);
  return response;
}

async function follow(transfer: Transfer, clock: Deadline, connectSeconds: number): Promise<Response> {
  const headers: Record<string, string> = { "accept-encoding": "identity" };
  if (transfer.bytes > 0) {
    headers.range = `bytes=${transfer.bytes}-`;
    const etag = (await readMemory(transfer.part))?.etag;
    if (etag && !etag.startsWith("W/")) headers["if-range"] = etag;
  }
  let address = new URL(transfer.url);
  for (let hop = 0; hop <= MAX_REDIRECTS; hop++) {
    transfer.hosts.add(address.host);
    clock.set(connectSeconds);
    let response: Response;
    try {
      response = await fetch(address, { headers, redirect: "manual", signal: clock.signal });
    } catch (thrown) {
      transfer.options.signal?.throwIfAborted();
      const why = clock.expired ? `no answer in ${connectSeconds} s` : networkReason(thrown);
      throw new ModelError("E_UNREACHABLE", `${address.host} could not be reached (${why})`, {
        value: address.host,
        cause: thrown,
      });
    }
    const announced = /^"?([0-9a-f]{64})"?$/u.exec(response.headers.get("x-linked-etag") ?? "")?.[1];
    if (announced !== undefined) transfer.announcedSha256 = announced;
    const location = response.headers.get("location");
    if (response.status < 300 || response.status >= 400 || location === null) return response;
    await response.body?.cancel();
    const next = new URL(location, address);
    if (address.protocol === "https:" && next.protocol !== "https:") {
      throw new ModelError("E_DOWNLOAD_STATUS", `${address.host} redirects to the unprotected ${next.origin}`, {
        value: next.origin,
      });
    }
    address = next;
  }
  throw new ModelError("E_DOWNLOAD_STATUS", `${describe(transfer)} redirects more than ${MAX_REDIRECTS} times`, {
    value: transfer.url,
  });
}

async function write(handle: FileHandle, chunk: Uint8Array, transfer: Transfer): Promise<void> {
  try {
    let written = 0;
    while (written < chunk.byteLength) {
      const rest = chunk.byteLength - written;
      written += (await handle.write(chunk, written, rest, transfer.bytes + written)).bytesWritten;
    }
  } catch (thrown) {
    throw codeOf(thrown) === "ENOSPC"
      ? noSpace(transfer.part, transfer.total, thrown)
      : new StorageError("E_STORE_WRITE", `${transfer.part} cannot be written (${codeOf(thrown)})`, { cause: thrown });
  }
  transfer.hash.update(chunk);
  transfer.bytes += chunk.byteLength;
  transfer.received += chunk.byteLength;
  report(transfer, false);
}

function report(transfer: Transfer, last: boolean): void {
  const now = performance.now();
  if (!last && now - transfer.reported < PROGRESS_MILLISECONDS) return;
  transfer.reported = now;
  const seconds = Math.max(now - transfer.started, 1) / 1000;
  transfer.options.onProgress?.({
    what: transfer.options.what ?? transfer.url,
    bytes: transfer.bytes,
    total: transfer.total,
    bytesPerSecond: transfer.received / seconds,
  });
}

async function requireSpace(transfer: Transfer): Promise<void> {
  if (transfer.total === null) return;
  const disk = await statfs(dirname(transfer.part)).catch(() => undefined);
  if (disk && disk.bavail * disk.bsize < transfer.total - transfer.bytes) {
    throw noSpace(transfer.part, transfer.total, undefined);
  }
}

function noSpace(path: string, bytes: number | null, cause: unknown): StorageError {
  const needed = bytes === null ? "" : ` for ${(bytes / 1e6).toFixed(0)} MB`;
  return new StorageError("E_DISK_FULL", `There is not enough room${needed} in ${dirname(path)}`, {
    value: path,
    cause,
  });
}

async function restart(transfer: Transfer): Promise<void> {
  await forget(transfer.part);
  transfer.hash = createHash("sha256");
  transfer.bytes = 0;
  transfer.resumedFrom = 0;
}

async function forget(part: string): Promise<void> {
  await rm(part, { force: true });
  await rm(memoryPath(part), { force: true });
}

/** Where an unfinished part came from, beside it. */
interface Memory {
  url: string;
  etag: string | null;
}

function memoryPath(part: string): string {
  return `${part}.json`;
}

async function readMemory(part: string): Promise<Memory | undefined> {
  try {
    const value: unknown = JSON.parse(await readFile(memoryPath(part), "utf8"));
    if (typeof value !== "object" || value === null || !("url" in value && "etag" in value)) return undefined;
    const { url, etag } = value;
    if (typeof url !== "string" || (etag !== null && typeof etag !== "string")) return undefined;
    return { url, etag };
  } catch {
    return undefined;
  }
}

async function writeMemory(part: string, memory: Memory): Promise<void> {
  await writeFile(memoryPath(part), JSON.stringify(memory));
}

/** The file's name and its host: enough for people, without the query of a signed address. */
function describe(transfer: Transfer): string {
  const { pathname, host } = new URL(transfer.url);
  return `${pathname.split("/").at(-1)} from ${host}`;
}

/** The innermost reason of a failed fetch: "fetch failed" says nothing. */
function networkReason(thrown: unknown): string {
  let inner = thrown;
  while (inner instanceof Error && inner.cause instanceof Error) inner = inner.cause;
  if (inner instanceof AggregateError && inner.errors.length > 0) inner = inner.errors[0];
  const code = codeOf(inner);
  return code !== "" ? code : inner instanceof Error ? inner.message : String(inner);
}

function codeOf(thrown: unknown): string {
  return thrown instanceof Error && "code" in thrown && typeof thrown.code === "string" ? thrown.code : "";
}

/** A timer that can be set anew, joined with the caller's signal. */
class Deadline {
  readonly #controller = new AbortController();
  readonly signal: AbortSignal;
  expired = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(signal: AbortSignal | undefined) {
    const own = this.#controller.signal;
    this.signal = signal === undefined ? own : AbortSignal.any([own, signal]);
  }

  set(seconds: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.expired = true;
      this.#controller.abort();
    }, seconds * 1000);
  }

  clear(): void {
    clearTimeout(this.#timer);
    // Frees the connection of a response that was not read to its end.
    this.#controller.abort();
  }
}
