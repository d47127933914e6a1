import { expect, it } from 'vitest';
import { hostileStrings } from './hostile-strings.ts';
import { terminalJson, terminalLines, terminalText } from './terminal-text.ts';

it.each([
  ['\u001b[31mred\u0007', '\\x1b[31mred\\x07'],
  ['\u009b2J\u007f', '\\x9b2J\\x7f'],
  ['two\nlines\r\tx', 'two\\nlines\\r\\tx'],
  ['a\u202egnp.exe', 'a\\u202egnp.exe'],
  ['gr\udcf6\udcdfe', 'gr\\xf6\\xdfe'],
  ['\ud83d', '\\ud83d'],
  ['\u{e0041}', '\\u{e0041}'],
  ['größe 切片 🔬 نمونه\u200cها', 'größe 切片 🔬 نمونه\u200cها'],
  ['C:\\slides', 'C:\\slides'],
])('shows %j as %j', (text, shown) => {
  expect(terminalText(text)).toBe(shown);
});

it('leaves nothing that acts on a terminal', () => {
  for (const text of Object.values(hostileStrings)) {
    const acts = /[\p{Cc}\p{Cs}\u2028-\u202e\u2066-\u2069]/u;
    expect(terminalText(text)).not.toMatch(acts);
    expect(terminalLines(text).replaceAll('\n', '')).not.toMatch(acts);
    const json = terminalJson({ [text]: [text] });
    expect(json).not.toMatch(acts);
    expect(JSON.parse(json)).toEqual(JSON.parse(JSON.stringify({ [text]: [text] })));
  }
});

it('keeps the lines of indented JSON', () => {
  expect(terminalJson({ a: '\u{e0041}\u0085' }, 1)).toBe('{\n "a": "\\udb40\\udc41\\u0085"\n}');
});
