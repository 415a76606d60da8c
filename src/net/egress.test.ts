/** Nothing but this machine is contacted in local-only mode, however its name is spelt. */

import dns, { lookup } from "node:dns";
import { createServer, get } from "node:http";
import net, { type AddressInfo, connect } from "node:net";
import { connect as connectTls } from "node:tls";
import fc from "fast-check";
import { afterEach, describe, expect, test } from "vitest";
import { type EgressGuard, guardEgress, HostNotAllowed, isAllowed } from "./egress.ts";
import { egressRules, mayContact } from "./egress-rules.ts";
import { canonicalHost, isLoopback } from "./host-name.ts";

const opened: (Disposable | AsyncDisposable)[] = [];
afterEach(async () => {
  for (const one of opened.splice(0).reverse()) {
    if (Symbol.dispose in one) one[Symbol.dispose]();
    else await one[Symbol.asyncDispose]();
  }
});

function guard(options: Parameters<typeof guardEgress>[0]): EgressGuard {
  const made = guardEgress(options);
  opened.push(made);
  return made;
}

async function server(): Promise<number> {
  const made = createServer((_, response) => response.end("here"));
  await new Promise<void>((resolve) => void made.listen(0, "127.0.0.1", resolve));
  opened.push({
    async [Symbol.asyncDispose]() {
      made.closeAllConnections();
      await new Promise((resolve) => made.close(resolve));
    },
  });
  return (made.address() as AddressInfo).port;
}

/** The error that a socket or request ends with. */
const failureOf = (emitter: NodeJS.EventEmitter): Promise<unknown> =>
  new Promise((resolve) => void emitter.once("error", resolve));

describe("a host", () => {
  test.each(["localhost", "LOCALHOST", "localhost.", "127.0.0.1", "127.9.8.7", "::1", "[::1]", "0:0:0:0:0:0:0:1"])(
    "%s is this machine",
    (host) => expect(isLoopback(canonicalHost(host))).toBe(true),
  );

  test.each(["::ffff:127.0.0.1", "[::ffff:7f00:1]"])("%s is this machine, said in IPv6", (host) =>
    expect(isLoopback(canonicalHost(host))).toBe(true),
  );

  test.each([
    "localhost.evil.com",
    "127.0.0.1.nip.io",
    "evil-localhost",
    "foo.localhost",
    "localhost\0.evil.com",
    "localhost ",
    "localhost..",
    "2130706433",
    "0x7f000001",
    "0177.0.0.1",
    "127.1",
    "127.0.0.1.",
    "127.0.0.1:80",
    "0.0.0.0",
    "::",
    "128.0.0.1",
    "1.127.0.0",
    "[::ffff:8.8.8.8]",
    "::ffff:808:808",
    "::1%eth0",
    "fe80::1",
    "64:ff9b::7f00:1",
    "",
  ])("%j is not", (host) => {
    const isLocal = isLoopback(canonicalHost(host));
    // A final dot after a number is that number for some, a name for others.
    expect(isLocal).toBe(host === "127.0.0.1.");
  });

  test("that a URL says in another way is judged by what the URL makes of it", () => {
    const host = (url: string) => canonicalHost(new URL(url).hostname);
    expect(host("http://2130706433/")).toBe("127.0.0.1");
    expect(host("http://0x7f.1/")).toBe("127.0.0.1");
    expect(host("http://user@localhost@evil.com/")).toBe("evil.com");
    expect(host("http://127.0.0.1@evil.com/")).toBe("evil.com");
    expect(host("http://[::ffff:8.8.8.8]/")).toBe("8.8.8.8");
  });

  test("is let through only where it is this machine or listed, whatever it looks like", () => {
    const rules = egressRules({ localOnly: true, allow: ["api.example.com", "[2001:db8::1]:8443", "10.0.0.7"] });
    const piece = fc.constantFrom("localhost", "127.0.0.1", "::1", "api.example.com", "evil", ".", ":", "%", "@", "\0");
    const name = fc.oneof(
      fc.string(),
      fc.array(piece, { maxLength: 5 }).map((parts) => parts.join("")),
      fc.ipV4(),
      fc.ipV6(),
    );
    fc.assert(
      fc.property(name, fc.integer({ min: 1, max: 65535 }), (host, port) => {
        const plain = host
          .toLowerCase()
          .replace(/^\[(.*)\]$/, "$1")
          .replace(/\.$/, "");
        const known = ["localhost", "api.example.com", "10.0.0.7"].includes(plain);
        const numbers = /^127(\.\d{1,3}){3}$/.test(plain) || (net.isIP(plain) === 6 && !plain.includes("%"));
        if (mayContact(rules, host, port)) expect(known || numbers, host).toBe(true);
      }),
    );
  });

  test("is listed with or without its port", () => {
    const rules = egressRules({ localOnly: true, allow: ["Api.Example.com", "b.example:8443", "[2001:DB8::1]:99"] });
    expect(mayContact(rules, "api.example.com.", 443)).toBe(true);
    expect(mayContact(rules, "b.example", 8443)).toBe(true);
    expect(mayContact(rules, "b.example", 443)).toBe(false);
    expect(mayContact(rules, "2001:db8:0::1", 99)).toBe(true);
    expect(mayContact(rules, "sub.api.example.com", 443)).toBe(false);
  });

  test.each(["https://a.example", "*.example.com", "a b", "", "a/b", "user@a", "a:port", "a:123456"])(
    "%j is none, and the list is refused",
    (text) => expect(() => egressRules({ allow: [text] })).toThrow(/is no host/),
  );
});

