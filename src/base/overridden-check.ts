/**
 * How results name a model that was used although it failed its check, or might have: in files, reports and on the screen.
 * Sound results never contain the words.
 */
export const overriddenCheck = 'model check overridden';

/** What describes a result, with the mark if its model's check was overridden. */
export function markedIf(overridden: boolean, text: string): string {
  return overridden ? `${text} (${overriddenCheck})` : text;
}
