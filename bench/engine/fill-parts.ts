// The two measurements of filling as parts of this bench: what they found, in rows and targets.
import type { Measured } from "../parts.ts";
import type { Setup } from "./setup.ts";

/** Loaded here: the judge of schemas is a development dependency, and without it the other parts run all the same. */
export async function measureFilling(setup: Setup): Promise<Measured> {
  const { measureFills } = await import("./fills.ts");
  const found = await measureFills({
    schemas: `${setup.data.folder}/bench-only/schemas/jsonschemabench`,
    model: await setup.chatPath(),
    fills: setup.size(150, 3),
    maxTokens: setup.quick ? 24 : 256,
  });
  for (const { file, error } of found.violations) console.log(`  ${file}: ${error}`);
  for (const failure of found.failures) console.log(`  ${failure}`);
  const row = (what: string, count: number, of: number, note = "") => ({
    what,
    count,
    share: of === 0 ? null : (100 * count) / of,
    note,
  });
  const most = (table: { readonly [key: string]: number }): string =>
    Object.entries(table)
      .toSorted(([, a], [, b]) => b - a)
      .slice(0, 4)
      .map(([key, count]) => `${key} ${count}`)
      .join(", ");
  const { fills, schemas } = found;
  return {
    title: "Fills of real schemas, judged by ajv",
    columns: { what: "what", count: "count", share: "%", note: "note" },
    rows: [
      row("schemas", schemas, schemas),
      row("schemas planned for", found.supported, schemas, `not: ${most(found.unsupported)}`),
      row("fills", fills, fills, `${found.msPerFill.toFixed(0)} ms each, at most ${found.mostTokens} tokens`),
      row("fills that fit", found.valid, fills, `${found.validCutShort} of them cut short somewhere`),
      row("fills refused in words", sum(found.refused), fills, most(found.refusedBy)),
      row("violations", found.violations.length, fills),
      row("failures", found.failures.length, fills),
    ],
    values: {
      "fills-violations": found.violations.length + found.failures.length,
      "schemas-supported": schemas === 0 ? null : found.supported / schemas,
    },
  };
}

export async function measureToolArguments(setup: Setup): Promise<Measured> {
  const { measureArguments } = await import("./arguments.ts");
  const { calls, ours, library, speedup } = await measureArguments({
    tools: `${setup.data.folder}/open/tools/bfcl/BFCL_v4_simple_python.json`,
    model: await setup.chatPath(),
    rounds: setup.size(3, 1),
    threads: setup.threads,
    ...(setup.quick ? { maxTokens: 16 } : {}),
  });
  const row = (tool: string, mine: typeof ours, theirs: typeof ours) => ({
    tool,
    ours: mine.ms,
    library: theirs.ms,
    times: theirs.ms / mine.ms,
    ourTokens: mine.tokens,
    libraryTokens: theirs.tokens,
  });
  return {
    title: "Arguments of tools, against one JSON grammar over the whole call",
    columns: {
      tool: "tool",
      ours: "Pawl, ms",
      library: "grammar, ms",
      times: "times",
      ourTokens: "Pawl, tokens and reads",
      libraryTokens: "grammar, tokens",
    },
    rows: [...calls.map((call) => row(call.tool, call.ours, call.library)), row("mean", ours, library)],
    values: { "arguments-times-grammar": speedup },
  };
}

function sum(table: { readonly [key: string]: number }): number {
  return Object.values(table).reduce((total, count) => total + count, 0);
}
