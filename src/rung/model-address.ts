/** Models that a ladder names by the address of a llama.cpp server, or of several that have the same model. */

import { UsageError } from "../core/errors.ts";

/** The addresses, or `null` where a model's name or the path of a file stands there. A list holds addresses only. */
export function addressesOf(model: string | readonly string[]): readonly URL[] | null {
  const texts = typeof model === "string" ? [model] : model;
  const servers = texts
    .map((text) => URL.parse(text))
    .filter((url): url is URL => url !== null && /^https?:$/.test(url.protocol));
  if (servers.length > 0 && servers.length === texts.length) return servers;
  if (typeof model === "string") return null;
  throw new UsageError("E_CONFIG", `model([${texts}]) takes the addresses of servers, such as http://gpu-box:8080`);
}

/**
 * Whether items stay on this machine. Only a loopback address says so: behind any other name, one's own box included,
 * the text leaves it, and "local means local" (product.md, rule 7).
 */
export function isLoopback({ hostname }: URL): boolean {
  return hostname === "localhost" || hostname === "[::1]" || /^127(\.\d+){3}$/.test(hostname);
}
