// `npm run bench -- NAME [options]`: runs bench/NAME/run.ts; with no name, lists what there is.
// Knows no bench: a folder with a run.ts is one.
import { existsSync, readdirSync, readFileSync } from "node:fs";

/** What bench/NAME/run.ts exports. `options` are the words after the name. */
export interface Bench {
  run(options: readonly string[]): Promise<void>;
}

const [name, ...options] = process.argv.slice(2);
const names = readdirSync(import.meta.dirname).filter((each) => existsSync(`${import.meta.dirname}/${each}/run.ts`));

if (name === undefined) {
  const width = Math.max(...names.map((each) => each.length));
  for (const each of names) console.log(`${each.padEnd(width)}  ${claim(each)}`);
  console.log("\nRun one with: npm run bench -- NAME [options]");
} else if (names.includes(name)) {
  const bench: Bench = await import(`./${name}/run.ts`);
  await bench.run(options);
  // What a bench measures may leave timers and sockets behind, and they would hold the process open.
  process.exit();
} else {
  console.error(`There is no bench "${name}". There are: ${names.join(", ")}.`);
  process.exitCode = 2;
}

function claim(bench: string): string {
  const readme = `${import.meta.dirname}/${bench}/README.md`;
  if (!existsSync(readme)) return "";
  const [first = ""] = readFileSync(readme, "utf8").split("\n", 1);
  return first.replace(/^#+\s*/, "");
}
