/** Turns a BERT-family sentence-transformers folder into a GGUF that llama.cpp embeds with. */
import { join } from "node:path";
import { ModelError } from "../core/errors.ts";
import { type GgufTensor, type GgufValue, writeGguf } from "./gguf.ts";
import type { Pooling, Quantisation } from "./models.ts";
import { PREFIX_KEY } from "./prefix.ts";
import { symmetricPrompt } from "./prompts.ts";
import { quantise, storedAs } from "./quantise.ts";
import { openSafetensors, type SafetensorsFile } from "./safetensors.ts";
import { fields, readFields, readWordPiece, type WordPiece } from "./wordpiece.ts";

export const SUPPORTED: string =
  "Supported: BERT encoders (config.json says model_type bert: MiniLM, bge, e5, gte and their fine-tunes) " +
  "with a lower-casing WordPiece tokenizer, one model.safetensors, and mean or CLS pooling";

/** The numbers of a config.json that shape the network, and how the folder pools. */
export interface BertShape {
  context: number;
  hidden: number;
  feedForward: number;
  layers: number;
  heads: number;
  epsilon: number;
  vocabulary: number;
  tokenTypes: number;
  pooling: Pooling;
  /** True when the folder does not say how it pools, and mean was taken. */
  poolingAssumed: boolean;
  /** What the sentence-transformers folder cuts texts to, at most `context`. */
  maxTokens: number;
  /** What it wants before every text when like is compared with like; "" where it wants nothing or says nothing. */
  textPrefix: string;
}

/** GGUF names for the tensors of one layer; PyTorch's come from BertModel. */
const LAYER_TENSORS = [
  ["attention.self.query", "attn_q"],
  ["attention.self.key", "attn_k"],
  ["attention.self.value", "attn_v"],
  ["attention.output.dense", "attn_output"],
  ["attention.output.LayerNorm", "attn_output_norm"],
  ["intermediate.dense", "ffn_up"],
  ["output.dense", "ffn_down"],
  ["output.LayerNorm", "layer_output_norm"],
] as const;

/**
 * Reads and checks what kind of encoder a folder holds.
 * @throws ModelError E_IMPORT_* saying what cannot be imported and what can.
 */
export async function readShape(folder: string): Promise<BertShape> {
  const config = await readFields(join(folder, "config.json"));
  if (config === undefined) throw refuse(folder, "it has no config.json, so it is no folder of a model");
  const type = config.model_type;
  if (type !== "bert") throw refuse(folder, `its architecture is ${String(type)}`);
  const activation = config.hidden_act ?? "gelu";
  if (activation !== "gelu") throw refuse(folder, `its activation is ${String(activation)}, not gelu`);
  const position = config.position_embedding_type ?? "absolute";
  if (position !== "absolute") throw refuse(folder, `its position embeddings are ${String(position)}, not absolute`);
  const number = (key: string, fallback?: number): number => {
    const value = config[key] ?? fallback;
    if (typeof value === "number" && value > 0) return value;
    throw refuse(folder, `config.json says ${key} = ${JSON.stringify(value)}`);
  };
  const context = number("max_position_embeddings");
  const sentence = await readFields(join(folder, "sentence_bert_config.json"));
  const maxTokens = sentence?.max_seq_length;
  const prompts = await readFields(join(folder, "config_sentence_transformers.json"));
  // Mean is also what sentence-transformers falls back to.
  const pooling = await readPooling(folder);
  return {
    context,
    hidden: number("hidden_size"),
    feedForward: number("intermediate_size"),
    layers: number("num_hidden_layers"),
    heads: number("num_attention_heads"),
    epsilon: number("layer_norm_eps", 1e-12),
    vocabulary: number("vocab_size"),
    tokenTypes: number("type_vocab_size", 2),
    pooling: pooling ?? "mean",
    poolingAssumed: pooling === undefined,
    maxTokens: typeof maxTokens === "number" ? Math.min(maxTokens, context) : context,
    textPrefix: symmetricPrompt(prompts ?? {}),
  };
}

