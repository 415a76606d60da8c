/**
 * Choices as token paths behind one prompt, read a fork at a time: the most promising branch first, and no further
 * than what could still win. Pure: what a model says comes in through `ReadPath`.
 */

/** A natural log-probability, or the most that it can be where the model's server does not say it. */
export type Read = number | { readonly atMost: number };

/** Positions along a path below the prompt, and the tokens whose log-probability is wanted after each. */
export interface PathRead {
  /** Tokens behind the prompt. */
  readonly path: readonly number[];
  /** `after[i]` wants tokens following `path.slice(0, i)`; empty where nothing is wanted. */
  readonly after: readonly (readonly number[])[];
}

/** Answers, in the order of `after`, from raw logits. One forward pass. */
export type ReadPath = (read: PathRead) => Promise<readonly (readonly Read[])[]>;

export interface ScoreOptions {
  /** Added to a path's log-probability when paths are compared, such as minus its prior. Default 0 each. */
  readonly bias?: readonly number[] | undefined;
  /** Read every fork, whatever could still win. */
  readonly every?: boolean | undefined;
  /** Read every path to its last token, where else it is read until nothing else begins like it. Includes `every`. */
  readonly whole?: boolean | undefined;
}

export interface Scored {
  /** Natural log-probability of each path, in order; an upper bound where it is not exact. */
  readonly logp: readonly number[];
  readonly exact: readonly boolean[];
  /** The most that all paths which are not exact weigh together, bias included: a sum of exponentials. */
  readonly unread: number;
  /** Sum of the paths' probabilities: what is known of it, and the most that it can be. At most 1. */
  readonly mass: readonly [low: number, high: number];
}

/** Branches that could change a probability by less than this share of all are left unread, if none of them can win. */
export const UNREAD_SHARE = 0.05;
/** Nor are branches read for the sake of a best path that has less than this share of what is known: nobody acts on it. */
export const UNSURE = 0.5;

interface Node {
  readonly children: Map<number, Node>;
  /** Paths that end here. */
  readonly ends: number[];
  /** Paths that end here or below. */
  readonly below: number[];
}

/** A branch whose own forks are not read yet. */
interface Branch {
  readonly node: Node;
  readonly path: readonly number[];
  readonly logp: number;
  /** What its best path can come to, bias included. */
  readonly bound: number;
}

/**
 * Scores paths by how each begins: a path's probability is that of its tokens up to where no other path begins the
 * same. Where a path ends and a longer one goes on, it is that of ending there *and not* going on into any longer
 * one: so paths are disjoint events and "card" does not swallow "card payment". Nothing is asked of what follows a
 * path's end otherwise: a small model seldom ends its turn right there.
 *
 * The path with the largest biased log-probability is always exact. Others stay unread when they cannot win, and all
 * together hold at most `UNREAD_SHARE` of what is known or the best one is no better than `UNSURE`: the probability of a
 * branch bounds that of every path in it.
 */
