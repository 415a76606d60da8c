import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { describe, expect, test } from "vitest";
import { startChild } from "../../test/support/child.ts";
import { answered, newRun, said, waits } from "../../test/support/events.ts";
import { temporaryFolder } from "../../test/support/folder.ts";
import { callsContract, newCall, result } from "./calls.contract.ts";
import { deferredContract } from "./deferred.contract.ts";
import { journalContract, newLabel, type OpenedJournal } from "./journal.contract.ts";
import { type MemoryOptions, memoryJournal } from "./memory.ts";
import { isAlive, thisProcess } from "./owner.ts";
import { migrations } from "./schema.ts";
import { openJournal, type SqliteOptions } from "./sqlite.ts";

async function inMemory(options: MemoryOptions): Promise<OpenedJournal> {
  const journal = memoryJournal(options);
  return { journal, [Symbol.asyncDispose]: () => journal.close() };
}

async function inFile(options: SqliteOptions): Promise<OpenedJournal> {
  const folder = temporaryFolder();
  const journal = openJournal(folder.file("pawl.db"), options);
  return {
    journal,
    [Symbol.asyncDispose]: async () => {
      await journal.close();
      folder[Symbol.dispose]();
    },
  };
}

for (const contract of [journalContract, callsContract, deferredContract]) {
  contract("memory", inMemory);
  contract("SQLite", inFile);
}

const program = new URL("../../test/support/journal-program.ts", import.meta.url).pathname;
const codeOf = (open: () => unknown): unknown => {
  try {
    open();
    return "no error";
  } catch (thrown) {
    return (thrown as { code: string }).code;
  }
};

test("a journal in memory that forgets runs keeps what they cost", async () => {
  const journal = memoryJournal({ keep: "unfinished" });
  const { calls } = journal;
  await journal.begin(newRun("a"));
  const call = newCall({ run: journal.run(1)!.id });
  await calls.settle((await calls.intend(call)).number, result());
  await calls.intend(newCall({ run: "another" }));
  await journal.append(1, { type: "run_ended", outcome: { kind: "done", output: 1 }, milliseconds: 1 });
  expect(calls.totals()).toMatchObject({ calls: 2, open: 1, cost: 0.002 });
  expect(calls.totals({ rung: "remote" }).calls).toBe(2);
  expect(calls.totals({ run: call.run }).calls).toBe(0);
  expect(calls.recall("c1")?.number).toBe(1);
});

