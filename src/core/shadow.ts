/** Shadow runs: journaled like any other, under a version of their own, so that they never stand for real ones. */

const mark = "+shadow";

/** The version under which shadow runs are kept; `variant` tells those apart that were given other known answers. */
export function shadowVersion(version: string, variant: string): string {
  return `${version}${mark}${variant === "" ? "" : `.${variant}`}`;
}

/** What follows the loop's own version: the same for all real runs, and for shadow runs of one kind. */
export function shadowOf(version: string): string {
  const at = version.indexOf(mark);
  return at === -1 ? "" : version.slice(at);
}

/** Whether a run of this version did nothing in the world. */
export function isShadow(version: string): boolean {
  return shadowOf(version) !== "";
}
