/** What was found before, by the model's digest and the server's build: probing takes seconds to minutes. */

import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { shortHash } from "../core/hash.ts";
import { pawlHome } from "../core/home.ts";
import type { ExaminedModel, FoundServer, ServedModel } from "./doctor.ts";

/** Raised whenever a probe changes what it means by what it says. */
const EDITION = 2;

export type Remembered = Pick<ExaminedModel, "capabilities" | "speed" | "unknown" | "probed">;

export interface Memory {
  read(server: FoundServer, model: ServedModel): Promise<Remembered | null>;
  write(server: FoundServer, model: ServedModel, found: Remembered): Promise<void>;
}

/** One small file a model in a folder of Pawl's own. What cannot be read was never there; what cannot be written is lost. */
export function fileMemory(folder: string = join(pawlHome(), "doctor")): Memory {
  const fileOf = (server: FoundServer, model: ServedModel): string => {
    const { software, version, place } = server;
    // The address too: the same weights behind a proxy are another server.
    const key = [EDITION, place.url, software, version, model.name, model.digest, model.context];
    return join(folder, `${shortHash(JSON.stringify(key))}.json`);
  };
  return {
    async read(server, model) {
      try {
        const found: unknown = JSON.parse(await readFile(fileOf(server, model), "utf8"));
        return isRemembered(found) ? found : null;
      } catch {
        return null;
      }
    },
    async write(server, model, found) {
      const file = fileOf(server, model);
      try {
        await mkdir(folder, { recursive: true });
        const draft = `${file}.${process.pid}`;
        await writeFile(draft, JSON.stringify(found));
        await rename(draft, file);
      } catch {
        // A full disk or a folder that is not ours: the next run probes again.
      }
    },
  };
}

function isRemembered(value: unknown): value is Remembered {
  if (typeof value !== "object" || value === null) return false;
  const { capabilities, unknown, probed } = value as Partial<Remembered>;
  return (
    typeof capabilities === "object" && capabilities !== null && Array.isArray(unknown) && typeof probed === "string"
  );
}
