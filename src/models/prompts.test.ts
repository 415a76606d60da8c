import { expect, test } from "vitest";
import { symmetricPrompt } from "./prompts.ts";

const search = "Represent this sentence for searching relevant passages: ";

test.each<[string, unknown, unknown, string]>([
  ["MiniLM has none", {}, null, ""],
  ["no prompts at all", undefined, undefined, ""],
  ["e5", { query: "query: ", passage: "passage: " }, null, "query: "],
  ["bge: its instruction is for searching", { query: search }, null, ""],
  ["and so where passages are named as bare", { query: search, document: "" }, null, ""],
  [
    "nomic",
    { query: "search_query: ", document: "search_document: ", clustering: "clustering: " },
    null,
    "clustering: ",
  ],
  ["classifying goes first", { Clustering: "a", Classification: "b" }, null, "b"],
  ["the folder's own default goes before all", { query: "q: ", classification: "c: " }, "query", "q: "],
  ["what is no text is none", { classification: 3 }, null, ""],
])("%s", (_what, prompts, standard, expected) => {
  expect(symmetricPrompt({ prompts, default_prompt_name: standard })).toBe(expected);
});
