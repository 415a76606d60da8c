/** What this machine itself has for the job: its Node, the embedded runtime, models, room on the disk. */

import { stat, statfs } from "node:fs/promises";
import { availableParallelism, totalmem } from "node:os";
import { dirname } from "node:path";
import { messageOf } from "../core/errors.ts";
import { pawlHome } from "../core/home.ts";
import { loadRuntime } from "../engine/runtime.ts";
import { listModels } from "../models/store.ts";
import { vendors } from "../wire/quirks.ts";
import type { Finding } from "./doctor.ts";
import { line } from "./findings.ts";

const MACHINE = "this machine";
const GB = 1e9;
/** Less room than this, and a journal of a busy day does not fit beside a model. */
const LEAST_ROOM = 2 * GB;

/** Never rejects: what cannot be found out is a finding too. */
export async function machineFindings(environment: NodeJS.ProcessEnv): Promise<Finding[]> {
  return [processor(), await runtime(), ...(await models()), ...(await room()), ...keys(environment)];
}

function processor(): Finding {
  const memory = (totalmem() / GB).toFixed(0);
  const says = `Node ${process.versions.node}, ${availableParallelism()} cores, ${memory} GB of memory`;
  return line("ok", MACHINE, says, null);
}

async function runtime(): Promise<Finding> {
  try {
    await loadRuntime();
    return line("ok", MACHINE, "the embedded runtime is installed", null);
  } catch (thrown) {
    const fix = "pawl models runtime";
    return line("note", MACHINE, `embedded models cannot run: ${messageOf(thrown).split(";")[0]}`, fix);
  }
}

async function models(): Promise<Finding[]> {
  try {
    const rows = await listModels();
    const here = rows.filter(({ installed }) => installed !== null).map(({ name }) => name);
    const broken = rows.filter(({ problem }) => problem !== null);
    const said =
      here.length > 0 ? `models here: ${here.join(", ")}` : "no model is here yet: they are fetched when first needed";
    return [
      line("ok", MACHINE, said, here.length > 0 ? null : "pawl models pull"),
      ...broken.map(({ name, problem }) =>
        line("error", MACHINE, `the model ${name} is broken: ${problem}`, `pawl models remove ${name}`),
      ),
    ];
  } catch (thrown) {
    return [line("error", MACHINE, `the folder of models cannot be read: ${messageOf(thrown)}`, "set PAWL_HOME")];
  }
}

async function room(): Promise<Finding[]> {
  const free = await freeBytes(pawlHome());
  if (free === null || free >= LEAST_ROOM) return [];
  return [
    line(
      "warning",
      MACHINE,
      `only ${(free / GB).toFixed(1)} GB are free where models are kept`,
      "set PAWL_HOME to a larger disk",
    ),
  ];
}

/** Of the disk that a folder is on, or will be on. */
async function freeBytes(folder: string): Promise<number | null> {
  let at = folder;
  while ((await stat(at).catch(() => null)) === null && dirname(at) !== at) at = dirname(at);
  const disk = await statfs(at).catch(() => null);
  return disk === null ? null : disk.bavail * disk.bsize;
}

function keys(environment: NodeJS.ProcessEnv): Finding[] {
  return Object.values(vendors)
    .filter(({ local, keyVariable }) => !local && keyVariable !== null && environment[keyVariable])
    .map(({ name, keyVariable }) =>
      line(
        "note",
        name,
        `${keyVariable} is set; not asked, because that costs money`,
        `remote("${name}", MODEL, { price: ... }) in the config`,
      ),
    );
}
