// The two measurements of filling as parts of this bench: what they found, in rows and targets.
import type { Row } from "../bench.ts";
import type { Measured } from "../parts.ts";
import type { Fills } from "./fills.ts";
import type { Setup } from "./setup.ts";

/** Loaded here: the judge of schemas is a development dependency, and without it the other parts run all the same. */
export async function measureFilling(setup: Setup): Promise<Measured> {
  const { measureFills } = await import("./fills.ts");
  const schemas = `${setup.data.folder}/bench-only/schemas/jsonschemabench`;
  const maxTokens = setup.quick ? 24 : 256;
  // Nothing is timed against anything here, so both models are at work at once. The tiny one, which says whatever comes,
  // is the harder test of what holds a value to its schema.
  const [many, few] = await Promise.all([
    measureFills({ schemas, model: setup.data.tinyModel, fills: setup.size(5000, 20), maxTokens }),
    measureFills({ schemas, model: await setup.chatPath(), fills: setup.size(60, 3), maxTokens }),
  ]);
  const found = { "tiny model": many, "default model": few };
  const rows = Object.entries(found).flatMap(([model, one]) => fillRows(model, one));
  const wrong = [many, few].flatMap((one) => [...one.violations, ...one.failures]);
  const row = {
    model: "",
    what: "schemas planned for",
    count: few.supported,
    share: percent(few.supported, few.schemas),
  };
  return {
    title: "Fills of real schemas, judged by ajv",
    columns: { model: "model", what: "what", count: "count", share: "%", note: "note" },
    rows: [{ ...row, note: `of ${few.schemas}; not: ${most(few.unsupported)}` }, ...rows],
    values: {
      "fills-violations": wrong.length,
      "schemas-supported": few.schemas === 0 ? null : few.supported / few.schemas,
    },
  };
}

function fillRows(model: string, found: Fills): readonly Row[] {
  const { fills } = found;
  for (const { file, error } of found.violations) console.log(`  ${model}: ${file}: ${error}`);
  for (const failure of found.failures) console.log(`  ${model}: ${failure}`);
  const row = (what: string, count: number, note = "") => ({ model, what, count, share: percent(count, fills), note });
  return [
    row("fills", fills, `${found.msPerFill.toFixed(0)} ms each, at most ${found.mostTokens} tokens`),
    row("fit", found.valid, `${found.validCutShort} of them cut short somewhere`),
    row("refused in words", sum(found.refused), most(found.refusedBy)),
    row("violations", found.violations.length),
    row("failures", found.failures.length),
  ];
}

function percent(count: number, of: number): number | null {
  return of === 0 ? null : (100 * count) / of;
}

function most(table: { readonly [key: string]: number }): string {
  return Object.entries(table)
    .toSorted(([, a], [, b]) => b - a)
    .slice(0, 4)
    .map(([key, count]) => `${key} ${count}`)
    .join(", ");
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
