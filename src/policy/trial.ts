/** A version on trial: labels that it has never seen come in, until one of its thresholds may be promised, or none can. */

import type { Json } from "../core/json.ts";
import type { Label } from "../core/label.ts";
import type { NotCertifiable } from "../guarantee/certificate.ts";
import { certifyVersion, type ReadLabel, type VersionCertificate } from "./certify-version.ts";
import type { LocalVersion, Reading } from "./local-version.ts";

export interface TrialSettings {
  readonly risk: number;
  readonly delta: number;
  readonly classes: { readonly [value: string]: number };
  readonly same: (a: Json, b: Json) => boolean;
}

/** Only these are a uniform sample of the traffic (see core/label.ts). */
export function isEvidence({ sample }: Pick<Label, "sample">): boolean {
  return sample === "random" || sample === "audit";
}

export class Trial {
  readonly version: LocalVersion;
  /** Only labels of decisions behind this one, by number, count. */
  readonly from: number;
  readonly #settings: TrialSettings;
  readonly #labels: ReadLabel[] = [];
  readonly #clusters = new Set<string>();
  #testedAt = 0;

  constructor(version: LocalVersion, from: number, trained: readonly Label[], settings: TrialSettings) {
    this.version = version;
    this.from = from;
    this.#settings = settings;
    // A duplicate of what it was trained on says nothing about what it has not seen.
    for (const { cluster, number } of trained) if (number <= version.upTo) this.#clusters.add(cluster);
  }

  get labels(): number {
    return this.#labels.length;
  }

  /** Whether a label is evidence about this version: uniform, later than its training, and no duplicate. */
  wants(label: Label): boolean {
    return isEvidence(label) && label.number > this.from && !this.#clusters.has(label.cluster);
  }

  add(label: Label, reading: Reading): void {
    this.#clusters.add(label.cluster);
    this.#labels.push({ cluster: label.cluster, truth: label.answer.value, reading });
  }

  /** Labels make a difference only when there are noticeably more of them. */
  isDue(): boolean {
    return this.#labels.length >= this.#testedAt * 1.1 + 1;
  }

  test(): VersionCertificate | NotCertifiable {
    return certifyVersion({ ...this.#settings, version: this.version, labels: this.#labels });
  }
}
