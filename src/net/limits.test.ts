/** How long a request may wait and a reply may take, without a server; the time is the test's own. */

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Failure } from "./failure.ts";
import { prepare } from "./prepared.ts";
import type { RateOptions } from "./rate.ts";
import { Timeouts } from "./timeouts.ts";
import { Turns } from "./turns.ts";
import { Watch } from "./watch.ts";

describe("timeouts", () => {
  const sized = (bytes: number, answerTokens = 0) => ({ bytes, answerTokens });
  const fill = (timeouts: Timeouts, first: number, times = 100) => {
    for (let n = 0; n < times; n++) timeouts.add({ first, silence: first / 10, whole: first * 2, size: sized(1000) });
  };

  test("are the usual ones until enough was measured, then a multiple of what was", () => {
    const timeouts = new Timeouts({ least: 0.1 });
    fill(timeouts, 1000, 19);
    expect(timeouts.limits(sized(1000))).toEqual({ first: 120_000, silence: 120_000, whole: 600_000 });
    fill(timeouts, 1000, 1);
    expect(timeouts.limits(sized(1000))).toEqual({ first: 4000, silence: 400, whole: 16_000 });
    expect(timeouts.latency()).toEqual({ p50: 2000, p99: 2000 });
  });

  test("give a longer prompt and a longer answer more time", () => {
    const timeouts = new Timeouts({ least: 0.1 });
    fill(timeouts, 1000);
    expect(timeouts.limits(sized(3000)).first).toBe(12_000);
    expect(timeouts.limits(sized(10)).first).toBe(4000);
    expect(timeouts.limits(sized(1000, 160)).first).toBe(40_000);
    expect(timeouts.limits(sized(1000, 4)).first).toBe(4000);
  });

  test("are not those of short answers because one was long", () => {
    const timeouts = new Timeouts({ least: 0.1 });
    fill(timeouts, 100, 250);
    timeouts.add({ first: 6400, silence: 10, whole: 6400, size: sized(1000, 1024) });
    // 64 times as much as 16 tokens, times four.
    expect(timeouts.limits(sized(1000, 1024)).first).toBe(25_600);
    expect(timeouts.limits(sized(1000, 16)).first).toBe(400);
  });

  test("hold only silence against a stream, and what no exchange may take", () => {
    const timeouts = new Timeouts({ least: 0.1 });
    fill(timeouts, 100);
    expect(timeouts.limits(sized(1000)).whole).toBe(1600);
    expect(timeouts.streamLimits(sized(1000))).toEqual({ first: 400, silence: 100, whole: 600_000 });
  });

  test("stay within their bounds, whatever was measured", () => {
    const size = fc.record({ bytes: fc.nat(), answerTokens: fc.nat() });
    const sample = fc.record({
      first: fc.double({ min: 0, max: 1e9, noNaN: true }),
      silence: fc.double({ min: 0, max: 1e9, noNaN: true }),
      whole: fc.double({ min: 0, max: 1e9, noNaN: true }),
      size,
    });
    fc.assert(
      fc.property(fc.array(sample, { maxLength: 300 }), size, (samples, asked) => {
        const timeouts = new Timeouts();
        for (const one of samples) timeouts.add(one);
        const { first, silence, whole } = timeouts.limits(asked);
        for (const limit of [first, silence]) {
          expect(limit).toBeGreaterThanOrEqual(10_000);
          expect(limit).toBeLessThanOrEqual(280_000);
        }
        expect(whole).toBeLessThanOrEqual(600_000);
      }),
    );
  });

  test("follow a server that became slower: a silence that was cut off counts as one that lasted", () => {
    const timeouts = new Timeouts({ least: 0.1 });
    fill(timeouts, 100);
    const before = timeouts.limits(sized(1000)).first;
    for (let n = 0; n < 5; n++) timeouts.add({ first: before, silence: 0, whole: before, size: sized(1000) });
    expect(timeouts.limits(sized(1000)).first).toBe(before * 4);
  });
});

describe("the size of a request", () => {
  test.each([
    [{ max_tokens: 7 }, 7],
    [{ max_completion_tokens: 8 }, 8],
    [{ options: { num_predict: 9, temperature: 0 } }, 9],
    [{ options: { num_predict: -1 } }, 0],
    [{ options: null, max_tokens: "many" }, 0],
  ])("of %j has an answer of up to %i tokens", (body, answerTokens) => {
    const options = { url: "http://a.example" };
    const { size } = prepare(options.url, new Headers(), options, { path: "/", body });
    expect(size).toEqual({ bytes: JSON.stringify(body).length, answerTokens });
  });
});

