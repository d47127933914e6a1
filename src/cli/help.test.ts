/** The help of every command: examples that can be called, and one style. */
import { Command } from 'commander';
import { describe, expect, it, vi } from 'vitest';
import { commands } from './command-list.ts';
import { examples } from './examples.ts';
import { addModelsCommand } from './models.ts';
import { rejectSeveralSlides } from './segment.ts';

/** A command and its subcommands, with the words that call them. */
function withInner(command: Command, words: string): [string, Command][] {
  return [
    [words, command],
    ...command.commands.flatMap((inner) => withInner(inner, `${words} ${inner.name()}`)),
  ];
}

describe.each(commands.map(({ name, summary, load }) => [name, summary, load] as const))(
  'the help of %s',
  (name, summary, load) => {
    it('has examples with options that exist, and one style of capitals', async () => {
      const program = new Command();
      (await load())(program);
      expect(summary).toMatch(/^[a-z].*[^.]$/);
      for (const [words, command] of withInner(program.commands[0]!, name)) {
        expect(command.description(), words).toMatch(/^[A-Z][^]*\.$/);
        if (words !== name) expect(command.summary(), words).toMatch(/^[a-z].*[^.]$/);
        for (const { description, long } of command.options) {
          // A fragment: in small letters unless it begins with a name.
          expect(description, `${words} ${long}`).toMatch(/^([^A-Z]|[A-Z]{2})[^]*[^.]$/);
        }
        const own = examples[words] ?? [];
        expect(own.length, words).toBeGreaterThan(0);
        for (const line of own.filter((each) => each.startsWith(`dualscope ${words} `))) {
          const inner = command.commands.find((each) => line.split(' ').includes(each.name())) ?? command;
          const known = inner.options.map(({ long }) => long);
          for (const [option] of line.matchAll(/--[a-z-]+/g)) expect(known, line).toContain(option);
        }
      }
    });
  },
);

it('segment sends several slides to cohort, but takes the files of one', () => {
  expect(() => rejectSeveralSlides(['a.svs', 'b/c.ndpi'])).toThrow(/These are 2 slides.*dualscope cohort/);
  expect(() => rejectSeveralSlides(['https://a.org/1.svs', 'https://a.org/2.svs'])).toThrow(/2 slides/);
  rejectSeveralSlides(['a.svs']);
  rejectSeveralSlides(['case/1.dcm', 'case/2.dcm', 'case/3']);
  rejectSeveralSlides(['a.ndpis', 'a-DAPI.ndpi', 'a-FITC.ndpi']);
  rejectSeveralSlides(['a.ome.tif', 'b.ome.tif']);
  rejectSeveralSlides(['case.mrxs', 'case/Slidedat.ini', 'case/Data0000.dat']);
});

it('lists the installed models, and shows one', async () => {
  let printed = '';
  const spy = vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    printed += String(text);
    return true;
  });
  try {
    const program = new Command().exitOverride();
    addModelsCommand(program);
    await program.parseAsync(['models'], { from: 'user' });
    expect(printed).toMatch(/^id +for +µm\/px +mIoU +classes$/m);
    expect(printed).toMatch(/^colon-gland +colon, H&E +1\.\d\d +0\.\d\d +.*gland$/m);
    expect(printed).toMatch(/^nano-single +synthetic slides +/m);
    printed = '';
    await program.parseAsync(['models', 'colon-gland'], { from: 'user' });
    expect(printed).toMatch(/^classes +.*gland$/m);
    expect(printed).toMatch(/^licence +/m);
  } finally {
    spy.mockRestore();
  }
});
