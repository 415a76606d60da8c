/** What a sentence-transformers folder wants in front of every text when like is compared with like. */

import { fields } from "./wordpiece.ts";

/** Tasks that compare like with like, by the names that folders give their prompts; the first there is counts. */
const LIKE_WITH_LIKE = ["classification", "clustering", "sts"];

/**
 * Out of the folder's config_sentence_transformers.json: the prompt that it puts before everything by itself, else one
 * for comparing like with like, else, where questions and passages each have their own (e5), the question's, as e5's
 * authors say. A prompt for questions alone (bge) is an instruction to search: it is left out here.
 */
export function symmetricPrompt(config: Readonly<Record<string, unknown>>): string {
  const prompts = new Map<string, string>();
  for (const [name, prompt] of Object.entries(fields(config.prompts))) {
    if (typeof prompt === "string") prompts.set(name.toLowerCase(), prompt);
  }
  const standard = prompts.get(String(config.default_prompt_name).toLowerCase());
  if (standard !== undefined) return standard;
  const task = LIKE_WITH_LIKE.find((name) => prompts.has(name));
  if (task !== undefined) return prompts.get(task)!;
  const passage = prompts.get("passage") ?? prompts.get("document") ?? "";
  return passage === "" ? "" : (prompts.get("query") ?? "");
}
