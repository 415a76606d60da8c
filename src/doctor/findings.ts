/** From what was found to lines that say it, each with what to do. */

import { basename } from "node:path";
import { vendors } from "../wire/quirks.ts";
import { isSameModel } from "../wire/same-model.ts";
import type { ExaminedModel, Finding, FoundServer, Level, ServedModel } from "./doctor.ts";

/** What a server as a whole says. */
export function serverFindings(server: FoundServer): Finding[] {
  const { place, software, version, models, trouble } = server;
  const about = hostOf(place.url);
  const named = software === "unknown" ? "an unknown server" : `${software}${version ? ` ${version}` : ""}`;
  if (trouble !== null) {
    const fix = trouble === "it wants a key" ? `set its key: ${keyFor(place.why)}` : null;
    // Some other program on a usual port is nobody's trouble.
    return software === "unknown" && fix === null && !/loading/.test(trouble)
      ? [line("note", about, `${place.why}: ${trouble}`, null)]
      : [line("warning", about, `${named}: ${trouble}`, fix)];
  }
  if (models.length === 0) {
    const fix = software === "ollama" ? "ollama pull qwen3:4b" : "load a model in it";
    return [line("warning", about, `${named} has no model`, fix)];
  }
  const clouds = models.filter(({ remoteHost }) => remoteHost !== null);
  const unserved = (place.models ?? []).filter((name) => !servedAs(server, name));
  const old = software === "ollama" && version !== null && isBefore(version, [0, 12, 11]);
  return [
    line("ok", about, `${named}, ${models.length === 1 ? "1 model" : `${models.length} models`} (${place.why})`, null),
    ...unserved.map((name) =>
      line("error", about, `it does not serve ${name}, which the config wants`, fixFor(server, name)),
    ),
    ...(isOnlyLookedAt(server)
      ? [line("note", about, "not asked what it can do: that may cost money", `pawl doctor ${place.url}`)]
      : []),
    ...clouds.map(({ name, remoteHost }) =>
      line(
        "error",
        `${about} ${name}`,
        `answers from a cloud (${remoteHost}): items leave this machine`,
        "name a model without -cloud",
      ),
    ),
    ...(old
      ? [
          line(
            "warning",
            about,
            `Ollama ${version} ignores a request for probabilities without a word`,
            "update to 0.12.11 or newer",
          ),
        ]
      : []),
  ];
}

/** A proxy for vendors who are paid, and a ladder that ends in a paid rung or a person, are asked by name alone. */
export function isOnlyLookedAt({ place, software }: FoundServer): boolean {
  return !place.isNamed && (place.mayCost === true || software === "litellm" || software === "pawl");
}

/** The model that answers to this name there; whoever names models as it likes has one that answers to any. */
export function servedAs({ software, models }: FoundServer, name: string): ServedModel | undefined {
  const isFree = Object.values(vendors).some((one) => one.name === software && one.quirks.freeNames);
  return models.find((one) => isSameModel(name, one.name)) ?? (isFree && models.length === 1 ? models[0] : undefined);
}

function fixFor({ software, models }: FoundServer, name: string): string {
  if (software === "ollama") return `ollama pull ${name}`;
  return `load it there, or name one of these: ${models
    .map((model) => shortModel(model.name))
    .slice(0, 5)
    .join(", ")}`;
}