describe("a watch", () => {
  /** The time is the test's; only the limits run by the platform's own. */
  function watched(limits: { readonly first: number; readonly silence: number; readonly whole: number }) {
    const clock = { at: 0 };
    return { clock, watch: new Watch(limits, () => clock.at, new AbortController().signal, undefined) };
  }
  const ended = (watch: Watch) => new Promise((resolve) => watch.signal.addEventListener("abort", resolve));

  test("counts the reader's time as none of the server's", () => {
    const { clock, watch } = watched({ first: 1e6, silence: 1e6, whole: 1e6 });
    clock.at = 10;
    watch.heard();
    watch.unread();
    clock.at = 5000;
    expect(watch.took()).toEqual({ first: 10, silence: 0, whole: 10 });
    watch.awaited();
    clock.at = 5020;
    watch.heard();
    expect(watch.took()).toEqual({ first: 10, silence: 20, whole: 30 });
    watch.done();
  });

  test("ends what nobody reads on as closed, and a silent server as stalled", async () => {
    const unread = watched({ first: 5, silence: 5, whole: 1e6 }).watch;
    unread.heard();
    unread.unread();
    await ended(unread);
    expect(unread.why).toBe("closed");
    const awaited = watched({ first: 5, silence: 5, whole: 1e6 }).watch;
    awaited.heard();
    awaited.unread();
    awaited.awaited();
    await ended(awaited);
    expect(awaited.why).toBe("stalled");
    unread.done();
    awaited.done();
  });

  test("takes limits longer than any timer", async () => {
    const { watch } = watched({ first: 1e12, silence: 1e12, whole: 1e12 });
    watch.heard();
    await new Promise((resolve) => setTimeout(resolve, 10));
    expect(watch.why).toBeNull();
    watch.done();
  });
});

describe("turns", () => {
  /** A clock on which sleeping is what makes time pass. */
  function clocked() {
    const clock = {
      at: 0,
      slept: [] as number[],
      now: () => clock.at,
      date: () => clock.at,
      random: () => 1,
      async sleep(milliseconds: number) {
        clock.slept.push(milliseconds);
        clock.at += milliseconds;
      },
    };
    return clock;
  }
  const settled = () => new Promise((resolve) => setImmediate(resolve));

  /** One request under way, one that waits for its place; then the server asks to be left alone. */
  async function askedToWait(seconds: number, more: { readonly rate?: RateOptions } = {}) {
    const clock = clocked();
    const closing = new AbortController();
    const options = { url: "http://a.example", concurrency: { start: 1, most: 1 }, ...more };
    const turns = new Turns(options, "a.example", clock, 60_000, closing.signal);
    const watch = new Watch({ first: 1000, silence: 1000, whole: 1000 }, clock.now, closing.signal, undefined);
    const permit = await turns.take(0, undefined);
    const waiting = turns.take(0, undefined).then(
      () => null,
      (thrown: unknown) => thrown,
    );
    await settled();
    turns.leave(permit, new Failure("rate limited", { retryAfter: seconds }), watch);
    watch.done();
    return { clock, turns, failed: await waiting };
  }

  test("keep the server's quiet also for who waited for a place already", async () => {
    const { clock, turns, failed } = await askedToWait(30);
    expect(failed).toBeNull();
    expect(clock.at).toBe(30_000);
    expect(turns.state.concurrency.underWay).toBe(1);
  });

  test("are not waited for longer than there is patience, and the place is given back", async () => {
    const { clock, turns, failed } = await askedToWait(61);
    expect(failed).toMatchObject({ fault: "rate limited", isFinal: true });
    expect(clock.slept).toEqual([]);
    expect(turns.state.concurrency.underWay).toBe(0);
  });

  test("take a share of the rate once, when there is a place", async () => {
    const { clock, failed } = await askedToWait(30, { rate: { requestsPerMinute: 6 } });
    expect(failed).toBeNull();
    // Ten seconds for its share, while the server is quiet; then what is left of the thirty.
    expect(clock.at).toBe(30_000);
  });
});
