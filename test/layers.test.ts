/**
 * Imports go one way. A folder that looks upwards, or sideways into another's insides, is how a small code base turns
 * into a knot; here it turns a test red instead.
 */

import { globSync, readFileSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { describe, expect, test } from "vitest";

/** Lowest first. A file may import what stands lower, and its own folder. */
const tiers: readonly (readonly string[])[] = [
  ["core"],
  ["vectors", "wire", "net"],
  ["guarantee"],
  ["learn"],
  ["tool", "gate", "rung", "journal", "policy", "engine", "models", "data", "ledger"],
  ["loop"],
  ["config"],
  ["batch", "review", "report", "doctor", "gateway", "mcp"],
  ["demo", "testing"],
  ["cli", "index.ts", "guarantee.ts", "testing.ts"],
];
const parts = tiers[4]!;

/**
 * Parts know nothing of each other but one another's contract (`<folder>/<folder>.ts`), and that as a type. What is
 * listed here is the exception, with its reason.
 */
const allowed: { readonly [edge: string]: string } = {
  "rung/text-vectors.ts -> engine/encoder.ts": "loads its engine, a child process, when the ladder is opened",
  "rung/model.ts -> engine/chat.ts": "loads its engine, a child process, when the ladder is opened",
  "rung/model.ts -> engine/llama-server.ts": "a model that is named by an address is on a server",
  "rung/text-vectors.ts -> engine/shared.ts": "two ladders with the same model share one process",
  "rung/model.ts -> engine/shared.ts": "two ladders with the same model share one process",
  "rung/model-file.ts -> models/pull.ts": "a model that the config names is fetched when it is first needed",
  "policy/local-version.ts -> rung/learned-reply.ts": "a version on trial answers as the rung would",
  "policy/teach.ts -> rung/learned-reply.ts": "what cross-validation says is read as the rung would say it",
  "rung/model-file.ts -> models/prefix.ts": "what an encoder wants before a text stands with the model",
};

interface Import {
  readonly from: string;
  readonly to: string;
  readonly isType: boolean;
}

const statement = /^(?:import|export)\s(type\s)?([^;"]*?)from\s"(\.[^"]+)"|\bimport\("(\.[^"]+)"\)/gm;

function importsOf(from: string, text: string): Import[] {
  return [...text.matchAll(statement)].map(([, type, names = "", target, dynamic]) => {
    const each = names
      .match(/\{([^}]*)\}/)?.[1]
      ?.split(",")
      .map((name) => name.trim())
      .filter(Boolean);
    const isType = type !== undefined || (each?.every((name) => name.startsWith("type ")) ?? false);
    return { from, to: normalize(join(dirname(from), (target ?? dynamic)!)), isType };
  });
}

const folderOf = (path: string): string => path.split("/")[0]!;
const tierOf = (path: string): number => tiers.findIndex((tier) => tier.includes(folderOf(path)));

/** Why an import may not be, or `null`. */
function wrong({ from, to, isType }: Import): string | null {
  const edge = `${from} -> ${to}`;
  const [here, there] = [folderOf(from), folderOf(to)];
  if (to === "index.ts") return `${edge}: nothing imports the public index`;
  if (here === there || edge in allowed) return null;
  if (tierOf(from) === -1 || tierOf(to) === -1) return `${edge}: a folder that is on no tier`;
  if (tierOf(to) < tierOf(from)) return null;
  if (tierOf(to) > tierOf(from)) return `${edge}: looks upwards`;
  if (!parts.includes(here)) return `${edge}: looks sideways`;
  if (to !== `${there}/${there}.ts`) return `${edge}: looks into another part, past its contract`;
  return isType ? null : `${edge}: a part's contract is there as a type`;
}

const sources = globSync("**/*.ts", { cwd: "src" }).filter((path) => !/\.(test|contract)\.ts$/.test(path));
const imports = sources.flatMap((path) => importsOf(path, readFileSync(join("src", path), "utf8")));

describe("the layers", () => {
  test("are imported downwards only", () => {
    expect(imports.length).toBeGreaterThan(100);
    expect(imports.map(wrong).filter((reason) => reason !== null)).toEqual([]);
  });

  test("have no exception that nobody needs", () => {
    const edges = imports.map(({ from, to }) => `${from} -> ${to}`);
    expect(Object.keys(allowed).filter((edge) => !edges.includes(edge))).toEqual([]);
  });

  test.each([
    ["core/a.ts", 'import { x } from "../tool/tool.ts";', "looks upwards"],
    ["core/a.ts", 'import type { x } from "../tool/tool.ts";', "looks upwards"],
    ["tool/a.ts", 'import {\n  type A,\n  b,\n} from "../rung/rung.ts";', "as a type"],
    ["tool/a.ts", 'export { b } from "../rung/rung.ts";', "as a type"],
    ["tool/a.ts", 'import type { A } from "../rung/cache.ts";', "past its contract"],
    ["tool/a.ts", 'const late = await import("../loop/run.ts");', "looks upwards"],
    ["loop/a.ts", 'import { makeParts } from "../config/parts.ts";', "looks upwards"],
    ["batch/a.ts", 'import { b } from "../review/review.ts";', "looks sideways"],
    ["cli/a.ts", 'import { b } from "../index.ts";', "nothing imports the public index"],
    ["new/a.ts", 'import { b } from "../core/json.ts";', "on no tier"],
    ["tool/a.ts", 'import type { A } from "../rung/rung.ts";', null],
    ["tool/a.ts", 'import { type A, type B } from "../rung/rung.ts";', null],
    ["loop/a.ts", 'import { a } from "../tool/call.ts";', null],
  ])("(control) in %s, `%s`: %s", (from, text, reason) => {
    const reasons = importsOf(from, text).map(wrong);
    expect(reasons).toHaveLength(1);
    if (reason === null) expect(reasons[0]).toBeNull();
    else expect(reasons[0]).toContain(reason);
  });
});
