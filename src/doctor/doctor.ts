/** The contract of the doctor: what is found, what it can do, and what to do about it. */

/** Where a server may be, and why somebody thinks so. */
export interface Place {
  readonly url: string;
  /** Such as "Ollama's usual port" or "OLLAMA_HOST". */
  readonly why: string;
  readonly key?: string;
  /** Models that a config wants there. */
  readonly models?: readonly string[];
  /** Somebody named this very place: its models are asked whatever that may cost. */
  readonly isNamed?: true;
  /** Asking a model there may cost money. */
  readonly mayCost?: true;
}

export type Software =
  | "ollama"
  | "llama-server"
  | "vllm"
  | "lmstudio"
  | "sglang"
  | "litellm"
  | "pawl"
  | "openai-compatible"
  | "unknown";

/** A model as a server offers it. */
export interface ServedModel {
  readonly name: string;
  /** Of its weights, where the server says so; else of all that the server says about it. */
  readonly digest: string;
  /** Tokens of its context as the server claims it; `null` where it does not. */
  readonly context: number | null;
  /** Host that really answers, where the name stands for a cloud. */
  readonly remoteHost: string | null;
  /** It reads texts into vectors and does not answer. */
  readonly isEncoder: boolean;
}

export interface FoundServer {
  readonly place: Place;
  readonly software: Software;
  readonly version: string | null;
  readonly models: readonly ServedModel[];
  /** Why it cannot be asked: it wants a key, it is still loading, it is no model server. */
  readonly trouble: string | null;
}

/** What a probe found; `unknown` where it could not be found out, with the reason among the findings. */
export interface Capabilities {
  /** Whether an answer is held to a JSON schema that is sent. */
  readonly schema: "honoured" | "ignored" | "refused" | "unknown";
  readonly toolChoice: "honoured" | "ignored" | "refused" | "as text" | "unknown";
  /** Probabilities before the constraint, after it, after it whenever there is one, or none at all. */
  readonly logprobs: "raw" | "masked" | "missing" | "unknown";
  /** Two decimals or fewer. */
  readonly rounded: boolean | null;
  /** Most alternatives of a token that came back. */
  readonly topLogprobs: number | null;
  /** What happens to a prompt that does not fit. */
  readonly overlong: "refused" | "truncated" | "read" | "not tried" | "unknown";
  readonly thinking: "off" | "on" | "unknown";
  readonly usage: "given" | "missing" | "implausible" | "unknown";
  /** Whether the model answers by letters as well as by names: known answers right, of those asked. */
  readonly letters: { readonly right: number; readonly asked: number } | null;
  readonly names: { readonly right: number; readonly asked: number } | null;
  readonly systemone: boolean | null;
  readonly decisions: boolean | null;
  /** Whether the same question twice has the same numbers. */
  readonly repeatable: boolean | null;
}

/** Speed of short decisions: a text of some 60 tokens, an answer of one. */
export interface Speed {
  /** Milliseconds of one decision, nobody else asking: median. */
  readonly milliseconds: number;
  /** Decisions a second by how many were asked at once, in rising order. */
  readonly steps: readonly { readonly atOnce: number; readonly perSecond: number }[];
  /** Beyond this many at once, a tenth more is not gained. */
  readonly knee: number;
}

export type Level = "ok" | "note" | "warning" | "error";

/** One line: what was found, and what to do about it. */
export interface Finding {
  readonly level: Level;
  /** Server and model, or "this machine". */
  readonly about: string;
  readonly says: string;
  /** A command or a line of the config; `null` where nothing is to be done. */
  readonly fix: string | null;
}

export interface ExaminedModel {
  readonly server: string;
  readonly software: Software;
  readonly version: string | null;
  readonly model: ServedModel;
  readonly capabilities: Capabilities;
  readonly speed: Speed | null;
  /** Why a probe could not say. */
  readonly unknown: readonly { readonly probe: string; readonly why: string }[];
  /** Day on which it was probed, `YYYY-MM-DD`; `cached` where that was before this run. */
  readonly probed: string;
  readonly cached: boolean;
}

export interface Examination {
  readonly servers: readonly FoundServer[];
  readonly models: readonly ExaminedModel[];
  readonly findings: readonly Finding[];
  /** Seconds that finding the servers took. */
  readonly foundIn: number;
}
