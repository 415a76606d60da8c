/** What the package gives to the world is a decision: a name more or less shows up here, as a diff of public-api.txt. */

import { readFileSync } from "node:fs";
import { expect, test } from "vitest";

/** The names that a module exports, types among them, as it writes them out. */
function namesOf(file: string): string[] {
  const text = readFileSync(file, "utf8");
  const lists = [...text.matchAll(/^export (type )?\{([^}]*)\}/gm)];
  const names = lists.flatMap(([, type, list]) =>
    list!
      .split(",")
      .map((name) => name.trim().replace(/^(type )?\w+ as /, "$1"))
      .map((name) => `${type ?? ""}${name}`)
      .filter((name) => name !== "" && name !== "type "),
  );
  return names.map((name) => name.replace(/^type type /, "type ")).sort();
}

test("exports these names and no others", async () => {
  const files = { pawl: "src/index.ts", "pawl/guarantee": "src/guarantee.ts", "pawl/testing": "src/testing.ts" };
  const lines = Object.entries(files).flatMap(([name, file]) => [`# ${name}`, ...namesOf(file), ""]);
  await expect(lines.join("\n")).toMatchFileSnapshot("./public-api.txt");
});

test("writes every name out", () => {
  for (const file of ["src/index.ts", "src/guarantee.ts", "src/testing.ts"]) {
    const text = readFileSync(file, "utf8");
    expect(text).not.toMatch(/export \*|export default|^export (const|function|class)/m);
  }
});
