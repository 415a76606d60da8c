// How much stays local as answers come in, at which realised error, and what it costs: the product's promise to a bill.
import { type Measured, runParts } from "../parts.ts";
import { measureCost } from "./cost.ts";
import { measureBanking8, measureLadders, others } from "./curve.ts";
import { measureDrill } from "./drill.ts";
import { measureIntents, measureTeams } from "./oos.ts";
import { measureOverhead } from "./overhead.ts";
import { readSetup, type Setup } from "./setup.ts";
import { measureThresholds } from "./thresholds.ts";
import { measureThroughput } from "./throughput.ts";
import { measureUnion } from "./union.ts";

/** In the order of the README's tables. */
const all: { readonly [part: string]: (setup: Setup) => Promise<Measured> } = {
  banking8: measureBanking8,
  ladders: measureLadders,
  thresholds: measureThresholds,
  union: measureUnion,
  ...others,
  training: measureCost,
  overhead: measureOverhead,
  throughput: measureThroughput,
  drill: measureDrill,
  "oos-teams": measureTeams,
  "oos-intents": measureIntents,
};

/** Options: --part NAME,NAME, --quick, --data FOLDER, --seeds FROM-TO, --risk R,R. */
export async function run(args: readonly string[]): Promise<void> {
  const { setup, parts } = readSetup(args);
  await runParts("learning", all, setup, parts);
}
