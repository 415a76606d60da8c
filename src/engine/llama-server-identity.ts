/** Which model a llama.cpp server has, as far as it can be known without its file. */

import { shortHash } from "../core/hash.ts";
import { canonicalJson } from "../core/json.ts";
import type { ModelIdentity } from "./engine.ts";
import type { Host, Reply } from "./llama-server-http.ts";
import { tokensOf } from "./llama-server-prompt.ts";

export interface ServerModel {
  /** Context of one slot, less the token that the server keeps free. */
  readonly identity: ModelIdentity;
  readonly slots: number;
  readonly vocabulary: number;
  /** What the server calls its model in every answer. */
  readonly alias: string;
  /** The token of a plain letter. */
  readonly letter: number;
}

/** What makes two models different; the context and the alias are the server's own business. */
const TRAITS = ["vocab_type", "n_vocab", "n_ctx_train", "n_embd", "n_params", "size", "ftype"];

/**
 * The digest stands for the file's: a hash of the file's name, its shape and size, its chat template and the server's
 * build. A file of the same name and shape with other weights has the same one: give such files other names.
 */
export async function identifyServer(host: Host, signal?: AbortSignal): Promise<ServerModel> {
  const [props, entry, letter] = await Promise.all([
    host.get("/props", propsOf, signal),
    host.get("/v1/models", ({ data }) => (Array.isArray(data) ? entryOf(data[0]) : undefined), signal),
    host.post("/tokenize", { content: "a" }, (reply) => tokensOf(reply)?.at(-1), signal),
  ]);
  const file = props.path.split(/[\\/]/).at(-1)!;
  const traits = TRAITS.map((trait) => entry.meta[trait] ?? null) as (string | number | null)[];
  return {
    identity: {
      name: file.replace(/\.gguf$/i, ""),
      digest: shortHash(canonicalJson([file, traits, props.template, props.build])),
      bytes: entry.bytes,
      contextTokens: props.context - 1,
    },
    slots: props.slots,
    vocabulary: entry.vocabulary,
    alias: entry.alias,
    letter,
  };
}

interface Props {
  readonly path: string;
  readonly build: string;
  readonly template: string;
  readonly slots: number;
  readonly context: number;
}

function propsOf(reply: Reply): Props | undefined {
  const { model_path: path, build_info: build, total_slots: slots, chat_template: template } = reply;
  const context = (reply.default_generation_settings as Reply | undefined)?.n_ctx;
  if (typeof path !== "string" || typeof build !== "string" || typeof template !== "string") return undefined;
  if (typeof slots !== "number" || slots < 1 || typeof context !== "number") return undefined;
  return { path, build, template, slots, context };
}

interface Entry {
  readonly alias: string;
  readonly meta: Reply;
  readonly bytes: number;
  readonly vocabulary: number;
}

function entryOf(entry: Reply | undefined): Entry | undefined {
  const meta = entry?.meta as Reply | null | undefined;
  const { size: bytes, n_vocab: vocabulary } = meta ?? {};
  if (typeof entry?.id !== "string" || !meta || typeof bytes !== "number" || typeof vocabulary !== "number") return;
  return { alias: entry.id, meta, bytes, vocabulary };
}
