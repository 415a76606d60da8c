// The gateway as a process of its own, with its journal on the disk.
import { spawn } from "node:child_process";
import { mkdirSync, rmSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { fileURLToPath } from "node:url";

const folder = import.meta.dirname;

export interface Serving extends AsyncDisposable {
  readonly port: number;
  memory(): Promise<Memory>;
  /** Ends it as a service is ended, and reads how many runs are done with each answer that stands in the journal. */
  end(): Promise<{ readonly done: number; readonly other: number }>;
}

/** In MiB. */
export interface Memory {
  readonly resident: number;
  readonly heap: number;
}

/** Starts `pawl serve` and waits until it takes questions. */
export async function startServing(): Promise<Serving> {
  const directory = `${folder}/cache/${process.pid}`;
  mkdirSync(directory, { recursive: true });
  const journal = `${directory}/gateway.db`;
  const config = fileURLToPath(import.meta.resolve("./pawl.config.ts"));
  const files = ["--config", config, "--journal", journal];
  const cli = `${folder}/../../src/cli/main.ts`;
  const args = ["--conditions=pawl-source", cli, "serve", ...files, "--port", "0", "--json", "--quiet"];
  const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
  const ended = new Promise<void>((resolve) => child.once("close", () => resolve()));
  const port = await new Promise<number>((resolve, reject) => {
    let said = "";
    child.stdout.setEncoding("utf8").on("data", (piece: string) => {
      said += piece;
      if (said.includes('"ready"')) resolve(Number(/"port":(\d+)/.exec(said)?.[1]));
    });
    child.once("close", (code) => reject(new Error(`pawl serve ended with ${code}`)));
  });
  const stop = async (): Promise<void> => {
    child.kill("SIGTERM");
    await ended;
  };
  return {
    port,
    async memory() {
      const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
      const read = (name: string): number => Number(new RegExp(`^${name} (.+)$`, "m").exec(text)?.[1]) / 2 ** 20;
      return { resident: read("process_resident_memory_bytes"), heap: read("process_heap_bytes") };
    },
    async end() {
      await stop();
      const db = new DatabaseSync(journal, { readOnly: true });
      const count = (where: string): number =>
        Number((db.prepare(`SELECT count(*) AS n FROM run WHERE ${where}`).get() as { n: number }).n);
      const counts = { done: count("status = 'done'"), other: count("status <> 'done'") };
      db.close();
      return counts;
    },
    async [Symbol.asyncDispose]() {
      await stop();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}
