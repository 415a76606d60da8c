// How fast the embedded engine is, how right its numbers are, and what each way of asking is worth: part by part.
import { describeMachine } from "../bench.ts";
import { assemble, type Measured, reportPart } from "../parts.ts";
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
  const names = Object.keys(all);
  for (const part of parts === null ? names : parts.flatMap((wanted) => select(wanted, names))) {
    console.log(`\n${part} ...`);
    const machine = describeMachine();
    try {
      reportPart("engine", part, machine, await all[part]!(setup), !setup.quick);
    } catch (error) {
      // What fails here costs its own figures only; the file of an earlier run stays as it was.
      console.log(`  ${part} failed: ${error instanceof Error ? error.stack : error}`);
      process.exitCode = 1;
    }
  }
  if (!setup.quick) assemble("engine", names);
  else console.log("\nA smoke run: nothing was written.");
}

/** A part by its name, or several by what their names begin with: `accuracy` is all three. */
function select(wanted: string, names: readonly string[]): readonly string[] {
  const found = names.filter((name) => name === wanted || name.startsWith(`${wanted}-`));
  if (found.length === 0) throw new Error(`There is no part "${wanted}". There are: ${names.join(", ")}.`);
  return found;
}
