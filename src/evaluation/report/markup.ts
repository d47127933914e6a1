/** Builds HTML and SVG text in which everything is escaped unless it was written in the source. */

/**
 * Text that is already markup: a result of `markup`, or text of the source itself. Never anything read from a
 * file.
 */
export class Markup {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

type Value = string | number | Markup | readonly Markup[] | null;

/**
 * A template tag: escapes every `${}`, for text and for attributes in double quotes, unless it is Markup
 * itself. null is nothing.
 */
export function markup(parts: TemplateStringsArray, ...values: readonly Value[]): Markup {
  let text = parts[0] ?? '';
  values.forEach((value, i) => {
    text += asText(value) + (parts[i + 1] ?? '');
  });
  return new Markup(text);
}

function asText(value: Value): string {
  if (value === null) return '';
  if (value instanceof Markup) return value.text;
  if (typeof value === 'string' || typeof value === 'number') return escape(String(value));
  return value.map(({ text }) => text).join('');
}

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/**
 * Text as HTML and as XML. Characters that XML forbids, which HTML readers drop or replace, and those that turn the direction
 * of what follows become U+FFFD.
 */
function escape(text: string): string {
  return text
    .replace(/[&<>"']/g, (letter) => entities[letter] ?? letter)
    .replace(/[^\t\n\r\x20-\x7e\xa0-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu, '\ufffd')
    .replace(/[\u202a-\u202e\u2066-\u2069]/g, '\ufffd');
}

/** @throws RangeError unless it is a colour like #0072B2. */
export function safeColour(colour: string): string {
  if (/^#[0-9a-fA-F]{6}$/.test(colour)) return colour;
  throw new RangeError(`"${colour}" is not a colour like #0072B2.`);
}

/** @throws RangeError unless it is a picture within the page: a data URL of PNG, JPEG or WebP. */
export function safePicture(url: string): string {
  if (/^data:image\/(png|jpeg|webp);base64,[A-Za-z0-9+/]+=*$/.test(url)) return url;
  throw new RangeError(
    `A report takes pictures as data URLs of PNG, JPEG or WebP, not "${url.slice(0, 40)}".`,
  );
}
