import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Redactor, redactables, redactKinds } from "./redact.ts";
import { findIn } from "./redact-find.ts";

const every = new Set(redactables);
const redact = (text: string): string => new Redactor(every).redact(text);

describe("what is taken out", () => {
  test.each([
    ["Write to jo.doe+shop@mail.example.com, please", "Write to [email 1], please"],
    ["a@b.de and c@d.org, then a@b.de", "[email 1] and [email 2], then [email 1]"],
    ["müller@exämple.de", "[email 1]"],
    ["Card 4111 1111 1111 1111 12/27", "Card [card 1] 12/27"],
    ["card 4111-1111-1111-1111.", "card [card 1]."],
    ["paid with 5555555555554444", "paid with [card 1]"],
    ["amex 3782 822463 10005", "amex [card 1]"],
    ["I am at +49 (0)30 1234567 today", "I am at [phone 1] today"],
    ["+14155550123", "[phone 1]"],
    ["(415) 555-0123 or 415.555.0199", "[phone 1] or [phone 2]"],
    ["1-415-555-0123", "[phone 1]"],
    ["030 1234567", "[phone 1]"],
    ["ring 0171/1234567 please", "ring [phone 1] please"],
    ["06 12 34 56 78", "[phone 1]"],
    ["phone: 5550123", "phone: [phone 1]"],
    ["my mobile is 98765 43210", "my mobile is [phone 1]"],
    ["0044 20 7946 0018", "[phone 1]"],
    ["order 12345, call +49 30 1234567", "order 12345, call [phone 1]"],
    ["06.12.34.56.78 or 06-12-34-56-79", "[phone 1] or [phone 2]"],
    ["Tel. 12.34.56.78", "Tel. [phone 1]"],
    ["+33.6.12.34.56.78", "[phone 1]"],
  ])("%s", (text, hidden) => {
    expect(redact(text)).toBe(hidden);
  });

  test.each([
    "IBAN DE89 3704 0044 0532 0130 00",
    "GB82WEST12345698765432",
    "like an IBAN, with a wrong checksum: DE00 3704 0044 0532 0130 02",
    "order 0012345678",
    "order no. 030-1234567",
    "I call about order 030 1234567",
    "invoice 2026-000123-45",
    "parcel AB-0171 1234567",
    "AB123456 and 1Z999AA10123456784",
    "on 01.02.2026 10 30",
    "2026-11-23 14:05:06 and 23/11/2026",
    "12.04.2026-15.04.2026, 2026/11/20-2026/11/23, 01.02.2026.",
    "1700000000000 milliseconds",
    "4111 1111 1111 1112 fails the check",
    "192.168.100.200, 3.14159, 1.234.567,89, 10 000 000",
    "user@localhost, @handle, 12:30-14:00, 555-0123",
    "gpt-4o-2024-08-06",
    "[email 1] is how it is written",
  ])("%s stays", (text) => {
    expect(redact(text)).toBe(text);
  });

  test.each([
    "my card:\n4111 1111 1111 1111",
    "\t06 12 34 56 78",
    "\r\n+49 30 1234567",
    "hi\njo@x.example",
    "\u001f030 1234567",
  ])("%j is found in JSON too, and in JSON in JSON", (text) => {
    const value = text.slice(text.search(/[+\d]|jo@/));
    const once = JSON.stringify([{ text }]);
    for (const whole of [`thread: ${once}`, JSON.stringify({ thread: once })]) {
      const redactor = new Redactor(every);
      const hidden = redactor.redact(whole);
      expect(hidden).toBe(whole.replace(value, hidden.match(/\[\w+ 1\]/)?.[0] ?? "nothing found"));
      expect(redactor.restore(hidden)).toBe(whole);
    }
  });

  test.each([
    ["a slash, as PHP writes it", "call 0171/1234567 now", (json: string) => json.replaceAll("/", "\\/")],
    ["spaces that do not break, as Python writes them", "+49\u00a0171\u00a01234567", inAscii],
    ["letters beyond ASCII", "j\u00fcrgen@b\u00fccher.example", inAscii],
  ])("is found in JSON that escapes %s", (_, text, write) => {
    const whole = write(JSON.stringify({ text }));
    const redactor = new Redactor(every);
    const hidden = redactor.redact(whole);
    expect(hidden).not.toMatch(/[1-9]{2}|rgen|cher/);
    expect(redactor.restore(hidden)).toBe(whole);
  });

  test("only the kinds that are asked for, but each is still known for what it is", () => {
    const redactor = new Redactor(new Set(["phone"] as const));
    expect(redactor.redact("a@b.de 4111 1111 1111 1111 030 1234567")).toBe("a@b.de 4111 1111 1111 1111 [phone 1]");
    expect(redactor.counts).toEqual({ emails: 0, phones: 1, cards: 0 });
  });

  test("an option that is misspelt is refused", () => {
    expect(redactKinds(true, "x")).toEqual(every);
    expect(redactKinds(false, "x")).toBeNull();
    expect(redactKinds(["card"], "x")).toEqual(new Set(["card"]));
    expect(() => redactKinds(["cards"], "x")).toThrow("email, phone, card");
    expect(() => redactKinds([], "x")).toThrow("redact is");
  });
});

