// What a library adds to a step: measures the modes in a process of their own and Pawl's package, and writes the table.
import { fork } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, rmSync, statfsSync } from "node:fs";
import { tmpdir } from "node:os";
import { parseArgs } from "node:util";
import { describeMachine, format, median, type Row, report } from "../bench.ts";
import type { Sample } from "./measure.ts";
import { type Kind, type Outcome, type Plan, reason, short } from "./modes.ts";
import { npm } from "./npm.ts";
import { buildPackage, importMilliseconds, installedMegabytes, installPackage } from "./package.ts";

const columns = {
  mode: "mode",
  version: "version",
  cpu: "CPU µs/step",
  cpuRange: "min..max",
  wall: "wall µs/step",
  wallRange: "min..max",
  cpuLong: "CPU µs/step at 31 turns",
  flat: "31 turns / 4 turns",
  timesPawl: "times Pawl",
  rounds: "rounds",
  note: "note",
};

/** Options: --rounds, --milliseconds (a batch), --seconds (a mode and length), --in-flight, --only NAME,NAME, --no-package. */
export async function run(options: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...options],
    allowNegative: true,
    options: {
      rounds: { type: "string", default: "7" },
      milliseconds: { type: "string", default: "1000" },
      seconds: { type: "string", default: "20" },
      "in-flight": { type: "string", default: "200" },
      only: { type: "string" },
      package: { type: "boolean", default: true },
    },
  });
  const machine = describeMachine();
  const directory = mkdtempSync(`${tmpdir()}/pawl-overhead-`);
  try {
    if (isMemoryDisk(directory)) console.log("The folder for temporary files lies in memory: durable figures flatter.");
    const built = await step("Building Pawl", buildPackage);
    const measured = values.package ? await measurePackage(directory) : {};
    await installPeers();
    const outcomes = await measureModes({
      rounds: Number(values.rounds),
      batch: Number(values.milliseconds),
      budget: Number(values.seconds) * 1000,
      inFlight: Number(values["in-flight"]),
      only: values.only?.split(",") ?? null,
      directory,
    });
    report({
      bench: "overhead",
      columns,
      rows: outcomes.map((outcome) => row(outcome, outcomes)),
      values: { ...targetValues(outcomes), ...measured },
      machine,
      // A build that failed leaves an older one in its place, and its figures are not this Pawl's.
      complete: built && values.only === undefined && values.package,
    });
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

// A process of its own, without this one's `--conditions=pawl-source`: Pawl, too, is measured as built, as a user runs it.
async function measureModes(plan: Plan): Promise<readonly Outcome[]> {
  const child = fork(`${import.meta.dirname}/child.ts`, { execArgv: ["--expose-gc", "--no-flush-bytecode"] });
  child.send(plan);
  const answer = once(child, "message");
  const [first] = await Promise.race([answer, once(child, "exit")]);
  child.kill();
  if (!Array.isArray(first)) throw new Error(`The process that measures the modes ended early (${first}).`);
  return first;
}

async function measurePackage(directory: string): Promise<Record<string, number>> {
  const measured: Record<string, number> = {};
  await step("Packing and installing Pawl", async () => {
    await installPackage(directory);
    measured["install-mb"] = installedMegabytes(directory);
    measured["import-ms"] = await importMilliseconds(directory, 21);
  });
  return measured;
}

// `npm ci` leaves a hidden lock file when it is through; a folder without one is a torn installation.
async function installPeers(): Promise<void> {
  const folder = `${import.meta.dirname}/peers`;
  if (existsSync(`${folder}/node_modules/.package-lock.json`)) return;
  await step("Installing the peers (minutes)", () => npm(["ci", "--no-audit", "--no-fund"], folder));
}

// What fails here costs its own figures only; the table says which are missing.
async function step(title: string, work: () => Promise<unknown>): Promise<boolean> {
  console.log(`${title} ...`);
  try {
    await work();
    return true;
  } catch (error) {
    console.log(`  ${reason(error)}`);
    return false;
  }
}

function row(outcome: Outcome, outcomes: readonly Outcome[]): Row {
  const { name, version, problem, shorts, longs, kind } = outcome;
  if (problem !== null) return { mode: name, version, note: problem };
  const pawl = pawlOf(outcomes, kind);
  return {
    mode: name,
    version,
    cpu: median(cpu(shorts)),
    cpuRange: range(cpu(shorts)),
    wall: median(wall(shorts)),
    wallRange: range(wall(shorts)),
    cpuLong: median(cpu(longs)),
    flat: flatness(outcome),
    timesPawl: pawl === undefined ? null : median(cpu(shorts)) / median(cpu(pawl.shorts)),
    rounds: shorts.length,
    note: "",
  };
}

function targetValues(outcomes: readonly Outcome[]): Record<string, number | null> {
  const memory = pawlOf(outcomes, "memory");
  const durable = pawlOf(outcomes, "durable");
  return {
    "memory-us-per-step": memory ? median(cpu(memory.shorts)) : null,
    "durable-us-per-step": durable ? median(cpu(durable.shorts)) : null,
    "durable-3-step-runs-per-second": durable ? 1e6 / ((short - 1) * median(wall(durable.shorts))) : null,
    // Both must be flat, so the worse of the two is the figure.
    "flat-4-to-31-turns": memory && durable ? Math.max(flatness(memory), flatness(durable)) : null,
  };
}

function pawlOf(outcomes: readonly Outcome[], kind: Kind): Outcome | undefined {
  return outcomes.find((outcome) => outcome.pawl && outcome.kind === kind && outcome.problem === null);
}

/** CPU time per step at 31 turns over that at 4, in pairs of one round. */
function flatness({ shorts, longs }: Outcome): number {
  return median(longs.map((sample, i) => sample.cpu / shorts[Math.min(i, shorts.length - 1)]!.cpu));
}

function cpu(samples: readonly Sample[]): number[] {
  return samples.map((sample) => sample.cpu);
}

function wall(samples: readonly Sample[]): number[] {
  return samples.map((sample) => sample.wall);
}

function range(values: readonly number[]): string {
  return `${format(Math.min(...values))}..${format(Math.max(...values))}`;
}

// tmpfs by its magic number in Linux: a commit there waits for no disk.
function isMemoryDisk(directory: string): boolean {
  return process.platform === "linux" && statfsSync(directory).type === 0x01021994;
}
