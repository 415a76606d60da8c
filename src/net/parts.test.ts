/** The pieces of a backend, each by itself: no server, no time but the test's own. */

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Circuit } from "./circuit.ts";
import { failureOfBody, failureOfReply, failureOfThrown } from "./classify.ts";
import { Concurrency, type Permit } from "./concurrency.ts";
import { Rate } from "./rate.ts";
import { BodyGuard } from "./read-body.ts";
import { backoff, retryAfterSeconds } from "./retry-after.ts";

describe("Retry-After", () => {
  const date = Date.parse("2026-11-01T12:00:00Z");
  const read = (value: string, name = "retry-after") => retryAfterSeconds(new Headers({ [name]: value }), date);

  test.each([
    ["0", 0],
    ["1.5", 1.5],
    ["120", 120],
    ["9999999999", 86_400],
    ["Sun, 01 Nov 2026 12:01:00 GMT", 60],
    ["Sunday, 01-Nov-26 12:01:00 GMT", 60],
    ["Sun, 01 Nov 2020 12:00:00 GMT", 0],
    ["Fri, 31 Dec 9999 23:59:59 GMT", 86_400],
    ["-5", null],
    ["soon", null],
    ["1e9", null],
    ["2026-11-01", null],
    ["", null],
  ])("%j is %j seconds", (value, seconds) => expect(read(value)).toBe(seconds));

  test("in milliseconds goes first", () => expect(read("250", "retry-after-ms")).toBe(0.25));

  test("pauses without it are anything up to a bound that doubles, and never long", () => {
    expect([1, 2, 3].map((failed) => backoff(failed, () => 1))).toEqual([500, 1000, 2000]);
    expect(backoff(3, () => 0)).toBe(0);
    expect(backoff(1000, () => 1)).toBe(20_000);
  });
});

describe("a circuit", () => {
  test("opens after failures in a row, is probed by one, and stays open longer each time", () => {
    let now = 0;
    const circuit = new Circuit(() => now, { failures: 3, coolDown: 1, mostCoolDown: 3 });
    for (const failing of [true, true, false, true, true]) {
      expect(circuit.enter()).toBe(true);
      if (failing) circuit.failed();
      else circuit.succeeded();
    }
    expect(circuit.state).toBe("closed");
    circuit.failed();
    const coolDowns: number[] = [];
    for (let probe = 0; probe < 4; probe++) {
      expect(circuit.state).toBe("open");
      expect(circuit.enter()).toBe(false);
      coolDowns.push(circuit.wait);
      now += circuit.wait;
      expect(circuit.state).toBe("half open");
      expect([circuit.enter(), circuit.enter()]).toEqual([true, false]);
      circuit.failed();
    }
    expect(coolDowns).toEqual([1000, 2000, 3000, 3000]);
    now += circuit.wait;
    circuit.enter();
    circuit.succeeded();
    expect([circuit.state, circuit.enter(), circuit.wait]).toEqual(["closed", true, 0]);
  });

  test("gives a probe that nobody waited for to the next", () => {
    let now = 0;
    const circuit = new Circuit(() => now, { failures: 1 });
    circuit.failed();
    now = 1000;
    expect(circuit.enter()).toBe(true);
    circuit.abandoned();
    expect(circuit.enter()).toBe(true);
  });
});

