/**
 * Fills the fields of a JSON Schema: the host writes all of JSON's punctuation, the model only weighs values or
 * writes them. Knows no model; it works through a `Pen`.
 */

import type { FieldEvidence } from "../core/answer.ts";
import { ModelError } from "../core/errors.ts";
import { canonicalJson } from "../core/json.ts";
import type { JsonSchema } from "../core/schema.ts";
import { byOpening, insideOf, openingsOf, toldApart } from "./branches.ts";
import { candidatesOf } from "./candidates.ts";
import type { Filled } from "./engine.ts";
import { formOfNumber, formOfString } from "./forms.ts";
import { below } from "./keywords.ts";
import { type Cost, costOfMember, leastMembers, leastOf, NOTHING, plus } from "./least.ts";
import type { Form, Pen, Weighed } from "./pen.ts";
import { type Member, type NumberPlan, type ObjectPlan, type Plan, planOf } from "./plan.ts";

/** Below this many levels only what must be there is filled: a schema may contain itself without an end. */
const DEEPEST = 8;

export type Fill = Pick<Filled, "value" | "fields" | "truncated" | "outputTokens">;

/**
 * `gap` stands between what the pen has written and the object. Rejects with `E_SCHEMA_UNSUPPORTED` before a single
 * pass, with `E_NO_VALUE` where a pattern that cannot be written by grammar occurs nowhere in the item, and where the
 * filled value breaks its schema: with `E_FILL_TRUNCATED` if `maxTokens` cut something short, else `E_FILL_INVALID`.
 */
export async function fillFields(
  schema: JsonSchema,
  item: string,
  maxTokens: number,
  pen: Pen,
  gap = " ",
): Promise<Fill> {
  const { plan, faultOf } = planOf(schema);
  const filler = new Filler(item, maxTokens, pen);
  const value = (await filler.fill(plan, "", gap, 0)) as { [key: string]: unknown };
  const { fields, truncated, left } = filler;
  const fault = faultOf(value);
  if (fault) {
    const cut = truncated.length > 0;
    const why = cut ? `; the limit of ${maxTokens} tokens cut short: ${truncated.slice(0, 5).join(", ")}` : "";
    throw new ModelError(
      cut ? "E_FILL_TRUNCATED" : "E_FILL_INVALID",
      `what was filled in for "${fault.path}" breaks its schema: "${fault.keyword}"${why}`,
      { value: fault },
    );
  }
  return { value, fields, truncated, outputTokens: maxTokens - left };
}

/** What stands between a text and the object behind it: a space, unless one is there or nothing is. */
export function gapBehind(text: string): string {
  return /(^|\s)$/.test(text) ? "" : " ";
}

class Filler {
  readonly fields: { [path: string]: FieldEvidence } = {};
  readonly truncated: string[] = [];
  /** Tokens that the model may still write; a read counts as one. */
  left: number;
  readonly #item: string;
  readonly #pen: Pen;
  /** What is still to come and must not be left out. */
  #due: Cost = NOTHING;

  constructor(item: string, maxTokens: number, pen: Pen) {
    this.#item = item;
    this.left = maxTokens;
    this.#pen = pen;
  }

  /** Writes one value behind `gap` (a space, or nothing after an opening bracket) and returns it. */
  async fill(plan: Plan, path: string, gap: string, depth: number): Promise<unknown> {
    switch (plan.kind) {
      case "among":
        return await this.#among(plan.values, path, gap);
      case "string":
        return await this.#string(plan, path, gap);
      case "number":
        return await this.#number(plan, path, gap);
      case "array":
        return await this.#array(plan, path, gap, depth);
      case "object":
        return await this.#object(plan, path, gap, depth);
      case "union":
        return await this.#union(plan.plans, path, gap, depth);
      case "never":
        throw new ModelError("E_FILL_INVALID", `no value fits "${path}": "${plan.keyword}"`, { value: plan });
    }
  }

