/** Waiting for a run, but not for ever. */

import type { Left } from "./runs.ts";

export const tooLate = "too late";

/** How the run left, or that it did not within so many milliseconds; it goes on then. */
export async function within(left: Promise<Left>, milliseconds: number): Promise<Left | typeof tooLate> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<typeof tooLate>((resolve) => {
    timer = setTimeout(() => resolve(tooLate), Math.max(0, milliseconds));
  });
  try {
    return await Promise.race([left, late]);
  } finally {
    clearTimeout(timer);
  }
}