describe("in local-only mode", () => {
  test.each<[string, (host: string) => Promise<unknown>]>([
    ["fetch", (host) => fetch(`http://${host}/`).catch((error: Error) => error.cause)],
    ["fetch by TLS", (host) => fetch(`https://${host}/`).catch((error: Error) => error.cause)],
    ["http", (host) => failureOf(get(`http://${host}/`))],
    ["net", (host) => failureOf(connect(80, host))],
    ["net with options", (host) => failureOf(new net.Socket().connect({ host, port: 80 }))],
    ["tls", (host) => failureOf(connectTls({ host, port: 443, servername: "localhost" }))],
    ["a web socket's connection", (host) => failureOf(new net.Socket().connect(80, host))],
    ["a look-up", (host) => new Promise((resolve) => lookup(host, resolve))],
    ["a look-up of all addresses", (host) => new Promise((resolve) => dns.lookup(host, { all: true }, resolve))],
    ["a look-up with promises", (host) => dns.promises.lookup(host).catch((error: unknown) => error)],
  ])("%s reaches no other host", async (_, tried) => {
    const open = guard({ localOnly: true });
    expect(await tried("far.invalid")).toBeInstanceOf(HostNotAllowed);
    expect(open.contacted()).toEqual([
      { host: expect.stringMatching(/^far\.invalid:/), connections: 0, refused: expect.any(Number) },
    ]);
  });

  test("this machine is reached, by address, by name and by a local socket", async () => {
    const port = await server();
    const open = guard({ localOnly: true });
    expect(await (await fetch(`http://127.0.0.1:${port}/`)).text()).toBe("here");
    expect(await (await fetch(`http://2130706433:${port}/`)).text()).toBe("here");
    expect(await (await fetch(`http://[::ffff:127.0.0.1]:${port}/`)).text()).toBe("here");
    expect(await failureOf(connect("/nonexistent/socket"))).toMatchObject({ code: "ENOENT" });
    expect(open.contacted()).toEqual([]);
  });

  test("a listed host is let through to its look-up, and is on record", async () => {
    const open = guard({ localOnly: true, allow: ["near.invalid:81"] });
    const failed = await fetch("http://near.invalid:81/").catch((error: Error) => error.cause);
    expect(failed).toMatchObject({ code: expect.stringMatching(/ENOTFOUND|EAI_/) });
    expect(open.contacted()).toEqual([{ host: "near.invalid:81", connections: 1, refused: 0 }]);
  });

  test("the error says which line would allow it", () => {
    expect(new HostNotAllowed("a.example:443").message).toContain('egress: { allow: ["a.example:443"] }');
  });
});

describe("a guard", () => {
  test("records without refusing where it is not local-only", async () => {
    const open = guard({});
    await fetch("http://far.invalid/").catch(() => {});
    expect(open.contacted()).toEqual([{ host: "far.invalid:80", connections: 1, refused: 0 }]);
    expect(isAllowed("far.invalid", 80)).toBe(true);
  });

  test("holds beside another: each must let a host through", () => {
    guard({ localOnly: true, allow: ["a.example"] });
    expect(isAllowed("a.example", 443)).toBe(true);
    const second = guardEgress({ localOnly: true, allow: ["b.example"] });
    expect(isAllowed("a.example", 443)).toBe(false);
    second[Symbol.dispose]();
    expect(isAllowed("a.example", 443)).toBe(true);
  });

  test("(control) puts everything back, and nothing is held any more", async () => {
    const before = [net.Socket.prototype.connect, dns.lookup, dns.promises.lookup];
    const open = guardEgress({ localOnly: true });
    expect([net.Socket.prototype.connect, dns.lookup, dns.promises.lookup]).not.toEqual(before);
    open[Symbol.dispose]();
    expect([net.Socket.prototype.connect, dns.lookup, dns.promises.lookup]).toEqual(before);
    const failed = await fetch("http://far.invalid/").catch((error: Error) => error.cause);
    expect(failed).not.toBeInstanceOf(HostNotAllowed);
  });
});
