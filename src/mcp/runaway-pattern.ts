/** Patterns of strangers: which of them might take for ever on some text. */

/**
 * Whether the pattern repeats a group that itself repeats or branches, or refers back to one. Not all of these run away,
 * but all that do by more than a power of the text's length are among them.
 */
export function mayRunAway(pattern: string): boolean {
  /** Of each open group, whether something in it repeats or branches. */
  const open: boolean[] = [];
  let isClass = false;
  for (let at = 0; at < pattern.length; at++) {
    const sign = pattern[at]!;
    if (sign === "\\") {
      if (!isClass && /[1-9k]/.test(pattern[at + 1] ?? "")) return true;
      at++;
    } else if (isClass) isClass = sign !== "]";
    else if (sign === "[") isClass = true;
    else if (sign === "(") open.push(false);
    else if (sign === ")") {
      const varies = open.pop() ?? false;
      if (varies && /[+*{]/.test(pattern[at + 1] ?? "")) return true;
      if (varies && open.length > 0) open[open.length - 1] = true;
    } else if (/[+*{|]/.test(sign) && open.length > 0) open[open.length - 1] = true;
  }
  return false;
}
