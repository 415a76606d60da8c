// How much a gateway adds to a model's own time, whether answers find their way, whether memory stays flat, and where it ends.
import { parseArgs } from "node:util";
import type { Row } from "../bench.ts";
import { type Measured, runParts } from "../parts.ts";
import { openConnections } from "./connections.ts";
import { type Outcome, offer, overheadAt } from "./load.ts";
import { type Memory, startServing } from "./serving.ts";

interface Setup {
  readonly quick: boolean;
  readonly minutes: number;
  readonly rate: number;
  readonly connections: number;
}

/** Requests before the clock runs: code is compiled, files are opened. */
const warmUp = { perSecond: 100, seconds: 3 };
/** The p99 overhead beyond which a rate counts as too much, in milliseconds. */
const tooSlow = 50;
/** How often a rate is offered before it counts as too much. */
const offers = 3;

const columns = {
  rate: "requests/s wanted",
  answered: "answered/s",
  sent: "sent",
  p50: "p50 overhead, ms",
  p99: "p99 overhead, ms",
  worst: "longest, ms",
  refused: "429",
  lost: "lost",
  crossed: "crossed",
};

/** The load of the promise, for as long as memory is watched. */
async function measureLoad({ quick, minutes, rate, connections }: Setup): Promise<Measured> {
  await using serving = await startServing();
  const open = await openConnections(serving.port, connections);
  const before = await offer(open, warmUp.perSecond, warmUp.seconds);
  const warm = await serving.memory();
  const samples: { readonly minute: number; readonly memory: Memory }[] = [];
  const began = performance.now();
  const timer = setInterval(
    () => {
      const minute = (performance.now() - began) / 60_000;
      void serving.memory().then((memory) => samples.push({ minute, memory }));
    },
    quick ? 500 : 5_000,
  );
  const outcome = await offer(open, rate, minutes * 60);
  clearInterval(timer);
  const stillOpen = open.open;
  open.close();
  const counts = await serving.end();
  // Every answer that was sent is one in the journal, and nothing else is there.
  const missing = Math.abs(counts.done - before.latencies.length - outcome.latencies.length) + counts.other;
  // The first fifth is a process that still settles: code is compiled, caches fill.
  const settled = samples.filter(({ minute }) => minute > minutes / 5);
  const { slope, mean } = line(settled.map(({ minute, memory }) => [minute, memory.resident]));
  const growth = (100 * slope * 10) / mean;
  const heap = line(settled.map(({ minute, memory }) => [minute, memory.heap]));
  const wrong = outcome.lost + outcome.crossed + missing;
  return {
    title: `${rate} requests a second for ${minutes} minutes, ${connections} connections, journal FULL on the disk`,
    columns: {
      ...columns,
      open: "connections still open",
      rss: "resident, MiB",
      growth: "growth in 10 min, %",
      heap: "heap, MiB",
    },
    rows: [
      {
        ...rowOf(rate, outcome),
        open: stillOpen,
        rss: `${warm.resident.toFixed(0)} to ${samples.at(-1)?.memory.resident.toFixed(0) ?? "?"}`,
        growth,
        heap: `${heap.mean.toFixed(0)}, ${heap.slope >= 0 ? "+" : ""}${heap.slope.toFixed(2)} a minute`,
      },
    ],
    values: {
      "lost-or-crossed": wrong,
      "p99-overhead-ms": overheadAt(outcome, 0.99),
      "memory-growth-percent-in-10-minutes": quick ? null : growth,
    },
  };
}

/**
 * Where p99 or refusals break: each rate is a quarter above the one before. One that is not held is offered again, because
 * whoever else uses the machine can break it and nobody can mend it; the end is where all offers of a rate broke.
 */
async function measureSaturation({ quick, rate, connections }: Setup): Promise<Measured> {
  await using serving = await startServing();
  const open = await openConnections(serving.port, connections);
  await offer(open, warmUp.perSecond, warmUp.seconds);
  const rows: Row[] = [];
  let held = 0;
  for (let wanted = rate; wanted < 20_000; wanted = Math.round(wanted * 1.25)) {
    for (let time = 1; time <= offers && held < wanted; time++) {
      const outcome = await offer(open, wanted, quick ? 2 : 15);
      rows.push({ ...rowOf(wanted, outcome), offer: time });
      const p99 = overheadAt(outcome, 0.99);
      if (outcome.refused + outcome.lost === 0 && p99 !== null && p99 <= tooSlow) held = wanted;
    }
    if (held < wanted) break;
  }
  open.close();
  return {
    title: `Rates up to where p99 overhead passes ${tooSlow} ms, or requests are refused; ${held} a second were held`,
    columns: { offer: "offer", ...columns },
    rows,
    values: {},
  };
}

function rowOf(rate: number, outcome: Outcome): Row {
  const { sent, lost, crossed, refused } = outcome;
  return {
    rate,
    answered: outcome.rate,
    sent,
    p50: overheadAt(outcome, 0.5),
    p99: overheadAt(outcome, 0.99),
    worst: overheadAt(outcome, 1),
    refused,
    lost,
    crossed,
  };
}

/** Least squares through points of time and value. */
function line(points: readonly (readonly [number, number])[]): { readonly slope: number; readonly mean: number } {
  const mean = (place: 0 | 1): number => points.reduce((sum, point) => sum + point[place], 0) / points.length;
  const [x, y] = [mean(0), mean(1)];
  const covariance = points.reduce((sum, point) => sum + (point[0] - x) * (point[1] - y), 0);
  const variance = points.reduce((sum, point) => sum + (point[0] - x) ** 2, 0);
  return { slope: variance === 0 ? 0 : covariance / variance, mean: y };
}

const all: { readonly [part: string]: (setup: Setup) => Promise<Measured> } = {
  load: measureLoad,
  saturation: measureSaturation,
};

/** Options: --part NAME,NAME, --quick, --minutes N, --rate N, --connections N. */
export async function run(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      part: { type: "string" },
      quick: { type: "boolean", default: false },
      minutes: { type: "string" },
      rate: { type: "string", default: "300" },
      connections: { type: "string", default: "500" },
    },
  });
  const { quick } = values;
  const minutes = Number(values.minutes ?? (quick ? 0.1 : 10));
  const setup = { quick, minutes, rate: Number(values.rate), connections: Number(values.connections) };
  await runParts("gateway", all, setup, values.part?.split(",") ?? null);
}