describe("concurrency", () => {
  const settled = () => new Promise((resolve) => setImmediate(resolve));

  test("grows by one a round while the server keeps up and all places are used", async () => {
    const concurrency = new Concurrency({ start: 2, most: 5 });
    for (let round = 0; round < 200; round++) {
      const permits: Permit[] = [];
      const { allowed } = concurrency.state;
      for (let n = 0; n < allowed; n++) permits.push((await concurrency.enter())!);
      for (const permit of permits) concurrency.leave(permit, { kind: "full", milliseconds: 100 });
    }
    expect(concurrency.state.allowed).toBe(5);
  });

  test("does not grow where nobody needs it, or where more at once is only slower", async () => {
    const concurrency = new Concurrency({ start: 4 });
    for (let n = 0; n < 100; n++) {
      concurrency.leave((await concurrency.enter())!, { kind: "full", milliseconds: 100 });
    }
    expect(concurrency.state.allowed).toBe(4);
    for (let round = 0; round < 20; round++) {
      const permits = await Promise.all([1, 2, 3, 4].map(() => concurrency.enter()));
      for (const permit of permits) concurrency.leave(permit!, { kind: "full", milliseconds: 5000 });
    }
    expect(concurrency.state.allowed).toBeLessThanOrEqual(5);
  });

  test("halves once for all that were under way together, and never to none", async () => {
    const concurrency = new Concurrency({ start: 8 });
    const permits = await Promise.all([1, 2, 3, 4].map(() => concurrency.enter()));
    for (const permit of permits) concurrency.leave(permit!, { kind: "over" });
    expect(concurrency.state.allowed).toBe(4);
    for (let n = 0; n < 9; n++) concurrency.leave((await concurrency.enter())!, { kind: "over" });
    expect(concurrency.state.allowed).toBe(1);
  });

  test("lets in who came first, never more than allowed, and loses nobody", async () => {
    const action = fc.constantFrom("enter", "abort", "full", "over", "neither");
    await fc.assert(
      fc.asyncProperty(fc.array(action, { maxLength: 60 }), async (actions) => {
        const concurrency = new Concurrency({ start: 2, most: 4, waiting: 50 });
        const inside: Permit[] = [];
        const waiting: { readonly number: number; readonly giving: AbortController }[] = [];
        const order: number[] = [];
        let number = 0;
        for (const one of [...actions, ...actions.map(() => "full")]) {
          if (one === "enter") {
            const entry = { number: number++, giving: new AbortController() };
            waiting.push(entry);
            void concurrency.enter(entry.giving.signal).then(
              (permit) => {
                inside.push(permit!);
                order.push(entry.number);
                waiting.splice(waiting.indexOf(entry), 1);
              },
              () => waiting.splice(waiting.indexOf(entry), 1),
            );
          } else if (one === "abort") waiting.at(-1)?.giving.abort();
          else {
            const permit = inside.shift();
            const before = concurrency.state.allowed;
            if (permit && one === "full") concurrency.leave(permit, { kind: "full", milliseconds: 1 });
            else if (permit) concurrency.leave(permit, { kind: one as "over" | "neither" });
            expect(concurrency.state.underWay).toBeLessThanOrEqual(Math.max(before, concurrency.state.allowed));
          }
          await settled();
        }
        expect(order).toEqual(order.toSorted((a, b) => a - b));
        expect(concurrency.state).toMatchObject({ underWay: inside.length, waiting: waiting.length });
        if (waiting.length > 0) expect(inside.length).toBeGreaterThan(0);
      }),
      { numRuns: 50 },
    );
  });

  test("turns away whom it has no room for to wait", async () => {
    const concurrency = new Concurrency({ start: 1, waiting: 0 });
    expect(await concurrency.enter()).not.toBeNull();
    expect(await concurrency.enter()).toBeNull();
  });
});

describe("a rate", () => {
  test("is kept over every minute, however the requests come", () => {
    const gap = fc.integer({ min: 0, max: 3000 });
    fc.assert(
      fc.property(
        fc.array(gap, { minLength: 1, maxLength: 300 }),
        fc.integer({ min: 6, max: 120 }),
        (gaps, perMinute) => {
          const rate = new Rate({ requestsPerMinute: perMinute }, 0);
          let now = 0;
          const sent: number[] = [];
          for (const one of gaps) {
            now += one;
            const wait = rate.take(0, 1e9, now);
            sent.push(now + wait!);
          }
          for (const from of sent) {
            const within = sent.filter((at) => at >= from && at < from + 60_000).length;
            // Ten seconds' worth may have been saved up.
            expect(within).toBeLessThanOrEqual(perMinute + Math.max(1, perMinute / 6) + 1);
          }
        },
      ),
    );
  });

  test("takes nothing where the wait would be too long, and counts tokens too", () => {
    const rate = new Rate({ tokensPerMinute: 6000 }, 0);
    expect(rate.take(1000, 0, 0)).toBe(0);
    expect(rate.take(600, 5000, 0)).toBeNull();
    expect(rate.take(600, 6000, 0)).toBe(6000);
    expect(rate.take(600, 1e9, 0)).toBe(12_000);
  });
});

