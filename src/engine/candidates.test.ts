import { expect, test } from "vitest";
import { candidatesOf } from "./candidates.ts";

const found = (item: string, format: string | null, ...patterns: string[]) =>
  candidatesOf(item, { kind: "string", format, patterns, min: 0, max: null });

test.each([
  ["anna.maria.smith@example.com, thanks", ["anna.maria.smith@example.com"]],
  ["o'brien@example.com", ["o'brien@example.com"]],
  ["'anna@example.com' or <bob@example.com>.", ["anna@example.com", "bob@example.com"]],
  ["?x=1&to=anna@example.com", ["to=anna@example.com", "anna@example.com"]],
  [".anna@example.com, a..b@example.com, müller@example.com", []],
  ["anna@a.b.c.d.e.f.com", []],
])("addresses in %j", (item, addresses) => {
  expect(found(item, "email")).toEqual(addresses);
});

test.each([
  ["https://a.example/x%20y, https://a.example:8443/p", ["https://a.example/x%20y", "https://a.example:8443/p"]],
  ["(see https://a.example/page#part).", ["https://a.example/page#part"]],
  ["[it](https://a.example/Foo_(bar))!", ["https://a.example/Foo_(bar)"]],
  ["fetch('https://a.example/x').then", ["https://a.example/x"]],
  [`https://a.example/${"x".repeat(300)} end`, [`https://a.example/${"x".repeat(300)}`]],
  ["https://a.example/straße https://a.example/o'brien https://a.example/x(1)ü", []],
])("web addresses in %j", (item, addresses) => {
  expect(found(item, "uri")).toEqual(addresses);
});

test("a timestamp holds its day", () => {
  expect(found("2026-03-12T10:00:00Z", "date")).toEqual(["2026-03-12"]);
});

test("no letter or digit touches a piece, also where the pattern is none with Unicode", () => {
  expect(found("Order 12345-67890 or 123-4567", null, "^\\d{3}\\-\\d{4}$")).toEqual(["123-4567"]);
  expect(found("é123-4567, 123-4567é, x 234-5678", null, "^\\d{3}\\-\\d{4}$")).toEqual(["234-5678"]);
  expect(found("éAB12, AB12é, AB34", null, "^[A-Z]{2}\\d{2}$")).toEqual(["AB34"]);
});
