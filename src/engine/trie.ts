/**
 * Log-probabilities of several token paths behind one prompt, exactly, each position read once. Knows nothing
 * of a model: it is given a function that reads.
 */

/** Paths in a tree of tokens. A path may end inside the tree, where a longer one goes on. */
export interface TokenTree {
  readonly children: ReadonlyMap<number, TokenTree>;
  /** Indexes of the paths that end here: several where choices have equal tokens. */
  readonly ends: readonly number[];
}

/** Builds the tree. An empty path ends at the root. */
export function treeOf(paths: readonly (readonly number[])[]): TokenTree {
  interface Growing {
    readonly children: Map<number, Growing>;
    readonly ends: number[];
  }
  const grow = (): Growing => ({ children: new Map(), ends: [] });
  const root = grow();
  paths.forEach((path, index) => {
    let node = root;
    for (const token of path) {
      let child = node.children.get(token);
      if (!child) {
        child = grow();
        node.children.set(token, child);
      }
      node = child;
    }
    node.ends.push(index);
  });
  return root;
}

/** Positions along a path below the prompt, and the tokens whose log-probability is wanted after each. */
export interface PathRead {
  /** Tokens behind the prompt. */
  readonly path: readonly number[];
  /** `after[i]` wants tokens following `path.slice(0, i)`; empty where nothing is wanted. */
  readonly after: readonly (readonly number[])[];
}

/** Answers, in the order of `after`, natural log-probabilities from raw logits. One forward pass. */
export type ReadPath = (read: PathRead) => Promise<readonly (readonly number[])[]>;

/**
 * The unconstrained log-probability of each path's tokens. Where a path ends and a longer one goes on, its
 * probability is that of ending there *and not* going on into any of the longer ones: so the paths are disjoint
 * events, their probabilities sum to at most 1, and "card" does not swallow "card payment". Nothing is asked of
 * what follows a path's end otherwise: a small model seldom ends its turn right there.
 */
export async function scorePaths(paths: readonly (readonly number[])[], read: ReadPath): Promise<number[]> {
  const root = treeOf(paths);
  const logp = new Array<number>(paths.length).fill(Number.NEGATIVE_INFINITY);
  const walk = async (top: TokenTree, trunk: readonly number[], trunkLogp: number): Promise<void> => {
    // The way down without a fork is read in one pass, a fork's own children one after the other.
    const nodes = [top];
    const path = [...trunk];
    for (let node = top; node.children.size === 1; ) {
      const [[token, child]] = [...node.children] as [[number, TokenTree]];
      if (child.children.size === 0) break;
      path.push(token);
      nodes.push(child);
      node = child;
    }
    const wanted = nodes.map((node) => [...node.children.keys()]);
    const after: (readonly number[])[] = [...trunk.map(() => []), ...wanted];
    const found = wanted.every((tokens) => tokens.length === 0) ? after : await read({ path, after });
    let reached = trunkLogp;
    for (const [depth, node] of nodes.entries()) {
      const values = found[trunk.length + depth] ?? [];
      const goesOn = values.reduce((sum, value) => sum + Math.exp(value), 0);
      for (const index of node.ends) logp[index] = reached + logOf(1 - goesOn);
      const children = [...node.children];
      const next = nodes[depth + 1];
      for (const [at, [token, child]] of children.entries()) {
        const below = reached + (values[at] ?? Number.NEGATIVE_INFINITY);
        if (child === next) continue;
        if (child.children.size === 0) for (const index of child.ends) logp[index] = below;
        else await walk(child, [...path.slice(0, trunk.length + depth), token], below);
      }
      if (next) reached += values[0] ?? Number.NEGATIVE_INFINITY;
    }
  };
  await walk(root, [], 0);
  return logp;
}

/** Rounding may leave nothing, or less than nothing, of a probability: a floor keeps the logarithm finite. */
function logOf(probability: number): number {
  return Math.log(Math.max(probability, 1e-9));
}

/** Sum of probabilities given as logarithms, held to 0..1 against rounding. */
export function massOf(logp: readonly number[]): number {
  return Math.min(
    1,
    logp.reduce((sum, value) => sum + Math.exp(value), 0),
  );
}
