/** A reply's bytes as they come: bounded in size and in empty space, and text or nothing. */

import { Failure } from "./failure.ts";

/** Far more than any server keeps a line open with. */
const MOST_WHITESPACE = 16 * 1024;

const isSpace = (byte: number): boolean => byte === 0x20 || (byte >= 0x09 && byte <= 0x0d);

/** Looks at each piece of a body as it comes. Throws a `Failure` at the first thing that is wrong. */
export class BodyGuard {
  readonly #most: number;
  readonly #decoder = new TextDecoder("utf-8", { fatal: true });
  #bytes = 0;
  #spaces = 0;

  /** `most` bytes are let through. */
  constructor(most: number) {
    this.#most = most;
  }

  /** The piece as text; a letter that it has only a part of comes with the next. */
  text(piece: Uint8Array): string {
    this.#bytes += piece.byteLength;
    if (this.#bytes > this.#most) throw new Failure("reply too large");
    this.#countSpaces(piece);
    return this.#decoded(piece);
  }

  /** Text that is left at the end. */
  end(): string {
    return this.#decoded();
  }

  #decoded(piece?: Uint8Array): string {
    try {
      return this.#decoder.decode(piece, { stream: piece !== undefined });
    } catch (thrown) {
      throw new Failure("invalid UTF-8", { cause: thrown });
    }
  }

  #countSpaces(piece: Uint8Array): void {
    for (const byte of piece) {
      this.#spaces = isSpace(byte) ? this.#spaces + 1 : 0;
      if (this.#spaces > MOST_WHITESPACE) throw new Failure("endless whitespace");
    }
  }
}
