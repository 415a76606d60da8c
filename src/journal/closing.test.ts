/** What a journal of SQLite does with what is still on its way when it is closed. */

import { expect, test } from "vitest";
import { temporaryFolder } from "../../test/support/folder.ts";
import type { Journal } from "./journal.ts";
import { openJournal } from "./sqlite.ts";

const begin = (journal: Journal, item: string) =>
  journal.begin({ loop: "mails", version: "1", item, content: item, input: { item } });

test("what was written last is kept", async () => {
  using folder = temporaryFolder();
  const path = folder.file("pawl.db");
  const journal = openJournal(path);
  journal.notes.set("last", "word");
  await journal.close();
  const after = openJournal(path);
  expect(after.notes.get("last")).toBe("word");
  await after.close();
});

test("a run that is begun as it closes is free for whoever opens it next, however often it is closed", async () => {
  using folder = temporaryFolder();
  const path = folder.file("pawl.db");
  const journal = openJournal(path);
  const begun = begin(journal, "a");
  await Promise.all([journal.close(), journal.close()]);
  expect((await begun).kind).toBe("taken");
  const after = openJournal(path);
  expect((await begin(after, "a")).kind).toBe("taken");
  await after.close();
});
