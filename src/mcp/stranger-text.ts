/** Text that a server sent, made fit to be shown and to stand in a prompt. It stays a stranger's text. */

/**
 * Without signs that command a terminal, reorder a line or cannot be seen (hidden instructions hide there), on one line,
 * at most so many characters long.
 */
export function strangerText(text: unknown, most: number): string {
  if (typeof text !== "string") return "";
  // Cut first: nobody should work through ten megabytes of it.
  const seen = text
    .slice(0, most * 4)
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
    .replace(/\u001b(?:\[[0-?]*[ -/]*[@-~]|\][^\u0007\u001b]*(?:\u0007|\u001b\\)?)/g, "")
    .replace(/[\s\u0085]+/gu, " ")
    .replace(/[\p{Cc}\p{Cf}\p{Co}\p{Cn}\p{Cs}]/gu, "")
    .trim();
  const signs = [...seen];
  const whole = signs.length <= most && text.length <= most * 4;
  return whole ? seen : `${signs.slice(0, most - 1).join("")}…`;
}
