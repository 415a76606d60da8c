/** Who may ask, said as the gateway says what is wrong. */

import { Access } from "../config/access.ts";
import { Problem } from "./problem.ts";

export class Security {
  readonly #access: Access;

  /** Throws a `UsageError` `E_SERVE_KEYS` where strangers could ask without a key, and for a key that is none. */
  constructor(keys: readonly string[], host: string) {
    this.#access = new Access(keys, host);
  }

  get needsKey(): boolean {
    return this.#access.needsKey;
  }

  /** Throws a `Problem` where the request comes by a way that no client of ours takes. */
  refuseForeign(request: Request): void {
    const refusal = this.#access.foreign(request);
    if (refusal) throw new Problem(403, refusal.code, refusal.message);
  }

  /** Whose request it is: the same text for the same key. Throws a `Problem` 401 for none of the keys. */
  clientOf(request: Request): string {
    const client = this.#access.clientOf(request);
    if (client !== null) return client;
    throw new Problem(401, "invalid_api_key", "a bearer token that this gateway knows is needed", {
      headers: { "www-authenticate": "Bearer" },
    });
  }
}
