/** One process a model, however many rungs name it: two ladders with the same encoder need it once. */

interface Closable {
  close(): Promise<void>;
}

interface Shared {
  readonly engine: Promise<Closable>;
  holders: number;
}

const engines = new Map<string, Shared>();

/** An engine that others may hold too. */
export interface Held<E> {
  readonly engine: E;
  /** Gives it up; the last holder's call closes it. Called twice, it does nothing. */
  release(): Promise<void>;
}

/** The engine opened under this key, or a new one. A failed opening is forgotten, so that it can be tried again. */
export async function holdEngine<E extends Closable>(key: string, open: () => Promise<E>): Promise<Held<E>> {
  let shared = engines.get(key);
  if (!shared) {
    shared = { engine: open(), holders: 0 };
    engines.set(key, shared);
  }
  const mine = shared;
  mine.holders++;
  let held = true;
  const release = async (): Promise<void> => {
    if (!held) return;
    held = false;
    mine.holders--;
    if (mine.holders > 0) return;
    if (engines.get(key) === mine) engines.delete(key);
    await (await mine.engine).close();
  };
  try {
    // The key names what was opened, so whoever opened it opened an E.
    return { engine: (await mine.engine) as E, release };
  } catch (thrown) {
    engines.delete(key);
    throw thrown;
  }
}
