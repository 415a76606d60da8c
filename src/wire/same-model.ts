/** Whether a server answered with the model that was asked for, by their names. */

/** What may stand behind a name and still be the same model: a date, a full version, `latest`. */
const SUFFIX = /^-(\d{8}|\d{4}-\d{2}-\d{2}|\d{4}|\d{3}|latest|v?\d+\.\d+(\.\d+)*)$/;

export function isSameModel(asked: string, named: string): boolean {
  const [a, b] = [plainName(asked), plainName(named)];
  if (a === b) return true;
  // An alias that moves, and what it stands for today.
  const alias = a.replace(/[-:]latest$/, "");
  const [base, tag] = splitTag(alias);
  const [namedBase, namedTag] = splitTag(b.replace(/[-:]latest$/, ""));
  if (tag !== "" && namedTag !== "" && tag !== namedTag) return false;
  if (tag !== "" && namedTag === "" && isSizeTag(tag)) return false;
  return base === namedBase || isBehind(base, namedBase) || isBehind(namedBase, base);
}

function isBehind(name: string, longer: string): boolean {
  return longer.startsWith(name) && SUFFIX.test(longer.slice(name.length));
}

/** Without the host that serves it: `openai/gpt-6` is `gpt-6`. */
function plainName(name: string): string {
  return name.trim().toLowerCase().split("/").at(-1) ?? "";
}

function splitTag(name: string): readonly [base: string, tag: string] {
  const at = name.indexOf(":");
  return at === -1 ? [name, ""] : [name.slice(0, at), name.slice(at + 1)];
}

/** A tag that says which model it is (`4b`), and not only how it is served (`free`). */
function isSizeTag(tag: string): boolean {
  return /\d/.test(tag);
}

/** A name that sounds local and stands for a cloud. */
export function isCloudName(name: string): boolean {
  return /[-:]cloud$/i.test(name.trim());
}
