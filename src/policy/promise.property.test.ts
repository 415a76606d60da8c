/** Properties of promises over whole streams. */

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { openStream, World } from "../../test/support/promises.ts";
import type { StepAnswered } from "../core/event.ts";
import type { PolicyEvent } from "../core/policy-event.ts";

describe("whatever the labels are", () => {
  test("a cold question lets nothing stand before a certificate is on record, and nothing below its threshold after", async () => {
    const scenario = fc.record({ seed: fc.nat(10_000), driftsAt: fc.constantFrom(0, 150, 330, 420, 1e9) });
    let stand = 0;
    await fc.assert(
      fc.asyncProperty(scenario, async ({ seed, driftsAt }) => {
        await using stream = await openStream({ world: new World({ seed, driftsAt }) });
        const before = new Map<unknown, readonly PolicyEvent[]>();
        for (let number = 0; number < 480; number += 20) {
          const known = stream.events();
          for (const { event } of await stream.feed(number, 20)) before.set(event, known);
        }
        const issued = stream.events("certificate_issued");
        for (const event of before.keys()) {
          const { standing, confidence } = event as StepAnswered;
          if (!standing) continue;
          stand++;
          expect(issued.some((one) => "key" in one && one.key === standing.key)).toBe(true);
          expect(confidence!).toBeGreaterThanOrEqual(standing.threshold - 1e-9);
        }
        if (issued.length === 0)
          expect([...before.keys()].some((event) => (event as StepAnswered).standing)).toBe(false);
      }),
      { numRuns: 5, seed: 5 },
    );
    expect(stand).toBeGreaterThan(100);
  });
});
