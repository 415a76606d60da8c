/** Knocks at every place at once, each for a fraction of a second: what is not there must not be waited for. */

import { performance } from "node:perf_hooks";
import type { FoundServer, Place } from "./doctor.ts";
import { type Ask, identify, type Knock } from "./identify.ts";

/** Milliseconds in which a server on this machine, or in this house, has answered a plain question. */
const PATIENCE = 400;
/** Far above any list of models. */
const MOST_BYTES = 2 ** 20;

export interface Found {
  readonly servers: readonly FoundServer[];
  readonly seconds: number;
}

/** Never rejects: who does not answer is not there. In the order of the places. */
export async function findServers(places: readonly Place[], patience: number = PATIENCE): Promise<Found> {
  const began = performance.now();
  const found = await Promise.all(places.map((place) => identify(place, asking(place, patience))));
  return {
    servers: found.filter((server) => server !== null),
    seconds: (performance.now() - began) / 1000,
  };
}

function asking({ url, key }: Place, patience: number): Ask {
  // One clock for all that is asked of a place: a server that drips does not get it anew for every route.
  const late = AbortSignal.timeout(2 * patience);
  return async (path) => {
    try {
      const response = await fetch(url + path, {
        redirect: "manual",
        signal: AbortSignal.any([late, AbortSignal.timeout(patience)]),
        headers: key === undefined ? {} : { authorization: `Bearer ${key}` },
      });
      return { status: response.status, body: await jsonIn(response) } satisfies Knock;
    } catch {
      return null;
    }
  };
}

async function jsonIn(response: Response): Promise<unknown> {
  const decoder = new TextDecoder();
  let said = "";
  for await (const chunk of response.body ?? []) {
    said += decoder.decode(chunk, { stream: true });
    if (said.length > MOST_BYTES) return null;
  }
  try {
    return JSON.parse(said);
  } catch {
    return null;
  }
}
