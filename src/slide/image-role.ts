/** What an image beside the slide is, by the word that formats use for it. */

/** `thumbnail` repeats the tissue; the others may show the label and with it the patient. */
export type ImageRole = 'label' | 'macro' | 'thumbnail' | 'overview';

/** Longest text that is a name; a description may mention labels without being one. */
const longestName = 200;
const words = /(?<![a-z])(label|macro|thumbnail|overview)(?![a-z])/i;

/** The role that an image's name or short description gives it; null where it names none, or is a document. */
export function imageRole(text: string): ImageRole | null {
  const name = text.slice(0, longestName + 1).trim();
  if (name.length > longestName || /^[<{[]/.test(name)) return null;
  return (words.exec(name)?.[1]?.toLowerCase() as ImageRole | undefined) ?? null;
}