  async #object(plan: ObjectPlan, path: string, gap: string, depth: number): Promise<unknown> {
    const value: { [key: string]: unknown } = {};
    const least = leastMembers(plan);
    for (const member of least) this.#owe(costOf(member), 1);
    this.#pen.put(`${gap}{`);
    for (const [index, member] of plan.members.entries()) {
      const names = Object.keys(value);
      const inner = below(path, member.name);
      const key = `${names.length === 0 ? "" : ", "}${JSON.stringify(member.name)}:`;
      if (least.includes(member)) this.#owe(costOf(member), -1);
      const isAsked = depth < DEEPEST ? !isNeeded(plan, member, names, index) : !least.includes(member);
      if (isAsked && (isRuledOut(plan, member, names, index) || !this.#isWithin(member, inner, depth))) continue;
      const found = isAsked
        ? await this.#optional(member.plan, inner, key, depth)
        : await this.#behind(key, member.plan, inner, depth);
      if (found === undefined) continue;
      // A defined property even for a key such as "__proto__".
      Object.defineProperty(value, member.name, { value: found, enumerable: true, configurable: true, writable: true });
    }
    this.#pen.put("}");
    return value;
  }

  async #behind(key: string, plan: Plan, path: string, depth: number): Promise<unknown> {
    this.#pen.put(key);
    return await this.fill(plan, path, " ", depth + 1);
  }

