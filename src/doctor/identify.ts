/** Who answers at a place: every known server is told by a route that only it has. */

import { shortHash } from "../core/hash.ts";
import { listOf as everyIn, type Fields, fieldsOf } from "../wire/fields.ts";
import type { FoundServer, Place, ServedModel, Software } from "./doctor.ts";

/** A JSON answer, its status, or nothing where nobody answered in time. */
export interface Knock {
  readonly status: number;
  readonly body: unknown;
}

/** Asks one route; never rejects. */
export type Ask = (path: string) => Promise<Knock | null>;

/** Who is there, with its models; `null` where nobody answers at all. */
export async function identify(place: Place, ask: Ask): Promise<FoundServer | null> {
  const paths = ["/v1/models", "/api/version", "/props", "/version", "/api/v0/models", "/get_model_info", "/readyz"];
  const answers = await Promise.all(paths.map(ask));
  if (answers.every((answer) => answer === null)) return null;
  const [models, ollama, props, version, lmstudio, sglang, ready] = answers.map((answer) => answer ?? nobody);
  const found = (software: Software, said: unknown, served: readonly ServedModel[]): FoundServer => ({
    place,
    software,
    version: typeof said === "string" ? said : null,
    models: served,
    trouble: troubleOf(software, answers),
  });
  if (isOk(ollama) && "version" in fieldsOf(ollama.body)) {
    const tags = await ask("/api/tags");
    return found("ollama", fieldsOf(ollama.body).version, ollamaModels(tags?.body));
  }
  if (isOk(props) && "default_generation_settings" in fieldsOf(props.body))
    return found("llama-server", fieldsOf(props.body).build_info, llamaModels(props.body, models?.body));
  if (isOk(lmstudio) && listOf(lmstudio.body).length > 0) return found("lmstudio", null, lmStudioModels(lmstudio.body));
  if (isOk(sglang) && "model_path" in fieldsOf(sglang.body)) return found("sglang", null, plainModels(models?.body));
  const owners = new Set(listOf(models?.body).map((model) => model.owned_by));
  if (owners.has("pawl")) return found("pawl", fieldsOf(ready?.body).version, plainModels(models?.body));
  if (isOk(version) && (owners.has("vllm") || typeof fieldsOf(version.body).version === "string"))
    return found("vllm", fieldsOf(version.body).version, plainModels(models?.body));
  if (isOk(models) && listOf(models.body).length > 0) {
    const lite = await ask("/health/liveliness");
    return found(isOk(lite ?? nobody) ? "litellm" : "openai-compatible", null, plainModels(models.body));
  }
  return found("unknown", null, []);
}

const nobody: Knock = { status: 0, body: null };

function isOk(answer: Knock | undefined): answer is Knock {
  return answer?.status === 200;
}

/** Why its models cannot be asked. Other routes may be open where that of the models wants a key. */
function troubleOf(software: Software, [models, ...others]: readonly (Knock | null)[]): string | null {
  const wantsKey = (answer: Knock | null | undefined) => answer?.status === 401 || answer?.status === 403;
  const isThere = [models, ...others].some((answer) => answer?.status === 200);
  if (wantsKey(models) || (!isThere && others.some(wantsKey))) return "it wants a key";
  if (!isThere && [models, ...others].some((answer) => answer?.status === 503)) return "it is still loading its model";
  return software === "unknown" ? "it answers HTTP, and none of the routes of a model server" : null;
}

/** Ollama says a cloud behind a name by `remote_host`, and by the tag `-cloud`. */
function ollamaModels(body: unknown): ServedModel[] {
  return arrayIn(fieldsOf(body).models).map((model) => {
    const name = text(model.name) ?? text(model.model) ?? "";
    const details = fieldsOf(model.details);
    return {
      name,
      digest: text(model.digest) ?? shortHash(JSON.stringify(model)),
      context: null,
      remoteHost: text(model.remote_host) ?? (/[-:]cloud$/.test(name) ? "a cloud, by its name" : null),
      isEncoder: /bert|embed/.test(`${text(details.family)} ${name}`),
    };
  });
}

function llamaModels(props: unknown, models: unknown): ServedModel[] {
  const { model_alias, model_path, default_generation_settings } = fieldsOf(props);
  const context = number(fieldsOf(default_generation_settings).n_ctx);
  const [listed] = listOf(models);
  const name = text(listed?.id) ?? text(model_alias) ?? text(model_path) ?? "default";
  // It tells no hash of its weights: their number and size are nearly one.
  const digest = shortHash(JSON.stringify([model_path, listed?.meta ?? null]));
  return [{ name, digest, context, remoteHost: null, isEncoder: false }];
}

function lmStudioModels(body: unknown): ServedModel[] {
  return listOf(body).map((model) => ({
    name: text(model.id) ?? "",
    digest: shortHash(JSON.stringify([model.id, model.quantization, model.publisher, model.arch])),
    context: number(model.loaded_context_length) ?? number(model.max_context_length),
    remoteHost: null,
    isEncoder: model.type === "embeddings",
  }));
}

function plainModels(body: unknown): ServedModel[] {
  return listOf(body).map((model) => ({
    name: text(model.id) ?? "",
    digest: shortHash(JSON.stringify([model.id, model.root ?? null])),
    context: number(model.max_model_len),
    remoteHost: null,
    isEncoder: /embed/.test(text(model.id) ?? ""),
  }));
}

function arrayIn(value: unknown): readonly Fields[] {
  return everyIn(value).map(fieldsOf);
}

function listOf(body: unknown): readonly Fields[] {
  return arrayIn(fieldsOf(body).data);
}

function text(value: unknown): string | null {
  return typeof value === "string" && value !== "" ? value : null;
}

function number(value: unknown): number | null {
  return typeof value === "number" && value > 0 ? value : null;
}
