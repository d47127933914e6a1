/** Annotation files that are made to harm: each is read or refused with a sentence, in linear time. */
import { expect, it } from 'vitest';
import { AnnotationError } from './annotation-file.ts';
import { readAnnotations } from './read-annotations.ts';

function refusal(text: string): AnnotationError {
  try {
    readAnnotations(text, 'evil.xml');
  } catch (error) {
    expect(error).toBeInstanceOf(AnnotationError);
    expect(error).toMatchObject({ file: 'evil.xml' });
    expect((error as AnnotationError).remedy.length).toBeGreaterThan(5);
    expect((error as AnnotationError).message.length).toBeLessThan(500);
    return error as AnnotationError;
  }
  throw new Error('It was read.');
}

const region = (negative: boolean, x: number): string =>
  `<Region Type="0" NegativeROA="${negative ? 1 : 0}"><Vertices><Vertex X="${x}" Y="0"/><Vertex X="900000" Y="0"/><Vertex X="9" Y="9"/></Vertices></Region>`;
const imageScope = (content: string): string =>
  `<Annotations><Annotation><Regions>${content}</Regions></Annotation></Annotations>`;
const asap = (content: string): string =>
  `<ASAP_Annotations><Annotations>${content}</Annotations></ASAP_Annotations>`;

it.each([
  ['100,000 elements deep', '<a>'.repeat(100_000) + '</a>'.repeat(100_000), 'nested more than'],
  ['ASAP 100,000 deep', asap('<a>'.repeat(100_000) + '</a>'.repeat(100_000)), 'nested more than'],
  ['an element __proto__', imageScope('<__proto__>x</__proto__>'), 'name that is not allowed'],
  ['an element constructor', asap('<constructor/>'), 'name that is not allowed'],
  ['an attribute __proto__', imageScope('<Region __proto__="x"/>'), ''],
  ['an unclosed element', '<Annotations><', 'well-formed'],
  ['an unclosed comment', '<Annotations><!--', 'well-formed'],
  ['a million openings', '<'.repeat(1_000_000), 'well-formed'],
  ['an entity bomb', '<!DOCTYPE a [<!ENTITY b "c">]><Annotations/>', 'document type'],
])('%s', (_name, text, problem) => {
  const start = process.cpuUsage();
  expect(refusal(text).problem).toContain(problem);
  const { user, system } = process.cpuUsage(start);
  expect((user + system) / 1000).toBeLessThan(4000);
});

it('negative regions in every region: refused before the holes fill the memory', () => {
  const many = Array.from({ length: 4000 }, (_, i) => region(i % 2 === 0, i)).join('');
  expect(refusal(imageScope(many)).problem).toContain('too many negative regions');
  const few = Array.from({ length: 40 }, (_, i) => region(i % 2 === 0, i)).join('');
  const { regions } = readAnnotations(imageScope(few), 'a.xml');
  expect(regions).toHaveLength(20);
  expect(regions.every(({ holes }) => holes.length === 20)).toBe(true);
});
