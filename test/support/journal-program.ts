/**
 * A process that holds a journal, for tests of two processes on one file. Usage: FILE [LEASE]. Reads commands from
 * stdin, one a line: `begin ITEM`, `append NUMBER PATH`, `fill` (appends until it cannot), `label ITEM` (an open one),
 * `answer NUMBER`, `audits` (answers with an open label each, for ever), `close`; prints an answer to each.
 */

import { createInterface } from "node:readline";
import type { NewLabel } from "../../src/core/label.ts";
import { openJournal } from "../../src/journal/sqlite.ts";
import { answered, newRun } from "./events.ts";

function openLabel(item: string): NewLabel {
  const of = { question: "team", version: "v1", cluster: `cluster of ${item}`, about: item, key: null, stood: null };
  return { ...of, sample: "audit", propensity: 1, decision: `run-${item}/team`, answer: null };
}

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
      } else if (command === "label") {
        await journal.labels.add([openLabel(first)]);
        console.log(`${command} ${first} ok`);
      } else if (command === "answer") {
        const isFirst = await journal.labels.answer(Number(first), { value: "there", source: "person", by: "bob" });
        console.log(`${command} ${first} ${isFirst}`);
      } else if (command === "audits") {
        for (let count = 1; ; count++) {
          await journal.append(1, answered(`step${count}`), { ...openLabel(`${count}`), decision: `step${count}` });
          if (count % 10 === 0) console.log(`${command} ${count}`);
        }
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
