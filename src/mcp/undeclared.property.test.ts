/** Whatever a server says about its tools: what nobody declared is not offered, and not called. */

import fc from "fast-check";
import { expect, test } from "vitest";
import { listingServer } from "./hostile-address.contract.ts";
import { mcpListing, mcpTools } from "./tools.ts";

const hint = fc.option(fc.boolean(), { nil: undefined });
const annotations = fc.record({ readOnlyHint: hint, destructiveHint: hint, idempotentHint: hint, openWorldHint: hint });
const name = fc.oneof(
  fc.constantFrom("read", "read_graph", "constructor", "toString", "hasOwnProperty", "valueOf", "Read", "re-ad"),
  fc.stringMatching(/^[a-z][a-z_]{0,8}$/),
  fc.string({ minLength: 1, maxLength: 12 }),
);
const tool = fc.record({
  name,
  description: fc.string({ maxLength: 40 }),
  annotations: fc.option(annotations, { nil: undefined }),
  inputSchema: fc.constant({ type: "object", properties: {} }),
});
const tools = fc.uniqueArray(tool, { maxLength: 8, selector: (one) => one.name });

test("an undeclared tool is never offered, whatever it says of itself", async () => {
  await using server = await listingServer();
  const property = fc.asyncProperty(tools, fc.infiniteStream(fc.boolean()), async (listed, coins) => {
    server.tools = listed;
    const usable = listed.filter((one) => /^[a-z][a-z_]*$/.test(one.name));
    // Names that differ only in what Pawl's names leave out are refused together, so one at most is declared.
    const declared = usable.filter(() => coins.next().value).map((one) => one.name);
    const distinct = declared.filter(
      (one, place) => declared.findIndex((other) => plain(other) === plain(one)) === place,
    );
    await using toolset = await mcpTools(
      { url: server.url },
      { effects: Object.fromEntries(distinct.map((one) => [one, "write" as const])) },
    );
    expect(toolset.tools).toHaveLength(distinct.length);
    expect(toolset.tools.every(({ effect }) => effect === "write")).toBe(true);
    for (const { name: other } of listed.filter((one) => !distinct.includes(one.name))) {
      expect(() => toolset.tool(other)).toThrow("is not offered");
    }
    expect(toolset.undeclared).toHaveLength(listed.length - distinct.length);
  });
  await fc.assert(property, { numRuns: 40, seed: 7 });
  expect(server.calls).toEqual([]);
});

const plain = (one: string): string => one.replace(/_+/g, "_").replace(/^_|_$/g, "");

test("(control) whoever believed the hints would offer some of them", async () => {
  const listed = fc.sample(tools, { numRuns: 40, seed: 7 }).flat();
  await using server = await listingServer(
    listed.filter((one, place) => listed.findIndex((other) => other.name === one.name) === place),
  );
  const { tools: seen } = await mcpListing({ url: server.url });
  expect(seen.filter(({ suggested }) => suggested === "read").length).toBeGreaterThan(5);
});
