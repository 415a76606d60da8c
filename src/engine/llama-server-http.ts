/** One llama.cpp server by HTTP: every exchange bounded in time and size, every failure an error that names the host. */

import { setTimeout as sleep } from "node:timers/promises";
import { ModelError, messageOf, PawlError } from "../core/errors.ts";

export interface HostOptions {
  /** Longest silence within one exchange, in seconds. */
  readonly stuckSeconds: number;
  /** Longest wait for a server that is still loading its model, in seconds. */
  readonly loadSeconds: number;
  readonly apiKey?: string | undefined;
}

/** A JSON object that a server sent. Nothing in it is trusted before it is looked at. */
export interface Reply {
  readonly [key: string]: unknown;
}

type Read<T> = (path: string, response: Response, alive: () => void) => Promise<T>;

/** Far above any reply that Pawl asks for; what is larger is not from llama.cpp. */
const MOST_BYTES = 8 * 2 ** 20;
const LOADING_PAUSE = 200;

export class Host {
  /** Host and port, as messages say it. */
  readonly name: string;
  readonly #base: string;
  readonly #options: HostOptions;
  readonly #closing = new AbortController();

  constructor(url: URL, options: HostOptions) {
    this.name = url.host;
    // People paste the address that an OpenAI client wants; the server's own routes stand beside it.
    this.#base = url.origin + url.pathname.replace(/\/(v1\/?)?$/, "");
    this.#options = options;
  }

  /** Both give what `take` finds in the answer; where that is nothing, the answer is not what was asked for. */
  async get<T>(path: string, take: (reply: Reply) => T | undefined, signal?: AbortSignal): Promise<T> {
    return this.#found(path, take, await this.#patiently(path, undefined, signal, this.#json));
  }

  async post<T>(path: string, body: object, take: (reply: Reply) => T | undefined, signal?: AbortSignal): Promise<T> {
    return this.#found(path, take, await this.#patiently(path, body, signal, this.#json));
  }

