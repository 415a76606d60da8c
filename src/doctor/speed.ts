/** How fast a server decides, and how many it should be asked at once. */

import { performance } from "node:perf_hooks";
import type { Dialect } from "./dialect.ts";
import type { Speed } from "./doctor.ts";

export interface SpeedOptions {
  /** Seconds that each step of concurrency may take. */
  readonly stepSeconds: number;
  readonly mostAtOnce: number;
  readonly now?: () => number;
}

/** More at once must bring this much more in all, or it only makes everybody wait. */
const WORTH = 1.1;
/** A text of some 60 tokens, another each time: what a server has read before it need not read again. */
const filler =
  "A customer writes that a parcel has not come, that the shop does not answer, and that the card was charged twice; they ask what to do now, whom to call, and when the money will be back on the account.";

export async function measureSpeed(dialect: Dialect, signal: AbortSignal, options: SpeedOptions): Promise<Speed> {
  const { stepSeconds, mostAtOnce, now = () => performance.now() } = options;
  let asked = 0;
  const decide = async (): Promise<number> => {
    const system = "What is the message about? Answer with one word: parcel, money or other.";
    const said = await dialect.say({ system, user: `Message ${++asked}. ${filler}`, maxTokens: 1 }, signal);
    return said.milliseconds;
  };
  await decide();
  const alone: number[] = [];
  const steps: { atOnce: number; perSecond: number }[] = [];
  for (let atOnce = 1; atOnce <= mostAtOnce; atOnce *= 2) {
    const began = now();
    let done = 0;
    const ask = async (): Promise<void> => {
      do {
        const milliseconds = await decide();
        if (atOnce === 1) alone.push(milliseconds);
        done++;
      } while (now() - began < stepSeconds * 1000);
    };
    await Promise.all(Array.from({ length: atOnce }, ask));
    const perSecond = (1000 * done) / (now() - began);
    const before = steps.at(-1)?.perSecond ?? 0;
    steps.push({ atOnce, perSecond });
    if (perSecond < before * WORTH) break;
  }
  return { milliseconds: median(alone), steps, knee: kneeOf(steps) };
}

/** The fewest at once that reach what the most could, less a tenth. */
export function kneeOf(steps: Speed["steps"]): number {
  const most = Math.max(...steps.map(({ perSecond }) => perSecond));
  return steps.find(({ perSecond }) => perSecond * WORTH >= most)?.atOnce ?? 1;
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}
