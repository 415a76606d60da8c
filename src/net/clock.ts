/** Time and chance as a backend sees them; tests bring their own. */

import { setTimeout as after } from "node:timers/promises";
import { longestTimer } from "../core/longest-timer.ts";

export interface Clock {
  /** Milliseconds that only ever grow. */
  now(): number;
  /** Milliseconds since 1970, for dates that a server names. */
  date(): number;
  /** Rejects with the signal's reason where that is aborted first. */
  sleep(milliseconds: number, signal?: AbortSignal): Promise<void>;
  /** From 0 to below 1. */
  random(): number;
}

export const realClock: Clock = {
  now: () => performance.now(),
  date: () => Date.now(),
  random: () => Math.random(),
  async sleep(milliseconds, signal) {
    signal?.throwIfAborted();
    try {
      await after(Math.min(milliseconds, longestTimer), undefined, signal ? { signal } : {});
    } catch (thrown) {
      signal?.throwIfAborted();
      throw thrown;
    }
  },
};
