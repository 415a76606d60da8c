/** What labels say of a version, at any risk: nothing of it is recorded, and nothing stands because of it. */

import type { Label, MetQuestion } from "../core/label.ts";
import { type LocalVersion, readItem } from "../policy/local-version.ts";
import { questionAbout, sameAnswer } from "../policy/met-question.ts";
import type { QuestionSettings } from "../policy/question-policy.ts";
import { Trial } from "../policy/trial.ts";

interface EvidenceOptions {
  /** Its members' rungs can be asked. */
  readonly version: LocalVersion;
  /** Only labels of decisions behind this one, by number, count. */
  readonly after: number;
  /** One a cluster. */
  readonly labels: readonly Label[];
  readonly settings: Pick<QuestionSettings, "risk" | "delta" | "classes">;
  readonly met: MetQuestion;
}

/** Reads every label that may speak about the version. */
export async function evidence(options: EvidenceOptions, signal: AbortSignal): Promise<Trial> {
  const { version, after, labels, met } = options;
  const { risk, delta, classes } = options.settings;
  const trial = new Trial(version, after, labels, { risk, delta, classes, same: (a, b) => sameAnswer(met, a, b) });
  for (const label of labels) {
    if (!trial.wants(label)) continue;
    signal.throwIfAborted();
    trial.add(label, await readItem(version, questionAbout(met, label.about), label.cluster, signal));
  }
  return trial;
}
