/** Turns a question's prefix into tokens, by the model's own chat template. Runs in the engine's process. */

import type { BuiltInChatWrapperType, LlamaModel, LlamaText } from "node-llama-cpp";
import { UsageError } from "../core/errors.ts";
import type { Prefix } from "./engine.ts";
import type { Runtime } from "./runtime.ts";

/** A prompt in three parts: `head`, then the item, then `tail`; after it stands `open`, not yet tokenised. */
export interface Layout {
  readonly head: readonly number[];
  readonly tail: readonly number[];
  /** Plain text that begins the answer. It is tokenised together with what follows, for the true boundary. */
  readonly open: string;
}

/** Stands for the item while the template is rendered; the item itself never goes through a template. */
const PLACE = "PAWL-ITEM-4f1c9a";

export class Prompter {
  /** How prompts are laid out, for people. */
  readonly template: string;
  readonly #runtime: Runtime;
  readonly #model: LlamaModel;
  readonly #wrapper: BuiltInChatWrapperType | undefined;

  /** Resolves the template once: resolving costs a third of a second, and rendering nothing beside it. */
  constructor(runtime: Runtime, model: LlamaModel) {
    this.#runtime = runtime;
    this.#model = model;
    const template = model.fileInfo.metadata.tokenizer?.chat_template ?? "";
    // A base model has no turns to take: its prompt is plain text.
    this.#wrapper =
      template.trim() !== ""
        ? runtime.resolveChatWrapper(model, {
            warningLogs: false,
            customWrapperSettings: {
              // An answer is read at the cue, so a model that would think aloud first is told not to.
              qwen: template.includes("<think>") ? { thoughts: "discourage" } : {},
              gemma4: { reasoning: false },
              seed: { thinkingBudget: 0 },
              // A prompt with today's date in it would be another prompt tomorrow, with other numbers.
              jinjaTemplate: {
                reasoning: false,
                additionalRenderParameters: { enable_thinking: false, date_string: "26 Jul 2024" },
              },
              "llama3.1": { todayDate: null, cuttingKnowledgeDate: null, noToolInstructions: true },
              "llama3.2-lightweight": { todayDate: null, cuttingKnowledgeDate: null },
              harmony: { reasoningEffort: "low", todayDate: null, cuttingKnowledgeDate: null },
            },
          })
        : undefined;
    this.template = this.#wrapper?.wrapperName ?? "plain";
  }

  /** Throws `E_PREFIX` where the template loses the item's place. */
  layout(prefix: Prefix): Layout {
    const { LlamaText } = this.#runtime;
    if (prefix.instructions.includes(PLACE)) throw new UsageError("E_PREFIX", `instructions may not contain ${PLACE}`);
    const text = this.#wrapper
      ? this.#render(this.#wrapper, prefix)
      : LlamaText(new this.#runtime.SpecialToken("BOS"), `${prefix.instructions}\n\n`, PLACE);
    const at = text.values.findIndex((value) => typeof value === "string" && value.includes(PLACE));
    const holder = text.values[at];
    if (typeof holder !== "string" || holder.split(PLACE).length !== 2) {
      throw new UsageError("E_PREFIX", `the chat template ${this.template} does not render the user's text once`);
    }
    const [before = "", after = ""] = holder.split(PLACE);
    const head = LlamaText([...text.values.slice(0, at), before]).tokenize(this.#model.tokenizer);
    const rest = [after, ...text.values.slice(at + 1)];
    const closing = rest.at(-1);
    // What the template itself puts at the start of the answer as plain text belongs with the cue.
    const begun = typeof closing === "string" ? closing : "";
    const tail = LlamaText(begun === "" ? rest : rest.slice(0, -1)).tokenize(this.#model.tokenizer, "trimLeadingSpace");
    const plainGap = this.#wrapper ? "" : "\n";
    return { head: this.#withoutDoubleStart(head), tail, open: begun + plainGap + prefix.cue };
  }

  /**
   * Tokens of a text that is data: whatever stands in it, `<|im_end|>` included, is only its letters. Data is never
   * instruction.
   */
  plain(text: string): number[] {
    return this.#model.tokenize(text, false, "trimLeadingSpace");
  }

  /** The question is the system's turn and the item the user's: measured better than both in one turn. */
  #render(wrapper: BuiltInChatWrapperType, { instructions }: Prefix): LlamaText {
    const state = wrapper.generateContextState({
      chatHistory: [
        { type: "system", text: instructions },
        { type: "user", text: PLACE },
        { type: "model", response: [""] },
      ],
    });
    const opening = this.#answerOpening(wrapper.wrapperName, state.contextText);
    return opening === "" ? state.contextText : state.contextText.concat(new this.#runtime.SpecialTokensText(opening));
  }

  /** What must stand before an answer that is not thought about first, where neither wrapper nor template write it. */
  #answerOpening(wrapperName: string, rendered: LlamaText): string {
    if (wrapperName === "Harmony") return "<|channel|>final<|message|>";
    const template = this.#model.fileInfo.metadata.tokenizer?.chat_template ?? "";
    const thinks =
      wrapperName === "DeepSeek" || (wrapperName === "JinjaTemplate" && template.includes("enable_thinking"));
    const isOver = rendered.toString().trimEnd().endsWith("</think>");
    return thinks && template.includes("</think>") && !isOver ? "<think>\n\n</think>\n\n" : "";
  }

  /** Some templates write the start token that the runtime puts there anyway. */
  #withoutDoubleStart(tokens: readonly number[]): readonly number[] {
    const start = this.#model.tokens.bos;
    return start !== null && tokens[0] === start && tokens[1] === start ? tokens.slice(1) : tokens;
  }
}
