/** Who may ask: bearer tokens, and on this machine's own address no website that a browser happens to show. */

import { createHash, timingSafeEqual } from "node:crypto";
import { UsageError } from "../core/errors.ts";
import { shortHash } from "../core/hash.ts";
import { canonicalHost, isLoopback } from "../net/host-name.ts";
import { Problem } from "./problem.ts";

/** Whether a host is this machine's own address, as the name to listen on or as a `Host` header says it. */
function isOwn(host: string): boolean {
  return isLoopback(canonicalHost(host));
}

/** The client of a request where no key is asked for. */
const anybody = "-";

export class Security {
  readonly #digests: readonly { readonly digest: Buffer; readonly client: string }[];
  readonly #isLocal: boolean;

  /** Throws a `UsageError` `E_SERVE_KEYS` where strangers could ask without a key. */
  constructor(keys: readonly string[], host: string) {
    this.#digests = keys.map((key) => ({ digest: digestOf(key), client: shortHash(key) }));
    this.#isLocal = isOwn(host);
    if (keys.length === 0 && !this.#isLocal) {
      const message = `${host} can be reached from other machines: set serve.keys or PAWL_SERVE_KEYS, or listen on 127.0.0.1`;
      throw new UsageError("E_SERVE_KEYS", message, { value: host });
    }
  }

  get needsKey(): boolean {
    return this.#digests.length > 0;
  }

  /** Throws a `Problem` where the request comes by a way that no client of ours takes. */
  refuseForeign(request: Request): void {
    if (!this.#isLocal) return;
    // A website's own name may be made to point at this machine (DNS rebinding): then its host is what gives it away.
    const host = request.headers.get("host") ?? new URL(request.url).host;
    if (!isOwn(withoutPort(host))) {
      throw new Problem(403, "host_not_allowed", "this gateway answers to localhost only");
    }
    const origin = request.headers.get("origin");
    if (origin !== null && !isLocalOrigin(origin)) {
      throw new Problem(403, "origin_not_allowed", "websites may not ask this gateway");
    }
  }

  /** Whose request it is: the same text for the same key. Throws a `Problem` 401 for none of the keys. */
  clientOf(request: Request): string {
    if (this.#digests.length === 0) return anybody;
    const token = /^Bearer +(.+)$/i.exec(request.headers.get("authorization") ?? "")?.[1] ?? "";
    const given = digestOf(token.trim());
    // Every key is compared, each in the same time whatever it shares with the one given.
    let client: string | null = null;
    for (const known of this.#digests) if (timingSafeEqual(known.digest, given)) client = known.client;
    if (client !== null) return client;
    throw new Problem(401, "invalid_api_key", "a bearer token that this gateway knows is needed", {
      headers: { "www-authenticate": "Bearer" },
    });
  }
}

function digestOf(key: string): Buffer {
  return createHash("sha256").update(key).digest();
}

function withoutPort(host: string): string {
  return host.replace(/:\d*$/, "");
}

function isLocalOrigin(origin: string): boolean {
  return URL.canParse(origin) && isOwn(new URL(origin).hostname);
}
