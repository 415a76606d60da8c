/** Which slot of which server takes a request: the least busy server, there the slot that knows most of the prompt. */

import { ModelError } from "../core/errors.ts";
import type { Host } from "./llama-server-http.ts";
import type { Post } from "./llama-server-prompt.ts";
import type { Place, ServerSlot } from "./llama-server-slot.ts";

/** How long a server that could not be reached is passed over while others can. */
const PASSED_OVER_MS = 10_000;

interface Waiting {
  readonly place: Place;
  readonly take: (slot: ServerSlot) => void;
}

export class ServerSlots {
  readonly #slots: readonly ServerSlot[];
  readonly #hosts: readonly Host[];
  readonly #busy = new Set<ServerSlot>();
  readonly #passedOver = new Map<Host, number>();
  #waiting: Waiting[] = [];
  #clock = 0;

  constructor(slots: readonly ServerSlot[]) {
    this.#slots = slots;
    this.#hosts = [...new Set(slots.map((slot) => slot.host))];
  }

  /** Posts to the least busy server, or to the next one where it cannot be reached. */
  readonly post: Post = async (path, body, take, signal) => {
    const [host, next] = this.#reachable().toSorted((a, b) => this.#load(a) - this.#load(b));
    try {
      return await host!.post(path, body, take, signal);
    } catch (thrown) {
      if (!next || !this.#passOver(host!, thrown)) throw thrown;
      return await next.post(path, body, take, signal);
    }
  };

  /**
   * Does `work` with a slot, waiting for one in order of arrival. Where its server cannot be reached it is done once
   * more on another, unless `again` is false: reading changes nothing, but half a text may have been shown already.
   */
  async use<T>(
    place: Place,
    work: (slot: ServerSlot) => Promise<T>,
    signal?: AbortSignal,
    again: boolean = this.#hosts.length > 1,
  ): Promise<T> {
    const slot = await this.#take(place, signal);
    try {
      return await work(slot);
    } catch (thrown) {
      slot.forget();
      if (!this.#passOver(slot.host, thrown) || !again) throw thrown;
    } finally {
      this.#busy.delete(slot);
      this.#serve();
    }
    return await this.use(place, work, signal, false);
  }

  async #take(place: Place, signal: AbortSignal | undefined): Promise<ServerSlot> {
    signal?.throwIfAborted();
    const { promise, resolve, reject } = Promise.withResolvers<ServerSlot>();
    const waiting: Waiting = { place, take: resolve };
    const giveUp = () => {
      this.#waiting = this.#waiting.filter((other) => other !== waiting);
      reject(signal?.reason);
    };
    this.#waiting.push(waiting);
    signal?.addEventListener("abort", giveUp, { once: true });
    this.#serve();
    try {
      return await promise;
    } finally {
      signal?.removeEventListener("abort", giveUp);
    }
  }

  #serve(): void {
    for (let [next] = this.#waiting; next; [next] = this.#waiting) {
      const slot = this.#best(next.place);
      if (!slot) return;
      this.#waiting.shift();
      this.#busy.add(slot);
      slot.lastUsed = ++this.#clock;
      next.take(slot);
    }
  }

  /** Among the free slots of the least busy server the warmest one; among equals the one unused for longest. */
  #best(place: Place): ServerSlot | undefined {
    const hosts = this.#reachable();
    const free = this.#slots
      .filter((slot) => !this.#busy.has(slot) && hosts.includes(slot.host))
      .map((slot) => ({ slot, load: this.#load(slot.host), warmth: slot.warmth(place) }));
    const [best] = free.toSorted((a, b) => a.load - b.load || b.warmth - a.warmth || a.slot.lastUsed - b.slot.lastUsed);
    return best?.slot;
  }

  /** Share of a server's slots that are busy. */
  #load(host: Host): number {
    const all = this.#slots.filter((slot) => slot.host === host);
    return all.filter((slot) => this.#busy.has(slot)).length / all.length;
  }

  /** Servers that could not be reached of late count only where no other is left. */
  #reachable(): readonly Host[] {
    const now = performance.now();
    const reached = this.#hosts.filter((host) => (this.#passedOver.get(host) ?? 0) <= now);
    return reached.length > 0 ? reached : this.#hosts;
  }

  /** Whether the failure is one that another server might not have; if so this one is passed over for a while. */
  #passOver(host: Host, thrown: unknown): boolean {
    if (!(thrown instanceof ModelError) || thrown.code !== "E_UNREACHABLE") return false;
    this.#passedOver.set(host, performance.now() + PASSED_OVER_MS);
    return true;
  }
}
