/** Free chat as a text to be written: what the system said is the task, what everybody else said is what it is about. */

import { mayCall } from "../wire/chat-server.ts";
import { type Fields, isFields } from "../wire/fields.ts";
import { contentAt, fieldsAt, listAt, refuse } from "../wire/incoming.ts";
import type { FreeChat } from "./request.ts";

const usualTokens = 512;
const mostTokens = 32_768;
const mostStops = 16;

const elsewhere = "the config's serve.chat must name a server that it is handed to";

/** To be called within `parsing`. Refuses what a text would not be an answer to. */
export function freeChatAt(body: unknown): FreeChat {
  const request = fieldsAt(body, "");
  if (typeof request.n === "number" && request.n !== 1) return refuse("n", "one reply can be written here");
  refuseOthers(request);
  const task: string[] = [];
  const said: string[] = [];
  for (const [index, value] of listAt(request.messages, "messages", 1, 10_000).entries()) {
    const path = `messages[${index}]`;
    const { role, content, tool_calls: calls } = fieldsAt(value, path);
    const text = content === undefined || content === null ? "" : contentAt(content, `${path}.content`);
    if (role === "system" || role === "developer") task.push(text);
    else said.push(`${String(role)}: ${Array.isArray(calls) ? `${text}${JSON.stringify(calls)}` : text}`);
  }
  return {
    ask: [...task, "Write the assistant's next message."].join("\n"),
    about: said.join("\n"),
    maxTokens: tokensAt(request.max_completion_tokens ?? request.max_tokens),
    stop: stopsAt(request.stop),
  };
}

/** Whoever asks for an object, or offers tools, would take a plain text for an answer that was checked. */
function refuseOthers(request: Fields): void {
  const { response_format: format, functions } = request;
  if (isFields(format) && format.type !== "text" && format.type !== "json_schema") {
    const other = `use json_schema here, or ${elsewhere}`;
    refuse("response_format", `the ladder cannot hold to ${JSON.stringify(format.type)}: ${other}`);
  }
  if (!mayCall(request) && !Array.isArray(functions)) return;
  const other = `demand a call (tool_choice "required", or a tool by name) or none, or ${elsewhere}`;
  refuse("tools", `the ladder does not choose between a call and a text: ${other}`);
}

function tokensAt(value: unknown): number {
  if (value === undefined || value === null) return usualTokens;
  if (Number.isInteger(value) && (value as number) >= 1) return Math.min(value as number, mostTokens);
  return refuse("max_completion_tokens", "this must be a whole number, 1 or more");
}

function stopsAt(value: unknown): readonly string[] {
  if (value === undefined || value === null) return [];
  const stops: readonly unknown[] = Array.isArray(value) ? value : [value];
  return stops.length <= mostStops && stops.every((stop): stop is string => typeof stop === "string" && stop !== "")
    ? stops
    : refuse("stop", "this must be a text, or a short list of texts");
}

/** Whether a body asks for its reply in pieces. */
export function wantsStream(body: unknown): boolean {
  return isFields(body) && body.stream === true;
}
