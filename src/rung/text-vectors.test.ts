import { describe, expect, test } from "vitest";
import { FakeEncoder } from "../engine/fake.contract.ts";
import { packVector, unpackVector } from "../vectors/packed.ts";
import { openTextVectors, type TextVectorsOptions } from "./text-vectors.ts";

async function opened(options: TextVectorsOptions = {}, kept = new Map<string, Uint8Array>()) {
  const engine = new FakeEncoder();
  const vectors = {
    get: (key: string) => kept.get(key),
    set: (key: string, bytes: Uint8Array) => void kept.set(key, bytes),
  };
  const texts = await openTextVectors("fake.gguf", { vectors, say: () => {} }, { engine, ...options });
  return { engine, texts, kept };
}
const words = (count: number, word = "card") =>
  Array.from({ length: count }, (_, index) => `${word}${index}`).join(" ");

describe("a text's vector", () => {
  test("is read once, and has the same numbers fresh and out of the cache", async () => {
    const first = await opened();
    const fresh = await first.texts.of("my card is lost");
    expect(fresh).toMatchObject({ tokens: 4, pieces: 1 });
    const later = await opened({}, first.kept);
    const cached = await later.texts.of("my card is lost");
    expect(later.engine.embedded).toEqual([]);
    expect(cached).toEqual({ ...fresh, tokens: 0 });
    expect(unpackVector(packVector(fresh.vector))).toEqual(fresh.vector);
  });

  test("is kept apart by prefix and by encoder, and bytes of another length are no vector", async () => {
    const { kept, texts } = await opened({ textPrefix: "query: " });
    await texts.of("card");
    const without = await opened({}, kept);
    await without.texts.of("query card");
    await without.texts.of("query: card");
    // Behind its prefix it is the same text, so the second was known.
    expect(without.engine.embedded).toEqual(["query card"]);
    const other = await opened({}, kept);
    Object.assign(other.engine.model, { digest: "another" });
    await other.texts.of("query: card");
    expect(other.engine.embedded).toEqual(["query: card"]);
    for (const key of kept.keys()) kept.set(key, new Uint8Array(3));
    const damaged = await opened({}, kept);
    expect((await damaged.texts.of("query: card")).vector).toHaveLength(64);
  });

  test("of a long text is the mean of its windows, weighted by their tokens", async () => {
    const { engine, texts, kept } = await opened();
    const long = `${words(15, "a")}. ${words(9, "b")}.`;
    const whole = await texts.of(long);
    expect(whole.pieces).toBe(engine.embedded.length);
    expect(whole.pieces).toBeGreaterThan(1);
    expect(engine.embedded.join("").replaceAll(" ", "")).toBe(long.replaceAll(" ", ""));
    expect(whole.tokens).toBe(24);
    expect(Math.hypot(...whole.vector)).toBeCloseTo(1, 2);
    const sum = new Float32Array(64);
    for (const window of engine.embedded) {
      const { vector } = await texts.of(window);
      const weight = window.split(" ").filter(Boolean).length;
      for (const [index, value] of vector.entries()) sum[index]! += value * weight;
    }
    const length = Math.hypot(...sum);
    for (const [index, value] of sum.entries()) expect(whole.vector[index]).toBeCloseTo(value / length, 3);
    const later = await opened({}, kept);
    expect(await later.texts.of(long)).toEqual({ ...whole, tokens: 0 });
  });

  test("the author's cut goes first; what is still too long is cut further", async () => {
    const { engine, texts } = await opened();
    const limits: number[] = [];
    const split = (text: string, limit: number) => {
      limits.push(limit);
      return [text.slice(0, text.indexOf("b0")), "  ", text.slice(text.indexOf("b0"))];
    };
    const { pieces } = await texts.of(`${words(5, "a")} ${words(30, "b")}`, { split });
    expect(limits).toEqual([20]);
    expect(engine.embedded[0]).toBe(`${words(5, "a")} `);
    expect(pieces).toBe(engine.embedded.length);
    expect(pieces).toBeGreaterThanOrEqual(3);
    await expect(texts.of(words(30), { split: () => [] })).rejects.toMatchObject({ code: "E_TOO_LONG" });
    expect((await texts.of(words(30, "c"), { split: (text) => [text] })).pieces).toBeGreaterThan(1);
  });

  test("nothing to read has none, also behind a prefix; stretches without a token are left out", async () => {
    const { texts, engine } = await opened({ textPrefix: "query: " });
    await expect(texts.of(" \n")).rejects.toMatchObject({ code: "E_EMPTY" });
    const plain = await opened();
    await expect(plain.texts.of("?!")).rejects.toMatchObject({ code: "E_EMPTY" });
    expect((await plain.texts.of(`${words(22)} ${"! ".repeat(200)}`)).tokens).toBe(22);
    expect(engine.embedded).toEqual([]);
  });

  test("a prefix that leaves no room is an error, not a search without an end", async () => {
    const { texts } = await opened({ textPrefix: `${words(25)} ` });
    await expect(texts.of("a lost card")).rejects.toMatchObject({ code: "E_TOO_LONG" });
  });

  test("an aborted one rejects with the signal's reason", async () => {
    const { texts } = await opened();
    await expect(texts.of("card", { signal: AbortSignal.abort(new Error("enough")) })).rejects.toThrow("enough");
  });
});
