/** Server-sent events as they pass: each is looked at, and may be kept back; nothing else is changed. */

/** A longer event is let through in pieces, unread: what is sought in them is short. */
const MOST = 65_536;

/**
 * Hands every event's JSON to `keeps`, and lets the event through where that says so. What is no JSON passes. The bytes of
 * an event pass together, once it is whole.
 */
export function lookThrough(keeps: (data: unknown) => boolean): TransformStream<Uint8Array, Uint8Array> {
  const decoder = new TextDecoder();
  const encoder = new TextEncoder();
  let held = "";
  const take = (controller: TransformStreamDefaultController<Uint8Array>): void => {
    for (let end = endOf(held); end !== -1; end = endOf(held)) {
      const event = held.slice(0, end);
      held = held.slice(end);
      if (keeps(dataOf(event))) controller.enqueue(encoder.encode(event));
    }
    if (held.length > MOST) {
      controller.enqueue(encoder.encode(held));
      held = "";
    }
  };
  return new TransformStream({
    transform(chunk, controller) {
      held += decoder.decode(chunk, { stream: true });
      take(controller);
    },
    flush(controller) {
      held += decoder.decode();
      take(controller);
      if (held !== "" && keeps(dataOf(held))) controller.enqueue(encoder.encode(held));
    },
  });
}

/** Behind the first blank line; -1 where there is none yet. */
function endOf(text: string): number {
  const found = /\r?\n\r?\n/.exec(text);
  return found ? found.index + found[0].length : -1;
}

function dataOf(event: string): unknown {
  const lines = event.split(/\r?\n/).filter((line) => line.startsWith("data:"));
  try {
    return JSON.parse(lines.map((line) => line.slice("data:".length)).join("\n"));
  } catch {
    return null;
  }
}
