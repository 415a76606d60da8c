/** From what a server answers to a call to a value for a loop, of bounded size. */

import type { CallToolResult, ContentBlock } from "@modelcontextprotocol/client";
import { type Json, toJson } from "../core/json.ts";
import { strangerText } from "./stranger-text.ts";

const mostReason = 2_000;

/**
 * Structured content as it is, else the texts. Throws where the server says that the call failed, where it promised
 * structured content (`isStructured`) and gave none, and where that has more than `mostBytes` bytes.
 */
export function resultValue(result: CallToolResult, isStructured: boolean, mostBytes: number): Json {
  const { content, structuredContent, isError } = result;
  if (isError) {
    const said = strangerText(textOf(content), mostReason);
    throw new Error(said === "" ? "the server says that it failed, and not why" : said);
  }
  if (structuredContent !== undefined) {
    const value = toJson(structuredContent);
    const bytes = Buffer.byteLength(JSON.stringify(value));
    if (bytes > mostBytes) {
      throw new Error(`the call was made, but its result of ${bytes} bytes is larger than the ${mostBytes} allowed`);
    }
    return value;
  }
  if (isStructured)
    throw new Error("the call was made, but the server gave no structured result, which it had promised");
  return cut(textOf(content), mostBytes);
}

function textOf(content: readonly ContentBlock[]): string {
  return content.map(blockText).join("\n");
}

function blockText(block: ContentBlock): string {
  switch (block.type) {
    case "text":
      return block.text;
    case "image":
    case "audio":
      return `[${block.type} of type ${strangerText(block.mimeType, 60)} left out]`;
    case "resource_link":
      return `[link to ${strangerText(block.uri, 300)}]`;
    case "resource":
      return "text" in block.resource
        ? block.resource.text
        : `[file ${strangerText(block.resource.uri, 300)} left out]`;
  }
}

/** A cut is never silent: the text ends with what is missing. */
function cut(text: string, mostBytes: number): string {
  const bytes = Buffer.byteLength(JSON.stringify(text));
  if (bytes <= mostBytes) return text;
  let kept = text.slice(0, mostBytes);
  while (Buffer.byteLength(JSON.stringify(kept)) > mostBytes) kept = kept.slice(0, Math.floor(kept.length * 0.9));
  return `${kept}\n[cut here: ${text.length - kept.length} more characters]`;
}
