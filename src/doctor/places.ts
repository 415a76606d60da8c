/** Where model servers may be: where the config says, what the environment names, their default ports on this machine. */

import { canonicalHost, isLoopback } from "../net/host-name.ts";
import type { Rung } from "../rung/rung.ts";
import { hostedVendorAt } from "../wire/quirks.ts";
import type { Place } from "./doctor.ts";

/** Default ports, from each server's own documentation. */
const usual: readonly (readonly [port: number, whose: string])[] = [
  [11434, "Ollama's usual port"],
  [8080, "llama.cpp's usual port"],
  [8000, "vLLM's usual port"],
  [1234, "LM Studio's usual port"],
  [30000, "SGLang's usual port"],
  [4000, "LiteLLM's usual port"],
  [1337, "Jan's usual port"],
  [8787, "Pawl's own gateway"],
];

/** Variables that hold an address; with the variable of the key that goes there. */
const variables: readonly (readonly [address: string, key: string | null])[] = [
  ["OLLAMA_HOST", "OLLAMA_API_KEY"],
  ["OPENAI_BASE_URL", "OPENAI_API_KEY"],
  ["LLAMA_SERVER_URL", "LLAMA_API_KEY"],
  ["VLLM_BASE_URL", "VLLM_API_KEY"],
  ["LMSTUDIO_BASE_URL", "LMSTUDIO_API_KEY"],
  ["PAWL_SERVER_URL", "PAWL_SERVER_KEY"],
];

/**
 * Every place to knock at, each address once: where the config's rungs are, what the environment names, the usual
 * ports. A hosted vendor's own address is none of them. `priced`: names of rungs that the config has a price for.
 */
export function places(
  environment: NodeJS.ProcessEnv,
  rungs: readonly Rung[] = [],
  priced: ReadonlySet<string> = new Set(),
  ports: readonly number[] = usual.map(([port]) => port),
): Place[] {
  const found = new Map<string, Place>();
  for (const { name, server } of rungs) {
    const url = addressIn(server?.url);
    if (!server || url === null || hostedVendorAt(url)) continue;
    const before = found.get(url);
    const models = [...(before?.models ?? []), server.model];
    const isPriced = server.isPriced || priced.has(name) || before?.mayCost === true;
    found.set(url, { ...placeAt(url, before?.why ?? name, before?.key ?? server.key, isPriced), models });
  }
  for (const [name, keyName] of variables) {
    const url = addressIn(environment[name]);
    const key = keyName === null ? undefined : environment[keyName];
    if (url !== null && !hostedVendorAt(url) && !found.has(url)) found.set(url, placeAt(url, name, key ?? null, false));
  }
  for (const port of ports) {
    const url = `http://127.0.0.1:${port}`;
    const why = usual.find(([one]) => one === port)?.[1] ?? `port ${port}`;
    if (!found.has(url)) found.set(url, { url, why });
  }
  return [...found.values()];
}

/** Whoever takes a key and is not on this machine may take money too. */
function placeAt(url: string, why: string, key: string | null, isPriced: boolean): Place {
  const mayCost = isPriced || (key !== null && key !== "" && !isLoopback(canonicalHost(new URL(url).hostname)));
  return { url, why, ...(key && { key }), ...(mayCost && { mayCost: true }) };
}

/**
 * An address as people write it: `gpu-box`, `0.0.0.0:11434`, `http://gpu-box:8000/v1`. Ollama's own port where a bare
 * host names none, because that is what its variable means. `null` for what is no address.
 */
export function addressIn(text: string | undefined): string | null {
  const said = text?.trim() ?? "";
  if (said === "") return null;
  const url = URL.parse(/^https?:\/\//.test(said) ? said : `http://${said}`);
  if (!url?.hostname) return null;
  // What listens on all interfaces is asked on the loopback one.
  if (url.hostname === "0.0.0.0" || url.hostname === "[::]") url.hostname = "127.0.0.1";
  const isBare = !/^https?:\/\//.test(said) && !/:\d+/.test(said);
  if (isBare) url.port = "11434";
  if (url.hostname === "localhost") url.hostname = "127.0.0.1";
  return url.origin + url.pathname.replace(/\/(v1\/?)?$/, "");
}