/** Follows modules.json: pooling decides, normalising is done anyway, anything else would change the vectors. */
async function readPooling(folder: string): Promise<Pooling | undefined> {
  const modules = Object.values((await readFields(join(folder, "modules.json"))) ?? {}).map(fields);
  let path = "1_Pooling";
  for (const module of modules) {
    const kind = String(module.type).split(".").at(-1) ?? "";
    if (kind === "Pooling" && typeof module.path === "string") path = module.path;
    else if (!["Transformer", "Pooling", "Normalize"].includes(kind)) {
      throw refuse(folder, `it ends in a ${kind} module, which a GGUF cannot hold`);
    }
  }
  const pooling = await readFields(join(folder, path, "config.json"));
  if (pooling === undefined) return undefined;
  const modes = Object.keys(pooling).filter((key) => key.startsWith("pooling_mode_") && pooling[key] === true);
  if (modes.length === 1 && modes[0] === "pooling_mode_mean_tokens") return "mean";
  if (modes.length === 1 && modes[0] === "pooling_mode_cls_token") return "cls";
  const newer = pooling.pooling_mode;
  if (modes.length === 0 && (newer === "mean" || newer === "cls")) return newer;
  throw refuse(folder, `its pooling is ${modes.join(" and ") || String(newer)}`);
}

/** Facts of the import that travel in the file. */
export interface Provenance {
  name: string;
  weightsSha256: string;
}

/**
 * Writes the GGUF of a folder. Equal folders give equal files.
 * @throws ModelError E_IMPORT_* or E_SAFETENSORS when the folder is not what its config says.
 */
export async function convertBert(
  folder: string,
  destination: string,
  shape: BertShape,
  quantisation: Quantisation,
  provenance: Provenance,
): Promise<void> {
  await using weights = await openSafetensors(join(folder, "model.safetensors"));
  const words = await readWordPiece(folder, shape.vocabulary);
  const tensors = planTensors(weights, shape, quantisation, folder);
  await writeGguf(destination, describe(shape, words, quantisation, provenance), tensors);
}

function describe(
  shape: BertShape,
  words: WordPiece,
  quantisation: Quantisation,
  provenance: Provenance,
): Map<string, GgufValue> {
  const u32 = (value: number): GgufValue => ({ type: "u32", value });
  const { special } = words;
  const metadata = new Map<string, GgufValue>([
    ["general.architecture", { type: "string", value: "bert" }],
    ["general.name", { type: "string", value: provenance.name }],
    ["general.file_type", u32({ f32: 0, f16: 1, q8_0: 7 }[quantisation])],
    ["general.quantization_version", u32(2)],
    ["bert.context_length", u32(shape.context)],
    ["bert.embedding_length", u32(shape.hidden)],
    ["bert.feed_forward_length", u32(shape.feedForward)],
    ["bert.block_count", u32(shape.layers)],
    ["bert.attention.head_count", u32(shape.heads)],
    ["bert.attention.layer_norm_epsilon", { type: "f32", value: shape.epsilon }],
    ["bert.attention.causal", { type: "bool", value: false }],
    ["bert.pooling_type", u32(shape.pooling === "mean" ? 1 : 2)],
    ["tokenizer.ggml.model", { type: "string", value: "bert" }],
    ["tokenizer.ggml.tokens", { type: "strings", value: words.tokens }],
    ["tokenizer.ggml.token_type", { type: "i32s", value: words.types }],
    ["tokenizer.ggml.token_type_count", u32(shape.tokenTypes)],
    ["tokenizer.ggml.bos_token_id", u32(special.cls)],
    ["tokenizer.ggml.eos_token_id", u32(special.sep)],
    ["tokenizer.ggml.unknown_token_id", u32(special.unknown)],
    ["tokenizer.ggml.seperator_token_id", u32(special.sep)], // the format's own spelling
    ["tokenizer.ggml.padding_token_id", u32(special.padding)],
    ["tokenizer.ggml.cls_token_id", u32(special.cls)],
    ["tokenizer.ggml.add_bos_token", { type: "bool", value: true }],
    ["tokenizer.ggml.add_eos_token", { type: "bool", value: true }],
    ["pawl.max_tokens", u32(shape.maxTokens)],
    ["pawl.weights_sha256", { type: "string", value: provenance.weightsSha256 }],
  ]);
  // Only where there is one: a file without it stays the file that it was.
  if (shape.textPrefix !== "") metadata.set(PREFIX_KEY, { type: "string", value: shape.textPrefix });
  if (special.mask !== undefined) metadata.set("tokenizer.ggml.mask_token_id", u32(special.mask));
  return metadata;
}

