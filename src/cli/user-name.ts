/** Whose answers these are, unless the command is told. */

import { userInfo } from "node:os";

/** The user of this machine. */
export function userName(): string {
  try {
    return userInfo().username;
  } catch {
    // Containers run as users that nobody named.
    return "unknown";
  }
}
