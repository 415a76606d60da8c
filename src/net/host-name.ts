/** One spelling for each host, and which of them are this machine. Looks nothing up. */

import { isIP } from "node:net";

/** The host in small letters, without brackets and final dot; IPv6 in its short form, IPv4 within IPv6 as IPv4. */
export function canonicalHost(host: string): string {
  const bare = host.replace(/^\[(.*)\]$/, "$1").toLowerCase();
  if (isIP(bare) !== 6) return bare.replace(/\.$/, "");
  // A zone ("%eth0") names a way out of this machine; such an address is left as it is.
  if (bare.includes("%")) return bare;
  const short = new URL(`http://[${bare}]`).hostname.slice(1, -1);
  const mapped = /^::ffff:([\da-f]{1,4}):([\da-f]{1,4})$/.exec(short);
  if (!mapped) return short;
  const [high, low] = [Number.parseInt(mapped[1]!, 16), Number.parseInt(mapped[2]!, 16)];
  return [high >> 8, high & 255, low >> 8, low & 255].join(".");
}

/**
 * Whether a canonical host is this machine: 127.0.0.0/8, ::1 and the one name `localhost`. A number that a resolver
 * might read as an address (`2130706433`, `127.1`) is a name here, and no name but that one is local.
 */
export function isLoopback(host: string): boolean {
  if (isIP(host) === 4) return host.startsWith("127.");
  return host === "localhost" || host === "::1";
}

/** `host:port`, with IPv6 in brackets, as messages and lists say it. */
export function hostAndPort(host: string, port: number | string): string {
  return `${host.includes(":") ? `[${host}]` : host}:${port}`;
}
