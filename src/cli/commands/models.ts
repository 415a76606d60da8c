/** `pawl models`: what can be run, what is here, and how it gets here. */

import type { Command } from "commander";
import { bytes, duration } from "../../batch/figures.ts";
import type { InstalledModel, Progress } from "../../models/models.ts";
import { type AddCommand, type ExitCode, log, print, printJson } from "../command.ts";
import { LiveLine } from "../live-line.ts";
import { columns } from "../text.ts";

type Done = (code: ExitCode) => void;
interface Json {
  readonly json?: true;
}

export const addModels: AddCommand = (program, done) => {
  const models = program.command("models").summary("list, pull, import and remove models; install the runtime");
  models.description("Models on disk. They are GGUF files; any other GGUF works by its path.");
  addList(models, done);
  addPull(models, done);
  addImport(models, done);
  addRemove(models, done);
  addPath(models, done);
  addRuntime(models, done);
};

function addList(models: Command, done: Done): void {
  models
    .command("list")
    .summary("what is known, what is here, what it needs")
    .option("--json", "print the list as JSON")
    .action(async ({ json }: Json) => {
      const { listModels, storeFolder } = await import("../../models/store.ts");
      const rows = await listModels();
      done(0);
      if (json) return printJson({ folder: storeFolder(), models: rows });
      const table = rows.map(({ name, entry, installed, problem }) => [
        name,
        entry?.kind ?? "",
        bytes(installed?.bytes ?? entry?.bytes ?? 0),
        entry ? bytes(entry.memoryBytes) : "",
        entry?.licence ?? "",
        entry?.languages ?? "",
        problem === null ? (installed ? `here, ${checked(installed)}` : "pull it") : `broken: ${problem}`,
      ]);
      const head = ["name", "kind", "file", "memory (estimate)", "licence", "languages", "state"];
      for (const line of columns([head, ...table], [2, 3])) print(line);
      log(`folder: ${storeFolder()}`);
    });
}

function checked({ verified }: InstalledModel): string {
  switch (verified) {
    case "catalogue":
      return "checksum ours";
    case "reported":
      return "checksum as reported by others";
    case "hub":
      return "checksum as the hub announced it";
    case "none":
      return "trusted on first use";
  }
}

function addPull(models: Command, done: Done): void {
  models
    .command("pull")
    .summary("fetch a model; goes on where it broke off")
    .argument("<name>", "its name in pawl models list")
    .option("--json", "print the result as JSON")
    .option("--quiet", "no progress")
    .action(async (name: string, { json, quiet }: Json & { readonly quiet?: true }) => {
      const { pull } = await import("../../models/pull.ts");
      const meter = new LiveLine(quiet === true);
      const stop = interruptible(`pawl models pull ${name}`, meter);
      try {
        const result = await pull(name, {
          onProgress: (progress) => meter.show(() => arrivalText(progress)),
          onNote: (note) => meter.say(note),
          signal: stop.signal,
        });
        meter.clear();
        const { model, pulled, hosts, seconds } = result;
        if (json) printJson(result);
        else {
          print(model.path);
          const from = hosts.length === 0 ? "" : `; contacted: ${hosts.join(", ")}`;
          log(
            pulled ? `${bytes(model.bytes)} in ${duration(seconds)}, ${checked(model)}${from}` : "it was here already",
          );
        }
        done(0);
      } finally {
        meter.clear();
        stop.end();
      }
    });
}

function addImport(models: Command, done: Done): void {
  models
    .command("import")
    .summary("make a GGUF of a sentence-transformers folder")
    .argument("<folder>", "with config.json, a tokenizer and model.safetensors")
    .option("--name <name>", "what the model will be called (default: the folder's name)")
    .option("--quantisation <kind>", "q8_0, f16 or f32", "q8_0")
    .option("--json", "print the result as JSON")
    .action(async (folder: string, options: Json & { readonly name?: string; readonly quantisation: string }) => {
      const [{ importFolder }, { UsageError }, { basename, resolve }] = await Promise.all([
        import("../../models/import.ts"),
        import("../../core/errors.ts"),
        import("node:path"),
      ]);
      const { quantisation } = options;
      if (quantisation !== "q8_0" && quantisation !== "f16" && quantisation !== "f32") {
        throw new UsageError("E_QUANTISATION", `--quantisation is q8_0, f16 or f32, not ${quantisation}`);
      }
      const name = options.name ?? basename(resolve(folder)).toLowerCase();
      const stop = interruptible("the same command", null);
      try {
        const result = await importFolder(folder, { name, quantisation, onNote: log, signal: stop.signal });
        if (options.json) printJson(result);
        else {
          print(result.model.path);
          log(`${name}: ${bytes(result.model.bytes)} in ${duration(result.seconds)}, sha256 ${result.model.digest}`);
        }
        done(0);
      } finally {
        stop.end();
      }
    });
}

function addRemove(models: Command, done: Done): void {
  models
    .command("rm")
    .summary("take a model off the disk")
    .argument("<name>", "its name in pawl models list")
    .option("--json", "print what was removed as JSON")
    .action(async (name: string, { json }: Json) => {
      const { removeModel } = await import("../../models/store.ts");
      const removed = await removeModel(name);
      if (json) printJson(removed);
      else log(`removed ${removed.path} (${bytes(removed.bytes)})`);
      done(0);
    });
}

function addPath(models: Command, done: Done): void {
  models
    .command("path")
    .summary("where a model lies, or the folder of all")
    .argument("[name]", "a name, or the path of a GGUF")
    .option("--json", "print it as JSON")
    .action(async (name: string | undefined, { json }: Json) => {
      const { resolveModel, storeFolder } = await import("../../models/store.ts");
      const path = name === undefined ? storeFolder() : (await resolveModel(name)).path;
      if (json) printJson({ path });
      else print(path);
      done(0);
    });
}

function addRuntime(models: Command, done: Done): void {
  models
    .command("runtime")
    .summary("install the embedded runtime (85 MB) into Pawl's own folder")
    .option("--json", "print the result as JSON")
    .action(async ({ json }: Json) => {
      const { installRuntime } = await import("../../engine/runtime.ts");
      const stop = interruptible("pawl models runtime", null);
      try {
        const installed = await installRuntime({ onNote: log, signal: stop.signal });
        if (json) printJson(installed);
        else print(installed.folder);
        done(0);
      } finally {
        stop.end();
      }
    });
}

/** Ctrl-C ends the work; the command to go on with is said. */
function interruptible(again: string, meter: LiveLine | null): { readonly signal: AbortSignal; end(): void } {
  const controller = new AbortController();
  const interrupt = (): void => {
    meter?.clear();
    log(`stopping; to go on: ${again}`);
    controller.abort();
  };
  process.once("SIGINT", interrupt);
  return { signal: controller.signal, end: () => process.removeListener("SIGINT", interrupt) };
}

/** Bytes and rate. */
function arrivalText({ what, bytes: done, total, bytesPerSecond }: Progress): string {
  const of = total === null ? "" : ` of ${bytes(total)} (${Math.floor((done / total) * 100)} %)`;
  const left = total === null || bytesPerSecond <= 0 ? "" : `, ${duration((total - done) / bytesPerSecond)} left`;
  return `${what}: ${bytes(done)}${of}, ${bytes(bytesPerSecond)}/s${left}`;
}
