/** JSON out of a text that should have been nothing but JSON. */

export interface FoundJson {
  readonly value: unknown;
  /** Nothing but JSON; in a fenced block; with words around it. */
  readonly how: "clean" | "fenced" | "among words";
}

/** The only JSON in the text, or why there is none: none at all, several, or one that stops in the middle. */
export function findJson(text: string): FoundJson | "none" | "several" | "cut" {
  const trimmed = text.trim();
  const whole = parsed(trimmed);
  if (whole) return { value: whole.value, how: "clean" };
  const fenced = insideFence(trimmed);
  const inside = fenced === undefined ? undefined : parsed(fenced);
  if (inside) return { value: inside.value, how: "fenced" };
  const objects = objectsIn(trimmed);
  if (objects === "cut") return "cut";
  const readable = objects.map((object) => parsed(object)).filter((object) => object !== undefined);
  if (readable.length > 1) return "several";
  const [only] = readable;
  if (!only) return "none";
  return { value: only.value, how: trimmed.includes("```") ? "fenced" : "among words" };
}

/** What stands between a fence that opens the text and one that ends it, without the word behind the first. */
function insideFence(text: string): string | undefined {
  if (!text.startsWith("```") || !text.endsWith("```") || text.length < 6) return undefined;
  return text.slice(3, -3).replace(/^[a-z]{1,20}(?=\s|[{["])/i, "");
}

function parsed(text: string): { readonly value: unknown } | undefined {
  try {
    return { value: JSON.parse(text) as unknown };
  } catch {
    return undefined;
  }
}

/** The outermost objects of a text, as they stand there; `cut` where the last one has no end. */
function objectsIn(text: string): readonly string[] | "cut" {
  const found: string[] = [];
  let depth = 0;
  let from = 0;
  let isInText = false;
  for (let at = 0; at < text.length; at++) {
    const letter = text[at];
    if (isInText) {
      if (letter === "\\") at++;
      else if (letter === '"') isInText = false;
    } else if (letter === '"') isInText = depth > 0;
    else if (letter === "{") {
      if (depth === 0) from = at;
      depth++;
    } else if (letter === "}" && depth > 0) {
      depth--;
      if (depth === 0) found.push(text.slice(from, at + 1));
    }
  }
  return depth > 0 ? "cut" : found;
}
