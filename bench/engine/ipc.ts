// What crossing into the engine's process costs: an empty request there and back, beside a bare process of Node's own.
import { fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import type { Measured } from "../parts.ts";
import type { Setup } from "./setup.ts";
import { formatInterval, medianInterval } from "./statistics.ts";

/** Round trips of one kind before it is the other's turn. */
const TURN = 100;

export async function measureIpc(setup: Setup): Promise<Measured> {
  const engine = await setup.open(setup.data.tinyModel);
  const bare = fork(fileURLToPath(new URL("./echo-child.ts", import.meta.url)), [], { serialization: "advanced" });
  const echo = async (): Promise<void> => {
    const answered = once(bare, "message");
    bare.send({ id: 1, call: "ping", sent: null });
    await answered;
  };
  try {
    const count = setup.size(5000, 500);
    const kinds = [
      { what: "parent to engine and back", trip: () => engine.ping(), microseconds: [] as number[] },
      { what: "a bare process of Node's, same message", trip: echo, microseconds: [] as number[] },
    ];
    // The first thousand are the compiler's.
    for (let index = -1000; index < count; index += TURN) {
      for (const { trip, microseconds } of kinds) {
        for (let turn = 0; turn < TURN; turn++) {
          const begun = performance.now();
          await trip();
          if (index >= 0) microseconds.push((performance.now() - begun) * 1000);
        }
      }
    }
    return {
      title: "Round trip of an empty request",
      columns: { what: "what", median: "median µs (95 %)", p95: "95th percentile, µs", trips: "round trips" },
      rows: kinds.map(({ what, microseconds }) => ({
        what,
        median: formatInterval(medianInterval(microseconds), 1),
        p95: microseconds.toSorted((a, b) => a - b)[Math.floor(0.95 * microseconds.length)]!,
        trips: microseconds.length,
      })),
      values: { "ipc-round-trip-us": medianInterval(kinds[0]!.microseconds)?.value ?? null },
    };
  } finally {
    bare.kill("SIGKILL");
    await engine.close();
  }
}
