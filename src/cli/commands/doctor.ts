/** `pawl doctor`: what it takes. The work is in ../doctor.ts, loaded when it is asked for. */

import type { AddCommand } from "../command.ts";
import type { DoctorOptions } from "../doctor.ts";

export const addDoctor: AddCommand = (program, done) => {
  program
    .command("doctor")
    .summary("find model servers, ask what they really do, say what to mend")
    .description(
      "Looks for model servers in the config, in the usual variables and on the usual ports, asks each a few questions whose answers are known, and prints one line a finding with what to do about it. What was found of a model is remembered. What may cost money is asked only where its address is given.",
    )
    .argument("[address...]", "only these servers, such as http://gpu-box:8000")
    .option("--model <name...>", "only these models (default: the first three of each server that answer on it)")
    .option("--find", "only look who is there")
    .option("--no-speed", "do not measure speed and how many may be asked at once")
    .option("--fresh", "ask again what was asked before")
    .option("--key-from <variable>", "with an address: the environment variable that holds its key")
    .option("--config <file>", "the config (default: pawl.config.ts, .js or .mjs in this folder)")
    .option("--json", "print as JSON")
    .addHelpText(
      "after",
      `
Examples:
  pawl doctor
  pawl doctor --find
  pawl doctor http://127.0.0.1:11434 --model qwen3:4b --fresh
  pawl doctor https://gpu-box:8000 --key-from GPU_BOX_KEY --json

Ends with 5 where something is broken that a run would meet.`,
    )
    .action(async (addresses: string[], options: DoctorOptions) => {
      const { doctor } = await import("../doctor.ts");
      done(await doctor(addresses, options));
    });
};