  /** Posts and hands every event of the streamed answer on as it comes. Comments that keep a line open count as life. */
  async stream(path: string, body: object, take: (event: Reply) => void, signal?: AbortSignal): Promise<void> {
    await this.#patiently(path, body, signal, async (_, response, alive) => {
      let rest = "";
      for await (const text of this.#text(path, response, alive)) {
        const lines = (rest + text).split("\n");
        rest = lines.pop() ?? "";
        for (const line of lines) {
          if (!line.startsWith("data: ") || line.trimEnd() === "data: [DONE]") continue;
          const event = this.#parsed(path, line.slice("data: ".length));
          if ("error" in event) throw this.#refusal(path, event, response.status);
          try {
            take(event);
          } catch (failed) {
            throw failed instanceof PawlError ? failed : new CallerFailed("its caller failed", { cause: failed });
          }
        }
      }
    });
  }

  /** An answer of status 200 that is not what was asked for. */
  wrong(path: string, what: string): ModelError {
    return new ModelError("E_SERVER_REPLY", `${this.name} answered ${path} with ${what}`, { value: this.name });
  }

  /** Ends every exchange under way. */
  close(): void {
    this.#closing.abort();
  }

  /** Tries again while the server is loading its model, for as long as the options allow. */
  async #patiently<T>(
    path: string,
    body: object | undefined,
    signal: AbortSignal | undefined,
    read: Read<T>,
  ): Promise<T> {
    const until = performance.now() + this.#options.loadSeconds * 1000;
    for (;;) {
      try {
        return await this.#exchange(path, body, signal, read);
      } catch (thrown) {
        const loading = thrown instanceof ModelError && thrown.code === "E_SERVER_LOADING";
        if (!loading || performance.now() >= until) throw thrown;
      }
      await sleep(LOADING_PAUSE);
    }
  }

  async #exchange<T>(
    path: string,
    body: object | undefined,
    signal: AbortSignal | undefined,
    read: Read<T>,
  ): Promise<T> {
    signal?.throwIfAborted();
    const { stuckSeconds, apiKey } = this.#options;
    const exchange = new AbortController();
    const end = () => exchange.abort();
    let stuck = false;
    let answered = false;
    const clock = setTimeout(() => {
      stuck = true;
      end();
    }, stuckSeconds * 1000);
    signal?.addEventListener("abort", end, { once: true });
    this.#closing.signal.addEventListener("abort", end, { once: true });
    try {
      if (this.#closing.signal.aborted) end();
      const response = await fetch(this.#base + path, {
        method: body === undefined ? "GET" : "POST",
        headers: {
          ...(body === undefined ? {} : { "content-type": "application/json" }),
          ...(apiKey === undefined ? {} : { authorization: `Bearer ${apiKey}` }),
        },
        body: body === undefined ? null : JSON.stringify(body),
        // Followed, a redirect would send an item to a host that nobody named.
        redirect: "manual",
        signal: exchange.signal,
      });
      answered = true;
      const alive = () => void clock.refresh();
      alive();
      if (!response.ok) throw await this.#refused(path, response, alive);
      return await read(path, response, alive);
    } catch (thrown) {
      signal?.throwIfAborted();
      if (this.#closing.signal.aborted) throw new ModelError("E_ENGINE_CLOSED", "the engine was closed");
      if (stuck) {
        throw new ModelError("E_ENGINE_STUCK", `${this.name} was silent for ${stuckSeconds} s on ${path}`, {
          value: this.name,
        });
      }
      if (thrown instanceof CallerFailed) throw thrown.cause;
      if (thrown instanceof PawlError) throw thrown;
      // The platform's own patience with a silent server: 300 s, whatever is asked for.
      if (/UND_ERR_(HEADERS|BODY)_TIMEOUT/.test(reasonOf(thrown))) {
        throw new ModelError("E_ENGINE_STUCK", `${this.name} was silent for 300 s on ${path}`, { value: this.name });
      }
      const what = answered ? "broke its answer off" : "could not be reached";
      throw new ModelError("E_UNREACHABLE", `${this.name} ${what} (${reasonOf(thrown)})`, {
        value: this.name,
        cause: thrown,
      });
    } finally {
      clearTimeout(clock);
      signal?.removeEventListener("abort", end);
      this.#closing.signal.removeEventListener("abort", end);
      // What was not read to its end gives its connection back.
      end();
    }
  }

  #found<T>(path: string, take: (reply: Reply) => T | undefined, reply: Reply): T {
    const found = take(reply);
    if (found === undefined)
      throw this.wrong(path, `something else than was asked for: ${excerpt(JSON.stringify(reply))}`);
    return found;
  }

  readonly #json: Read<Reply> = async (path, response, alive) => {
    let text = "";
    for await (const piece of this.#text(path, response, alive)) text += piece;
    return this.#parsed(path, text);
  };

  async *#text(path: string, response: Response, alive: () => void): AsyncGenerator<string> {
    const decoder = new TextDecoder();
    let bytes = 0;
    for await (const chunk of response.body ?? []) {
      alive();
      bytes += chunk.byteLength;
      if (bytes > MOST_BYTES) throw this.wrong(path, `more than ${MOST_BYTES / 2 ** 20} MiB`);
      yield decoder.decode(chunk, { stream: true });
    }
  }

  #parsed(path: string, text: string): Reply {
    let value: unknown;
    try {
      value = JSON.parse(text);
    } catch {
      throw this.wrong(path, `what is not JSON: ${excerpt(text)}`);
    }
    if (typeof value !== "object" || value === null || Array.isArray(value)) {
      throw this.wrong(path, `what is not a JSON object: ${excerpt(text)}`);
    }
    return value as Reply;
  }

  async #refused(path: string, response: Response, alive: () => void): Promise<ModelError> {
    if (response.status === 503) {
      const message = `${this.name} is still loading its model after ${this.#options.loadSeconds} s (503)`;
      return new ModelError("E_SERVER_LOADING", message, { value: this.name });
    }
    let text = "";
    for await (const piece of this.#text(path, response, alive)) text += piece;
    let reply: Reply = {};
    try {
      reply = this.#parsed(path, text);
    } catch {
      // A proxy's page: the status says enough.
    }
    return this.#refusal(path, reply, response.status);
  }

  #refusal(path: string, reply: Reply, status: number): ModelError {
    const error = (reply.error ?? {}) as Reply;
    if (error.type === "exceed_context_size_error") {
      const value = { tokens: Number(error.n_prompt_tokens), limit: Number(error.n_ctx) };
      const message = `the prompt has ${value.tokens} tokens and ${this.name} has room for ${value.limit}`;
      return new ModelError("E_TOO_LONG", message, { value });
    }
    const said = typeof error.message === "string" ? `: ${excerpt(error.message)}` : "";
    return new ModelError("E_SERVER_STATUS", `${this.name} answered ${path} with ${error.code ?? status}${said}`, {
      value: this.name,
    });
  }
}

/** Whoever was shown a text failed at it: no fault of the server's. */
class CallerFailed extends Error {}

function excerpt(text: string): string {
  return text.length <= 200 ? text : `${text.slice(0, 200)}…`;
}

/** `fetch` says "fetch failed" and keeps the reason one or two causes further down. */
function reasonOf(thrown: unknown): string {
  const cause = thrown instanceof Error ? thrown.cause : undefined;
  if (cause === undefined) return messageOf(thrown);
  const code = (cause as { readonly code?: unknown }).code;
  return typeof code === "string" ? code : reasonOf(cause);
}
