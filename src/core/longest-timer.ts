/** `setTimeout` takes no more, in milliseconds: 24 days. */
export const longestTimer: number = 2 ** 31 - 1;
