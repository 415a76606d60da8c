/** Which hosts may be contacted. Pure. */

import { UsageError } from "../core/errors.ts";
import { canonicalHost, hostAndPort, isLoopback } from "./host-name.ts";

export interface EgressOptions {
  /** Refuses every host but this machine and those in `allow`. */
  readonly localOnly?: boolean;
  /** `host` or `host:port`; every port where none is named. No patterns: a name is that name. */
  readonly allow?: readonly string[];
}

export interface EgressRules {
  readonly localOnly: boolean;
  /** Canonical hosts, with or without a port. */
  readonly allowed: ReadonlySet<string>;
}

/** Throws a `UsageError` (`E_EGRESS`) for what is no list, and for an entry that is no host. */
export function egressRules({ localOnly = false, allow = [] }: EgressOptions): EgressRules {
  // A config may be plain JavaScript: what silently does not hold would be the worst that it could say.
  if (typeof localOnly !== "boolean") {
    throw new UsageError("E_EGRESS", "egress.localOnly must be true or false", { value: localOnly });
  }
  if (!Array.isArray(allow)) throw new UsageError("E_EGRESS", "egress.allow must be a list of hosts", { value: allow });
  return { localOnly, allowed: new Set(allow.map(entry)) };
}

function entry(text: unknown): string {
  if (typeof text !== "string") throw new UsageError("E_EGRESS", "egress.allow holds what is no text", { value: text });
  const match = /^(\[[\da-fA-F:.]+\]|[^\s:/@*?#\\[\]]+)(?::(\d{1,5}))?$/.exec(text);
  // An address of IPv6 may also stand without its brackets.
  const bare = match === null && /^[\da-fA-F:.]+$/.test(text) && URL.canParse(`http://[${text}]`) ? text : match?.[1];
  if (bare === undefined || !URL.canParse(`http://${bare.includes(":") ? `[${canonicalHost(bare)}]` : bare}`)) {
    const message = `egress.allow: "${text}" is no host; write api.example.com, or api.example.com:443`;
    throw new UsageError("E_EGRESS", message, { value: text });
  }
  const host = canonicalHost(bare);
  return match?.[2] === undefined ? host : hostAndPort(host, match[2]);
}

/** Whether a host may be contacted by these rules. Names are compared as they are written; nothing is looked up. */
export function mayContact(rules: EgressRules, host: string, port: number | string): boolean {
  if (!rules.localOnly) return true;
  const name = canonicalHost(host);
  return isLoopback(name) || rules.allowed.has(name) || rules.allowed.has(hostAndPort(name, port));
}