describe("the journal's file", () => {
  test("survives a reopen: runs, events, answers, rows, notes, and its id", async () => {
    using folder = temporaryFolder();
    const before = openJournal(folder.file("pawl.db"));
    await before.begin(newRun("a"));
    await before.append(1, answered("x", { cacheKey: "k" }));
    await before.append(1, waits("ok"));
    await before.park(1, { paths: ["ok"], wakes: null });
    await before.answer(1, said("ok", "yes"));
    await before.putRows("b", [{ position: 1, line: 2, item: "a", run: 1, reason: null }]);
    before.notes.set("n", "1");
    await before.begin(newRun("left running"));
    await before.close();

    const after = openJournal(folder.file("pawl.db"));
    expect(after.id).toBe(before.id);
    expect(after.events(1)).toEqual([answered("x", { cacheKey: "k" }), waits("ok"), said("ok", "yes")]);
    expect(after.run(1)).toMatchObject({ status: "ready", id: `${after.id}-1` });
    expect(after.recall("k")?.value).toBe("x");
    expect(after.notes.get("n")).toBe("1");
    expect([...after.rows("b")][0]?.record?.number).toBe(1);
    expect((await after.begin(newRun("left running"))).kind).toBe("taken");
    await after.close();
  });

  test("has a secret of its own, or the one that it was made with, for good", async () => {
    using folder = temporaryFolder();
    const secretOf = async (name: string, secret?: Uint8Array): Promise<string> => {
      const journal = openJournal(folder.file(name), { ...(secret && { secret }) });
      await journal.close();
      return Buffer.from(journal.secret).toString("hex");
    };
    const given = new Uint8Array(32).fill(7);
    expect(await secretOf("given.db", given)).toBe("07".repeat(32));
    expect(await secretOf("given.db")).toBe("07".repeat(32));
    const own = await secretOf("own.db");
    expect(await secretOf("another.db")).not.toBe(own);
    expect(await secretOf("own.db", given)).toBe(own);
    expect(codeOf(() => openJournal(folder.file("short.db"), { secret: given.slice(1) }))).toBe("E_SECRET");
  });

  test("keeps vectors without a commit of their own, and those of its last second when it is closed", async () => {
    using folder = temporaryFolder();
    const before = openJournal(folder.file("pawl.db"));
    before.vectors.set("k", Uint8Array.of(1, 2));
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(before.vectors.get("k")).toBeUndefined();
    await before.close();
    before.vectors.set("late", Uint8Array.of(3));
    const after = openJournal(folder.file("pawl.db"));
    expect(after.vectors.get("k")).toEqual(Uint8Array.of(1, 2));
    expect(after.vectors.get("late")).toBeUndefined();
    after.vectors.set("m", Uint8Array.of(4));
    await expect.poll(() => after.vectors.get("m"), { timeout: 5000 }).toEqual(Uint8Array.of(4));
    await after.close();
  });

  test("keeps paid calls over a reopen: what was begun and never ended is known for it", async () => {
    using folder = temporaryFolder();
    const before = openJournal(folder.file("pawl.db"));
    const [ended, left] = [newCall(), newCall({ path: "left" })];
    await before.calls.settle((await before.calls.intend(ended)).number, result());
    const { idempotencyKey } = await before.calls.intend(left);
    await before.close();
    const after = openJournal(folder.file("pawl.db"));
    expect(after.calls.totals()).toMatchObject({ calls: 2, open: 1, cost: 0.002, maybePaidTwice: 0 });
    expect(after.calls.recall("c1")).toEqual({ number: 1, reply: { answer: "billing" } });
    expect(await after.calls.intend(left)).toEqual({ number: 3, idempotencyKey, maybePaid: true });
    await after.close();
  });

  test("groups the paid calls of one turn into one commit", async () => {
    using folder = temporaryFolder();
    const journal = openJournal(folder.file("pawl.db"));
    const begins = countCommits();
    const calls = Array.from({ length: 50 }, (_, i) => journal.calls.intend(newCall({ path: String(i) })));
    await Promise.all(calls);
    expect(begins.count()).toBe(1);
    begins.stop();
    await journal.close();
  });

  test("written by a newer Pawl is refused and left as it is", async () => {
    using folder = temporaryFolder();
    const file = folder.file("pawl.db");
    await openJournal(file).close();
    const db = new DatabaseSync(file);
    db.exec(`PRAGMA user_version = ${migrations.length + 1}`);
    db.close();
    expect(codeOf(() => openJournal(file))).toBe("E_JOURNAL_NEWER");
  });

  test("of an older version is migrated, and keeps what it held", async () => {
    using folder = temporaryFolder();
    const file = folder.file("pawl.db");
    const db = new DatabaseSync(file);
    db.exec(`${migrations[0]} INSERT INTO meta VALUES ('id', 'abcd1234'); PRAGMA user_version = 1;`);
    db.exec(
      "INSERT INTO run (loop, version, item, content, input, status, started) VALUES ('l','1','a','c','1','ready',5)",
    );
    db.close();
    const journal = openJournal(file);
    expect(journal.run(1)).toMatchObject({ id: "abcd1234-1", input: 1 });
    await journal.close();
    const after = new DatabaseSync(file);
    expect(after.prepare("PRAGMA user_version").get()).toEqual({ user_version: migrations.length });
    after.close();
  });

  test("keeps its secret, its labels and its promises over a reopen", async () => {
    using folder = temporaryFolder();
    const before = openJournal(folder.file("pawl.db"));
    const secret = Buffer.from(before.secret);
    await before.labels.add([newLabel("a"), newLabel("b", { sample: "audit", answer: null })]);
    await before.weights.set("d", Uint8Array.of(1));
    const about = { question: "team", version: "v1", at: 5, seq: 1, after: 2 };
    await before.policy.append([{ type: "certificate_revoked", ...about, key: "k", why: "errors" }]);
    await before.close();
    const after = openJournal(folder.file("pawl.db"));
    expect(Buffer.from(after.secret)).toEqual(secret);
    expect(after.labels.counts("team")).toEqual({ answered: 1, open: 1 });
    // What is answered later comes behind what was answered before.
    await after.labels.answer(2, { value: "x", source: "person", by: "ann" });
    expect([...after.labels.answered("team", "v1")].map(({ number, seq }) => [number, seq])).toEqual([
      [1, 1],
      [2, 2],
    ]);
    expect(after.policy.read()).toHaveLength(1);
    expect(after.weights.get("d")).toEqual(Uint8Array.of(1));
    await after.close();
  });

  test("of a time before promises gets a secret when it is migrated, once for all", async () => {
    using folder = temporaryFolder();
    const file = folder.file("pawl.db");
    const db = new DatabaseSync(file);
    db.exec(`${migrations.slice(0, 3).join("")} INSERT INTO meta VALUES ('id', 'abcd1234'); PRAGMA user_version = 3;`);
    db.close();
    const first = openJournal(file);
    const secret = Buffer.from(first.secret);
    expect(secret).toHaveLength(32);
    await first.labels.add([newLabel("a")]);
    await first.close();
    const second = openJournal(file);
    expect([Buffer.from(second.secret), second.id]).toEqual([secret, "abcd1234"]);
    expect(second.labels.last()).toBe(1);
    await second.close();
  });

  test("has an answer and its label, or neither", async () => {
    using folder = temporaryFolder();
    const journal = openJournal(folder.file("pawl.db"));
    await journal.begin(newRun("a"));
    const unfit = newLabel("a", { cluster: undefined as never });
    const beside = journal.append(1, answered("y"), newLabel("b"));
    await expect(journal.append(1, answered("x"), unfit)).rejects.toMatchObject({ code: "E_JOURNAL" });
    await beside;
    expect(journal.events(1)).toEqual([answered("y")]);
    expect([...journal.labels.answered("team", "v1")].map(({ about }) => about)).toEqual(["b"]);
    await journal.close();
  });

  test("that is full has neither an answer nor its propensity", async () => {
    using folder = temporaryFolder();
    const file = folder.file("pawl.db");
    await openJournal(file).close();
    const small = openJournal(file, { maxPages: 60 });
    await small.begin(newRun("a"));
    const huge = newLabel("a", { sample: "audit", answer: null, about: "x".repeat(400_000) });
    await expect(small.append(1, answered("x"), huge)).rejects.toMatchObject({ code: "E_DISK_FULL" });
    expect(small.events(1)).toEqual([]);
    expect(small.labels.last()).toBe(0);
    await small.append(1, answered("x"), newLabel("b"));
    await small.close();
    const after = openJournal(file);
    expect([after.events(1).length, after.labels.last()]).toEqual([1, 1]);
    await after.close();
  });

  test("that is no database, or cannot be opened, is an error that says so", () => {
    using folder = temporaryFolder();
    writeFileSync(
      folder.file("text.db"),
      "this is not a database, but it is long enough to be taken for one".repeat(50),
    );
    expect(codeOf(() => openJournal(folder.file("text.db")))).toBe("E_JOURNAL");
    expect(codeOf(() => openJournal(folder.file("no/such/folder.db")))).toBe("E_JOURNAL");
    expect(codeOf(() => openJournal(folder.path))).toBe("E_JOURNAL");
  });

  test("of another program is refused, and nothing is written into it", () => {
    using folder = temporaryFolder();
    const shop = new DatabaseSync(folder.file("shop.db"));
    shop.exec("CREATE TABLE orders (id INTEGER PRIMARY KEY)");
    shop.close();
    expect(codeOf(() => openJournal(folder.file("shop.db")))).toBe("E_JOURNAL");
    const after = new DatabaseSync(folder.file("shop.db"));
    expect(after.prepare("SELECT count(*) AS n FROM sqlite_schema").get()).toEqual({ n: 1 });
    expect(after.prepare("PRAGMA journal_mode").get()).toEqual({ journal_mode: "delete" });
    after.close();
  });

  test("groups what one turn of the event loop writes into one commit", async () => {
    using folder = temporaryFolder();
    const journal = openJournal(folder.file("pawl.db"));
    // `data_version` of another connection moves once for each commit that it has not seen yet.
    const other = new DatabaseSync(folder.file("pawl.db"));
    const version = (): number => (other.prepare("PRAGMA data_version").get() as { data_version: number }).data_version;
    const pages = (): number => (other.prepare("SELECT count(*) AS n FROM event").get() as { n: number }).n;
    await journal.begin(newRun("a"));
    const before = version();
    const writes = Array.from({ length: 200 }, (_, i) => journal.append(1, answered(String(i))));
    const seen = new Set<number>();
    await Promise.all(writes.map((write) => write.then(() => seen.add(pages()))));
    // Every promise of the turn resolves after the same commit: nobody ever sees a part of it.
    expect([...seen]).toEqual([200]);
    expect(version()).not.toBe(before);
    other.close();
    await journal.close();
  });

  test("a group that writes is one transaction; writes awaited one by one are one each", async () => {
    using folder = temporaryFolder();
    const journal = openJournal(folder.file("pawl.db"));
    await journal.begin(newRun("a"));
    const begins = countCommits();
    await Promise.all(Array.from({ length: 50 }, (_, i) => journal.append(1, answered(String(i)))));
    const together = begins.count();
    for (let i = 0; i < 5; i++) await journal.append(1, answered(String(i)));
    const apart = begins.count() - together;
    begins.stop();
    expect([together, apart]).toEqual([1, 5]);
    await journal.close();
  });

  test("one write that cannot be made does not take the others of its turn with it", async () => {
    using folder = temporaryFolder();
    const journal = openJournal(folder.file("pawl.db"));
    const unfit = newRun("b", { item: undefined as never });
    const results = await Promise.allSettled([
      journal.begin(newRun("a")),
      journal.begin(unfit),
      journal.begin(newRun("c")),
    ]);
    expect(results.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
    await journal.append(1, answered("x"));
    expect(journal.events(1)).toHaveLength(1);
    await journal.close();
  });

  test("refuses to write once it is closed", async () => {
    using folder = temporaryFolder();
    const journal = openJournal(folder.file("pawl.db"));
    await journal.close();
    await journal.close();
    await expect(journal.begin(newRun("a"))).rejects.toMatchObject({ code: "E_JOURNAL" });
  });
});

/** Counts transactions of every connection in this process. */
function countCommits(): { count(): number; stop(): void } {
  const statement = Object.getPrototypeOf(new DatabaseSync(":memory:").prepare("SELECT 1")) as {
    run: (...values: unknown[]) => unknown;
    sourceSQL: string;
  };
  const { run } = statement;
  let count = 0;
  statement.run = function (this: { sourceSQL: string }, ...values: unknown[]) {
    if (this.sourceSQL === "COMMIT") count++;
    return run.apply(this, values);
  };
  return {
    count: () => count,
    stop: () => {
      statement.run = run;
    },
  };
}

describe("a full disk", () => {
  test("is named, keeps what was written before, and is over when there is room again", async () => {
    using folder = temporaryFolder();
    const file = folder.file("pawl.db");
    const small = openJournal(file, { maxPages: 60 });
    await small.begin(newRun("a"));
    let kept = 0;
    const fill = async (): Promise<void> => {
      while (true) {
        await small.append(1, answered("x".repeat(1000)));
        kept++;
      }
    };
    await expect(fill()).rejects.toMatchObject({ name: "StorageError", code: "E_DISK_FULL" });
    expect(kept).toBeGreaterThan(10);
    expect(small.events(1)).toHaveLength(kept);
    await small.close();
    const roomy = openJournal(file);
    expect(roomy.events(1)).toHaveLength(kept);
    expect((await roomy.take(1)).kind).toBe("taken");
    await roomy.append(1, answered("more"));
    expect(roomy.events(1)).toHaveLength(kept + 1);
    await roomy.close();
  });

  test("at the very first write does not look like a lost lease later", async () => {
    using folder = temporaryFolder();
    const file = folder.file("pawl.db");
    await openJournal(file).close();
    const small = openJournal(file, { maxPages: 1 });
    const huge = newRun("a", { input: "x".repeat(100_000) });
    await expect(small.begin(huge)).rejects.toMatchObject({ code: "E_DISK_FULL" });
    expect((await small.begin(newRun("b"))).kind).toBe("taken");
    await small.append(1, answered("x"));
    await small.close();
  });

  test("costs nobody an answer for the sake of the cache", async () => {
    using folder = temporaryFolder();
    const file = folder.file("pawl.db");
    const small = openJournal(file, { maxPages: 60 });
    await small.begin(newRun("a"));
    for (let index = 0; index < 20; index++) {
      small.vectors.set(String(index), new Uint8Array(20_000));
      await small.append(1, answered("x"));
    }
    expect(small.events(1)).toHaveLength(20);
    expect(small.vectors.get("0")).toHaveLength(20_000);
    expect(small.vectors.get("19")).toBeUndefined();
    // (control) What somebody waits for is told that there is no room.
    await expect(small.append(1, answered("x".repeat(40_000)))).rejects.toMatchObject({ code: "E_DISK_FULL" });
    small.vectors.set("20", new Uint8Array(20_000));
    await small.close();
  });

  test("by a limit on the file's size, in a process of its own", async () => {
    using folder = temporaryFolder();
    const file = folder.file("pawl.db");
    await using child = startChild(program, [file], "ulimit -f 300;");
    await child.line("open");
    child.say("begin a");
    await child.line("begin a taken 1");
    child.say("fill");
    const line = await child.line("fill failed");
    const kept = Number(/E_DISK_FULL after (\d+)/.exec(line)?.[1]);
    expect(kept).toBeGreaterThan(5);
    child.say("close");
    await child.end();
    const journal = openJournal(file);
    expect(journal.events(1)).toHaveLength(kept);
    expect((await journal.take(1)).kind).toBe("taken");
    await journal.append(1, answered("more"));
    await journal.close();
  });
});

describe("two processes on one file", () => {
  test("open a new file at the same moment", async () => {
    using folder = temporaryFolder();
    const children = Array.from({ length: 4 }, () => startChild(program, [folder.file("pawl.db")]));
    await Promise.all(children.map((child) => child.line("open")));
    await Promise.all(children.map((child) => child[Symbol.asyncDispose]()));
  });

  test("do not do the same run twice", async () => {
    using folder = temporaryFolder();
    const file = folder.file("pawl.db");
    await using child = startChild(program, [file]);
    await child.line("open");
    const journal = openJournal(file);
    const items = Array.from({ length: 40 }, (_, i) => `item${i}`);
    for (const item of items) child.say(`begin ${item}`);
    const here = await Promise.all(items.map((item) => journal.begin(newRun(item))));
    const there = await Promise.all(items.map((item) => child.line(`begin ${item} `)));
    for (const [index, found] of here.entries()) {
      const kinds = [found.kind, there[index]!.split(" ")[2]].sort();
      expect(kinds).toEqual(["busy", "taken"]);
    }
    await journal.close();
  });

  test("number labels and their answers together, and answer each once", async () => {
    using folder = temporaryFolder();
    const file = folder.file("pawl.db");
    await using child = startChild(program, [file]);
    await child.line("open");
    const journal = openJournal(file);
    const items = Array.from({ length: 20 }, (_, i) => `item${i}`);
    for (const item of items) child.say(`label ${item}`);
    const open = { sample: "audit", answer: null } as const;
    for (const item of items) await journal.labels.add([newLabel(item, open), newLabel(`mine ${item}`, open)]);
    for (const item of items) await child.line(`label ${item} ok`);
    // A duplicate of either is in it once.
    expect([...journal.labels.open()]).toHaveLength(40);
    for (let number = 1; number <= 40; number++) child.say(`answer ${number}`);
    const here: boolean[] = [];
    for (let number = 40; number >= 1; number--) {
      here.push(await journal.labels.answer(number, { value: "here", source: "person", by: "ann" }));
    }
    const there = await Promise.all(here.map((_, index) => child.line(`answer ${40 - index} `)));
    for (const [index, first] of here.entries()) expect(there[index]).toMatch(first ? / false$/ : / true$/);
    const rows = [...journal.labels.answered("team", "v1")];
    expect(rows.map(({ seq }) => seq)).toEqual(Array.from({ length: 40 }, (_, i) => i + 1));
    expect(new Set(rows.map(({ number }) => number)).size).toBe(40);
    await journal.close();
  });

  test("a process that is killed leaves no answer without its coin", async () => {
    using folder = temporaryFolder();
    const file = folder.file("pawl.db");
    await using child = startChild(program, [file]);
    for (const line of ["begin a", "audits"]) child.say(line);
    await child.line("audits 30");
    child.process.kill("SIGKILL");
    await child.end();
    const journal = openJournal(file);
    const paths = journal.events(1).map((event) => "path" in event && event.path);
    const decisions = [...journal.labels.open()].map(({ decision }) => decision);
    expect(paths.length).toBeGreaterThanOrEqual(30);
    expect(decisions).toEqual(paths);
    await journal.close();
  });

  test("a killed owner is replaced at once, and its runs go on where they were", async () => {
    using folder = temporaryFolder();
    const file = folder.file("pawl.db");
    await using child = startChild(program, [file]);
    for (const line of ["begin a", "append 1 x", "begin b"]) child.say(line);
    await child.line("begin b taken 2");
    const journal = openJournal(file);
    expect(await journal.begin(newRun("a"))).toMatchObject({ kind: "busy", owner: expect.stringContaining("process") });
    child.process.kill("SIGKILL");
    await child.end();
    const begun = performance.now();
    const again = await journal.begin(newRun("a"));
    expect(performance.now() - begun).toBeLessThan(500);
    expect(again.kind === "taken" && again.events).toEqual([answered("x")]);
    expect(journal.run(2)?.status).toBe("ready");
    await journal.close();
  });

  test("an owner stopped past its lease is fenced: what it writes later is refused", async () => {
    using folder = temporaryFolder();
    const file = folder.file("pawl.db");
    await using child = startChild(program, [file, "600"]);
    child.say("begin a");
    await child.line("begin a taken 1");
    const journal = openJournal(file, { lease: 600 });
    await new Promise((resolve) => setTimeout(resolve, 900));
    // It beats, so it is alive, however long it holds the run.
    expect((await journal.begin(newRun("a"))).kind).toBe("busy");
    child.process.kill("SIGSTOP");
    await new Promise((resolve) => setTimeout(resolve, 900));
    expect((await journal.begin(newRun("a"))).kind).toBe("taken");
    await journal.append(1, answered("by the new owner"));
    child.process.kill("SIGCONT");
    child.say("append 1 late");
    expect(await child.line("append 1 late")).toBe("append 1 late failed E_LEASE_LOST");
    child.say("begin other");
    expect(await child.line("begin other")).toBe("begin other failed E_LEASE_LOST");
    expect(journal.events(1)).toEqual([answered("by the new owner")]);
    await journal.close();
  });
});

describe("whether an owner lives", () => {
  const here = thisProcess();

  test("itself, until its lease is over", () => {
    expect(isAlive(here, 0, 30_000)).toBe(true);
    expect(isAlive(here, 0, 30_001)).toBe(false);
    expect(isAlive(here, 0, 501, 500)).toBe(false);
  });

  test("another host's is believed for as long as the lease", () => {
    const far = { ...here, host: "elsewhere", pid: 1 };
    expect(isAlive(far, 0, 29_000)).toBe(true);
    expect(isAlive(far, 0, 31_000)).toBe(false);
  });

  test("not from before the machine was started, nor one whose number was given to another process", () => {
    expect(isAlive({ ...here, boot: "earlier" }, 0, 1)).toBe(false);
    const [boot] = here.boot.split(" ");
    expect(isAlive({ ...here, boot: `${boot} another-namespace`, pid: 2 ** 22 + 1 }, 0, 1)).toBe(true);
    expect(isAlive({ ...here, born: "1" }, 0, 1)).toBe(false);
    expect(isAlive({ ...here, pid: 2 ** 22 + 1 }, 0, 1)).toBe(false);
  });

  test.skipIf(!existsSync("/proc/self/stat"))("not a zombie, which no parent has buried", async () => {
    // `exec` makes a parent out of the shell that never asks for its child.
    const parent = spawn("bash", ["-c", "sleep 0.01 & echo $!; exec sleep 20"]);
    const [data] = (await once(parent.stdout, "data")) as [Buffer];
    const pid = Number(String(data));
    const born = statOf(pid)[19]!;
    expect(isAlive({ ...here, pid, born }, 0, 1)).toBe(true);
    while (statOf(pid)[0] !== "Z") await new Promise((resolve) => setTimeout(resolve, 5));
    expect(isAlive({ ...here, pid, born }, 0, 1)).toBe(false);
    parent.kill("SIGKILL");
  });
});

function statOf(pid: number): string[] {
  return readFileSync(`/proc/${pid}/stat`, "utf8").split(") ").at(-1)!.split(" ");
}
