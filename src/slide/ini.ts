/** Texts of sections with keys and values (INI), in which scanners describe slides of several files. */
import { SlideError, type ByteSource } from './slide.ts';

/** Longest such file, bytes. That of a large 3DHISTECH slide has some hundred kilobytes. */
const maxIniBytes = 4 * 1024 * 1024;

/** The sections of a text; names are the same in upper and lower case. */
export class IniFile {
  readonly #sections = new Map<string, Map<string, string>>();

  /** What is not a section or a pair of key and value is passed over, as is a key that is there already. */
  constructor(text: string) {
    let section: Map<string, string> | undefined;
    for (const line of text.split(/\r\n?|\n/)) {
      const trimmed = line.trim();
      if (trimmed.startsWith('[') && trimmed.endsWith(']')) {
        const name = trimmed.slice(1, -1).trim().toLowerCase();
        section = this.#sections.get(name) ?? new Map<string, string>();
        this.#sections.set(name, section);
        continue;
      }
      const equals = trimmed.indexOf('=');
      if (section === undefined || equals <= 0 || /^[;#]/.test(trimmed)) continue;
      const key = trimmed.slice(0, equals).trim().toLowerCase();
      if (!section.has(key)) section.set(key, trimmed.slice(equals + 1).trim());
    }
  }

  has(section: string): boolean {
    return this.#sections.has(section.toLowerCase());
  }

  /** A value as text; undefined where there is none. */
  value(section: string, key: string): string | undefined {
    return this.#sections.get(section.toLowerCase())?.get(key.toLowerCase());
  }

  /** A whole number within the given bounds; undefined where there is none. */
  integer(section: string, key: string, least: number, most: number): number | undefined {
    const text = this.value(section, key);
    if (text === undefined || !/^[+-]?\d{1,15}$/.test(text)) return undefined;
    const value = Number(text);
    return value >= least && value <= most ? value : undefined;
  }
}

/** Reads a file of sections. @throws SlideError `unsupported` for one that is too long, and those of the source. */
export async function readIni(source: ByteSource): Promise<IniFile> {
  if (source.size > maxIniBytes) {
    throw new SlideError(
      'unsupported',
      source.name,
      `The file has ${source.size} bytes; a description of a slide has at most ${maxIniBytes}.`,
      'Copy the slide again.',
    );
  }
  return new IniFile(iniText(await source.read(0, source.size)));
}

/** UTF-8 or UTF-16 by the byte order mark, else UTF-8, else Latin-1. */
function iniText(bytes: Uint8Array): string {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return new TextDecoder('utf-16le').decode(bytes);
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return new TextDecoder('utf-16be').decode(bytes);
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return new TextDecoder('latin1').decode(bytes);
  }
}
