/** The engine's own process: one model, one request at a time. Forked by process.ts; ends with its parent. */

import { ModelError } from "../core/errors.ts";
import { ChatModel } from "./chat-model.ts";
import { EncoderModel } from "./encoder-model.ts";
import type { Pass } from "./pass.ts";
import { type CallName, type Calls, type ToChild, type ToParent, toWire } from "./protocol.ts";

type Handlers = { readonly [Name in CallName]: (sent: Calls[Name][0], pass: Pass) => Promise<Calls[Name][1]> };

let model: ChatModel | EncoderModel | undefined;

function chat(): ChatModel {
  if (model instanceof ChatModel) return model;
  throw new ModelError("E_ENGINE", "this engine holds no chat model");
}

const handlers: Handlers = {
  open: async (sent) => {
    model = sent.kind === "chat" ? await ChatModel.open(sent) : await EncoderModel.open(sent);
    return model.opened;
  },
  prepare: async ({ id, prefix }) => {
    chat().prepare(id, prefix);
    return null;
  },
  ping: async () => null,
  score: (sent, pass) => chat().score(sent, pass),
  fill: (sent, pass) => chat().fill(sent, pass),
  write: (sent, pass) => chat().write(sent, pass),
  measure: async (sent) => chat().measure(sent),
  embed: async ({ texts }, pass) => {
    if (!(model instanceof EncoderModel)) throw new ModelError("E_ENGINE", "this engine holds no encoder");
    const found: Calls["embed"][1][number][] = [];
    for (const [index, text] of texts.entries()) {
      found.push(await model.embed(text).catch((thrown) => ({ error: toWire(thrown) })));
      // The last one's sign of life is the answer.
      if (index < texts.length - 1) pass.done();
    }
    return found;
  },
};

const cancelled = new Set<number>();
let last: Promise<void> = Promise.resolve();

function reply(message: ToParent): void {
  // The parent may have gone away in the meantime; then there is nobody to tell.
  if (process.connected) process.send?.(message);
}

async function answer(message: Exclude<ToChild, { cancel: number }>): Promise<void> {
  const pass: Pass = {
    done: () => {
      if (cancelled.has(message.id)) throw new ModelError("E_CANCELLED", "the request was cancelled");
      reply({ id: message.id, alive: true });
    },
    wrote: (text) => reply({ id: message.id, alive: true, text }),
  };
  try {
    const handler = handlers[message.call] as (sent: unknown, pass: Pass) => Promise<unknown>;
    reply({ id: message.id, value: await handler(message.sent, pass) });
  } catch (thrown) {
    reply({ id: message.id, error: toWire(thrown) });
  } finally {
    cancelled.delete(message.id);
  }
}

process.on("message", (message: ToChild) => {
  if ("cancel" in message) cancelled.add(message.cancel);
  else last = last.then(() => answer(message));
});
// A pass may be running in a thread that a polite exit would wait for.
process.on("disconnect", () => process.kill(process.pid, "SIGKILL"));
// Ctrl-C reaches the whole process group; the parent drains first and then ends its engines itself.
process.on("SIGINT", () => {});
