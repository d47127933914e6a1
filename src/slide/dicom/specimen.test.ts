import dicomParser, { type DataSet } from 'dicom-parser';
import { expect, it } from 'vitest';
import { specimenProperties } from './specimen.ts';

/** An element in Explicit VR Little Endian; a sequence takes its items. */
function element(group: number, number: number, vr: string, value: string | readonly Buffer[]): Buffer {
  const body =
    typeof value === 'string'
      ? Buffer.from(value.length % 2 === 0 ? value : `${value} `, 'latin1')
      : Buffer.concat(
          value.map((item) => {
            const head = Buffer.from([0xfe, 0xff, 0x00, 0xe0, 0, 0, 0, 0]);
            head.writeUInt32LE(item.length, 4);
            return Buffer.concat([head, item]);
          }),
        );
  const head = Buffer.alloc(vr === 'SQ' ? 12 : 8);
  head.writeUInt16LE(group, 0);
  head.writeUInt16LE(number, 2);
  head.write(vr, 4, 'latin1');
  if (vr === 'SQ') head.writeUInt32LE(body.length, 8);
  else head.writeUInt16LE(body.length, 6);
  return Buffer.concat([head, body]);
}

const code = (value: string, meaning: string): Buffer =>
  Buffer.concat([element(0x0008, 0x0100, 'SH', value), element(0x0008, 0x0104, 'LO', meaning)]);

/** A content item: its concept name and its code. */
const item = (name: Buffer, value: Buffer): Buffer =>
  Buffer.concat([element(0x0040, 0xa043, 'SQ', [name]), element(0x0040, 0xa168, 'SQ', [value])]);

const parse = (...elements: readonly Buffer[]): DataSet => {
  const syntax = element(0x0002, 0x0010, 'UI', '1.2.840.10008.1.2.1');
  const file = Buffer.concat([Buffer.alloc(128), Buffer.from('DICM'), syntax, ...elements]);
  return dicomParser.parseDicom(new Uint8Array(file));
};

it('finds the organ and the stains among the preparation steps', () => {
  const using = code('424361007', 'Using substance');
  const steps = [
    item(code('430864009', 'Tissue Fixative'), code('434162003', 'Neutral Buffered Formalin')),
    item(using, code('12710003', 'hematoxylin stain')),
    item(using, code('36879007', 'water soluble eosin stain')),
  ].map((content) => element(0x0040, 0x0612, 'SQ', [content]));
  const specimen = Buffer.concat([
    element(0x0008, 0x2228, 'SQ', [code('71854001', 'Colon')]),
    element(0x0040, 0x0610, 'SQ', steps),
  ]);
  expect(specimenProperties(parse(element(0x0040, 0x0560, 'SQ', [specimen])))).toEqual({
    BodyPartExamined: 'Colon',
    Stain: 'hematoxylin stain, water soluble eosin stain',
  });
});

it('falls back to the body part, and reports nothing the file does not say', () => {
  expect(specimenProperties(parse(element(0x0018, 0x0015, 'CS', 'BREAST')))).toEqual({
    BodyPartExamined: 'BREAST',
  });
  expect(specimenProperties(parse(element(0x0008, 0x0060, 'CS', 'SM')))).toEqual({});
});
