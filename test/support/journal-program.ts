/**
 * A process that holds a journal, for tests of two processes on one file. Usage: FILE [LEASE]. Reads commands from
 * stdin, one a line: `begin ITEM`, `append NUMBER PATH`, `fill` (appends until it cannot), `close`; prints an answer to each.
 */

import { createInterface } from "node:readline";
import { openJournal } from "../../src/journal/sqlite.ts";
import { answered, newRun } from "./events.ts";

const [file = "", lease] = process.argv.slice(2);
try {
  const journal = openJournal(file, lease === undefined ? {} : { lease: Number(lease) });
  console.log("open");
  for await (const line of createInterface({ input: process.stdin })) {
    const [command, first = "", second = ""] = line.split(" ");
    try {
      if (command === "begin") {
        const found = await journal.begin(newRun(first));
        console.log(`${command} ${first} ${found.kind} ${found.run.number}`);
      } else if (command === "append") {
        await journal.append(Number(first), answered(second));
        console.log(`${command} ${first} ${second} ok`);
      } else if (command === "fill") {
        let count = 0;
        const more = (): Promise<void> =>
          journal.append(1, answered(`fill ${"x".repeat(1000)}`)).then(() => void count++);
        while (true) await more().catch((error) => Promise.reject(new Error(`${error.code} after ${count}`)));
      } else if (command === "close") {
        await journal.close();
        console.log("closed");
        break;
      }
    } catch (thrown) {
      const { code, message } = thrown as { code?: string; message: string };
      console.log(`${line} failed ${code ?? message}`);
    }
  }
} catch (thrown) {
  console.log(`failed ${(thrown as { code?: string }).code} ${(thrown as Error).message}`);
}
process.exit(0);