/** JSON as encoders write it that know no other letters. */
function inAscii(json: string): string {
  return json.replace(/[^\0-\x7f]/g, (sign) => `\\u${sign.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

describe("what comes back", () => {
  test("has the values again, in texts inside of texts too, however the placeholder is spelt", () => {
    const redactor = new Redactor(every);
    const sent = redactor.redact({ model: "m", messages: [{ content: "Mail a@b.de or ring 030 1234567" }] });
    expect(JSON.stringify(sent)).not.toMatch(/a@b|1234567/);
    expect(redactor.restore({ content: '{"to":"[Email 1]","tel":"[phone 1 ]"}', n: 1 })).toEqual({
      content: '{"to":"a@b.de","tel":"030 1234567"}',
      n: 1,
    });
    expect(redactor.counts).toEqual({ emails: 1, phones: 1, cards: 0 });
  });

  test("keeps a text JSON that was JSON, whatever a value holds", () => {
    const redactor = new Redactor(every);
    const tel = "0171\t123\t4567";
    redactor.redact(`call ${tel}`);
    const { text, plain } = redactor.restore({ text: '{"tel":"[phone 1]"}', plain: "It is [phone 1]." });
    expect([JSON.parse(text), plain]).toEqual([{ tel }, `It is ${tel}.`]);
  });

  test("puts back into JSON what was taken as JSON writes it", () => {
    const redactor = new Redactor(every);
    const item = JSON.stringify({ tel: "0171\t123\t4567" });
    const hidden = redactor.redact(item);
    expect(hidden).toBe('{"tel":"[phone 1]"}');
    expect(redactor.restore(hidden)).toBe(item);
  });

  test("a value behind the name of its kind is no placeholder", () => {
    const redactor = new Redactor(every);
    redactor.redact("+1 415 555 2671, 1-415-555-0123");
    expect(redactor.remainsIn(redactor.restore("Phone: [phone 1], phone [phone 2]"))).toBe(false);
    expect(redactor.remainsIn(redactor.restore("Phone: [phone 1] 1"))).toBe(false);
    expect(redactor.remainsIn(redactor.restore("[phone 1] or phone 2"))).toBe(true);
  });

  test("a placeholder that lost its brackets is noticed, one that was never sent is not ours", () => {
    const redactor = new Redactor(every);
    redactor.redact("a@b.de");
    expect(redactor.remainsIn({ to: "Email 1" })).toBe(true);
    expect(redactor.remainsIn({ to: "email_1@mail" })).toBe(true);
    expect(redactor.remainsIn({ to: "email 2, phone 1" })).toBe(false);
    expect(new Redactor(every).remainsIn("email 1")).toBe(false);
  });
});

describe("always", () => {
  const card = fc
    .tuple(fc.integer({ min: 2, max: 9 }), fc.stringMatching(/^\d{14}$/), fc.constantFrom("", " ", "-"))
    .map(([first, rest, gap]) => {
      const body = `${first}${rest}`;
      const sum = [...body].toReversed().reduce((total, digit, place) => {
        const value = Number(digit) * (place % 2 === 0 ? 2 : 1);
        return total + (value > 9 ? value - 9 : value);
      }, 0);
      return `${body}${(10 - (sum % 10)) % 10}`.replace(/(.{4})(?=.)/g, `$1${gap}`);
    });
  const phone = fc.oneof(
    fc.tuple(fc.integer({ min: 10, max: 999 }), fc.stringMatching(/^\d{8}$/)).map(([c, n]) => `+${c} ${n}`),
    fc.stringMatching(/^0[1-9]\d{2} [1-9]\d{6}$/),
    fc.stringMatching(/^\([2-9]\d{2}\) [2-9]\d{2}-\d{4}$/),
  );
  const email = fc.stringMatching(/^[a-z]{1,8}\.[a-z]{1,8}@[a-z]{1,8}\.(com|de|co\.uk)$/);
  const word = fc.constantFrom(
    "Hello",
    "my order is",
    "and",
    "phone",
    "AB-12",
    "[email 1]",
    "[phone 2]",
    "12/27",
    "\n",
  );
  const anything = fc.oneof(
    fc.string({ unit: "grapheme", maxLength: 60 }),
    fc.stringMatching(/^[0-9 +().\-/@a-c[\]]{0,60}$/),
    fc.array(fc.oneof(card, phone, email, word), { maxLength: 8 }).map((parts) => parts.join(" ")),
  );

  test("nothing that matches stays, and all of it comes back", () => {
    fc.assert(
      fc.property(anything, (text) => {
        const redactor = new Redactor(every);
        const hidden = redactor.redact(text);
        expect(findIn(hidden, every)).toEqual([]);
        expect(redactor.restore(hidden)).toBe(text);
        if (findIn(text, every).length === 0) expect(hidden).toBe(text);
      }),
      { numRuns: 1500 },
    );
  });

  test("every value of each kind is taken out of a sentence, and counted", () => {
    fc.assert(
      fc.property(card, phone, email, (...values) => {
        const redactor = new Redactor(every);
        const hidden = redactor.redact(`Hello. Card: ${values[0]}; I am ${values[1]}, mail ${values[2]}!`);
        for (const value of values) expect(hidden).not.toContain(value);
        expect(redactor.counts).toEqual({ emails: 1, phones: 1, cards: 1 });
      }),
    );
  });

  test("text without an @ and without digits is unchanged", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme" }), (text) => {
        const plain = text.replace(/[@\d]/g, "");
        expect(redact(plain)).toBe(plain);
      }),
    );
  });

  test("(control) long texts of the worst sort take time in proportion to their length", () => {
    for (const text of [
      "\\".repeat(40_000),
      "1 ".repeat(20_000),
      "a".repeat(40_000),
      "a.".repeat(20_000),
      "0-".repeat(20_000),
    ]) {
      // Not compared by the test runner: it would draw the difference.
      expect(redact(text) === text).toBe(true);
    }
  });
});
