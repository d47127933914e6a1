/** Mutants that keep to a format's structure and damage what it says: tags, counts, offsets, types, lengths, names. */
import { below, pick, type Random } from '../../base/testing/mutants.ts';
import type { BuiltElement } from './dicom-builder.ts';

/** A number in a file. */
interface Field {
  readonly at: number;
  readonly size: 2 | 4 | 8;
}

const typeBytes = [0, 1, 1, 2, 4, 8, 1, 1, 2, 4, 8, 4, 8, 4, 0, 0, 8, 8, 8];

/** All numbers of a TIFF's structure: header, directories (and SubIFDs), entries, and the first values of each. */
export function tiffFields(bytes: Uint8Array): Field[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const le = bytes[0] === 0x49;
  const big = view.getUint16(2, le) === 43;
  const word = big ? 8 : 4;
  const read = ({ at, size }: Field): number =>
    at + size > bytes.length
      ? 0
      : size === 2
        ? view.getUint16(at, le)
        : size === 4
          ? view.getUint32(at, le)
          : Number(view.getBigUint64(at, le));
  const fields: Field[] = [{ at: 2, size: 2 }];
  const open: Field[] = [{ at: big ? 8 : 4, size: word }];
  const seen = new Set<number>();
  for (let pointer = open.pop(); pointer !== undefined; pointer = open.pop()) {
    fields.push(pointer);
    const directory = read(pointer);
    if (directory === 0 || seen.has(directory)) continue;
    seen.add(directory);
    const countField: Field = { at: directory, size: big ? 8 : 2 };
    fields.push(countField);
    const count = read(countField);
    const first = directory + countField.size;
    for (let i = 0; i < count; i++) {
      const at = first + i * (big ? 20 : 12);
      const tag: Field = { at, size: 2 };
      const type: Field = { at: at + 2, size: 2 };
      const number: Field = { at: at + 4, size: word };
      const value: Field = { at: at + 4 + word, size: word };
      fields.push(tag, type, number, value);
      const size = typeBytes[read(type)] ?? 0;
      const inside = size * read(number) <= word;
      const from = inside ? value.at : read(value);
      if (size === 2 || size === 4 || size === 8) {
        for (let k = 0; k < Math.min(4, read(number)); k++) {
          const item: Field = { at: from + k * size, size };
          if (!inside) fields.push(item);
          if (read(tag) === 330 && size === word) open.push(item);
        }
      }
    }
    open.push({ at: first + count * (big ? 20 : 12), size: word });
  }
  return fields.filter(({ at, size }) => at + size <= bytes.length);
}

/** All numbers of a CZI file's structure: its header, its lists of pictures and attachments, the head of every segment. */
export function cziFields(bytes: Uint8Array): Field[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const text = Buffer.from(bytes).toString('latin1');
  const fields: Field[] = [80, 84, 92, 104].map((at) => ({ at, size: at === 80 ? 4 : 8 }));
  for (const { 0: name, index: at } of text.matchAll(/ZISRAW[A-Z]+/g)) {
    fields.push({ at: at + 16, size: 8 }, { at: at + 24, size: 8 }, { at: at + 32, size: 4 });
    if (name === 'ZISRAWSUBBLOCK') fields.push({ at: at + 40, size: 8 });
  }
  for (const { index: at } of text.matchAll(/DV[\0-\x0d]\0\0\0/g)) {
    fields.push({ at: at + 2, size: 4 }, { at: at + 6, size: 8 }, { at: at + 14, size: 4 });
    fields.push({ at: at + 18, size: 4 }, { at: at + 28, size: 4 });
    for (let i = 0; i < Math.min(12, view.getInt32(at + 28, true)); i++) {
      for (const offset of [4, 8, 16]) fields.push({ at: at + 32 + i * 20 + offset, size: 4 });
    }
  }
  for (const { index: at } of text.matchAll(/A1\0{10}/g)) fields.push({ at: at + 12, size: 8 });
  return fields.filter(({ at, size }) => at + size <= bytes.length);
}

/** A copy with one to four numbers replaced by absurd, neighbouring, or each other's values. */
export function mutatedFields(
  bytes: Uint8Array,
  fields: readonly Field[],
  random: Random,
): Uint8Array<ArrayBuffer> {
  const copy = Uint8Array.from(bytes);
  const view = new DataView(copy.buffer);
  // Only TIFF may be big-endian, and says so with MM.
  const le = copy[0] !== 0x4d;
  const changes = 1 + below(random, 4);
  for (let change = 0; change < changes; change++) {
    const { at, size } = pick(random, fields);
    const other = pick(random, fields);
    const own = size === 2 ? view.getUint16(at, le) : view.getUint32(size === 8 && !le ? at + 4 : at, le);
    const value = pick(random, [
      0,
      1,
      own + 1,
      own - 1,
      own * 2,
      Math.floor(own / 2),
      below(random, 20),
      below(random, bytes.length),
      bytes.length,
      bytes.length - 1,
      other.at,
      0x7fff,
      0xffff,
      0x7fff_ffff,
      0xffff_ffff,
      256 + below(random, 100),
    ]);
    if (size === 2) view.setUint16(at, value & 0xffff, le);
    else if (size === 4) view.setUint32(at, value >>> 0, le);
    else {
      const high = random() < 0.2 ? 0xffff_ffffn << 32n : 0n;
      view.setBigUint64(at, BigInt(Math.max(0, value)) | high, le);
    }
  }
  return random() < 0.05 ? copy.slice(0, below(random, copy.length)) : copy;
}

