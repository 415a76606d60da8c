/** The same reply in pieces, for clients that want it while it is written. */

import type { Json } from "../core/json.ts";
import type { HostileAsked } from "./hostile-request.ts";

type Part = { readonly [key: string]: unknown };

const event = (data: unknown, name?: string): string =>
  `${name === undefined ? "" : `event: ${name}\n`}data: ${JSON.stringify(data)}\n\n`;

const pieces = (text: unknown): readonly string[] => (typeof text === "string" ? (text.match(/.{1,8}/gs) ?? []) : []);

/** Content type and whole text of the reply as a stream; `null` where none was asked for. */
export function streamed({ wire, body }: HostileAsked, reply: Json): readonly [type: string, text: string] | null {
  // Ollama streams unless it is told not to.
  if (body.stream !== true && !(wire === "ollama" && body.stream === undefined)) return null;
  const whole = reply as Part;
  if (wire === "ollama") return ["application/x-ndjson", ollama(whole)];
  if (wire === "chat") return ["text/event-stream", chat(whole)];
  if (wire === "messages") return ["text/event-stream", messages(whole)];
  return null;
}

function chat(reply: Part): string {
  const { choices, usage, ...head } = reply;
  const [choice] = (choices ?? []) as readonly Part[];
  const message = (choice?.message ?? {}) as Part;
  const chunk = (delta: Part, finish: unknown = null): Part => ({
    ...head,
    object: "chat.completion.chunk",
    choices: [{ index: 0, delta, finish_reason: finish }],
  });
  const calls = message.tool_calls as readonly Part[] | undefined;
  return [
    event(chunk({ role: "assistant", content: "" })),
    ...pieces(message.reasoning_content).map((text) => event(chunk({ reasoning_content: text }))),
    ...pieces(message.content).map((content) => event(chunk({ content }))),
    ...(calls ? [event(chunk({ tool_calls: calls.map((call, index) => ({ index, ...call })) }))] : []),
    event(chunk({}, choice?.finish_reason)),
    ...(usage === undefined ? [] : [event({ ...head, object: "chat.completion.chunk", choices: [], usage })]),
    "data: [DONE]\n\n",
  ].join("");
}

function ollama(reply: Part): string {
  const { message, response, logprobs: _, done_reason, prompt_eval_count, eval_count, ...head } = reply;
  const said = (message ?? {}) as Part;
  const line = (more: Part): string => `${JSON.stringify({ ...head, done: false, ...more })}\n`;
  return [
    ...pieces(response).map((text) => line({ response: text })),
    ...pieces(said.content).map((content) => line({ message: { role: "assistant", content } })),
    ...(said.tool_calls ? [line({ message: { role: "assistant", content: "", tool_calls: said.tool_calls } })] : []),
    line({ message: { role: "assistant", content: "" }, done: true, done_reason, prompt_eval_count, eval_count }),
  ].join("");
}

function messages(reply: Part): string {
  const { content, usage, stop_reason, ...head } = reply;
  const used = (usage ?? {}) as Part;
  const blocks = ((content ?? []) as readonly Part[]).flatMap((block, index) => {
    const tool = block.type === "tool_use";
    const text = tool ? JSON.stringify(block.input) : (block.text ?? block.thinking);
    const kind = tool ? "input_json_delta" : block.type === "thinking" ? "thinking_delta" : "text_delta";
    const key = tool ? "partial_json" : block.type === "thinking" ? "thinking" : "text";
    const start = tool ? { ...block, input: {} } : { ...block, [key]: "" };
    return [
      event({ type: "content_block_start", index, content_block: start }, "content_block_start"),
      ...pieces(text).map((piece) =>
        event({ type: "content_block_delta", index, delta: { type: kind, [key]: piece } }, "content_block_delta"),
      ),
      event({ type: "content_block_stop", index }, "content_block_stop"),
    ];
  });
  const opening = {
    ...head,
    content: [],
    stop_reason: null,
    usage: { input_tokens: used.input_tokens, output_tokens: 0 },
  };
  return [
    event({ type: "message_start", message: opening }, "message_start"),
    ...blocks,
    event(
      { type: "message_delta", delta: { stop_reason }, usage: { output_tokens: used.output_tokens } },
      "message_delta",
    ),
    event({ type: "message_stop" }, "message_stop"),
  ].join("");
}
