// Runs a program on the Node that this repository brings (see package.json here), or on this one if it is new enough.
// Plain JavaScript for an old Node: not every npm links a package's `node` into node_modules/.bin.
import { spawn } from "node:child_process";
import { createRequire } from "node:module";

const oldest = 24;

function ownNode() {
  const { resolve } = createRequire(import.meta.url);
  const isWindows = process.platform === "win32";
  const name = `node-${isWindows ? "win" : process.platform}-${process.arch}`;
  try {
    return resolve(`${name}/bin/node${isWindows ? ".exe" : ""}`);
  } catch {
    return undefined;
  }
}

const node = ownNode() ?? (Number.parseInt(process.versions.node, 10) >= oldest ? process.execPath : undefined);
if (node === undefined) {
  console.error(
    `Pawl needs Node ${oldest} or newer; this is ${process.versions.node}, and the repository brings none for ${process.platform} ${process.arch}.`,
  );
  process.exit(2);
}
const child = spawn(node, process.argv.slice(2), { stdio: "inherit" });
// Ctrl-C reaches the program by itself, what a supervisor sends does not; this process only waits.
process.on("SIGINT", () => {});
process.on("SIGTERM", () => child.kill("SIGTERM"));
child.on("error", (error) => {
  console.error(`${node} could not be started: ${error.message}`);
  process.exit(1);
});
child.on("exit", (code, signal) => process.exit(code ?? (signal === "SIGINT" ? 130 : 1)));
