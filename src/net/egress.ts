/**
 * What leaves this machine: every host that this process connects to is on record, and in local-only mode no other than
 * this machine is connected to, before a name is looked up or a packet sent.
 *
 * `fetch`, `http`, `https`, `tls`, `net` and web sockets all go through one function of the platform,
 * `net.Socket.prototype.connect`: it is wrapped while a guard is open, and put back after. `dns.lookup` is wrapped too,
 * because a look-up is a packet. Not seen: child processes and worker threads, UDP, `dns.resolve`, native add-ons, and
 * what a server on this machine does with what it is given (a local proxy, a local name for a cloud's model).
 */

import dns from "node:dns";
import { syncBuiltinESMExports } from "node:module";
import net from "node:net";
import { UsageError } from "../core/errors.ts";
import { type EgressOptions, type EgressRules, egressRules, mayContact } from "./egress-rules.ts";
import { canonicalHost, hostAndPort, isLoopback } from "./host-name.ts";

/** A host that is not this machine. */
export interface ContactedHost {
  /** Host and port, as they were named, not looked up. */
  readonly host: string;
  /** Connections that were begun, whoever began them. One may carry many requests. */
  readonly connections: number;
  /** Requests, connections and look-ups that were refused. */
  readonly refused: number;
}

export interface EgressGuard extends Disposable {
  readonly localOnly: boolean;
  /** Hosts since the guard was opened, by name. */
  contacted(): readonly ContactedHost[];
}

interface Open {
  readonly rules: EgressRules;
  readonly met: (host: string) => void;
  readonly hosts: Map<string, { connections: number; refused: number }>;
}

/** Thrown by, and emitted from, whatever tried to connect. */
export class HostNotAllowed extends UsageError {
  constructor(host: string) {
    super("E_HOST_NOT_ALLOWED", `${host} may not be contacted in local-only mode: ${allowing(host)}`, { value: host });
  }
}

/** The line of the config that would let a host through. */
export function allowing(host: string): string {
  return `add egress: { allow: ["${host}"] } to the config`;
}

const guards = new Set<Open>();
let restore: (() => void) | null = null;

/**
 * Guards this process until it is disposed. Where several are open, a host must be allowed by each. Throws a
 * `UsageError` (`E_EGRESS`) for a list that holds what is no host. `met` is told each host once, when it is first
 * contacted or refused; it must not throw.
 */
export function guardEgress(options: EgressOptions = {}, met: (host: string) => void = () => {}): EgressGuard {
  const open: Open = { rules: egressRules(options), met, hosts: new Map() };
  guards.add(open);
  restore ??= hook();
  return {
    localOnly: open.rules.localOnly,
    contacted: () =>
      [...open.hosts].map(([host, counts]) => ({ host, ...counts })).sort((a, b) => (a.host < b.host ? -1 : 1)),
    [Symbol.dispose]() {
      guards.delete(open);
      if (guards.size > 0) return;
      restore?.();
      restore = null;
    },
  };
}

/** Whether the guards that are open let a host be contacted; asks nobody and records nothing. */
export function isAllowed(host: string, port: number | string): boolean {
  return [...guards].every(({ rules }) => mayContact(rules, host, port));
}

/** Whether a host must not be contacted, for those who ask before they try. That they wanted to is on record. */
export function isRefused(host: string, port: number | string): boolean {
  return admit(host, port, false) !== null;
}

/** Records a connection that is about to be begun. Gives the error where it must not be. */
function admit(host: string, port: number | string, isConnection: boolean): HostNotAllowed | null {
  const allowed = isAllowed(host, port);
  if (!isLoopback(canonicalHost(host)) && (isConnection || !allowed)) {
    const name = hostAndPort(canonicalHost(host), port);
    for (const { hosts, met } of guards) {
      const known = hosts.get(name);
      const counts = known ?? { connections: 0, refused: 0 };
      if (allowed) counts.connections++;
      else counts.refused++;
      hosts.set(name, counts);
      if (!known) met(name);
    }
  }
  return allowed ? null : new HostNotAllowed(hostAndPort(canonicalHost(host), port));
}

/** Where `Socket.connect` was asked to go, as the platform reads its arguments; `null` for a socket of this machine. */
function targetOf(given: readonly unknown[]): { readonly host: string; readonly port: string } | null {
  // `net.connect` and `tls.connect` read their arguments first and hand them on as one list.
  const [first, second] = Array.isArray(given[0]) ? (given[0] as readonly unknown[]) : given;
  if (typeof first === "object" && first !== null) {
    const { path, host, port } = first as { readonly path?: unknown; readonly host?: unknown; readonly port?: unknown };
    return path ? null : { host: String(host || "localhost"), port: String(port) };
  }
  // A text that is no number is the path of a local socket.
  if (typeof first === "string" && !(Number(first) >= 0)) return null;
  return { host: typeof second === "string" && second !== "" ? second : "localhost", port: String(first) };
}

function hook(): () => void {
  const { connect } = net.Socket.prototype;
  net.Socket.prototype.connect = function (this: net.Socket, ...given: unknown[]): net.Socket {
    const target = targetOf(given);
    const refused = target && admit(target.host, target.port, true);
    // A look-up that fails at once, of a name that is none: the platform tells it as it tells every such failure.
    if (refused) {
      const nowhere: net.TcpSocketConnectOpts = {
        host: "refused.invalid",
        port: 1,
        lookup: (_name, _options, done) => done(refused, ""),
      };
      return Reflect.apply(connect, this, [nowhere]) as net.Socket;
    }
    return Reflect.apply(connect, this, given) as net.Socket;
  } as typeof connect;

  const { lookup } = dns;
  const { lookup: promised } = dns.promises;
  dns.lookup = Object.assign(
    (...given: unknown[]): unknown => {
      const refused = refusedLookUp(given[0]);
      const done = given.at(-1);
      if (refused && typeof done === "function") return void process.nextTick(() => done(refused));
      return Reflect.apply(lookup, dns, given) as unknown;
    },
    // `util.promisify` finds the form that gives an object here.
    { __promisify__: lookup.__promisify__ },
  ) as typeof lookup;
  dns.promises.lookup = (async (...given: unknown[]): Promise<unknown> => {
    const refused = refusedLookUp(given[0]);
    if (refused) throw refused;
    return await (Reflect.apply(promised, dns.promises, given) as Promise<unknown>);
  }) as typeof promised;
  syncBuiltinESMExports();

  return () => {
    net.Socket.prototype.connect = connect;
    dns.lookup = lookup;
    dns.promises.lookup = promised;
    syncBuiltinESMExports();
  };
}

/** A look-up has no port: it is let through where any port of the host would be. */
function refusedLookUp(host: unknown): HostNotAllowed | null {
  if (typeof host !== "string" || host === "" || net.isIP(host) !== 0) return null;
  const somePort = [...guards].every(({ rules }) => {
    const ports = [...rules.allowed].map((name) => name.slice(name.lastIndexOf(":") + 1));
    return ["", ...ports].some((port) => mayContact(rules, host, port));
  });
  return somePort ? null : admit(host, "", false);
}
