/** Finds what a `$ref` points at inside one schema. Nothing is ever fetched. */

import type { JsonSchema } from "../core/schema.ts";
import { isSchema, unsupported } from "./keywords.ts";

export class References {
  readonly #root: JsonSchema;
  /** The name that the schema gives itself, without the empty fragment. */
  readonly #own: string;

  constructor(root: JsonSchema) {
    this.#root = root;
    this.#own = String(root.$id ?? root.id ?? "").replace(/#$/, "");
  }

  /** Throws `E_SCHEMA_UNSUPPORTED` where it is remote or leads nowhere. */
  find(reference: unknown, path: string): unknown {
    const text = String(reference);
    const local = this.#own !== "" && text.startsWith(`${this.#own}#`) ? text.slice(this.#own.length) : text;
    if (!local.startsWith("#")) throw unsupported(path, "$ref", `${text} is not in the schema`);
    const found = local === "#" || local.startsWith("#/") ? this.#pointed(local) : anchored(this.#root, local);
    if (found === undefined) throw unsupported(path, "$ref", `${text} is not there`);
    return found;
  }

  #pointed(pointer: string): unknown {
    let at: unknown = this.#root;
    for (const part of pointer.split("/").slice(1)) {
      const key = decodeURIComponent(part).replaceAll("~1", "/").replaceAll("~0", "~");
      at = at !== null && typeof at === "object" && Object.hasOwn(at, key) ? (at as JsonSchema)[key] : undefined;
    }
    return at;
  }
}

/** The schema that calls itself by this name, `#` included. */
function anchored(at: unknown, name: string): unknown {
  if (Array.isArray(at)) return at.map((inner) => anchored(inner, name)).find((found) => found !== undefined);
  if (!isSchema(at)) return undefined;
  if (`#${String(at.$anchor)}` === name || at.$id === name || at.id === name) return at;
  return anchored(Object.values(at), name);
}
