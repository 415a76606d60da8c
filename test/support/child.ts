/** A Node process that runs a program of this repository straight from source, and is dead when the test is over. */

import { type ChildProcess, spawn } from "node:child_process";

export interface Child extends AsyncDisposable {
  readonly process: ChildProcess;
  /** Waits for a line on stdout that starts so; rejects when the program ends without it. */
  line(start: string): Promise<string>;
  say(line: string): void;
  /** Waits for the end: what it wrote, and its exit code. */
  end(): Promise<{ readonly code: number | null; readonly output: string }>;
}

/** `under`: a shell's words before the program, such as `ulimit -f 100;`. */
export function startChild(program: string, args: readonly string[], under = ""): Child {
  const command = `${under} exec "$0" --conditions=pawl-source --no-warnings "$@"`;
  const child = spawn("bash", ["-c", command, process.execPath, program, ...args], {
    stdio: ["pipe", "pipe", "pipe"],
  });
  let output = "";
  const readers = new Set<() => void>();
  const onData = (data: Buffer): void => {
    output += data;
    for (const read of readers) read();
  };
  child.stdout.on("data", onData);
  child.stderr.on("data", onData);
  child.stdin.on("error", () => {});
  const ended = new Promise<number | null>((resolve) => child.on("close", resolve));
  const line = (start: string): Promise<string> =>
    new Promise((resolve, reject) => {
      const read = (): void => {
        const found = output
          .split("\n")
          .slice(0, -1)
          .find((text) => text.startsWith(start));
        if (found === undefined) return;
        readers.delete(read);
        resolve(found);
      };
      readers.add(read);
      read();
      ended.then((code) => reject(new Error(`the program ended (${code}) without "${start}":\n${output}`)));
    });
  return {
    process: child,
    line,
    say: (text) => void child.stdin.write(`${text}\n`),
    end: async () => ({ code: await ended, output }),
    [Symbol.asyncDispose]: async () => {
      child.kill("SIGCONT");
      child.kill("SIGKILL");
      await ended;
    },
  };
}