  /** Whether an optional property can be asked for: it is not too deep, there is room for it, and a source. */
  #isWithin(member: Member, path: string, depth: number): boolean {
    const { plan } = member;
    if (plan.kind === "string" && candidatesOf(this.#item, plan).length === 0 && formOfString(plan) === null)
      return false;
    if (depth < DEEPEST && this.#affords(costOf(member))) return true;
    this.truncated.push(path);
    return false;
  }

  /**
   * A property that may be left out, `undefined` where it is: to the model it is then null. One that may be null is
   * not left out but filled with that. Of fixed values, one read says both whether and which.
   */
  async #optional(plan: Plan, path: string, key: string, depth: number): Promise<unknown> {
    const openings = openingsOf(plan);
    if (openings.includes("null")) return await this.#behind(key, plan, path, depth);
    const values = plan.kind === "among" ? plan.values : null;
    const groups = values ? values.map((value) => [` ${JSON.stringify(value)}`]) : [openings.map((text) => ` ${text}`)];
    const { index, p } = await this.#choose([[" null"], ...groups], key);
    this.#record(path, p, "read");
    if (index === 0) return undefined;
    if (!values) return await this.#behind(key, plan, path, depth);
    this.#pen.put(key + groups[index - 1]![0]!);
    return values[index - 1];
  }

  async #array(plan: Plan & { kind: "array" }, path: string, gap: string, depth: number): Promise<unknown[]> {
    const values: unknown[] = [];
    const seen = new Set<string>();
    for (let index = 0; index < plan.min; index++) this.#owe(leastOf(plan.item(index)), 1);
    this.#pen.put(`${gap}[`);
    while (values.length < plan.max) {
      const index = values.length;
      const inner = `${path}[${index}]`;
      const item = withoutSeen(plan.item(index), plan.unique ? seen : new Set());
      if (index < plan.min) this.#owe(leastOf(plan.item(index)), -1);
      else if (leastOf(item) === null) break;
      else if (depth >= DEEPEST || !this.#affords(leastOf(item))) {
        this.truncated.push(path);
        break;
      } else if (await this.#ends(index === 0 ? openingsOf(item) : [","], path, inner)) break;
      if (index > 0) this.#pen.put(",");
      const value = await this.fill(item, inner, index === 0 ? "" : " ", depth + 1);
      // Told to be unique, a model that begins to repeat itself has nothing more to say.
      if (plan.unique && seen.has(canonicalJson(value)) && index >= plan.min) {
        this.#forget(inner);
        break;
      }
      seen.add(canonicalJson(value));
      values.push(value);
    }
    if (plan.capped && values.length >= plan.max) this.truncated.push(path);
    this.#pen.put("]");
    return values;
  }

  async #union(plans: readonly Plan[], path: string, gap: string, depth: number): Promise<unknown> {
    const plan = await this.#branch(this.#within(plans, depth), path, gap, "", openingsOf);
    // Of what is not fixed but begins like the objects, nothing is left; of several objects, the first key tells.
    if (plan.kind !== "object") return await this.fill(plan, path, gap, depth);
    const objects = toldApart(this.#within(plans, depth).filter((each) => each.kind === "object"));
    const object = await this.#branch(objects, path, "", `${gap}{`, insideOf);
    return await this.fill(object, path, gap, depth);
  }

  /** The branches that there is still room for, or the one that needs least. */
  #within(plans: readonly Plan[], depth: number): readonly Plan[] {
    const possible = plans.filter((plan) => leastOf(plan) !== null);
    const affordable = depth < DEEPEST ? possible.filter((plan) => this.#affords(leastOf(plan))) : [];
    if (affordable.length > 0) return affordable;
    const letters = (plan: Plan) => leastOf(plan)?.letters ?? Infinity;
    return [possible.reduce((least, plan) => (letters(plan) < letters(least) ? plan : least))];
  }

  /** The branch that the model begins behind `lead`, which is not written yet. */
  async #branch<P extends Plan>(
    plans: readonly P[],
    path: string,
    gap: string,
    lead: string,
    openings: (plan: P) => readonly string[],
  ): Promise<P> {
    const branches = byOpening(plans, openings);
    if (branches.length === 1) return branches[0]!.plan;
    const { index, p } = await this.#choose(
      branches.map((branch) => branch.openings.map((opening) => gap + opening)),
      lead,
    );
    this.#record(path, p, "read");
    return branches[index]!.plan;
  }

  /** Whether the array at `path` ends here rather than going on with one of these, the item at `inner`. */
  async #ends(others: readonly string[], path: string, inner: string): Promise<boolean> {
    const { index, p } = await this.#choose([["]"], others], "");
    this.#record(index === 0 ? path : inner, p, "read");
    return index === 0;
  }

  /** Which of these groups of texts comes next, and its share of what all of them together have. */
  async #choose(groups: readonly (readonly string[])[], lead: string): Promise<{ index: number; p: number }> {
    // Of a group with several beginnings the sum counts, and for that each must be known.
    const weighed = await this.#pen.weigh(groups.flat(), lead, { every: groups.some((group) => group.length > 1) });
    this.left--;
    const shares = sharesOf(weighed);
    let at = 0;
    const sums = groups.map((group) => group.reduce((sum) => sum + shares[at++]!, 0));
    const index = argmax(sums);
    return { index, p: sums[index]! };
  }

  async #among(values: readonly unknown[], path: string, gap: string): Promise<unknown> {
    if (values.length === 1) {
      this.#pen.put(gap + JSON.stringify(values[0]));
      return values[0];
    }
    const { best, weighed } = await this.#weigh(values, gap, path);
    this.#record(path, sharesOf(weighed)[best]!, "read");
    return values[best];
  }

  async #string(plan: Plan & { kind: "string" }, path: string, gap: string): Promise<string> {
    const candidates = candidatesOf(this.#item, plan);
    if (candidates.length > 0) return await this.#copy(candidates, path, gap);
    const form = formOfString(plan);
    if (form === null) {
      throw new ModelError("E_NO_VALUE", `nothing in the item fits the pattern of "${path}": ${plan.patterns[0]}`, {
        value: path,
      });
    }
    this.#pen.put(`${gap}"`);
    const value = await this.#written(form, path, unescaped);
    this.#pen.put('"');
    return value;
  }

  async #copy(candidates: readonly string[], path: string, gap: string): Promise<string> {
    const { best, weighed } = await this.#weigh(candidates, gap, path, true);
    // Raw, not shared out among the candidates: where there is only one, sharing would always say 1.
    this.#record(path, Math.exp(knownOf(weighed)[best]!), "copied");
    return candidates[best]!;
  }

  /**
   * Weighs values and writes the best. Quotes are the host's: how likely the model finds them says nothing of the
   * value, so they are written before and after and not weighed, unless some values have none.
   */
  async #weigh<T>(
    values: readonly T[],
    gap: string,
    path: string,
    whole = false,
  ): Promise<{ best: number; weighed: Weighed }> {
    if (this.left <= 0)
      throw new ModelError("E_FILL_TRUNCATED", `no token is left to decide "${path}"`, { value: path });
    const quoted = values.every((value) => typeof value === "string" && value !== "");
    if (quoted) this.#pen.put(`${gap}"`);
    const texts = values.map((value) => (quoted ? JSON.stringify(value).slice(1, -1) : gap + JSON.stringify(value)));
    const weighed = await this.#pen.weigh(texts, "", { whole });
    const best = argmax(knownOf(weighed));
    this.#pen.put(texts[best]! + (quoted ? '"' : ""));
    this.left--;
    return { best, weighed };
  }

  async #number(plan: NumberPlan, path: string, gap: string): Promise<number> {
    const value = await this.#written(formOfNumber(plan, gap), path, Number.parseFloat);
    if (Number.isFinite(value)) return value;
    this.#record(path, Number.NaN, "generated");
    return 0;
  }

  /** Lets the model write; what the limit cuts short is said, and has no confidence to stand on. */
  async #written<T>(form: Form, path: string, read: (text: string) => T): Promise<T> {
    // One field that will not end must not eat what the others need.
    const limit = Math.min(
      Math.max(Math.min(this.left, 1), Math.floor(this.left - this.#due.tokens)),
      Math.floor(this.#pen.room - this.#due.letters),
    );
    const nothing = { text: "", logp: 0, tokens: 0, whole: false };
    const piece = limit > 0 ? await this.#pen.write(form, limit) : nothing;
    this.left -= piece.tokens;
    if (!piece.whole) this.truncated.push(path);
    this.#record(path, piece.whole ? Math.exp(piece.logp) : Number.NaN, "generated");
    return read(piece.text);
  }

  /** What stands at a path is no surer than the decision that led to it, which was recorded there before. */
  #record(path: string, p: number, how: FieldEvidence["how"]): void {
    const decided = this.fields[path]?.confidence;
    const own = finite(p);
    const confidence = own === null || decided === null ? null : Math.min(own, decided ?? 1);
    this.fields[path] = { confidence, how };
  }

  #owe(cost: Cost | null, sign: 1 | -1): void {
    if (cost) this.#due = plus(this.#due, cost, sign);
  }

  /** Whether there is room for this beside what must still come; one token is for asking. */
  #affords(cost: Cost | null): boolean {
    if (cost === null) return false;
    const all = plus(this.#due, cost);
    return this.left > all.tokens && this.#pen.room > all.letters;
  }

  #forget(path: string): void {
    for (const field of Object.keys(this.fields)) if (field.startsWith(path)) delete this.fields[field];
  }
}

