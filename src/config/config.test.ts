import { describe, expect, test } from "vitest";
import { memoryJournal } from "../journal/memory.ts";
import { person } from "../rung/person.ts";
import { fallback } from "../rung/rules.ts";
import { scripted } from "../rung/scripted.ts";
import { defineConfig } from "./config.ts";
import { makeParts } from "./parts.ts";

const model = scripted({});

describe("defineConfig", () => {
  test("gives back what it was given", () => {
    const config = {
      ladder: [model, person()],
      effects: { write: model, irreversible: null },
      budget: { currency: "EUR" },
    };
    expect(defineConfig(config)).toBe(config);
  });

  test.each([
    [{ lader: [] }, "E_CONFIG", "lader"],
    [{ effects: { irreversibel: null } }, "E_CONFIG", "irreversibel"],
    [{ egress: { localonly: true } }, "E_CONFIG", "localonly"],
    [{ egress: { localOnly: "yes" } }, "E_EGRESS", "yes"],
    [{ egress: { allow: "a.example" } }, "E_EGRESS", "a.example"],
    [{ egress: { allow: ["https://a.example/"] } }, "E_EGRESS", "https://a.example/"],
    [{ budget: { perHour: 5 } }, "E_CONFIG", "perHour"],
    [{ ladder: [model, model] }, "E_LADDER", "scripted"],
    [{ questions: { s: { ladder: [person(), person()] } } }, "E_LADDER", "person"],
    [{ questions: { s: { errorCost: -1 } } }, "E_CONFIG", -1],
    [{ questions: { s: { errorCost: Number.POSITIVE_INFINITY } } }, "E_CONFIG", Number.POSITIVE_INFINITY],
  ])("refuses %j by name: what it does not know would silently not hold", (config, code, value) => {
    expect(() => defineConfig(config as never)).toThrow(expect.objectContaining({ code, value }));
  });
});

describe("makeParts", () => {
  const namesOf = (config: object, step = "any") =>
    makeParts(config, memoryJournal())
      .ladder(step)
      .map(({ name }) => name);

  test("ends every ladder with a rung that settles the question", () => {
    expect(namesOf({})).toEqual(["person"]);
    expect(namesOf({ ladder: [model] })).toEqual(["scripted", "person"]);
    expect(namesOf({ ladder: [model, fallback("x")] })).toEqual(["scripted", "fallback"]);
    expect(namesOf({ ladder: [person()], questions: { s: { ladder: [model] } } }, "s")).toEqual(["scripted", "person"]);
  });

  test("asks a person for what cannot be undone, unless the config names another rung or lifts it", () => {
    const floorOf = (effects: object | undefined) =>
      makeParts(effects ? { effects } : {}, memoryJournal()).floors.irreversible?.name;
    expect(floorOf(undefined)).toBe("person");
    expect(floorOf({ irreversible: undefined })).toBe("person");
    expect(floorOf({ irreversible: model })).toBe("scripted");
    expect(floorOf({ irreversible: null })).toBeUndefined();
  });

  test("opens and closes every rung once", async () => {
    const seen: string[] = [];
    const rung = { ...model, open: async () => void seen.push("open"), close: async () => void seen.push("close") };
    const parts = makeParts({ ladder: [rung], questions: { s: { ladder: [rung] } } }, memoryJournal());
    await parts.open();
    await parts.close();
    expect(seen).toEqual(["open", "close"]);
  });
});
