/** An item as the text that models and people read. */

/** A string as it is, an object as `key: value` lines without what is missing, the rest as JSON. */
export function rendered(about: unknown): string {
  if (typeof about === "string") return about;
  if (typeof about !== "object" || about === null || Array.isArray(about)) return JSON.stringify(about) ?? "";
  return Object.entries(about)
    .filter(([, value]) => value !== undefined && value !== null)
    .map(([key, value]) => `${key}: ${typeof value === "string" ? value : JSON.stringify(value)}`)
    .join("\n");
}
