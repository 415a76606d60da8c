// An open loop: requests start when it is their time, whether or not those before them have come back.
import type { Connections } from "./connections.ts";
import { bodyFor, modelMilliseconds, rightAnswer } from "./question.ts";

export interface Outcome {
  /** Milliseconds of each answered request from the time it was meant to start, sorted. */
  readonly latencies: readonly number[];
  readonly sent: number;
  /** No reply at all, or another status than 200 and 429. */
  readonly lost: number;
  /** A reply that belongs to another request. */
  readonly crossed: number;
  readonly refused: number;
  /** Requests a second that were answered. */
  readonly rate: number;
}

let next = 1;

/** So many requests a second for so many seconds, with gaps as those of many strangers: exponential. */
export async function offer(connections: Connections, perSecond: number, seconds: number): Promise<Outcome> {
  const latencies: number[] = [];
  const runs = new Set<string>();
  let [sent, lost, crossed, refused] = [0, 0, 0, 0];
  const pending: Promise<void>[] = [];
  const start = performance.now();
  const ask = async (due: number): Promise<void> => {
    const number = next++;
    const reply = await connections.post("/v1/systemone", bodyFor(number));
    if (reply?.status === 429) refused++;
    else if (reply?.status !== 200) lost++;
    else {
      latencies.push(performance.now() - due);
      const { answers, pawl } = JSON.parse(reply.body) as Reply;
      if (answers.team?.choice !== rightAnswer(number) || runs.has(pawl.run)) crossed++;
      runs.add(pawl.run);
    }
  };
  let due = start;
  const end = start + seconds * 1000;
  while (due < end) {
    const now = performance.now();
    while (due <= now && due < end) {
      pending.push(ask(due));
      sent++;
      due += (-Math.log(1 - Math.random()) * 1000) / perSecond;
    }
    await new Promise((resolve) => setTimeout(resolve, Math.max(0, due - performance.now())));
    // What is settled need not be waited for: an hour of it would be a long list.
    if (pending.length > 10_000) await Promise.all(pending.splice(0, 5_000));
  }
  await Promise.all(pending);
  const took = (performance.now() - start) / 1000;
  latencies.sort((a, b) => a - b);
  return { latencies, sent, lost, crossed, refused, rate: latencies.length / took };
}

interface Reply {
  readonly answers: { readonly team?: { readonly choice: string } };
  readonly pawl: { readonly run: string };
}

/** Milliseconds beyond the model's own, at a share of the requests such as 0.99. */
export function overheadAt({ latencies }: Outcome, share: number): number | null {
  const value = latencies[Math.ceil(share * latencies.length) - 1];
  return value === undefined ? null : value - modelMilliseconds;
}
