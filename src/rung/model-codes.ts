/**
 * Letters in place of names: one read whatever the options are called. Only for models that were measured to follow
 * them; one below a billion parameters knows the words and does not bind a letter to an option (engine.md 6.1).
 */

import type { Question } from "../core/question.ts";
import type { ChatEngine } from "../engine/engine.ts";
import type { Notes } from "./rung.ts";

/** The codes, one token each in every vocabulary that we know. More options than this are asked by name. */
export const LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
/** Behind which a letter stands. */
export const LETTER_CUE = "The letter of the right answer is";
/** A name longer than this many letters is no short name. */
const SHORT_NAME = 40;

interface Known {
  readonly item: string;
  /** The right one first. */
  readonly options: readonly [right: string, ...wrong: string[]];
}

/** Nobody who can read gets these wrong; a model that does was not reading the letters. */
const KNOWN: readonly Known[] = [
  { item: "The rain has not stopped for three days.", options: ["weather", "music", "food", "money"] },
  { item: "Could you send me the recipe for the soup?", options: ["cooking", "travel", "sport", "law"] },
  { item: "Our flight leaves at six from the other airport.", options: ["travel", "gardening", "music", "cooking"] },
  { item: "The goalkeeper saved two penalties.", options: ["sport", "weather", "banking", "health"] },
  { item: "My tooth hurts, may I see the dentist?", options: ["health", "sport", "cars", "school"] },
  { item: "She plays the violin in an orchestra.", options: ["music", "law", "travel", "weather"] },
  { item: "The engine makes a noise when I brake.", options: ["cars", "food", "music", "gardening"] },
  { item: "Plant the tulips before the first frost.", options: ["gardening", "banking", "sport", "law"] },
];
/** Of sixteen questions (each in two orders) a model may get so many wrong and still counts as following letters. */
const MOST_WRONG = 1;

/** Whether a model follows letters: found out once, at the first question that could use them, and kept. */
export class Codes {
  readonly #engine: ChatEngine;
  readonly #notes: Notes;
  #follows: Promise<boolean> | undefined;

  constructor(engine: ChatEngine, notes: Notes) {
    this.#engine = engine;
    this.#notes = notes;
  }

  /** Whether this question is asked by letters. */
  async fit(question: Question): Promise<boolean> {
    if (!wantsCodes(question)) return false;
    this.#follows ??= this.#probe();
    try {
      return await this.#follows;
    } catch (thrown) {
      // A broken engine says nothing of what the model can do: the next question asks again.
      this.#follows = undefined;
      throw thrown;
    }
  }

  async #probe(): Promise<boolean> {
    const key = `codes/${this.#engine.model.digest}`;
    const kept = this.#notes.get(key);
    if (kept !== undefined) return kept === "follows";
    const follows = await followsLetters(this.#engine);
    this.#notes.set(key, follows ? "follows" : "does not follow");
    return follows;
  }
}

/**
 * Names take more than one read where some begin alike, or say little of an option that has no short one. Whether they
 * begin alike is told by their first words: the tokens are the engine's own business.
 */
export function wantsCodes({ options, otherwise }: Pick<Question, "options" | "otherwise">): boolean {
  const names = [...options.map(({ name }) => name), ...(otherwise === null ? [] : [otherwise])];
  if (names.length < 2 || names.length > LETTERS.length) return false;
  const firstWords = new Set(names.map((name) => name.split(/[\s_.:/-]/)[0]));
  return firstWords.size < names.length || names.some((name) => name.length > SHORT_NAME);
}

/** Asks what is known, in two orders each, until the model was wrong too often. */
export async function followsLetters(engine: ChatEngine): Promise<boolean> {
  let wrong = 0;
  for (const [index, { item, options }] of KNOWN.entries()) {
    const turned = [...options.slice(index % options.length), ...options.slice(0, index % options.length)];
    for (const order of [turned, turned.toReversed()]) {
      const letters = order.map((_, place) => LETTERS[place]!);
      const prefix = await engine.prepare({
        instructions: [
          ...order.map((name, place) => `${letters[place]}. ${name}`),
          "",
          "What is the message about?",
        ].join("\n"),
        cue: LETTER_CUE,
        choices: letters.map((letter) => ` ${letter}`),
      });
      const { logp } = await engine.score({ prefix, item });
      if (logp.indexOf(Math.max(...logp)) !== order.indexOf(options[0])) wrong++;
      if (wrong > MOST_WRONG) return false;
    }
  }
  return true;
}
