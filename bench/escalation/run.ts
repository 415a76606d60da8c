// What a promise lets through, what a better order of escalation is worth, and how fast a broken promise is taken back.
import { type Measured, runParts } from "../parts.ts";
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
  await runParts("escalation", all, setup, parts);
}
