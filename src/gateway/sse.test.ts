import fc from "fast-check";
import { expect, test } from "vitest";
import { lookThrough } from "./sse.ts";

/** The text behind the look, cut into pieces of these lengths before it. */
async function through(text: string, lengths: readonly number[], keeps: (data: unknown) => boolean): Promise<string> {
  const bytes = new TextEncoder().encode(text);
  const source = new ReadableStream<Uint8Array>({
    start(controller) {
      let at = 0;
      for (let turn = 0; at < bytes.length; turn++) {
        const next = at + lengths[turn % lengths.length]!;
        controller.enqueue(bytes.slice(at, next));
        at = next;
      }
      controller.close();
    },
  });
  return await new Response(source.pipeThrough(lookThrough(keeps))).text();
}

const lengths = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 5 });
const ending = fc.constantFrom("\n\n", "\r\n\r\n");

test("whatever the pieces, every event is looked at once, and all that is kept comes out as it was", async () => {
  const events = fc.array(fc.record({ n: fc.nat(9), text: fc.string({ unit: "grapheme" }) }), { maxLength: 8 });
  await fc.assert(
    fc.asyncProperty(events, lengths, ending, async (all, cuts, end) => {
      const written = all.map((event) => `data: ${JSON.stringify(event)}${end}`);
      const seen: unknown[] = [];
      const isKept = ({ n }: { n: number }) => n % 3 !== 0;
      const out = await through(`${written.join("")}data: [DONE]${end}`, cuts, (data) => {
        if (data !== null) seen.push(data);
        return data === null || isKept(data as { n: number });
      });
      expect(seen).toEqual(all);
      const kept = written.filter((_, index) => isKept(all[index]!));
      expect(out).toBe(`${kept.join("")}data: [DONE]${end}`);
    }),
    { numRuns: 200 },
  );
});

test("what is no stream of events passes as it is, however long and wherever it ends", async () => {
  await fc.assert(
    fc.asyncProperty(fc.string(), lengths, async (text, cuts) => {
      expect(await through(text, cuts, () => true)).toBe(new TextDecoder().decode(new TextEncoder().encode(text)));
    }),
    { numRuns: 100 },
  );
  const long = `data: ${"x".repeat(200_000)}`;
  expect(await through(long, [4096], () => true)).toBe(long);
});
