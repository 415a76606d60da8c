/** What a request's work tells its caller while it runs. */
export interface Pass {
  /** One forward pass is done: the engine is alive. Throws `E_CANCELLED` where the caller has given up. */
  done(): void;
  /** More of a text that the caller wants to see while it is written. */
  wrote(text: string): void;
}
