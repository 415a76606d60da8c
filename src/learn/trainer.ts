/** Training beside the main thread: the same function as `train`, in a worker that does not keep the process alive. */

import { Worker } from "node:worker_threads";
import { messageOf, UsageError } from "../core/errors.ts";
import type { Training, WarmStart } from "./train.ts";
import type { TrainingSet } from "./training-set.ts";

export interface TrainingOrder {
  readonly set: TrainingSet;
  readonly warm: WarmStart | undefined;
}

/** What the worker answers. */
export type TrainingReply =
  | { readonly kind: "trained"; readonly training: Training }
  | { readonly kind: "failed"; readonly code: string; readonly message: string; readonly value: unknown };

export interface BackgroundOptions {
  readonly warm?: WarmStart | undefined;
  /** Aborting ends the worker at once and rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
  /** Whether the process stays alive until the training has ended; default not. A command that waits for it says so. */
  readonly staysAlive?: boolean;
}

/**
 * `train` in a worker thread: the event loop stays free, and a process that has nothing else to do ends without it.
 * Rejects with the `UsageError` that `train` would throw.
 */
export async function trainInBackground(set: TrainingSet, options: BackgroundOptions = {}): Promise<Training> {
  const { warm, signal, staysAlive = false } = options;
  signal?.throwIfAborted();
  // From the sources under Node's type stripping, from dist as plain JavaScript: the worker stands beside this file.
  const extension = import.meta.url.slice(import.meta.url.lastIndexOf("."));
  const order: TrainingOrder = { set, warm };
  const file = new URL(`./train-worker${extension}`, import.meta.url);
  // Flags that this process was started with, such as --input-type, can keep a thread from starting; it needs none.
  const worker = new Worker(file, { workerData: order, execArgv: [] });
  const { promise, resolve, reject } = Promise.withResolvers<Training>();
  const onAbort = (): void => reject(signal?.reason);
  signal?.addEventListener("abort", onAbort, { once: true });
  worker.once("message", (reply: TrainingReply) => {
    if (reply.kind === "trained") resolve(reply.training);
    else reject(new UsageError(reply.code, reply.message, { value: reply.value }));
  });
  worker.once("error", reject);
  worker.once("exit", (code) => reject(new Error(`the training thread ended with code ${code} and no answer`)));
  // Behind the listeners: listening for messages would hold the process again.
  if (!staysAlive) worker.unref();
  try {
    return await promise;
  } finally {
    signal?.removeEventListener("abort", onAbort);
    await worker.terminate();
  }
}

/** What a thrown thing becomes on its way between threads. */
export function failureOf(thrown: unknown): TrainingReply {
  const { code, value } = thrown instanceof UsageError ? thrown : { code: "E_LEARN", value: undefined };
  return { kind: "failed", code, message: messageOf(thrown), value };
}
