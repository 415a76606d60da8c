/** A fitted calibrator of any kind: plain data that says how probable it is that an answer with a score is right. */

import { type BetaCalibration, betaOf } from "./beta-calibration.ts";
import { type Isotonic, isotonicOf } from "./isotonic.ts";
import { sigmoid } from "./logistic.ts";
import { type Platt, plattOf } from "./platt.ts";

/** `raw`: the rung's own probability, untouched. `constant`: the share that is right, whatever the score. */
export type Calibrator =
  | { readonly kind: "raw" }
  | { readonly kind: "constant"; readonly p: number }
  | { readonly kind: "temperature"; readonly temperature: number }
  | Platt
  | BetaCalibration
  | Isotonic;

/**
 * The probability that an answer with this score (log-odds, higher is safer) is right. `p`, the rung's own probability,
 * matters to `raw` alone. Never falls when the score rises. A score that is not a finite number gets 0, which escalates.
 */
export function calibrated(calibrator: Calibrator, score: number, p: number = sigmoid(score)): number {
  if (!Number.isFinite(score) || Number.isNaN(p)) return 0;
  switch (calibrator.kind) {
    case "raw":
      return p;
    case "constant":
      return calibrator.p;
    case "temperature":
      return sigmoid(score / calibrator.temperature);
    case "platt":
      return plattOf(calibrator, score);
    case "beta":
      return betaOf(calibrator, score);
    case "isotonic":
      return isotonicOf(calibrator, score);
  }
}
