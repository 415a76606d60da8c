/** Where Pawl keeps what outlives a project: models, and the runtime that reads them. */

import { homedir } from "node:os";
import { join, resolve } from "node:path";

/** `PAWL_HOME`, else the platform's folder for data. */
export function pawlHome(
  environment: NodeJS.ProcessEnv = process.env,
  platform: NodeJS.Platform = process.platform,
  home: string = homedir(),
): string {
  if (environment.PAWL_HOME) return resolve(environment.PAWL_HOME);
  if (environment.XDG_DATA_HOME) return join(environment.XDG_DATA_HOME, "pawl");
  if (platform === "win32") return join(environment.LOCALAPPDATA ?? join(home, "AppData", "Local"), "pawl");
  if (platform === "darwin") return join(home, "Library", "Application Support", "pawl");
  return join(home, ".local", "share", "pawl");
}
