/** When a question learns anew, and how often what stands is audited meanwhile. */

/** Fewer labels than this teach nothing that is worth a trial. */
export const leastLabels = 100;

/** Labels of the first training. */
const firstTraining = 250;
/** Each training waits until there are so many times the labels of the one before: certificates live long enough to pay. */
const growth = 1.6;

/** Labels at which the next training is due, after one on so many. */
export function nextTraining(trainedOn: number): number {
  return Math.ceil(Math.max(firstTraining, trainedOn * growth));
}

/** Whether it is time to learn, given the labels there are and those that the last version was trained on. */
export function isTrainingDue(labels: number, trainedOn: number): boolean {
  return labels >= nextTraining(trainedOn);
}

/** What stands is audited at least this often while a better version is on trial: its labels come from there too. */
export const trialAuditRate = 0.2;
