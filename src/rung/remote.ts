/** A model on any server as a rung. */

import { type RemoteOptions, remoteSettings } from "./remote-options.ts";
import { RemoteRung } from "./remote-rung.ts";
import type { Rung } from "./rung.ts";

export type { RemoteOptions } from "./remote-options.ts";

/**
 * A rung over a model on a server: by its vendor (`remote("openai", "gpt-6-luna")`, `remote("ollama", "qwen3:4b")`) or by
 * an address (`remote("http://gpu-box:8000", "qwen", { vendor: "vllm" })`). It counts as local only where the address is
 * this machine's own. Throws a `UsageError` (`E_CONFIG`).
 */
export function remote(vendorOrUrl: string, model: string, options: RemoteOptions = {}): Rung {
  return new RemoteRung(remoteSettings(vendorOrUrl, model, options));
}
