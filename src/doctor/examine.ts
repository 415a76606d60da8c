/** The whole examination: who is there, what they can do, what to do about it. */

import type { Json } from "../core/json.ts";
import type { Backend } from "../net/backend.ts";
import { quirksOf, vendors } from "../wire/quirks.ts";
import { chatDialect, type Dialect, ollamaDialect } from "./dialect.ts";
import type { Examination, ExaminedModel, FoundServer, Place, ServedModel } from "./doctor.ts";
import { findServers } from "./find.ts";
import { hostOf, isOnlyLookedAt, modelFindings, servedAs, serverFindings, shortModel } from "./findings.ts";
import { type Probe, probeAll, type Subject } from "./probe.ts";
import { answersProbe } from "./probe-answers.ts";
import { decisionsProbe } from "./probe-decisions.ts";
import { contextProbe, schemaProbe, thinkingProbe, toolProbe } from "./probe-format.ts";
import { logprobsProbe, maskProbe } from "./probe-numbers.ts";
import type { Memory, Remembered } from "./remembered.ts";
import { measureSpeed } from "./speed.ts";

export interface ExamineOptions {
  readonly places: readonly Place[];
  /** Only models of these names; nothing: the first few of each server. */
  readonly models?: readonly string[] | undefined;
  /** Only looks who is there. */
  readonly findOnly?: boolean;
  /** Whether speed is measured. */
  readonly speed?: boolean;
  /** Probes again what was probed before. */
  readonly fresh?: boolean;
  readonly memory: Memory;
  readonly openBackend: (place: Place) => Backend;
  readonly signal: AbortSignal;
  readonly today: string;
  /** Hears what is being done, a line at a time. */
  readonly say?: (line: string) => void;
}

/** The one that takes longest stands last: what is known by then is known. */
export const probes: readonly Probe[] = [
  thinkingProbe,
  schemaProbe,
  toolProbe,
  logprobsProbe,
  maskProbe,
  answersProbe,
  decisionsProbe,
  contextProbe,
];

/** Seconds for one probe, and for one step of concurrency. */
const PROBE_SECONDS = 60;
const STEP_SECONDS = 2;
/** Most that are asked at once where the knee is sought. */
export const MOST_AT_ONCE = 32;
/** Probing every model of a full Ollama would load each of them in turn. */
const MOST_MODELS = 3;

/** Rejects only where the signal was aborted. */
export async function examine(options: ExamineOptions): Promise<Examination> {
  const { servers, seconds } = await findServers(options.places);
  const models: ExaminedModel[] = [];
  if (!options.findOnly) {
    for (const server of servers) models.push(...(await examineServer(server, options)));
  }
  const findings = [...servers.flatMap(serverFindings), ...models.flatMap(modelFindings)];
  return { servers, models, findings, foundIn: seconds };
}

async function examineServer(server: FoundServer, options: ExamineOptions): Promise<ExaminedModel[]> {
  const { memory, fresh, say = () => {} } = options;
  if (server.trouble !== null || isOnlyLookedAt(server)) return [];
  const chosen = chosenModels(server, options.models);
  const examined: ExaminedModel[] = [];
  for (const model of chosen) {
    const { place, software, version } = server;
    const who = { server: place.url, software, version, model };
    const known = fresh ? null : await memory.read(server, model);
    if (known && !isToMend(known) && (known.speed !== null || !options.speed)) {
      examined.push({ ...who, ...known, cached: true });
      continue;
    }
    say(`${hostOf(place.url)}: asking ${shortModel(model.name)} what it can do`);
    const found = await examineModel(server, model, options);
    await memory.write(server, model, found);
    examined.push({ ...who, ...found, cached: false });
  }
  return examined;
}

/** What was not found out then, or can be mended without another version or other weights, is asked again. */
function isToMend({ unknown, capabilities: can }: Remembered): boolean {
  return unknown.length > 0 || can.overlong === "truncated" || can.thinking === "on" || can.repeatable === false;
}

function chosenModels(server: FoundServer, wanted: readonly string[] | undefined): readonly ServedModel[] {
  const { models, place } = server;
  if (wanted) return models.filter(({ name }) => wanted.includes(name));
  const ofConfig = (place.models ?? []).flatMap((name) => servedAs(server, name) ?? []);
  if (ofConfig.length > 0) return [...new Set(ofConfig)];
  // What answers from a cloud is not asked unless it is named: it may cost money.
  return models.filter(({ isEncoder, remoteHost }) => !isEncoder && remoteHost === null).slice(0, MOST_MODELS);
}

function dialectOf({ software }: FoundServer, { name }: ServedModel, backend: Backend): Dialect {
  const vendor = Object.values(vendors).find((one) => one.name === software) ?? vendors.generic;
  const quirks = quirksOf(vendor.name, name);
  return software === "ollama" ? ollamaDialect(backend, name, quirks) : chatDialect(backend, name, quirks);
}

async function examineModel(
  server: FoundServer,
  model: ServedModel,
  { openBackend, signal, speed: wantsSpeed, today, say = () => {} }: ExamineOptions,
): Promise<Remembered> {
  const backend = openBackend(server.place);
  try {
    const dialect = dialectOf(server, model, backend);
    const subject: Subject = { backend, dialect, model, signal };
    const { capabilities, unknown } = await probeAll(subject, probes, PROBE_SECONDS);
    let speed: ExaminedModel["speed"] = null;
    if (wantsSpeed) {
      say(`${hostOf(server.place.url)}: measuring the speed of ${shortModel(model.name)}`);
      try {
        speed = await measureSpeed(dialect, signal, { stepSeconds: STEP_SECONDS, mostAtOnce: MOST_AT_ONCE });
      } catch (thrown) {
        signal.throwIfAborted();
        unknown.push({ probe: "speed", why: thrown instanceof Error ? thrown.message : String(thrown) });
      }
    }
    return { capabilities, speed, unknown, probed: today };
  } finally {
    await backend.close();
  }
}

/** One row a model, one column a capability: the matrix that people compare servers by. */
export function matrixRow({ capabilities: can, speed, server, model, cached, probed }: ExaminedModel): {
  readonly [column: string]: Json;
} {
  const score = (of: { right: number; asked: number } | null) => (of ? `${of.right}/${of.asked}` : "?");
  const yes = (value: boolean | null) => (value === null ? "?" : value ? "yes" : "no");
  return {
    server: hostOf(server),
    model: shortModel(model.name),
    schema: can.schema,
    "tool choice": can.toolChoice,
    logprobs: can.logprobs,
    "top-k": can.topLogprobs ?? "?",
    rounded: yes(can.rounded),
    repeatable: yes(can.repeatable),
    "too long": can.overlong,
    thinking: can.thinking,
    usage: can.usage,
    names: score(can.names),
    letters: score(can.letters),
    systemone: yes(can.systemone),
    decisions: yes(can.decisions),
    "ms a decision": speed ? Math.round(speed.milliseconds) : "?",
    knee: speed?.knee ?? "?",
    probed: cached ? `${probed} (remembered)` : probed,
  };
}
