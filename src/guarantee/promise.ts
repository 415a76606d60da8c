/** What a user may be told, in words with the numbers filled in, and what may not be said. */

/** Where the labels came from. A model's answers are no truth: the promise is then about disagreement with it. */
export type LabelSource =
  | { readonly kind: "people" }
  | {
      readonly kind: "model";
      readonly name: string;
      /** From answers that both gave and a person checked: how often both may be wrong, at 1 - `delta`. */
      readonly checked?: { readonly kappa: number; readonly checks: number; readonly delta: number };
    };

export interface PromiseFacts {
  /** Name of the step type. */
  readonly step: string;
  readonly risk: number;
  readonly delta: number;
  /** Key of the version that was certified. */
  readonly version: string;
  readonly labels: LabelSource;
}

export interface PromiseInWords {
  readonly says: string;
  /** About truth when the labels are a model's; `null` when `says` is about truth already. */
  readonly truth: string | null;
  /** A sentence each. */
  readonly doesNotSay: readonly string[];
}

/** Promise A, from a certificate on `calibration` labels, before anything runs. */
export function certifiedPromise(facts: PromiseFacts & { readonly calibration: number }): PromiseInWords {
  const { step, risk, delta, version, labels, calibration } = facts;
  const says =
    `With probability at least ${percent(1 - delta)} over the draw of the ${whole(calibration)} calibration labels, ` +
    `at most ${percent(risk)} of the answers to "${step}" that stand locally ${failing(labels)}, ` +
    `for traffic like the calibration sample and for version ${version} only.`;
  return { says, truth: truthOf(facts, delta), doesNotSay: notPromised(labels) };
}

/** Promise B, from the monitor on audits, while it runs. */
export function monitoredPromise(facts: PromiseFacts & { readonly audits: number }): PromiseInWords {
  const { step, risk, delta, version, labels, audits } = facts;
  const says =
    `If at every audit since the last reset at least ${percent(risk)} of the answers to "${step}" that stand locally ` +
    `${failingThen(labels)}, the chance that this screen would ever have shown CERTIFIED for version ${version} is at ` +
    `most ${percent(delta)}, however often one looks. It rests on ${whole(audits)} audits.`;
  const average = "The average error of a period in which the error moved above the risk and back.";
  return { says, truth: truthOf(facts, delta), doesNotSay: [average, ...notPromised(labels)] };
}

const failing = (labels: LabelSource): string =>
  labels.kind === "people" ? "are wrong" : `differ from what ${labels.name} answers`;

const failingThen = (labels: LabelSource): string =>
  labels.kind === "people" ? "had been wrong" : `had differed from what ${labels.name} answers`;

function truthOf({ risk, labels }: PromiseFacts, delta: number): string | null {
  if (labels.kind === "people") return null;
  const { name, checked } = labels;
  if (checked === undefined)
    return `Nothing is known of how often ${name} is wrong where it agrees: no person has checked.`;
  return (
    `${whole(checked.checks)} answers on which both agree were checked by people: both are wrong in at most ` +
    `${percent(checked.kappa)}, so that at most ${percent(Math.min(1, risk + checked.kappa))} of the answers that stand ` +
    `are wrong, with probability at least ${percent(1 - delta - checked.delta)}.`
  );
}

function notPromised(labels: LabelSource): readonly string[] {
  return [
    "That any single answer is right.",
    "The same share within each customer, language, option or other part of the traffic.",
    "Anything after the traffic, the model, the prompt or any other part of the version has changed.",
    labels.kind === "people"
      ? "Anything beyond the people who gave the labels: where they err, so does the promise."
      : `Truth beyond ${labels.name}: where it is wrong and the local answer agrees, no label shows it.`,
  ];
}

/** Such as `0.5 %`, rounded to six digits. */
function percent(share: number): string {
  return `${Number((share * 100).toPrecision(6))} %`;
}

const whole = (count: number): string => count.toLocaleString("en-US");
