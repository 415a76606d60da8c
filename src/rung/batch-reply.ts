/** What the batch APIs of all providers say alike, and how it is read. */

import { ModelError } from "../core/errors.ts";
import { BackendError } from "../net/backend-error.ts";
import { fieldsOf, textOf } from "../wire/fields.ts";
import type { BatchFound, BatchResult, LostBatch } from "./batch-api.ts";

/** The name that the provider gave to a thing. Throws where it gave none: whether the thing is there, nobody knows. */
export function idOf(body: unknown, what: string): string {
  const id = textOf(fieldsOf(body).id);
  if (id === "") throw new ModelError("E_BATCH_REPLY", `the provider's reply does not name ${what}`);
  return id;
}

/**
 * Whether a batch that carries no mark is the lost one: known by the first of its results that says whose it is. One whose
 * results are gone is of no use to anybody.
 */
export async function isLost(lost: LostBatch, results: AsyncIterable<BatchResult>): Promise<boolean> {
  try {
    for await (const { id } of results) if (id !== null) return lost.has(id);
  } catch (thrown) {
    if (!(thrown instanceof BackendError && thrown.fault === "not found")) throw thrown;
  }
  return false;
}

/** One that may be the lost one, and is still under way. */
export function unclearUntilEnded(id: string, host: string): BatchFound {
  return { kind: "unclear", why: `${id} at ${host} may be it: that is known once it has ended` };
}

/** A list that cannot be read to its end: what is not seen in it may be there all the same. */
export function unclearList(host: string): BatchFound {
  return { kind: "unclear", why: `${host} does not list its batches, so whether it has this one is not known` };
}
