import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { escaped, html } from "./markup.ts";

const unescaped = (text: string): string =>
  text
    .replaceAll("&lt;", "<")
    .replaceAll("&gt;", ">")
    .replaceAll("&quot;", '"')
    .replaceAll("&#39;", "'")
    .replaceAll("&amp;", "&");

describe("markup", () => {
  test("takes text as text, in elements and in attributes", () => {
    const hostile = `"><script>alert(1)</script>'`;
    expect(html`<p title="${hostile}">${[hostile]}</p>`.text).toBe(
      `<p title="${escaped(hostile)}">${escaped(hostile)}</p>`,
    );
    expect(escaped(hostile)).not.toMatch(/[<>"']/);
  });

  test("keeps markup, counts and nothing as they are", () => {
    expect(html`${html`<b>&amp;</b>`}${3}${null}${["<", html`<i></i>`]}`.text).toBe("<b>&amp;</b>3&lt;<i></i>");
  });

  test("shows no number that is none", () => {
    for (const none of [Number.NaN, Number.POSITIVE_INFINITY]) expect(() => html`<p>${none}</p>`).toThrow(TypeError);
  });

  test("makes visible what hides or reorders text", () => {
    expect(escaped("a\u202eb\u0000c\u200bd\ne")).toBe("a\ufffdb\ufffdc\ufffdd\ne");
  });

  test("can be read back, whatever was put in", () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom("<", ">", "&", '"', "'", "a", ";", "l", "t") }), (text) => {
        expect(unescaped(escaped(text))).toBe(text);
        expect(escaped(text)).not.toMatch(/[<>"']/);
      }),
    );
  });
});
