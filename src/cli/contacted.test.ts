import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { temporaryFolder } from "../../test/support/folder.ts";
import { memoryJournal } from "../journal/memory.ts";
import { openJournal } from "../journal/sqlite.ts";
import { HostNotAllowed } from "../net/egress.ts";
import { contactedLines, contactedWith, rememberContacted, rememberHost } from "./contacted.ts";
import { openSession } from "./session.ts";

test("hosts add up over sessions, and one that a killed process met is there too", async () => {
  const journal = memoryJournal();
  expect(contactedLines(journal)).toEqual(["other machines contacted: none on record"]);
  await rememberContacted(journal, [{ host: "b.example:443", connections: 2, refused: 0 }]);
  await rememberContacted(journal, [{ host: "b.example:443", connections: 1, refused: 4 }]);
  rememberHost(journal, "a.example:80");
  expect(contactedWith(journal)).toEqual([
    { host: "a.example:80", connections: 0, refused: 0 },
    { host: "b.example:443", connections: 3, refused: 4 },
  ]);
  expect(contactedLines(journal)).toEqual([
    "other machine a.example:80: contacted",
    "other machine b.example:443: 3 connections, refused 4 times",
  ]);
});

test("hosts that are met before a note is on the disk are all kept", async () => {
  using folder = temporaryFolder();
  const journal = openJournal(folder.file("pawl.db"));
  for (const name of ["c", "a", "b"]) rememberHost(journal, `${name}.example:443`);
  await journal.close();
  const after = openJournal(folder.file("pawl.db"));
  expect(contactedWith(after).map(({ host }) => host)).toEqual(["a.example:443", "b.example:443", "c.example:443"]);
  await after.close();
});

test("a session holds to its config and its option, keeps what was met, and lets go at its end", async () => {
  const folder = await mkdtemp(join(tmpdir(), "pawl-egress-"));
  const tried = (host: string) => fetch(`http://${host}/`).catch((error: Error) => error.cause);
  try {
    await writeFile(join(folder, "pawl.config.js"), 'export default { egress: { allow: ["near.invalid"] } };\n');
    const options = { config: join(folder, "pawl.config.js"), journal: join(folder, "pawl.db") };
    const local = await openSession({ ...options, localOnly: true });
    expect(await tried("far.invalid")).toBeInstanceOf(HostNotAllowed);
    expect(await tried("near.invalid")).not.toBeInstanceOf(HostNotAllowed);
    await local.close();
    const free = await openSession(options);
    expect(await tried("far.invalid")).not.toBeInstanceOf(HostNotAllowed);
    await free.close();
    const after = await openSession(options);
    expect(contactedWith(after.journal)).toEqual([
      { host: "far.invalid:80", connections: 1, refused: 1 },
      { host: "near.invalid:80", connections: 1, refused: 0 },
    ]);
    await after.close();
  } finally {
    await rm(folder, { recursive: true });
  }
});