function planTensors(
  weights: SafetensorsFile,
  shape: BertShape,
  quantisation: Quantisation,
  folder: string,
): GgufTensor[] {
  const { hidden, feedForward } = shape;
  const plan: GgufTensor[] = [];
  const add = (from: string, to: string, size: number[], type: Quantisation): void => {
    const name = findTensor(weights, from, folder);
    const found = weights.tensors.get(name)?.shape ?? [];
    if (found.join() !== size.join()) {
      throw refuse(folder, `tensor ${name} is ${found.join(" x ")}, but config.json says ${size.join(" x ")}`);
    }
    const bytes = async (): Promise<Uint8Array> => quantise(finite(await weights.read(name), name, folder), type);
    plan.push({ name: to, shape: size, type, bytes });
  };
  const matrix = (from: string, to: string, rows: number, columns: number): void =>
    add(`${from}.weight`, `${to}.weight`, [rows, columns], storedAs(quantisation, columns));
  const norm = (from: string, to: string): void => {
    add(`${from}.weight`, `${to}.weight`, [hidden], "f32");
    add(`${from}.bias`, `${to}.bias`, [hidden], "f32");
  };
  matrix("embeddings.word_embeddings", "token_embd", shape.vocabulary, hidden);
  // llama.cpp adds these two row by row and wants them exact.
  add("embeddings.token_type_embeddings.weight", "token_types.weight", [shape.tokenTypes, hidden], "f32");
  add("embeddings.position_embeddings.weight", "position_embd.weight", [shape.context, hidden], "f32");
  norm("embeddings.LayerNorm", "token_embd_norm");
  for (let layer = 0; layer < shape.layers; layer++) {
    for (const [from, to] of LAYER_TENSORS) {
      const source = `encoder.layer.${layer}.${from}`;
      const target = `blk.${layer}.${to}`;
      if (to.endsWith("_norm")) norm(source, target);
      else {
        const rows = to === "ffn_up" ? feedForward : hidden;
        matrix(source, target, rows, to === "ffn_down" ? feedForward : hidden);
        add(`${source}.bias`, `${target}.bias`, [rows], "f32");
      }
    }
  }
  return plan;
}

/** Finds a tensor with or without the prefix `bert.`, and by the older names of a layer norm. */
function findTensor(weights: SafetensorsFile, name: string, folder: string): string {
  const older = name.replace("LayerNorm.weight", "LayerNorm.gamma").replace("LayerNorm.bias", "LayerNorm.beta");
  const found = [name, `bert.${name}`, older, `bert.${older}`].find((each) => weights.tensors.has(each));
  if (found === undefined) throw refuse(folder, `its weights have no tensor ${name}`);
  return found;
}

function finite(numbers: Float32Array, name: string, folder: string): Float32Array {
  if (numbers.every(Number.isFinite)) return numbers;
  throw refuse(folder, `tensor ${name} holds a number that is not finite`);
}

function refuse(folder: string, why: string): ModelError {
  return new ModelError("E_IMPORT_UNSUPPORTED", `${folder} cannot be imported: ${why}. ${SUPPORTED}.`, {
    value: folder,
  });
}
