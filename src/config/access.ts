/** Who may ask a server of ours: bearer tokens, and on this machine's own address no website that a browser happens to show. */

import { createHash, timingSafeEqual } from "node:crypto";
import { UsageError } from "../core/errors.ts";
import { shortHash } from "../core/hash.ts";
import { canonicalHost, isLoopback } from "../net/host-name.ts";
import { isKey } from "./serve.ts";

/** The keys of a list with commas, as `PAWL_SERVE_KEYS` has it. */
export function keysIn(list: string | undefined): readonly string[] {
  const keys = (list ?? "").split(",").map((key) => key.trim());
  return keys.filter((key) => key !== "");
}

/** Why a request is not answered. */
export interface Refusal {
  readonly code: "host_not_allowed" | "origin_not_allowed";
  readonly message: string;
}

/** The client of a request where no key is asked for. */
const anybody = "-";

export class Access {
  readonly #digests: readonly { readonly digest: Buffer; readonly client: string }[];
  readonly #isLocal: boolean;

  /** Throws a `UsageError` `E_SERVE_KEYS` where strangers could ask without a key, and for a key that is none. */
  constructor(keys: readonly string[], host: string) {
    if (!keys.every(isKey)) {
      throw new UsageError("E_SERVE_KEYS", "a key must have at least 16 plain signs and no space");
    }
    this.#digests = [...new Set(keys)].map((key) => ({ digest: digestOf(key), client: shortHash(key) }));
    this.#isLocal = isOwn(host);
    if (keys.length === 0 && !this.#isLocal) {
      const message = `${host} can be reached from other machines: set serve.keys or PAWL_SERVE_KEYS, or listen on 127.0.0.1`;
      throw new UsageError("E_SERVE_KEYS", message, { value: host });
    }
  }

  get needsKey(): boolean {
    return this.#digests.length > 0;
  }

  /** Why the request comes by a way that no client of ours takes; `null` where it does not. */
  foreign(request: Request): Refusal | null {
    if (!this.#isLocal) return null;
    // A website's own name may be made to point at this machine (DNS rebinding): then its host is what gives it away.
    const host = request.headers.get("host") ?? new URL(request.url).host;
    if (!isOwn(withoutPort(host))) {
      return { code: "host_not_allowed", message: "this server answers to localhost only" };
    }
    const origin = request.headers.get("origin");
    if (origin === null || isLocalOrigin(origin)) return null;
    return { code: "origin_not_allowed", message: "websites may not ask this server" };
  }

  /** Whose request it is: the same text for the same key; `null` for none of the keys. */
  clientOf(request: Request): string | null {
    if (this.#digests.length === 0) return anybody;
    const token = /^Bearer +(.+)$/i.exec(request.headers.get("authorization") ?? "")?.[1] ?? "";
    const given = digestOf(token.trim());
    // Every key is compared, each in the same time whatever it shares with the one given.
    let client: string | null = null;
    for (const known of this.#digests) if (timingSafeEqual(known.digest, given)) client = known.client;
    return client;
  }
}

/** Whether a host is this machine's own address, as the name to listen on or as a `Host` header says it. */
function isOwn(host: string): boolean {
  return isLoopback(canonicalHost(host));
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
