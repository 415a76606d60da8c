// Times batches of runs of one mode, as CPU and wall time per step. Knows no library. Wants node --expose-gc.
import { setTimeout as pause } from "node:timers/promises";
import { type Mode, toolCalls } from "./job.ts";

/** What one batch cost. */
export interface Sample {
  /** Microseconds per step, user and system, of all the process's threads. */
  readonly cpu: number;
  /** Microseconds per step. */
  readonly wall: number;
  readonly runs: number;
  readonly steps: number;
}

/** Does `runs` runs of `turns` turns, `inFlight` at a time. Throws when a tool was not called as often as asked. */
export async function measure(mode: Mode, runs: number, turns: number, inFlight: number): Promise<Sample> {
  // A quarter goes unmeasured: after the other modes' turns, this one's code and inline caches are cold again.
  await batch(mode, Math.ceil(runs / 4), turns, inFlight);
  await collectYoungGarbage();
  const steps = runs * (turns - 1);
  const calledBefore = toolCalls();
  const cpuBefore = process.cpuUsage();
  const wallBefore = performance.now();
  await batch(mode, runs, turns, inFlight);
  const wall = (performance.now() - wallBefore) * 1000;
  const cpu = process.cpuUsage(cpuBefore);
  const called = toolCalls() - calledBefore;
  if (called !== steps) throw new Error(`Tools were called ${called} times in ${steps} steps.`);
  return { cpu: (cpu.user + cpu.system) / steps, wall: wall / steps, runs, steps };
}

/** CPU microseconds a second that the process burns with nothing to do: what peers' background timers cost everyone. */
export async function measureIdle(): Promise<number> {
  await collectYoungGarbage();
  const before = process.cpuUsage();
  await pause(1000);
  const { user, system } = process.cpuUsage(before);
  return user + system;
}

// Never a full collection: it also drops what the compiler has learned, which made some libraries twice as slow after it.
async function collectYoungGarbage(): Promise<void> {
  globalThis.gc!({ execution: "sync", type: "minor" });
  await pause(20);
}

async function batch(mode: Mode, runs: number, turns: number, inFlight: number): Promise<void> {
  if (mode.batch !== undefined) await mode.batch(runs, turns, inFlight);
  else await keepGoing(mode, runs, turns, inFlight);
}

async function keepGoing(mode: Mode, runs: number, turns: number, inFlight: number): Promise<void> {
  let started = 0;
  const worker = async (): Promise<void> => {
    while (started < runs) {
      started += 1;
      await mode.run(turns);
    }
  };
  await Promise.all(Array.from({ length: Math.min(inFlight, runs) }, worker));
}
