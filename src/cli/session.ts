/** What most commands need: the config, the journal, and the parts that runs are given. */

import { existsSync } from "node:fs";
import { stat } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import type { Config } from "../config/config.ts";
import { makeParts, type OpenParts } from "../config/parts.ts";
import { UsageError } from "../core/errors.ts";
import type { Journal } from "../journal/journal.ts";
import { memoryJournal } from "../journal/memory.ts";
import { openJournal } from "../journal/sqlite.ts";
import type { Parts } from "../loop/run.ts";
import { type EgressGuard, guardEgress } from "../net/egress.ts";
import type { Rung } from "../rung/rung.ts";
import { rememberContacted, rememberHost } from "./contacted.ts";
import { loadConfig } from "./load.ts";

export interface SessionOptions {
  /**
   * Path of a config; by default, for a journal that is there and named, the one it was last run with; else the one in
   * the working folder, else the default config.
   */
  readonly config?: string | undefined;
  /** Path of the journal; by default the config's, else `pawl.db`. */
  readonly journal?: string | undefined;
  /** Keeps everything in memory and changes nothing. */
  readonly dryRun?: boolean;
  /** For shadow runs: see `shadowParts`. */
  readonly shadow?: boolean;
  /** The journal must be there already. */
  readonly existing?: boolean;
  /** Refuses other machines, whatever the config says; those in its `egress.allow` stay allowed. */
  readonly localOnly?: boolean;
  readonly stop?: AbortSignal;
  readonly say?: (line: string) => void;
}

export interface Session {
  readonly config: Config;
  /** Absolute path of the config; `null` for the default one. */
  readonly configFile: string | null;
  readonly journal: Journal;
  /** Absolute path of the journal; `null` in memory. */
  readonly journalFile: string | null;
  /** The journal was made just now. */
  readonly isNew: boolean;
  /** Not opened yet: most commands ask no model. */
  readonly parts: OpenParts;
  readonly currency: string;
  /** Which other machines this session contacts, and may contact. */
  readonly egress: EgressGuard;
  /** Whether the rung of that name is local, also one of an earlier config. */
  isLocal(rung: string): boolean;
  close(): Promise<void>;
}

/** The parts that runs are given, whichever policy they go by. */
export type RunningParts = Omit<OpenParts, "policy"> & Pick<Parts, "policy">;

/** A session whose runs go by those. */
export type RunningSession = Omit<Session, "parts"> & { readonly parts: RunningParts };

/** Opens config and journal. Throws `UsageError` (`E_NO_JOURNAL` and those of `loadConfig`) and `StorageError`. */
export async function openSession(options: SessionOptions = {}): Promise<Session> {
  const remembered = options.existing ? await configOf(options.journal) : undefined;
  const { config, file: configFile } = await loadConfig(options.config ?? remembered);
  const journalFile = options.dryRun ? null : journalPath(options.journal, config, configFile);
  const isNew = journalFile !== null && (await stat(journalFile).catch(() => null)) === null;
  if (isNew && options.existing) {
    throw new UsageError("E_NO_JOURNAL", `there is no journal ${journalFile}; name one with --journal`, {
      value: journalFile,
    });
  }
  if (isNew && (await stat(dirname(journalFile)).catch(() => null)) === null) {
    throw new UsageError("E_NO_FOLDER", `the folder of the journal ${journalFile} is not there`, {
      value: journalFile,
    });
  }
  const journal = journalFile === null ? memoryJournal() : openJournal(journalFile);
  const parts = makeParts(config, journal, {
    dryRun: options.dryRun ?? false,
    shadow: options.shadow ?? false,
    ...(options.stop && { stop: options.stop }),
    ...(options.say && { say: options.say }),
  });
  const { localOnly = false, allow = [] } = config.egress ?? {};
  const egress = guardEgress({ localOnly: localOnly || (options.localOnly ?? false), allow }, (host) => {
    try {
      rememberHost(journal, host);
    } catch {
      // No connection fails over its record; the end of the session writes it again, and tells.
    }
  });
  return {
    config,
    configFile,
    journal,
    journalFile,
    isNew,
    parts,
    currency: config.budget?.currency ?? "USD",
    egress,
    isLocal: (rung) => localByName(rung, parts.rungs, journal),
    async close() {
      await parts.close();
      try {
        await rememberContacted(journal, egress.contacted());
      } finally {
        egress[Symbol.dispose]();
        await journal.close();
      }
    },
  };
}

/** From the command line it is meant from the working folder, in a config from the config's own. */
function journalPath(own: string | undefined, config: Config, configFile: string | null): string {
  if (own !== undefined) return resolve(own);
  const folder = configFile === null ? process.cwd() : dirname(configFile);
  return resolve(folder, config.journal ?? "pawl.db");
}

const localKey = (rung: string): string => `rung-local/${rung}`;

/** Remembers which rungs are local, so that a report can still tell when the config has others. */
export function rememberRungs({ parts, journal }: RunningSession): void {
  for (const { name, local } of parts.rungs) {
    if (journal.notes.get(localKey(name)) !== String(local)) journal.notes.set(localKey(name), String(local));
  }
}

/** A rung that nobody knows any more does not count as local: the share would be too good otherwise. */
function localByName(name: string, rungs: readonly Rung[], journal: Journal): boolean {
  const rung = rungs.find((one) => one.name === name);
  return rung ? rung.local : journal.notes.get(localKey(name)) === "true";
}

const configKey = "config-file";

/** Remembers which config a journal was run with, so that the other commands need not be told; `null` for the default. */
export function rememberConfig(journal: Journal, file: string | null): void {
  const kept = file ?? "";
  if ((journal.notes.get(configKey) ?? "") !== kept) journal.notes.set(configKey, kept);
}

/** The config that a journal was last run with, where it is still there. */
async function configOf(path: string | undefined): Promise<string | undefined> {
  if (path === undefined || !existsSync(path)) return undefined;
  const journal = openJournal(path);
  const file = journal.notes.get(configKey);
  await journal.close();
  return file && existsSync(file) ? file : undefined;
}

const loopKey = (loop: string): string => `loop-file/${loop}`;

/** Remembers where a loop was loaded from, so that `replay` and `review` need not be told. */
export function rememberLoop(journal: Journal, loop: string, from: string): void {
  if (journal.notes.get(loopKey(loop)) !== from) journal.notes.set(loopKey(loop), from);
}

/** Where a loop was loaded from when it last ran. */
export function loopFileOf(journal: Journal, loop: string): string | undefined {
  return journal.notes.get(loopKey(loop));
}
