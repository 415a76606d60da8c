// Runs npm with the Node that runs the bench: a package's `engines` and a compiled addon must fit this Node.
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { delimiter, dirname, resolve } from "node:path";
import { promisify } from "node:util";

const execute = promisify(execFile);

/** Runs `npm ...args` in a folder and gives its standard output. Throws, with npm's last words, when it fails. */
export async function npm(args: readonly string[], cwd: string): Promise<string> {
  const bin = dirname(process.execPath);
  const env: NodeJS.ProcessEnv = { ...process.env, PATH: `${bin}${delimiter}${process.env.PATH}` };
  // An addon compiled against another Node's headers does not load. Where the headers lie beside this Node, use those.
  const root = resolve(bin, "..");
  if (existsSync(`${root}/include/node/node_version.h`)) env.npm_config_nodedir = root;
  const script = process.env.npm_execpath;
  const [file, first] = script?.endsWith(".js") ? [process.execPath, [script]] : ["npm", []];
  try {
    const { stdout } = await execute(file, [...first, ...args], { cwd, env, maxBuffer: 2 ** 26 });
    return stdout;
  } catch (cause) {
    throw new Error(`npm ${args.slice(0, 2).join(" ")} failed: ${firstError(cause)}`, { cause });
  }
}

// The first line that speaks of an error is the cause; npm's own lines come after those of the script it ran.
function firstError(cause: unknown): string {
  if (!(cause instanceof Error && "stdout" in cause && "stderr" in cause)) return String(cause);
  const lines = `${cause.stdout}\n${cause.stderr}`.split("\n");
  return lines.find((line) => line.includes("error")) ?? "no reason given";
}