function costOf({ name, plan }: Member): Cost | null {
  return costOfMember(name, leastOf(plan));
}

/** Whether a property must be there: by itself, because another is, or because too few are left to leave one out. */
function isNeeded(plan: ObjectPlan, member: Member, names: readonly string[], index: number): boolean {
  if (member.required || names.some((other) => plan.needs.get(other)?.includes(member.name))) return true;
  const remaining = plan.members.slice(index).filter((each) => leastOf(each.plan) !== null);
  return remaining.includes(member) && plan.min - names.length >= remaining.length;
}

/** Whether a property cannot be there: nothing fits it, it is one too many, or what it asks for was left out already. */
function isRuledOut(plan: ObjectPlan, member: Member, names: readonly string[], index: number): boolean {
  const stillRequired = plan.members.filter(({ name, required }) => required && !names.includes(name)).length;
  if (names.length + stillRequired >= plan.max || leastOf(member.plan) === null) return true;
  const passed = plan.members.slice(0, index).map(({ name }) => name);
  return plan.needs.get(member.name)?.some((name) => passed.includes(name) && !names.includes(name)) ?? false;
}

/** The plan of an item that must differ from those there are. */
function withoutSeen(plan: Plan, seen: ReadonlySet<string>): Plan {
  if (plan.kind !== "among" || seen.size === 0) return plan;
  const values = plan.values.filter((value) => !seen.has(canonicalJson(value)));
  return values.length > 0 ? { kind: "among", values } : { kind: "never", path: "", keyword: "uniqueItems" };
}

/** The text that a JSON string's inside stands for; a cut one may end in half an escape, which is dropped. */
function unescaped(inside: string): string {
  try {
    return JSON.parse(`"${inside}"`) as string;
  } catch {
    return inside.replace(/\\(u[0-9a-fA-F]{0,3})?$/, "");
  }
}

/** The log-probabilities that are known; what is only bounded counts for nothing, so that no choice rests on a bound. */
function knownOf({ logp, exact }: Weighed): readonly number[] {
  return logp.map((value, index) => (exact[index] ? value : Number.NEGATIVE_INFINITY));
}

/** Each text's share of all at the least: what is unread has its most, and once, however many texts it holds. */
function sharesOf(weighed: Weighed): readonly number[] {
  const known = knownOf(weighed);
  const most = Math.max(-700, ...known);
  const weights = known.map((value) => Math.exp(value - most));
  const total = weights.reduce((sum, weight) => sum + weight, weighed.unread * Math.exp(-most));
  return weights.map((weight) => weight / total);
}

function argmax(values: readonly number[]): number {
  return values.reduce((best, value, index) => (value > values[best]! ? index : best), 0);
}

/** A number between 0 and 1, or nothing. */
function finite(p: number): number | null {
  return p >= 0 && p <= 1 + 1e-6 ? Math.min(1, p) : null;
}
