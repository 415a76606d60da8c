/**
 * A llama.cpp server without a model, for tests: every letter is a token, what follows is made up from the letters
 * before, and it can be told to misbehave. What it was asked is kept.
 */

import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";

export interface Asked {
  readonly path: string;
  readonly body: { readonly [key: string]: unknown };
  readonly headers: IncomingMessage["headers"];
}

export interface Fake {
  slots: number;
  context: number;
  alias: string;
  template: (messages: readonly { role: string; content: string }[]) => string;
  /** Weighs tokens that were lifted, as a real server does after sampling. */
  lifts: boolean;
  /** Raw log-probabilities show a bias, as they should not; or nothing does, as it should. */
  bias: "honest" | "shown" | "ignored";
  /** Log-probabilities are taken after the grammar, as some servers do. */
  masks: boolean;
  keepsGrammar: boolean;
  /** What is written without a grammar, and with one. */
  text: string;
  value: string;
  milliseconds: number;
  /** Answers in the server's place where it returns true. */
  fault: ((asked: Asked, response: ServerResponse) => boolean | Promise<boolean>) | undefined;
  readonly asked: Asked[];
  /** Requests that are being answered now, and the most there were of them. */
  running: number;
  mostRunning: number;
  /** Requests whose client left before the answer. */
  abandoned: number;
}

export interface FakeServer extends AsyncDisposable {
  readonly url: string;
  readonly host: string;
  readonly fake: Fake;
}

const VOCABULARY = 128;

/** Natural log-probability of each token behind a prompt: some letters are likelier after some others. */
export function truth(prompt: readonly number[]): number[] {
  const seed = prompt.reduce((sum, token, at) => (sum * 31 + token * (at + 1)) % 9973, 7);
  const logits = Array.from({ length: VOCABULARY }, (_, token) => ((seed * (token + 3) * 7919) % 997) / 80);
  const total = logits.reduce((sum, logit) => sum + Math.exp(logit), 0);
  return logits.map((logit) => logit - Math.log(total));
}

export function tokensOf(content: string): number[] {
  return [...content].map((letter) => letter.codePointAt(0)! % VOCABULARY);
}

export async function startFake(settings: Partial<Fake> = {}): Promise<FakeServer> {
  const fake: Fake = {
    slots: 2,
    context: 600,
    alias: "fake",
    template: (messages) =>
      `${messages.map(({ role, content }) => `<${role}>${content}</${role}>`).join("")}<assistant>`,
    lifts: true,
    bias: "honest",
    masks: false,
    keepsGrammar: true,
    text: "A text, written.",
    value: 'word"',
    milliseconds: 0,
    fault: undefined,
    asked: [],
    running: 0,
    mostRunning: 0,
    abandoned: 0,
    ...settings,
  };
  const server = createServer(async (request, response) => {
    const sent = await text(request);
    const asked = { path: request.url!, body: sent === "" ? {} : JSON.parse(sent), headers: request.headers };
    fake.asked.push(asked);
    response.on("close", () => {
      if (!response.writableFinished) fake.abandoned++;
    });
    if (await fake.fault?.(asked, response)) return;
    if (asked.path === "/completion") {
      fake.mostRunning = Math.max(fake.mostRunning, ++fake.running);
      await new Promise((resolve) => setTimeout(resolve, fake.milliseconds));
      fake.running--;
    }
    const answer = answerTo(fake, asked);
    if (answer === undefined)
      return void response.writeHead(404).end('{"error":{"code":404,"message":"no such page"}}');
    if (!Array.isArray(answer)) return void response.end(JSON.stringify(answer));
    response.writeHead(200, { "content-type": "text/event-stream" });
    response.end(answer.map((event) => `data: ${JSON.stringify(event)}\n\n`).join(""));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  const dispose = async () => {
    server.closeAllConnections();
    if (server.listening) await new Promise((resolve) => server.close(resolve));
  };
  return { url: `http://${host}`, host, fake, [Symbol.asyncDispose]: dispose };
}

function answerTo(fake: Fake, { path, body }: Asked): object | undefined {
  switch (path) {
    case "/props":
      return {
        default_generation_settings: { n_ctx: fake.context },
        total_slots: fake.slots,
        model_path: "/models/fake.gguf",
        build_info: "b1",
        chat_template: "fake",
      };
    case "/v1/models":
      return { data: [{ id: fake.alias, meta: { n_vocab: VOCABULARY, size: 1000 } }] };
    case "/tokenize":
      return { tokens: tokensOf(body.content as string) };
    case "/apply-template":
      return { prompt: fake.template(body.messages as { role: string; content: string }[]) };
    case "/completion":
      return completion(fake, body);
    default:
      return undefined;
  }
}

function completion(fake: Fake, body: Asked["body"]): object {
  const prompt = body.prompt as number[];
  const bias = new Map(body.logit_bias as [number, number][] | undefined);
  const end = { truncated: false, model: fake.alias, timings: { prompt_n: 1 } };
  if (body.stream !== true) {
    if (body.n_predict === 0) return { ...end, content: "", stop_type: "limit" };
    const after = body.post_sampling_probs === true;
    if (after && !fake.lifts) return { ...end, content: "", stop_type: "limit" };
    const logp = truth(prompt);
    const biased = fake.bias === "shown" || (after && fake.bias === "honest");
    const weights = logp.map((value, token) => (biased ? value + (bias.get(token) ?? 0) : value));
    const most = Math.max(...weights);
    const total = weights.reduce((sum, value) => sum + Math.exp(value - most), 0);
    const entries = weights
      .map((value, id) => ({ id, bytes: [id], value }))
      .toSorted((a, b) => b.value - a.value)
      .slice(0, body.n_probs as number)
      .map(({ id, bytes, value }) =>
        after
          ? { id, bytes, prob: Math.exp(value - most) / total }
          : { id, bytes, logprob: value - most - Math.log(total) },
      );
    const list = after ? { top_probs: entries } : { top_logprobs: entries };
    return { ...end, content: "a", stop_type: "limit", completion_probabilities: [{ id: 97, ...list }] };
  }
  const grammar = body.grammar as string | undefined;
  const probe = grammar === 'root ::= "qzx"';
  const whole = !fake.keepsGrammar || grammar === undefined ? fake.text : probe ? "qzx" : fake.value;
  const stops = ((body.stop as string[] | undefined) ?? []).map((stop) => whole.indexOf(stop)).filter((at) => at >= 0);
  const letters = [...whole.slice(0, Math.min(whole.length, ...stops))];
  const said = letters.slice(0, body.n_predict as number);
  const events = said.map((letter, at) => {
    const [id] = tokensOf(letter);
    const logp =
      grammar !== undefined && fake.masks ? 0 : truth([...prompt, ...tokensOf(said.slice(0, at).join(""))])[id!];
    return {
      content: letter,
      tokens: [id],
      tokens_predicted: at + 1,
      completion_probabilities: [{ id, logprob: logp }],
    };
  });
  const stop_type = said.length < letters.length ? "limit" : stops.length > 0 ? "word" : "limit";
  const ended = said.length === letters.length && stops.length === 0;
  if (!ended) return [...events, { ...end, content: "", stop_type, tokens_predicted: said.length }];
  const eos = {
    content: "",
    tokens: [0],
    tokens_predicted: said.length + 1,
    completion_probabilities: [{ id: 0, logprob: -1 }],
  };
  return [...events, eos, { ...end, content: "", stop_type: "eos", tokens_predicted: said.length + 1 }];
}
