import { readFileSync } from "node:fs";

/** The version of a package as installed here. Read from the file, because not every package exports its package.json. */
export function version(name) {
  const file = new URL(`node_modules/${name}/package.json`, import.meta.url);
  return JSON.parse(readFileSync(file, "utf8")).version;
}
