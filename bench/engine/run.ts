// How fast the embedded engine is, how right its numbers are, and what each way of asking is worth: part by part.
import { type Measured, runParts } from "../parts.ts";
import { banking8Task, banking77Task, hwu64Task, measureAccuracy } from "./accuracy.ts";
import { measureEncoder } from "./encoder.ts";
import { measureEquality } from "./equality.ts";
import { measureFilling, measureToolArguments } from "./fill-parts.ts";
import { measureIpc } from "./ipc.ts";
import { measureMemory } from "./memory.ts";
import { readSetup, type Setup } from "./setup.ts";
import { measureSpeed } from "./speed.ts";
import { measureStated } from "./stated.ts";

/** In the order of the README's tables. */
const all: { readonly [part: string]: (setup: Setup) => Promise<Measured> } = {
  speed: measureSpeed,
  ipc: measureIpc,
  equality: measureEquality,
  memory: measureMemory,
  stated: measureStated,
  "accuracy-banking8": (setup) => measureAccuracy(setup, banking8Task(setup)),
  "accuracy-banking77": (setup) => measureAccuracy(setup, banking77Task(setup)),
  "accuracy-hwu64": (setup) => measureAccuracy(setup, hwu64Task(setup)),
  encoder: measureEncoder,
  fills: measureFilling,
  arguments: measureToolArguments,
};

/** Options: --part NAME,NAME, --quick, --data FOLDER, --size, --seconds (a part), --threads, --processes. */
export async function run(args: readonly string[]): Promise<void> {
  const { setup, parts } = readSetup(args);
  await runParts("engine", all, setup, parts);
}
