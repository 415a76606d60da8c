/** What `pawl doctor` does: finds, asks, and prints one line a finding, then who can do what. */

import { rungsOf } from "../config/config.ts";
import { UsageError } from "../core/errors.ts";
import type { Examination, Finding, Level, Place } from "../doctor/doctor.ts";
import { examine, MOST_AT_ONCE, matrixRow } from "../doctor/examine.ts";
import { line } from "../doctor/findings.ts";
import { machineFindings } from "../doctor/machine.ts";
import { addressIn, places } from "../doctor/places.ts";
import { fileMemory } from "../doctor/remembered.ts";
import { allowing, type EgressGuard, guardEgress } from "../net/egress.ts";
import type { EgressOptions } from "../net/egress-rules.ts";
import { canonicalHost, hostAndPort } from "../net/host-name.ts";
import { openBackend } from "../net/http-backend.ts";
import type { Rung } from "../rung/rung.ts";
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

/** All that the doctor wants at once goes out at once: what is measured is the server, and not our own care for it. */
const atOnce = { start: MOST_AT_ONCE, most: MOST_AT_ONCE };

export async function doctor(addresses: readonly string[], options: DoctorOptions): Promise<ExitCode> {
  const { json } = options;
  const given = placesOf(addresses, options);
  const isGeneral = given.length === 0;
  const { rungs, priced, findings: said, egress } = await configSays(options);
  const sought = isGeneral ? places(process.env, rungs, priced) : given;
  const own = isGeneral
    ? [...(await machineFindings(process.env)), ...said]
    : said.filter(({ level, about }) => level === "error" && about === configItself);
  using guard = guardEgress(egress);
  const interrupts = new Interrupts();
  let found: Examination;
  try {
    found = await examine({
      places: sought,
      models: options.model,
      findOnly: options.find ?? false,
      speed: options.speed,
      fresh: options.fresh ?? false,
      memory: fileMemory(),
      openBackend: ({ url, key }) => openBackend({ url, ...(key && { apiKey: key }), concurrency: atOnce }),
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
  const refused = refusedBy(guard, sought);
  const open = sought.filter((place) => refused.every((one) => one.place !== place));
  const findings = [...own, ...refused.map(({ finding }) => finding), ...missing(open, found), ...found.findings];
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
    return { url, why: "named", isNamed: true, ...(key && { key }) };
  });
}

/** Whoever was named, here or in the config, and does not answer is a finding; whoever was only looked for is not. */
function missing(sought: readonly Place[], { servers }: Examination): Finding[] {
  return sought
    .filter(({ url, isNamed, models }) => (isNamed || models) && servers.every(({ place }) => place.url !== url))
    .map(({ url, why, isNamed }) => {
      const says = isNamed ? "nobody answers there" : `nobody answers there, and ${why} of the config asks it`;
      return line("error", url, says, "start the server, or check address and firewall");
    });
}

/** What local-only mode of the config kept from being asked. */
function refusedBy(guard: EgressGuard, sought: readonly Place[]): { place: Place; finding: Finding }[] {
  const refused = new Set(guard.contacted().flatMap(({ host, refused: times }) => (times > 0 ? [host] : [])));
  return sought.flatMap((place) => {
    const { hostname, port, protocol } = new URL(place.url);
    const host = hostAndPort(canonicalHost(hostname), port || (protocol === "https:" ? "443" : "80"));
    if (!refused.has(host)) return [];
    const finding = line(place.isNamed ? "error" : "note", host, "not asked: only this machine may be", allowing(host));
    return [{ place, finding }];
  });
}

/** What a finding is about that keeps the config from being read at all. */
const configItself = "config";

interface ConfigSays {
  readonly rungs: readonly Rung[];
  /** Names of those that the config itself has a price for. */
  readonly priced: ReadonlySet<string>;
  readonly findings: readonly Finding[];
  readonly egress: EgressOptions;
}

async function configSays({ config: path }: DoctorOptions): Promise<ConfigSays> {
  try {
    const { config, file } = await loadConfig(path);
    if (file === null) return { rungs: [], priced: new Set(), findings: [], egress: {} };
    const rungs = rungsOf(config);
    const ladder = config.ladder ?? [];
    const about = shortPath(file);
    const priced = new Set(Object.keys(config.prices?.perReply ?? {}));
    const unpriced = rungs.filter(({ mostCost, name }) => mostCost === null && !priced.has(name));
    const findings = [
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
      ...rungs.flatMap(({ name, server }) =>
        server?.missingKey ? [line("error", about, `${name} has no key`, `export ${server.missingKey}=...`)] : [],
      ),
    ];
    return { rungs, priced, findings, egress: config.egress ?? {} };
  } catch (thrown) {
    if (!(thrown instanceof UsageError)) throw thrown;
    // What it would allow is not known either.
    const findings = [line("error", configItself, thrown.message, null)];
    return { rungs: [], priced: new Set(), findings, egress: { localOnly: true } };
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
