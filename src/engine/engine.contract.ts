/** One suite for every chat engine and every encoder. */

import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { ChatEngine, EncoderEngine } from "./engine.ts";

const teams = { instructions: "Which team is it?", cue: "It is about:", choices: [" cards", " cash", " transfers"] };

export function chatEngineContract(name: string, open: () => Promise<ChatEngine>): void {
  describe(`the contract of a chat engine: ${name}`, () => {
    let engine: ChatEngine;
    beforeAll(async () => {
      engine = await open();
    });
    afterAll(() => engine.close());

    test("says which model it is", () => {
      expect(engine.model.digest).toMatch(/^[0-9a-f]{16}$/);
      expect(engine.model.bytes).toBeGreaterThan(0);
      expect(engine.model.contextTokens).toBeGreaterThan(0);
    });

    test("preparing twice is preparing once", async () => {
      expect(await engine.prepare(teams)).toBe(await engine.prepare({ ...teams }));
      expect(await engine.prepare(teams)).not.toBe(await engine.prepare({ ...teams, cue: "So:" }));
    });

    test("scores every choice, in order, and the same item gives the same numbers", async () => {
      const prefix = await engine.prepare(teams);
      const score = await engine.score({ prefix, item: "I lost my cards" });
      expect(score.logp).toHaveLength(3);
      for (const value of score.logp) expect(value).toBeLessThan(0);
      expect(score.mass).toBeGreaterThan(0);
      expect(score.mass).toBeLessThanOrEqual(1);
      expect(score.mass).toBeCloseTo(
        score.logp.reduce((sum, value) => sum + Math.exp(value), 0),
        9,
      );
      await engine.score({ prefix, item: "something else" });
      const again = await engine.score({ prefix, item: "I lost my cards" });
      expect(again.logp).toEqual(score.logp);
    });

    test("choices that cannot be told apart are refused", async () => {
      await expect(engine.prepare({ ...teams, choices: [" a", " a"] })).rejects.toMatchObject({ code: "E_CHOICES" });
    });

    test("fills the fields of a schema", async () => {
      const prefix = await engine.prepare({ instructions: "Fill in the fields.", cue: "Fields:", choices: [] });
      const fields = {
        type: "object",
        properties: { order: { type: "string", pattern: "^[A-Z]{2}\\d{6}$" }, kind: { enum: ["refund", "question"] } },
        required: ["order", "kind"],
      };
      const filled = await engine.fill({ prefix, item: "a refund for AB123456", fields, lead: "", maxTokens: 50 });
      expect(filled.value).toEqual({ order: "AB123456", kind: expect.stringMatching(/^(refund|question)$/) });
      expect(filled.fields.order?.how).toBe("copied");
      expect(filled.fields.kind?.how).toBe("read");
      expect(filled.truncated).toEqual([]);
      const unsupported = { type: "object", unevaluatedProperties: false };
      await expect(
        engine.fill({ prefix, item: "x", fields: unsupported, lead: "", maxTokens: 50 }),
      ).rejects.toMatchObject({ code: "E_SCHEMA_UNSUPPORTED" });
    });

    test("writes at most so many tokens and says when that was too few", async () => {
      const prefix = await engine.prepare({ instructions: "Write a reply.", cue: "", choices: [] });
      const written = await engine.write({ prefix, item: "Where is my parcel?", maxTokens: 1 });
      expect(written).toMatchObject({ truncated: true, outputTokens: 1 });
    });

    test("an item that does not fit is refused with its length and the limit, and nothing is cut", async () => {
      const prefix = await engine.prepare(teams);
      const item = "word ".repeat(5000);
      const { tokens, limit } = await engine.measure(prefix, item);
      expect(tokens).toBeGreaterThan(limit);
      const refused = engine.score({ prefix, item });
      await expect(refused).rejects.toMatchObject({ name: "ModelError", code: "E_TOO_LONG", value: { tokens, limit } });
      await expect(refused).rejects.toThrow(String(limit));
    });

    test("an unknown prefix and an aborted request are rejections", async () => {
      await expect(engine.score({ prefix: "nowhere", item: "x" })).rejects.toMatchObject({ code: "E_PREFIX" });
      const prefix = await engine.prepare(teams);
      const signal = AbortSignal.abort(new Error("enough"));
      await expect(engine.score({ prefix, item: "x", signal })).rejects.toThrow("enough");
    });
  });
}

export function encoderEngineContract(name: string, open: () => Promise<EncoderEngine>): void {
  describe(`the contract of an encoder: ${name}`, () => {
    let engine: EncoderEngine;
    beforeAll(async () => {
      engine = await open();
    });
    afterAll(() => engine.close());

    test("gives unit vectors, the same text the same one, a like text a near one", async () => {
      const texts = ["my card is lost", "my card is lost", "a lost card", "bake bread at home"];
      const embedded = await Promise.all(texts.map((text) => engine.embed(text)));
      const [card, again, near, far] = embedded.map(({ vector }) => vector);
      expect(embedded[0]!.tokens).toBeGreaterThanOrEqual(4);
      expect(card).toHaveLength(engine.dimensions);
      expect(Math.hypot(...card!)).toBeCloseTo(1, 5);
      expect(again).toEqual(card);
      const cosine = (a: Float32Array, b: Float32Array) => a.reduce((sum, value, index) => sum + value * b[index]!, 0);
      expect(cosine(card!, near!)).toBeGreaterThan(cosine(card!, far!));
    });

    test("refuses an empty text and one that is too long, with its length and the limit", async () => {
      await expect(engine.embed("")).rejects.toMatchObject({ code: "E_EMPTY" });
      await expect(engine.embed("word ".repeat(2000))).rejects.toMatchObject({
        code: "E_TOO_LONG",
        value: { tokens: expect.any(Number), limit: expect.any(Number) },
      });
    });

    test("of many at once each has its own vector, refusal or end", async () => {
      const controller = new AbortController();
      const alone = await engine.embed("my card is lost");
      const all = Promise.allSettled([
        engine.embed("a first text"),
        engine.embed("word ".repeat(2000)),
        engine.embed(""),
        ...Array.from({ length: 8 }, () => engine.embed("my card is lost")),
        engine.embed("the last of them", controller.signal),
      ]);
      controller.abort(new Error("enough"));
      const [first, long, empty, ...rest] = await all;
      expect(first).toMatchObject({ status: "fulfilled" });
      expect(long).toMatchObject({ status: "rejected", reason: { code: "E_TOO_LONG" } });
      expect(empty).toMatchObject({ status: "rejected", reason: { code: "E_EMPTY" } });
      expect(rest.at(-1)).toMatchObject({ status: "rejected", reason: { message: "enough" } });
      for (const one of rest.slice(0, -1)) expect(one).toMatchObject({ status: "fulfilled", value: alone });
    });

    test("an aborted request is a rejection", async () => {
      await expect(engine.embed("x", AbortSignal.abort(new Error("enough")))).rejects.toThrow("enough");
    });
  });
}