describe("a reply", () => {
  test.each<[number, unknown, string | null]>([
    [200, { choices: [], error: null }, null],
    [200, { choices: [{}], error: { message: "a warning" } }, null],
    [200, { type: "error", error: { type: "overloaded_error", message: "Overloaded" } }, "overloaded"],
    [200, { error: "model 'x' not found" }, "not found"],
    [200, { error: { message: "boom" } }, "server error"],
    [302, null, "redirect"],
    [400, { error: { type: "exceed_context_size_error", n_ctx: 512 } }, "context exceeded"],
    [400, { error: { code: "context_length_exceeded" } }, "context exceeded"],
    [400, { error: { message: "prompt is too long: 210000 tokens > 200000 maximum" } }, "context exceeded"],
    [400, { error: "the input length exceeds the context length" }, "context exceeded"],
    [400, { error: { message: "`temperature` is not supported" } }, "bad request"],
    [401, null, "unauthorized"],
    [402, null, "unauthorized"],
    [403, "no", "unauthorized"],
    [404, {}, "not found"],
    [413, null, "context exceeded"],
    [422, { detail: "x" }, "bad request"],
    [429, {}, "rate limited"],
    [429, { error: { message: "Too many tokens, please wait before trying again." } }, "rate limited"],
    [200, { error: { type: "rate_limit_error", message: "too many tokens in a minute" } }, "rate limited"],
    [500, { error: { message: "Failed to parse input at pos 3" } }, "server error"],
    [500, { error: { message: "the request exceeds the available context size" } }, "context exceeded"],
    [501, null, "not found"],
    [502, null, "server error"],
    [503, { error: { message: "Loading model" } }, "overloaded"],
    [529, null, "overloaded"],
  ])("%i %j is %j", (status, body, fault) => {
    expect(failureOfReply(status, body, null)?.fault ?? null).toBe(fault);
  });

  test("of a quota that is used up is not asked for again", () => {
    expect(failureOfReply(429, { error: { code: "insufficient_quota" } }, null)).toMatchObject({
      fault: "rate limited",
      isFinal: true,
      code: "insufficient_quota",
    });
  });

  test("gives no word of its own but a name for the error", () => {
    const error = { error: { code: "sk-secret-1", type: "I lost my card", message: "I lost my card" } };
    expect(failureOfReply(400, error, null)?.code).toBeNull();
  });

  test("is never thrown over, whatever it is", () => {
    fc.assert(
      fc.property(fc.integer({ min: 200, max: 599 }), fc.jsonValue(), (status, body) => {
        const failure = failureOfReply(status, body, null);
        if (status >= 300) expect(failure).not.toBeNull();
      }),
    );
  });

  const thrown = (code: string, syscall?: string) =>
    new TypeError("fetch failed", { cause: Object.assign(new Error("x"), { code, syscall }) });

  test("that broke off says why, some causes down", () => {
    expect(failureOfThrown(thrown("ENOTFOUND")).fault).toBe("unreachable");
    expect(failureOfThrown(thrown("CERT_HAS_EXPIRED")).fault).toBe("certificate");
    expect(failureOfThrown(thrown("UND_ERR_SOCKET")).fault).toBe("connection reset");
    expect(failureOfThrown(thrown("UND_ERR_HEADERS_TIMEOUT")).fault).toBe("stalled");
    expect(failureOfThrown(new AggregateError([thrown("ECONNREFUSED")], "all")).fault).toBe("unreachable");
  });

  test.each(["ETIMEDOUT", "EHOSTUNREACH", "ENETUNREACH", "ENETDOWN", "EHOSTDOWN", "EPROTO"])(
    "%s surely did nothing only where there was no connection",
    (code) => {
      expect(failureOfThrown(thrown(code, "connect"))).toMatchObject({ fault: "unreachable", maybeDone: false });
      for (const syscall of ["read", "write", undefined]) {
        expect(failureOfThrown(thrown(code, syscall))).toMatchObject({ fault: "connection reset", maybeDone: true });
      }
    },
  );

  test("what TLS says in the middle of a connection is no certificate's fault", () => {
    const alert = thrown("ERR_SSL_SSLV3_ALERT_BAD_RECORD_MAC");
    expect(failureOfThrown(alert)).toMatchObject({ fault: "connection reset", maybeDone: true });
    expect(failureOfThrown(thrown("ERR_TLS_CERT_ALTNAME_INVALID"))).toMatchObject({ maybeDone: false });
  });

  test("of which a part was read was carried out, whatever ended it", () => {
    for (const code of ["ECONNREFUSED", "CERT_HAS_EXPIRED", "ETIMEDOUT", "UND_ERR_BODY_TIMEOUT"]) {
      expect(failureOfBody(thrown(code, "connect")).maybeDone).toBe(true);
    }
    expect(failureOfBody(thrown("UND_ERR_BODY_TIMEOUT")).fault).toBe("stalled");
  });
});

describe("a body", () => {
  test("is the text that was sent, however it is cut", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme" }), fc.integer({ min: 1, max: 7 }), (text, size) => {
        const guard = new BodyGuard(1e6);
        const bytes = Buffer.from(text);
        let read = "";
        for (let at = 0; at < bytes.length; at += size) read += guard.text(bytes.subarray(at, at + size));
        expect(read + guard.end()).toBe(text.replace(/^\uFEFF/, ""));
      }),
    );
  });

  test("ends at the first byte too many, at bytes that are no text, in endless space", () => {
    expect(() => new BodyGuard(3).text(Buffer.from("abcd"))).toThrow("reply too large");
    expect(() => new BodyGuard(9).text(Buffer.from([0xff]))).toThrow("invalid UTF-8");
    const cut = new BodyGuard(9);
    cut.text(Buffer.from([0xc3]));
    expect(() => cut.end()).toThrow("invalid UTF-8");
    const spaces = new BodyGuard(1e9);
    expect(() => {
      for (let n = 0; n < 1000; n++) spaces.text(Buffer.from(" \n".repeat(100)));
    }).toThrow("endless whitespace");
  });

  test("(control) may have much space in all, between words", () => {
    const guard = new BodyGuard(1e9);
    const text = `x${" ".repeat(10_000)}`;
    for (let n = 0; n < 20; n++) expect(guard.text(Buffer.from(text))).toBe(text);
  });
});
