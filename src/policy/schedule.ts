/**
 * When a question learns anew, and how often what stands is audited meanwhile.
 *
 * Each version is tested on labels that came after its training, with all of delta: labels that tested one version train
 * the next, and never test again. So trainings are few, each on many more labels than the one before. The figures were
 * chosen by simulation on banking8 (docs/decisions/0014).
 */

/** Fewer labels than this teach nothing that is worth a trial. */
export const leastLabels = 100;

/** Labels of the first training. */
const firstTraining = 300;
/**
 * Each training waits for so many times the labels of the one before. While nothing serves yet all labels go to the test
 * of the first version, so that the next waits longer.
 */
const growth = { serving: 1.6, cold: 2.5 };

/** Labels at which the next training is due, after one on so many. */
export function nextTraining(trainedOn: number, isCold: boolean): number {
  return Math.ceil(Math.max(firstTraining, trainedOn * (isCold ? growth.cold : growth.serving)));
}

/** Whether it is time to learn, given the labels there are and those that the last version was trained on. */
export function isTrainingDue(labels: number, trainedOn: number, isCold: boolean): boolean {
  return labels >= nextTraining(trainedOn, isCold);
}

/** What stands is audited at least this often while a better version is on trial: its labels come from there too. */
export const trialAuditRate = 0.3;

/** Milliseconds that a test waits for an answer; after that the item counts as answered wrongly. */
export const longestWait: number = 14 * 86_400_000;

/** Share of what rules answer that is audited, whatever the state. */
export const ruleAuditRate = 0.02;

/** Share of the traffic that a challenger must let stand beyond what the champion does. */
export const worthSwapping = 0.01;
