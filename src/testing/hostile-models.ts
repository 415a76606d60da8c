/** What the hostile server says of itself: its models, in the words of OpenAI's and Ollama's routes. */

import type { Json } from "../core/json.ts";
import type { WireName } from "../wire/wire.ts";
import type { HostileFaultName } from "./hostile-faults.ts";

interface Self {
  readonly model: string;
  readonly wire?: WireName;
  readonly fault?: HostileFaultName;
}

/** The reply to a question about the server; `null` for every other path. */
export function aboutModels(path: string, { model, wire, fault }: Self): Json {
  const cloud =
    fault === "cloud proxy" ? { remote_host: "https://cloud.invalid:443", remote_model: `${model}-cloud` } : {};
  const size = fault === "cloud proxy" ? 384 : 98_362_432;
  const details = { format: "gguf", family: "hostile", parameter_size: "135M", quantization_level: "Q4_1" };
  if (wire !== undefined && (wire === "ollama") !== path.startsWith("/api/")) return null;
  switch (path) {
    case "/v1/models":
      return { object: "list", data: [{ id: model, object: "model", created: 0, owned_by: "hostile" }] };
    case "/api/version":
      return { version: "0.35.0" };
    case "/api/tags":
      return { models: [{ name: model, model, size, digest: "0".repeat(64), details, ...cloud }] };
    case "/api/show":
      return { details, model_info: {}, capabilities: ["completion", "tools"], ...cloud };
    default:
      return null;
  }
}
