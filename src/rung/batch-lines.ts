/** A file with a JSON value on each line, as batch APIs give their results. */

import type { Json } from "../core/json.ts";

/** No reply to one question is as long as that. */
const longestLine = 4 * 2 ** 20;

/** The values of the file. A line that is too long, or is no JSON, is `undefined`. */
export async function* jsonLines(response: Response): AsyncGenerator<Json | undefined> {
  const decoder = new TextDecoder();
  let rest = "";
  let isTooLong = false;
  for await (const piece of response.body ?? []) {
    rest += decoder.decode(piece as Uint8Array, { stream: true });
    const lines = rest.split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) {
      if (isTooLong) yield undefined;
      else if (line.trim() !== "") yield jsonOf(line);
      isTooLong = false;
    }
    if (rest.length <= longestLine) continue;
    isTooLong = true;
    rest = "";
  }
  rest += decoder.decode();
  if (isTooLong) yield undefined;
  else if (rest.trim() !== "") yield jsonOf(rest);
}

function jsonOf(line: string): Json | undefined {
  if (line.length > longestLine) return undefined;
  try {
    return JSON.parse(line) as Json;
  } catch {
    return undefined;
  }
}
