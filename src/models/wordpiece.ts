/** Reads a BERT WordPiece vocabulary, from tokenizer.json or vocab.txt, into what llama.cpp wants. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { ModelError, messageOf } from "../core/errors.ts";

export interface WordPiece {
  /** By id. Whole words carry U+2581 in front, continuations ("##x") nothing, specials are as they were. */
  tokens: string[];
  /** By id: 1 normal, 3 control, 4 added by the user, 5 unused. */
  types: number[];
  /** Ids of the tokens that frame a text. */
  special: { cls: number; sep: number; unknown: number; padding: number; mask: number | undefined };
}

const NORMAL = 1;
const CONTROL = 3;
const ADDED = 4;
const UNUSED = 5;
const WORD_START = "\u2581";

/** A fragment of a JSON object whose fields are not trusted yet. */
type Fields = Readonly<Record<string, unknown>>;

/**
 * The vocabulary of a folder, padded with unused tokens to `rows`, the number of rows of the embedding table.
 * @throws ModelError E_IMPORT_TOKENIZER when it is no lower-casing WordPiece, or does not fit the table.
 */
export async function readWordPiece(folder: string, rows: number): Promise<WordPiece> {
  const json = await readFields(join(folder, "tokenizer.json"));
  const words = json === undefined ? await readVocabulary(folder) : tokenizerWords(json, folder);
  if (words.size > rows) throw refuse(folder, `it has ${words.size} tokens for ${rows} rows of embeddings`);
  const tokens = Array.from({ length: rows }, (_, id) => `[PAD${id}]`);
  const types = new Array<number>(rows).fill(UNUSED);
  for (const [word, id] of words) {
    if (id >= rows) throw refuse(folder, `token ${JSON.stringify(word)} has id ${id}, beyond the embeddings`);
    tokens[id] = forLlama(word);
    types[id] = /^\[.+\]$/u.test(word) ? CONTROL : NORMAL;
  }
  for (const { content, id, special } of addedTokens(json)) {
    if (id >= rows) throw refuse(folder, `token ${JSON.stringify(content)} has id ${id}, beyond the embeddings`);
    tokens[id] = content;
    types[id] = special ? CONTROL : ADDED;
  }
  const idOf = (word: string): number => {
    const id = words.get(word);
    if (id === undefined) throw refuse(folder, `its vocabulary has no ${word}`);
    return id;
  };
  return {
    tokens,
    types,
    special: {
      cls: idOf("[CLS]"),
      sep: idOf("[SEP]"),
      unknown: idOf("[UNK]"),
      padding: idOf("[PAD]"),
      mask: words.get("[MASK]"),
    },
  };
}

function forLlama(word: string): string {
  if (/^\[.+\]$/u.test(word)) return word;
  return word.startsWith("##") ? word.slice(2) : WORD_START + word;
}

function tokenizerWords(json: Fields, folder: string): Map<string, number> {
  const model = fields(json.model);
  const vocabulary = model.vocab;
  const kind = model.type ?? (Array.isArray(vocabulary) ? "Unigram" : "WordPiece");
  if (kind !== "WordPiece") throw refuse(folder, `its tokenizer is ${String(kind)} (only WordPiece can be imported)`);
  const prefix = model.continuing_subword_prefix ?? "##";
  if (prefix !== "##") throw refuse(folder, `its continuations start with ${JSON.stringify(prefix)}, not "##"`);
  checkNormalizer(fields(json.normalizer), folder);
  const words = new Map<string, number>();
  for (const [word, id] of Object.entries(fields(vocabulary))) if (typeof id === "number") words.set(word, id);
  if (words.size === 0) throw refuse(folder, "its tokenizer.json holds no vocabulary");
  return words;
}

/** llama.cpp always lower-cases and strips accents: an encoder that does not would be wrong without a word. */
function checkNormalizer(normalizer: Fields, folder: string): void {
  if (normalizer.lowercase === false) {
    throw refuse(folder, "it is a cased model, and llama.cpp lower-cases every text");
  }
  if (normalizer.strip_accents === false) {
    throw refuse(folder, "it keeps accents, and llama.cpp strips them from every text");
  }
}

async function readVocabulary(folder: string): Promise<Map<string, number>> {
  const settings = (await readFields(join(folder, "tokenizer_config.json"))) ?? {};
  checkNormalizer({ lowercase: settings.do_lower_case, strip_accents: settings.strip_accents }, folder);
  let text: string;
  try {
    text = await readFile(join(folder, "vocab.txt"), "utf8");
  } catch (thrown) {
    throw refuse(folder, "it has neither tokenizer.json nor vocab.txt", thrown);
  }
  const lines = text.split(/\r?\n/u);
  if (lines.at(-1) === "") lines.pop();
  return new Map(lines.map((line, id) => [line, id]));
}

function addedTokens(json: Fields | undefined): { content: string; id: number; special: boolean }[] {
  const added = json?.added_tokens;
  if (!Array.isArray(added)) return [];
  return added.map(fields).flatMap(({ content, id, special }) => {
    return typeof content === "string" && typeof id === "number" ? [{ content, id, special: special === true }] : [];
  });
}

/**
 * A JSON file as an object, `undefined` where there is no such file.
 * @throws ModelError E_IMPORT_JSON when it is there and cannot be parsed.
 */
export async function readFields(path: string): Promise<Fields | undefined> {
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch {
    return undefined;
  }
  try {
    return fields(JSON.parse(text));
  } catch (thrown) {
    throw new ModelError("E_IMPORT_JSON", `${path} is no JSON: ${messageOf(thrown)}.`, { value: path, cause: thrown });
  }
}

/** Whatever it is as an object: {} when it is none. */
export function fields(value: unknown): Fields {
  return typeof value === "object" && value !== null ? { ...value } : {};
}

function refuse(folder: string, why: string, cause?: unknown): ModelError {
  return new ModelError("E_IMPORT_TOKENIZER", `${folder} cannot be imported: ${why}.`, { value: folder, cause });
}