export async function scorePaths(
  paths: readonly (readonly number[])[],
  read: ReadPath,
  { bias, every = false, whole = false }: ScoreOptions = {},
): Promise<Scored> {
  const biasOf = (index: number) => bias?.[index] ?? 0;
  const logp = new Array<number>(paths.length).fill(Number.NEGATIVE_INFINITY);
  const exact = new Array<boolean>(paths.length).fill(false);
  const branches: Branch[] = [];
  let best = Number.NEGATIVE_INFINITY;
  let known = 0;
  let low = 0;

  const settle = (index: number, value: number, isExact: boolean): void => {
    logp[index] = value;
    exact[index] = isExact;
    if (!isExact) return;
    best = Math.max(best, value + biasOf(index));
    known += Math.exp(value + biasOf(index));
    low += Math.exp(value);
  };
  /** Bounds that no pass can make exact: the server has said all it says. */
  const vague: Branch[] = [];
  const branch = (node: Node, path: readonly number[], value: number, isExact: boolean): void => {
    const [only, second] = node.below;
    const decided = second === undefined && (!whole || node.children.size === 0);
    if (decided && only !== undefined && isExact) settle(only, value, true);
    else {
      const found = { node, path, logp: value, bound: value + Math.max(...node.below.map(biasOf)) };
      (isExact ? branches : vague).push(found);
    }
  };
  /** Reads a branch down to its next fork in one pass, and gives what lies beyond the fork. */
  const open = async ({ node: top, path, logp: reached }: Branch): Promise<void> => {
    const nodes = [top];
    const trunk = [...path];
    for (let node = top; node.children.size === 1; ) {
      const [[token, child]] = [...node.children] as [[number, Node]];
      if (child.children.size === 0 || (child.below.length === 1 && !whole)) break;
      trunk.push(token);
      nodes.push(child);
      node = child;
    }
    const wanted = nodes.map((node) => [...node.children.keys()]);
    const found = await read({ path: trunk, after: [...path.map(() => []), ...wanted] });
    let above = reached;
    let isExact = true;
    for (const [depth, node] of nodes.entries()) {
      const values = (found[path.length + depth] ?? []).map(bounded);
      const goesOn = values.reduce((sum, { value, exact: sure }) => sum + (sure ? Math.exp(value) : 0), 0);
      const allSure = isExact && values.every(({ exact: sure }) => sure);
      for (const index of node.ends) {
        if (allSure) settle(index, above + logOf(1 - goesOn), true);
        else vague.push(endingAt(index, above + logOf(1 - goesOn), biasOf(index)));
      }
      const next = nodes[depth + 1];
      for (const [at, [token, child]] of [...node.children].entries()) {
        const { value, exact: sure } = values[at] ?? { value: Number.NEGATIVE_INFINITY, exact: true };
        if (child === next) {
          above += value;
          isExact &&= sure;
        } else branch(child, [...trunk.slice(0, path.length + depth), token], above + value, isExact && sure);
      }
    }
  };

  const root = treeOf(paths);
  // Nothing is compared yet, so the first tokens are read even of a single path.
  if (paths.length > 0) await open({ node: root, path: [], logp: 0, bound: 0 });
  const weightOf = (all: readonly Branch[]) => all.reduce((sum, { bound }) => sum + Math.exp(bound), 0);
  while (branches.length > 0) {
    // Few branches: sorting them anew costs nothing beside a pass.
    branches.sort((a, b) => b.bound - a.bound);
    const unread = weightOf(branches);
    const canWin = branches[0]!.bound >= best;
    const isEnough = unread <= UNREAD_SHARE * (unread + known) || Math.exp(best) < UNSURE * known;
    if (!every && !whole && !canWin && isEnough) break;
    await open(branches.shift()!);
  }
  const left = [...branches, ...vague];
  for (const { node, logp: bound } of left) for (const index of node.below) settle(index, bound, false);
  const high = low + left.reduce((sum, { logp: bound }) => sum + Math.exp(bound), 0);
  return { logp, exact, unread: weightOf(left), mass: [Math.min(1, low), Math.min(1, high)] };
}

function treeOf(paths: readonly (readonly number[])[]): Node {
  const grow = (): Node => ({ children: new Map(), ends: [], below: [] });
  const root = grow();
  for (const [index, path] of paths.entries()) {
    let node = root;
    node.below.push(index);
    for (const token of path) {
      let child = node.children.get(token);
      if (!child) {
        child = grow();
        node.children.set(token, child);
      }
      node = child;
      node.below.push(index);
    }
    node.ends.push(index);
  }
  return root;
}

/** A path's end as a branch of its own, for what only a bound is known of. */
function endingAt(index: number, logp: number, bias: number): Branch {
  return { node: { children: new Map(), ends: [index], below: [index] }, path: [], logp, bound: logp + bias };
}

function bounded(read: Read): { value: number; exact: boolean } {
  return typeof read === "number" ? { value: read, exact: true } : { value: read.atMost, exact: false };
}

/** Rounding may leave nothing, or less than nothing, of a probability: a floor keeps the logarithm finite. */
function logOf(probability: number): number {
  return Math.log(Math.max(probability, 1e-9));
}