/** What one model on one server can do, and cannot. */
export function modelFindings(examined: ExaminedModel): Finding[] {
  const { capabilities: can, speed, unknown, software } = examined;
  const about = `${hostOf(examined.server)} ${shortModel(examined.model.name)}`;
  const found: Finding[] = [];
  const say = (level: Level, says: string, fix: string | null = null): void =>
    void found.push(line(level, about, says, fix));

  if (can.schema === "ignored")
    say("warning", "a JSON schema is ignored with status 200", 'remote(..., { structure: "none" })');
  if (can.schema === "refused") say("note", "a JSON schema is refused", 'remote(..., { structure: "tool" })');
  if (can.toolChoice === "ignored") say("note", "a demanded tool is not called: Pawl asks on the content channel");
  if (can.toolChoice === "as text") say("note", "tool calls come as text: Pawl reads them, and says so in the receipt");
  if (can.logprobs === "missing") {
    const fix =
      software === "ollama" ? "update Ollama to 0.12.11 or newer" : "remote(..., { votes: 3 }) for a confidence";
    say("warning", "gives no token probabilities: its answers have no confidence", fix);
  }
  if (can.logprobs === "masked")
    say(
      "warning",
      "probabilities are taken after the constraint",
      "remote(...) asks without one where its vendor is named",
    );
  if (can.logprobs === "raw") say("ok", `probabilities before the constraint, ${can.topLogprobs ?? "?"} alternatives`);
  if (can.rounded)
    say("warning", "probabilities are rounded to two decimals: ties, zeros and ones are not what they seem");
  if (can.repeatable === false)
    say("warning", "the same question twice has other numbers", software === "vllm" ? "VLLM_BATCH_INVARIANT=1" : null);
  if (can.overlong === "truncated")
    say(
      "error",
      "a prompt that does not fit is cut without a word",
      software === "ollama" ? "OLLAMA_CONTEXT_LENGTH=16384 ollama serve" : "give the server a longer context",
    );
  if (can.overlong === "not tried")
    say(
      "note",
      "its context is too long to be filled for a probe: what it does with a prompt that does not fit is not known",
    );
  if (can.overlong === "refused") say("ok", "a prompt that does not fit is refused");
  if (can.thinking === "on")
    say("warning", "it thinks before a one-word answer: slow, and paid", "turn thinking off in the server");
  if (can.usage === "missing") say("warning", "does not say what it read: a price would be unknown");
  if (can.usage === "implausible") say("warning", "its token counts cannot be true: a price would be wrong");
  const { names, letters } = can;
  if (names && letters) {
    const level = names.right <= names.asked / 2 && letters.right <= letters.asked / 2 ? "warning" : "ok";
    const says = `known answers right: ${names.right} of ${names.asked} by name, ${letters.right} of ${letters.asked} by letter`;
    say(level, says, level === "warning" ? "a larger model, or labels for the rungs that learn" : null);
  }
  if (can.systemone) say("ok", "speaks /v1/systemone", 'remote(..., { wire: "systemone" })');
  if (can.decisions) say("ok", "speaks /v1/decisions", 'remote(..., { wire: "decisions" })');
  if (speed)
    say(
      "ok",
      `${speed.milliseconds.toFixed(0)} ms a short decision, ${Math.max(...speed.steps.map(({ perSecond }) => perSecond)).toFixed(1)} a second with ${speed.knee} at once`,
    );
  for (const { probe, why } of unknown) say("note", `${probe}: not known, ${why}`);
  return found;
}

export function line(level: Level, about: string, says: string, fix: string | null): Finding {
  return { level, about, says, fix };
}

/** A llama.cpp server names its model by the file's path. */
export function shortModel(name: string): string {
  return name.endsWith(".gguf") ? basename(name) : name;
}

export function hostOf(url: string): string {
  return URL.parse(url)?.host ?? url;
}

function keyFor(why: string): string {
  if (/OLLAMA/i.test(why)) return "OLLAMA_API_KEY";
  return /_URL$/.test(why) ? why.replace(/_(BASE_)?URL$/, "_API_KEY") : "pawl doctor ADDRESS --key-from VARIABLE";
}

function isBefore(version: string, than: readonly number[]): boolean {
  const parts = version.split(/[.-]/).map(Number);
  for (const [index, least] of than.entries()) {
    const part = parts[index] ?? 0;
    // A build that is no number is somebody's own.
    if (!Number.isFinite(part) || part > least) return false;
    if (part < least) return true;
  }
  return false;
}
