/** What a step returns when its run is over: nothing, ever. The author's function simply does not go on. */

export const never: Promise<never> = new Promise(() => {});
