/**
 * `pawl/guarantee`: the statistics of a promise, without the rest of Pawl. Certificates, audits, monitors, calibration and
 * deferral over plain numbers: for answers that come from anywhere.
 */

export { UsageError } from "./core/errors.ts";
export { formatShare, type Share, wilson } from "./core/wilson.ts";
export {
  type Allocation,
  type AuditDraw,
  type AuditFault,
  type AuditRecord,
  allocateAudits,
  auditCoin,
  auditUnit,
  drawAudit,
  isDrawn,
  verifyAudits,
} from "./guarantee/audit.ts";
export { type BetItem, type BetPassed, type BettingOptions, BettingTest, type Foreseen } from "./guarantee/betting.ts";
export { binomialAtMost, lowerBound, upperBound } from "./guarantee/binomial.ts";
export {
  type BootstrapOptions,
  bootstrap,
  type Comparison as VersionComparison,
  compareVersions,
  exactMcNemar,
  type Interval,
  type PairedOutcome,
} from "./guarantee/bootstrap.ts";
export { type CalibrateOptions, type Calibration, calibrate } from "./guarantee/calibrate.ts";
export {
  adaptiveEce,
  brierOf,
  type CalibrationError,
  classwiseEce,
  nllOf,
  type Predicted,
  type ReliabilityRow,
  reliabilityTable,
} from "./guarantee/calibration-metrics.ts";
export { type Calibrator, calibrated } from "./guarantee/calibrator.ts";
export {
  type Certificate,
  type Certified,
  type CertifyOptions,
  certify,
  certifyNested,
  mayStand,
  type NestedCertified,
  type NestedOptions,
  type NotCertifiable,
} from "./guarantee/certificate.ts";
export {
  type BeforeLarge,
  type DeferralCosts,
  type DeferralDecision,
  type DeferralPrices,
  deferAfterLarge,
  deferBeforeLarge,
} from "./guarantee/deferral.ts";
export { apgr, type Deferrable, deferralCurve, leastEscalated } from "./guarantee/deferral-curve.ts";
export {
  type MixMonitor,
  mixMonitor,
  mixRings,
  type RateMonitor,
  rateMonitor,
  rateRings,
  type ScoreMonitor,
  scoreMonitor,
  scoresRing,
  watchMix,
  watchRate,
  watchScore,
} from "./guarantee/drift.ts";
export {
  alarmProcess,
  auditWeight,
  certificateProcess,
  type EProcess,
  eValue,
  observe,
  reaches,
  riseDetector,
} from "./guarantee/e-process.ts";
export {
  type AcceptedRisk,
  estimateAcceptedRisk,
  type LoggedDecision,
  type Unidentified,
} from "./guarantee/estimate.ts";
export {
  type ClassCertificates,
  type ClassOptions,
  certifyClasses,
  certifyFamily,
  type Family,
  mayStandInClass,
} from "./guarantee/family.ts";
export {
  type BothKnown,
  type ExpectedGain,
  expectedGain,
  fitGain,
  type GainModel,
  gainSignals,
} from "./guarantee/gain.ts";
export { type Grid, gridFrom } from "./guarantee/grid.ts";
export {
  certifyOnce,
  emptyBook,
  type LabelBook,
  levelFor,
  type Spending,
  spend as spendLabels,
} from "./guarantee/label-book.ts";
export { certifyLosses, hoeffdingBentkus, type LossItem } from "./guarantee/losses.ts";
export { type AdoptedPrior, adoptPrior, corrected, type PriorCorrection } from "./guarantee/prior-correction.ts";
export { certifiedPromise, monitoredPromise, type PromiseFacts, type PromiseInWords } from "./guarantee/promise.ts";
export {
  aurc,
  type CoveragePoint,
  coverageAt,
  excessAurc,
  type Kept,
  riskCoverage,
} from "./guarantee/risk-coverage.ts";
export {
  type LabelsForPower,
  labelsForErrors,
  labelsForPower,
  type MoreLabels,
  moreLabelsBuy,
} from "./guarantee/sample-size.ts";
export {
  calibrationSample,
  type LabelledItem,
  type Sample,
  type ScoredItem,
  tuneSample,
  unlabelledSample,
} from "./guarantee/samples.ts";
export {
  advance as advanceMeter,
  type Budget as MeterBudget,
  type Meter,
  openMeter,
  scarcity,
  spend as spendMeter,
} from "./guarantee/shadow-price.ts";
export {
  accepts,
  auditRate,
  coldState,
  foldPromise,
  next as nextState,
  type PromiseEvent,
  type PromiseSettings,
  type PromiseState,
  type Status,
  thresholdInForce,
  usualSettings,
} from "./guarantee/states.ts";
export { type HumanChecks, type TruthBound, truthBound } from "./guarantee/truth.ts";
