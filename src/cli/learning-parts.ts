/** The parts for a command that learns when it says so, and not beside. */

import { makeParts, type OpenParts } from "../config/parts.ts";
import type { Session } from "./session.ts";

/** Not opened yet. They share the session's journal and rungs, and are closed before it. */
export function learningParts({ config, journal }: Session, say: (line: string) => void, stop: AbortSignal): OpenParts {
  const promises = { ...config.promises, learn: false };
  return makeParts({ ...config, promises }, journal, { stop, say });
}
