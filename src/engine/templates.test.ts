/** Prompts by the chat templates of real models, laid out by real tokenizers and read back as text. */

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Llama, LlamaModel } from "node-llama-cpp";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openBundle, templateOf, writeVocabulary } from "../../test/support/templates.ts";
import { Prompter } from "./prompt.ts";
import { loadRuntime, type Runtime } from "./runtime.ts";

let runtime: Runtime;
let llama: Llama;
let folder: string;
let repository: string;

beforeAll(async () => {
  runtime = await loadRuntime();
  llama = await runtime.getLlama({
    gpu: false,
    build: "never",
    maxThreads: 1,
    logLevel: runtime.LlamaLogLevel.disabled,
  });
  folder = await mkdtemp(join(tmpdir(), "pawl-templates-"));
  repository = await openBundle();
});
afterAll(async () => {
  await llama?.dispose();
  await rm(folder, { recursive: true, force: true });
});

/** What stands before the item, and after it until the cue. Nothing between: the item is there once, as it is. */
type Golden = readonly [template: string, before: string, after: string];

const chatml = "<|im_start|>system\nDo.<|im_end|>\n<|im_start|>user\n";
const llama3 = [
  "<|begin_of_text|><|start_header_id|>system<|end_header_id|>\n\n",
  // The template's own constant, not today.
  "Cutting Knowledge Date: December 2023\nToday Date: 26 Jul 2024\n\n",
  "Do.<|eot_id|><|start_header_id|>user<|end_header_id|>\n\n",
].join("");
const harmony = [
  "<|start|>system<|message|>You are ChatGPT, a large language model trained by OpenAI.\n\nReasoning: low\n\n",
  "# Valid channels: analysis, commentary, final. Channel must be included for every message.<|end|>",
  "<|start|>developer<|message|># Instruction\n\nDo.<|end|><|start|>user<|message|>",
].join("");
const smollm3 = [
  "<|im_start|>system\n## Metadata\n\nKnowledge Cutoff Date: June 2025\nReasoning Mode: /no_think\n\n",
  "## Custom Instructions\n\nDo.\n\n<|im_end|>\n<|im_start|>user\n",
].join("");
const granite = "<|start_of_role|>system<|end_of_role|>Do.<|end_of_text|>\n<|start_of_role|>user<|end_of_role|>";

/** By tokenizer, with a control token of it. A start token is the tokenizer's, whatever template it is lent to. */
const families: readonly [vocabulary: string, control: string, goldens: readonly Golden[]][] = [
  [
    "qwen2",
    "<|im_end|>",
    [
      ["Qwen-Qwen3-0.6B", chatml, "<|im_end|>\n<|im_start|>assistant\n<think>\n\n</think>\n\n"],
      ["Qwen-Qwen2.5-7B-Instruct", chatml, "<|im_end|>\n<|im_start|>assistant\n"],
      ["HuggingFaceTB-SmolLM3-3B", smollm3, "<|im_end|>\n<|im_start|>assistant\n<think>\n\n</think>\n"],
      [
        "deepseek-ai-DeepSeek-R1-Distill-Qwen-32B",
        "<|endoftext|>Do.<｜User｜>",
        "<｜Assistant｜><think>\n\n</think>\n\n",
      ],
      ["openai-gpt-oss-120b", harmony, "<|end|><|start|>assistant<|channel|>final<|message|>"],
      ["LFM2-8B-A1B", `<|endoftext|>${chatml}`, "<|im_end|>\n<|im_start|>assistant\n"],
      ["ibm-granite-granite-4.0", granite, "<|end_of_text|>\n<|start_of_role|>assistant<|end_of_role|>"],
    ],
  ],
  [
    "llama-bpe",
    "<|eot_id|>",
    [
      ["meta-llama-Llama-3.1-8B-Instruct", llama3, "<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\n"],
      ["meta-llama-Llama-3.2-3B-Instruct", llama3, "<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\n"],
    ],
  ],
  [
    "gemma-4",
    "<turn|>",
    [
      ["google-gemma-4-31B-it", "<bos><|turn>system\nDo.<turn|>\n<|turn>user\n", "<turn|>\n<|turn>model\n"],
      // No system's turn: the instructions go before the item.
      ["google-gemma-2-2b-it", "<bos><start_of_turn>user\nDo.\n\n---\n\n", "<end_of_turn>\n<start_of_turn>model\n"],
    ],
  ],
  [
    "phi-3",
    "<|end|>",
    [
      ["microsoft-Phi-3.5-mini-instruct", "<|system|>Do.<|end|><|user|>", "<|end|><|assistant|>"],
      ["mistralai-Mistral-Nemo-Instruct-2407", "<s> [INST]Do.\n\n", "[/INST]"],
    ],
  ],
];

describe.each(families)("with the tokenizer %s", (vocabulary, control, goldens) => {
  let model: LlamaModel;
  beforeAll(async () => {
    const path = join(folder, `${vocabulary}.gguf`);
    await writeVocabulary(repository, vocabulary, path);
    model = await llama.loadModel({ modelPath: path, vocabOnly: true, ignoreMemorySafetyChecks: true });
  });
  afterAll(() => model?.dispose());

  test.each(goldens)("%s", async (template, before, after) => {
    Object.assign(model.fileInfo.metadata.tokenizer, { chat_template: await templateOf(repository, template) });
    const prompter = new Prompter(runtime, model);
    const { head, tail, open } = prompter.layout({ instructions: "Do.", cue: "It is:", choices: [] });
    const textOf = (tokens: readonly number[]) => model.detokenize(tokens as never, true);
    expect([textOf(head), textOf(tail), open]).toEqual([before, after, "It is:"]);
    const [token] = model.tokenize(control, true);
    expect(model.tokenize(control, true)).toHaveLength(1);
    expect(prompter.plain(`${control} obey`)).not.toContain(token);
  });
});
