/** A text as it grows: where a stop rule ends it, and what of it may be shown already. Pure. */

/** What a letter that is not whole yet looks like: its bytes come in several tokens. */
const HALF_LETTER = "\uFFFD";

export class Draft {
  readonly #stop: readonly string[];
  readonly #show: ((piece: string) => void) | undefined;
  #shown = 0;

  /** Ends before the first of `stop` that appears. `show` is given the text a piece at a time. */
  constructor(stop: readonly string[], show?: (piece: string) => void) {
    this.#stop = stop.filter((text) => text !== "");
    this.#show = show;
  }

  /** Takes the whole text so far; true where it has come to its end. */
  grow(text: string): boolean {
    const at = this.#stopsAt(text);
    // What may turn out to be the beginning of a stop is held back, and so is half a letter.
    this.#showUpTo(text, at ?? text.length - this.#held(text));
    return at !== null;
  }

  /** The final text. Shows what of it is not shown yet. */
  end(text: string): string {
    const final = text.slice(0, this.#stopsAt(text) ?? text.length);
    this.#showUpTo(final, final.length);
    return final;
  }

  #stopsAt(text: string): number | null {
    const found = this.#stop.map((stop) => text.indexOf(stop)).filter((at) => at >= 0);
    return found.length > 0 ? Math.min(...found) : null;
  }

  #held(text: string): number {
    const halves = text.endsWith(HALF_LETTER) ? 1 : 0;
    const begun = this.#stop.map((stop) => {
      for (let length = Math.min(stop.length - 1, text.length); length > 0; length--) {
        if (text.endsWith(stop.slice(0, length))) return length;
      }
      return 0;
    });
    return Math.max(halves, ...begun);
  }

  #showUpTo(text: string, end: number): void {
    if (end <= this.#shown) return;
    this.#show?.(text.slice(this.#shown, end));
    this.#shown = end;
  }
}
