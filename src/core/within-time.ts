/** Ends a computation that takes too long: what a stranger's schema or pattern could do to the one thread. */

import { createContext, Script } from "node:vm";

/** It was ended. Nothing of what it had done so far may be used. */
export class TookTooLong extends Error {
  constructor(milliseconds: number) {
    super(`it takes longer than ${milliseconds} ms`);
  }
}

const shared = createContext({ compute: () => {} });
const script = new Script("compute()");

/**
 * What a synchronous function gives, or throws; `TookTooLong` where it does not end in time. The platform ends it from
 * another thread, within a pattern too, and without its `finally`. Costs half a millisecond.
 */
export function withinTime<T>(milliseconds: number, compute: () => T): T {
  let result: { readonly value: T } | null = null;
  shared.compute = () => {
    result = { value: compute() };
  };
  try {
    script.runInContext(shared, { timeout: milliseconds });
  } catch (thrown) {
    if ((thrown as { code?: unknown }).code !== "ERR_SCRIPT_EXECUTION_TIMEOUT") throw thrown;
    throw new TookTooLong(milliseconds);
  } finally {
    shared.compute = () => {};
  }
  return result!.value;
}
