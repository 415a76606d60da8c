/** What a data file is made of. */

/** A record of a data file: a row, or the reason why it is none. */
export type Row = GoodRow | BadRow;

interface Place {
  /** 1-based place among the records of the file, bad ones included; header and blank lines do not count. */
  readonly position: number;
  /** 1-based line of the file on which the record starts. */
  readonly line: number;
  /** Length of the record in UTF-8 bytes, its line end included. */
  readonly bytes: number;
}

export interface GoodRow extends Place {
  readonly kind: "row";
  /** CSV: every value is a string. Keys are own properties, `__proto__` among them. */
  readonly value: Record<string, unknown>;
}

export interface BadRow extends Place {
  readonly kind: "bad";
  /** A clause for people. It names columns and places, and quotes at most one character of the data. */
  readonly reason: string;
}
