/** JSON values, and one spelling for each of them. */

export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json | undefined };

/**
 * JSON with the keys of every object sorted, so that equal values have equal text. Like `JSON.stringify` it
 * leaves out what JSON cannot say and honours `toJSON`; it throws on big integers (a `TypeError`) and on circles
 * (a `RangeError`: the stack ends).
 */
export function canonicalJson(value: unknown): string {
  return spell(value) ?? "null";
}

function spell(value: unknown): string | undefined {
  if (value === null || typeof value !== "object") return JSON.stringify(value) as string | undefined;
  if (Array.isArray(value)) {
    let text = "";
    for (let index = 0; index < value.length; index++)
      text += `${index === 0 ? "" : ","}${spell(value[index]) ?? "null"}`;
    return `[${text}]`;
  }
  if ("toJSON" in value && typeof value.toJSON === "function") return spell(value.toJSON());
  const object = value as { readonly [key: string]: unknown };
  let text = "";
  for (const key of Object.keys(object).sort()) {
    const member = spell(object[key]);
    if (member !== undefined) text += `${text === "" ? "" : ","}${JSON.stringify(key)}:${member}`;
  }
  return `{${text}}`;
}

/**
 * The value as a journal gives it back: a copy of what JSON can say of it. Throws on big integers (a `TypeError`) and
 * on circles (a `RangeError`: the stack ends).
 */
export function toJson(value: unknown): Json {
  return copy(value) ?? null;
}

/** What `JSON.parse(JSON.stringify(value))` gives, without the text in between; `undefined` for what JSON leaves out. */
function copy(value: unknown): Json | undefined {
  if (value === null || typeof value === "string" || typeof value === "boolean") return value;
  // Adding 0 takes the sign off -0, which JSON does not keep.
  if (typeof value === "number") return Number.isFinite(value) ? value + 0 : null;
  if (typeof value !== "object") {
    if (typeof value === "bigint") throw new TypeError("a big integer is not JSON");
    return undefined;
  }
  if (Array.isArray(value)) return Array.from(value, (member: unknown) => copy(member) ?? null);
  const object = value as { readonly [key: string]: unknown };
  const prototype: unknown = Object.getPrototypeOf(object);
  if (
    (prototype !== Object.prototype && prototype !== null) ||
    "toJSON" in object ||
    Object.hasOwn(object, "__proto__")
  ) {
    const text = JSON.stringify(object) as string | undefined;
    return text === undefined ? undefined : (JSON.parse(text) as Json);
  }
  const plain: { [key: string]: Json } = {};
  for (const key of Object.keys(object)) {
    const member = copy(object[key]);
    if (member !== undefined) plain[key] = member;
  }
  return plain;
}
