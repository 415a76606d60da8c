/** What `pawl doctor` does: finds, asks, and prints one line a finding, then who can do what. */

import { UsageError } from "../core/errors.ts";
import type { Examination, Finding, Level, Place } from "../doctor/doctor.ts";
import { examine, matrixRow } from "../doctor/examine.ts";
import { line } from "../doctor/findings.ts";
import { machineFindings } from "../doctor/machine.ts";
import { addressIn, places } from "../doctor/places.ts";
import { fileMemory } from "../doctor/remembered.ts";
import { openBackend } from "../net/http-backend.ts";
import { type ExitCode, log, print, printJson } from "./command.ts";
import { Interrupts } from "./interrupts.ts";
import { loadConfig, shortPath } from "./load.ts";
import { cleanLine, columns, styled } from "./text.ts";

/** What `pawl doctor` takes. */
export interface DoctorOptions {
  readonly model?: readonly string[];
  readonly find?: true;
  readonly speed: boolean;
  readonly fresh?: true;
  readonly keyFrom?: string;
  readonly config?: string;
  readonly json?: true;
}

export async function doctor(addresses: readonly string[], options: DoctorOptions): Promise<ExitCode> {
  const { json } = options;
  const named = placesOf(addresses, options);
  const own = named.length > 0 ? [] : [...(await machineFindings(process.env)), ...(await configFindings(options))];
  const interrupts = new Interrupts();
  let found: Examination;
  try {
    found = await examine({
      places: named.length > 0 ? named : places(process.env),
      models: options.model,
      findOnly: options.find ?? false,
      speed: options.speed,
      fresh: options.fresh ?? false,
      memory: fileMemory(),
      openBackend: ({ url, key }) => openBackend({ url, ...(key ? { apiKey: key } : {}) }),
      signal: interrupts.drain,
      today: new Date().toISOString().slice(0, 10),
      say: json ? () => {} : log,
    });
  } catch (thrown) {
    if (interrupts.drain.aborted) return 130;
    throw thrown;
  } finally {
    interrupts.end();
  }
  const findings = [...own, ...missing(named, found), ...found.findings];
  if (json) printJson({ ...found, findings, matrix: found.models.map(matrixRow) });
  else show(found, findings);
  return findings.some(({ level }) => level === "error") ? 5 : 0;
}

function placesOf(addresses: readonly string[], { keyFrom }: DoctorOptions): Place[] {
  const key = keyFrom === undefined ? undefined : process.env[keyFrom];
  if (keyFrom !== undefined && !key)
    throw new UsageError("E_USAGE", `the variable ${keyFrom} holds no key`, { value: keyFrom });
  return addresses.map((address) => {
    const url = addressIn(address);
    if (url === null) throw new UsageError("E_USAGE", `${address} is no address of a server`, { value: address });
    return { url, why: "named", ...(key ? { key } : {}) };
  });
}

/** Whoever was named and does not answer is a finding; whoever was only looked for is not. */
function missing(named: readonly Place[], { servers }: Examination): Finding[] {
  return named
    .filter(({ url }) => servers.every(({ place }) => place.url !== url))
    .map(({ url }) => line("error", url, "nobody answers there", "start the server, or check address and firewall"));
}

async function configFindings({ config: path }: DoctorOptions): Promise<Finding[]> {
  try {
    const { config, file } = await loadConfig(path);
    if (file === null) return [];
    const ladder = config.ladder ?? [];
    const about = shortPath(file);
    const unpriced = ladder.filter(({ mostCost, name }) => mostCost === null && !config.prices?.perReply?.[name]);
    return [
      line(
        "ok",
        about,
        `ladder: ${ladder.map(({ name }) => name).join(" > ") || "empty, everything goes to a person"}`,
        null,
      ),
      ...unpriced.map(({ name }) =>
        line(
          "warning",
          about,
          `${name} has no price: it is not asked under a limit on spend`,
          "give it a price in the config",
        ),
      ),
    ];
  } catch (thrown) {
    if (!(thrown instanceof UsageError)) throw thrown;
    return [line("error", "config", thrown.message, null)];
  }
}

const marks: { readonly [level in Level]: string } = { ok: "ok  ", note: "note", warning: "warn", error: "FAIL" };

function show({ servers, models, foundIn }: Examination, findings: readonly Finding[]): void {
  for (const { level, about, says, fix } of findings) {
    const mark =
      level === "ok" || level === "note" ? marks[level] : styled(level === "error" ? "red" : "yellow", marks[level]);
    print(`${mark} ${cleanLine(about)}: ${cleanLine(says)}${fix === null ? "" : `\n     do: ${cleanLine(fix)}`}`);
  }
  const count = servers.length === 1 ? "1 server" : `${servers.length} servers`;
  log(`${count} found in ${foundIn.toFixed(2)} s`);
  const rows = models.map(matrixRow);
  const [first] = rows;
  if (!first) return;
  // A capability a line, a model a column: there are more capabilities than fit on a line.
  print("");
  const table = Object.keys(first).map((name) => [name, ...rows.map((row) => cleanLine(String(row[name])))]);
  for (const text of columns(table)) print(text);
}
