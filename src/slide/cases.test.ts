/** Kinds of fault that users of slide readers have reported, on the files of the shared data. */
import { describe, expect, test } from 'vitest';
import { casesFolder, hasCases, outcomeOf, sharedCases } from './testing/shared-cases.node.ts';

describe('reported kinds', () => {
  test.for(sharedCases.map((each) => [`${each.kind}/${each.files.join(' ')}`, each] as const))(
    '%s',
    async ([, each], context) => {
      if (!hasCases) context.skip(`${casesFolder} is missing: development data`);
      expect(await outcomeOf(each)).toMatchObject(
        each.right.refused === undefined
          ? { state: 'holds', detail: '' }
          : { state: expect.stringMatching(/holds|refused/) as string },
      );
    },
  );
});
