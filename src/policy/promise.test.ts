import { expect, test } from "vitest";
import { feedUntil, openStream, reader, oracle, World } from "../../test/support/promises.ts";

test("probe", async () => {
  await using stream = await openStream({ world: new World({ driftsAt: 2000 }) });
  const t0 = performance.now();
  const n = await feedUntil(stream, 0, 2000, ({ state }) => state !== "cold");
  console.log(n, stream.report().state, stream.report().serving?.figures, performance.now() - t0);
  const d = await stream.feed(n, 2000 - n);
  const kept = d.filter(({ event }) => event.type === "step_answered" && event.standing);
  console.log(kept.length / d.length, kept.filter(({ ticket, event }) => (event as any).value !== ticket.truth).length / kept.length, stream.report().state, stream.report().serving?.audits, stream.journal.labels.counts("team"), performance.now() - t0);
  const m = await feedUntil(stream, 2000, 3000, ({ state }) => state === "revoked");
  console.log("revoked at", m, performance.now() - t0);
  console.log(stream.events().map((e) => `${e.type} ${(e as any).key ?? ""} seq${e.seq} after${e.after}`));
});
