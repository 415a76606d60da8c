// What crossing into the engine's process costs: an empty request there and back.
import type { Measured } from "../parts.ts";
import type { Setup } from "./setup.ts";
import { formatInterval, medianInterval } from "./statistics.ts";

export async function measureIpc(setup: Setup): Promise<Measured> {
  const path = setup.data.tinyModel ?? (await setup.chatPath());
  const engine = await setup.open(path);
  try {
    const count = setup.size(5000, 500);
    const microseconds: number[] = [];
    // The first thousand are the compiler's.
    for (let index = -1000; index < count; index++) {
      const begun = performance.now();
      await engine.ping();
      if (index >= 0) microseconds.push((performance.now() - begun) * 1000);
    }
    const middle = medianInterval(microseconds);
    const sorted = microseconds.toSorted((a, b) => a - b);
    return {
      title: "Round trip of an empty request",
      columns: { what: "what", median: "median µs (95 %)", p95: "95th percentile, µs", trips: "round trips" },
      rows: [
        {
          what: "parent to engine and back",
          median: formatInterval(middle, 1),
          p95: sorted[Math.floor(0.95 * count)]!,
          trips: count,
        },
      ],
      values: { "ipc-round-trip-us": middle?.value ?? null },
    };
  } finally {
    await engine.close();
  }
}
