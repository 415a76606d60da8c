/** What a model's answers depend on beside the question: for the version key, and for which earlier replies may serve. */

import { shortHash } from "../core/hash.ts";
import { canonicalJson, type Json } from "../core/json.ts";
import type { RemoteSettings, UpwardSettings } from "./remote-options.ts";
import type { Notes } from "./rung.ts";

/** Rises when questions are put in other words, or replies read in another way. */
const PROMPT_VERSION = "prompt-1";

/** Of a rung that asks upward, however it does. Neither key nor headers are in it. */
export class UpwardVersion {
  /** Decides replies and stands in no request's body. */
  readonly salt: string;
  readonly #fixed: string;
  readonly #note: string;

  /** `beside`: what else the rung is told that no other setting says, such as the server's whole address. */
  constructor(settings: UpwardSettings, beside: { readonly [name: string]: Json }) {
    const { name, host, model, quirks, logprobs, votes, maxTokens, redact, version } = settings;
    this.salt = canonicalJson({ ...beside, version });
    const parts = { ...beside, host, model, quirks, logprobs, votes, maxTokens, version, redact: [...(redact ?? [])] };
    this.#fixed = `${host}/${model} ${PROMPT_VERSION} ${shortHash(canonicalJson(parts))}`;
    // Two servers behind one host may have the same name on a ladder, and are two all the same.
    this.#note = `remote-model/${name}/${shortHash(canonicalJson(beside))}`;
  }

  /** The version key, with the model as the server named it last. */
  key(notes: Notes | undefined): string {
    return `${this.#fixed} ${notes?.get(this.#note) ?? ""}`;
  }

  /** Which model the server says it is: another one's numbers are other numbers. `null` where it does not say. */
  remember(notes: Notes, model: string | null): void {
    if (model !== null && notes.get(this.#note) !== model) notes.set(this.#note, model);
  }
}

/** Of a server that is asked at an address. */
export function versionAt(settings: RemoteSettings): UpwardVersion {
  const { vendor, url, wire } = settings;
  return new UpwardVersion(settings, { vendor, url, wire });
}
