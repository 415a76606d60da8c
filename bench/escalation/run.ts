// What a promise lets through, what a better order of escalation is worth, and how fast a broken promise is taken back.
import { describeMachine } from "../bench.ts";
import { assemble, type Measured, reportPart } from "../parts.ts";
import { measureDeferral } from "./deferral.ts";
import { measureDrift } from "./drift.ts";
import { measureGuarantee } from "./guarantee.ts";
import { readSetup, type Setup } from "./setup.ts";

/** In the order of the README's tables. */
const all: { readonly [part: string]: (setup: Setup) => Promise<Measured> } = {
  guarantee: measureGuarantee,
  deferral: measureDeferral,
  drift: measureDrift,
};

/** Options: --part NAME,NAME, --quick, --data FOLDER, --size N. */
export async function run(args: readonly string[]): Promise<void> {
  const { setup, parts } = readSetup(args);
  const names = Object.keys(all);
  for (const part of parts ?? names) {
    const measure = all[part];
    if (!measure) throw new Error(`There is no part "${part}". There are: ${names.join(", ")}.`);
    console.log(`\n${part} ...`);
    const machine = describeMachine();
    reportPart("escalation", part, machine, await measure(setup), !setup.quick);
  }
  if (!setup.quick) assemble("escalation", names);
  else console.log("\nA smoke run: nothing was written.");
}