/** A copy of a data set with one to four damages, at any depth of its sequences. */
export function mutatedElements(elements: readonly BuiltElement[], random: Random): BuiltElement[] {
  const copy = structuredClone(elements) as BuiltElement[];
  const changes = 1 + below(random, 4);
  for (let change = 0; change < changes; change++) {
    let list = copy;
    for (let depth = 0; depth < 4 && random() < 0.5; depth++) {
      const items = list.flatMap(({ vr, value }) =>
        vr === 'SQ' && Array.isArray(value)
          ? value.filter((item): item is BuiltElement[] => Array.isArray(item))
          : [],
      );
      if (items.length === 0) break;
      list = pick(random, items);
    }
    if (list.length === 0) continue;
    const at = below(random, list.length);
    const element = list[at]!;
    const replace = (part: Partial<BuiltElement>): void => {
      list[at] = { ...element, ...part };
    };
    switch (below(random, 11)) {
      case 0:
        list.splice(at, 1);
        break;
      case 1:
        list.push(element);
        break;
      case 2:
        replace({ vr: pick(random, ['UN', 'SQ', 'OB', 'US', 'UL', 'LO', 'IS', 'FD', '\0\0', 'ZZ']) });
        break;
      case 3:
        replace({ length: pick(random, [0, 1, 3, 7, 255, 0xffff, 0x7fff_ffff, 0xffff_fffe, 0xffff_ffff]) });
        break;
      case 4:
        replace({ value: Uint8Array.from({ length: below(random, 40) }, () => below(random, 256)) });
        break;
      case 5:
        replace({
          value: pick(random, [
            '',
            '\\',
            '\\\\\\\\',
            '-1',
            '1e999',
            'NaN',
            '0',
            '99999999999',
            '0.5\\',
            '\0',
            ' '.repeat(500),
          ]),
        });
        break;
      case 6:
        if (Array.isArray(element.value) && typeof element.value[0] === 'number') {
          replace({ value: [pick(random, [0, 1, 2, 15, 17, 0x7fff, 0xffff, 0x7fff_ffff, 0xffff_ffff])] });
        }
        break;
      case 7:
        if (element.vr === 'SQ' && Array.isArray(element.value)) {
          const items = element.value as BuiltElement[][];
          replace({
            value: pick(random, [
              [],
              [[]],
              [...items, ...items],
              [[element]],
              Array.from({ length: 500 }, () => items[0] ?? []),
            ]),
          });
        }
        break;
      case 8: {
        const other = below(random, list.length);
        [list[at], list[other]] = [list[other]!, element];
        break;
      }
      case 9:
        replace({ group: pick(random, [element.group, 0xfffe, 2, 0x7fe0]), element: below(random, 0x10000) });
        break;
      default: {
        let nested: BuiltElement = element;
        const depth = pick(random, [2, 20, 300]);
        for (let i = 0; i < depth; i++) nested = { group: 0x40, element: 0x555, vr: 'SQ', value: [[nested]] };
        list[at] = nested;
      }
    }
  }
  return copy;
}

const oddTexts = [
  '',
  '0',
  '-1',
  '1e999',
  'NaN',
  '1e-300',
  '99999999999',
  '__proto__',
  '&amp;',
  '&x;',
  '<',
  ' ',
  '\u0000',
  'µm',
  'x'.repeat(5000),
];

/** A copy of an XML text with one to four damages to its tags and attributes. */
export function mutatedXml(xml: string, random: Random): string {
  let text = xml;
  const changes = 1 + below(random, 4);
  for (let change = 0; change < changes; change++) {
    const tags = [...text.matchAll(/<[^<>]*>/g)];
    const attributes = [...text.matchAll(/\s[\w:]+="[^"]*"/g)];
    const [part] = pick(random, random() < 0.5 && attributes.length > 0 ? attributes : tags) ?? [''];
    if (part === undefined || part === '') return text;
    const at = text.indexOf(part, below(random, text.length));
    if (at < 0) continue;
    const end = at + part.length;
    const isTag = part.startsWith('<');
    const instead = isTag
      ? pick(random, [
          '',
          part + part,
          part.repeat(300),
          part.replace(/^<(\/?)[\w:]+/, '<$1__proto__'),
          part.replace(/^<(\/?)[\w:]+/, '<$1toString'),
          '<a>'.repeat(pick(random, [1, 50, 3000])) + part,
          '<!-- -->',
          `<![CDATA[${part}]]>`,
          '</a>',
          '<!DOCTYPE a>',
          pick(random, tags)[0],
        ])
      : pick(random, [
          '',
          part + part,
          part.replace(/"[^"]*"/, `"${pick(random, oddTexts)}"`),
          part.replace(/="[^"]*"/, ''),
          part.replace(/[\w:]+=/, '__proto__='),
          part.replace(/"$/, ''),
          pick(random, attributes)[0],
        ]);
    text = text.slice(0, at) + instead + text.slice(end);
  }
  return random() < 0.05 ? text.slice(0, below(random, text.length)) : text;
}
